/** Server-sent events while the page is seen; begun again where they end. */

/** Milliseconds until it is tried again after it went silent. */
const RETRY = 3000;

export interface LiveStreamOptions {
  /** By the name of the event. */
  readonly events: Readonly<Record<string, (data: unknown) => void>>;
  /** Asks what the stream does not say: whether the server is gone, or the session over. */
  readonly ended: () => Promise<void>;
}

export class LiveStream {
  readonly #path: string;
  readonly #options: LiveStreamOptions;
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(path: string, options: LiveStreamOptions) {
    this.#path = path;
    this.#options = options;
  }

  /** Called again when the page is hidden or seen. */
  follow(): void {
    clearTimeout(this.#timer);
    if (document.hidden || this.#isStopped) {
      this.#source?.close();
      this.#source = undefined;
      return;
    }
    this.#source ??= this.#listen();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  #listen(): EventSource {
    const source = new EventSource(this.#path);
    for (const [event, take] of Object.entries(this.#options.events))
      source.addEventListener(event, ({ data }) => take(JSON.parse(data as string)));
    // Also where the stream has an event of that name: why the server has ended it.
    source.addEventListener('error', () => {
      source.close();
      if (this.#source !== source) return;
      this.#source = undefined;
      void this.#askAgain();
    });
    return source;
  }

  async #askAgain(): Promise<void> {
    await this.#options.ended();
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.follow(), RETRY);
  }
}
