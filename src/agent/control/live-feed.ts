/** What is so at the moment, read once an interval for everybody who listens, and not at all while nobody does. */
import { toJson } from '../../api/wire.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import { JsonText } from '../questions/question.ts';

/** At once, over all ways to the agent. */
const MOST_LISTENERS = 32;
/** Milliseconds between readings. */
const INTERVAL = 1000;
/** A reading that takes long is followed by a pause of so many times its length: the agent has more to do. */
const PAUSE_FACTOR = 10;
/** Readings in a row that a listener may leave untaken. */
const MOST_UNTAKEN = 30;

export interface Listener {
  /** Throws where the listener may no longer listen: it is ended. */
  readonly admit: () => void;
  /** Has it taken what was sent before? If not, it is passed over. */
  readonly isReady: () => boolean;
  readonly send: (event: string, json: string) => void;
  /** With why, where it is not the end of the agent. */
  readonly end: (error?: unknown) => void;
  /** Ends it without a word: it takes none. */
  readonly drop: () => void;
}

/** What the data of each event is; JsonText where a thread gave it. */
export type LiveSource<E extends string> = Readonly<Record<E, () => Promise<unknown>>>;

export interface LiveOptions<E extends string> {
  /** Milliseconds between readings. */
  readonly interval?: number;
  /** Where this one has not changed, `unchanged` says so: counters that stand still are news too, the rate is 0. */
  readonly steady?: NoInfer<E>;
}

/** What a listener was sent last, and how many readings it has not taken since. */
interface Progress {
  readonly sent: Readonly<Record<string, string>>;
  readonly untaken: number;
}

export class LiveFeed<E extends string> {
  readonly #source: LiveSource<E>;
  readonly #interval: number;
  readonly #steady: string | undefined;
  readonly #listeners = new Map<Listener, Progress>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isRunning = false;

  constructor(source: LiveSource<E>, { interval = INTERVAL, steady }: LiveOptions<E> = {}) {
    this.#source = source;
    this.#interval = interval;
    this.#steady = steady;
  }

  /** Feeds the listener until the caller says that it has gone. Throws EnvironmentError where there are too many. */
  add(listener: Listener): void {
    if (this.#listeners.size >= MOST_LISTENERS) {
      throw new EnvironmentError('XDPOL_E_LISTENERS', `${MOST_LISTENERS} programs listen already`, {
        help: 'close a window of the console, or ask GET /v1/counters now and then',
      });
    }
    this.#listeners.set(listener, { sent: {}, untaken: 0 });
    if (!this.#isRunning) void this.#run();
  }

  remove(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size === 0) clearTimeout(this.#timer);
  }

  /** Ends all of them. */
  close(): void {
    clearTimeout(this.#timer);
    for (const listener of this.#listeners.keys()) listener.end();
    this.#listeners.clear();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    const started = performance.now();
    try {
      const texts = await this.#read();
      for (const [listener, progress] of [...this.#listeners]) this.#send(listener, progress, texts);
    } catch (error) {
      for (const listener of [...this.#listeners.keys()]) this.#end(listener, error);
    }
    this.#isRunning = false;
    clearTimeout(this.#timer);
    if (this.#listeners.size === 0) return;
    const pause = Math.max(this.#interval, PAUSE_FACTOR * (performance.now() - started));
    this.#timer = setTimeout(() => void this.#run(), pause);
  }

  async #read(): Promise<Readonly<Record<string, string>>> {
    const texts: Record<string, string> = {};
    for (const event of Object.keys(this.#source) as E[]) texts[event] = textOf(await this.#source[event]());
    return texts;
  }

  #send(listener: Listener, { sent, untaken }: Progress, texts: Readonly<Record<string, string>>): void {
    if (!listener.isReady()) {
      this.#listeners.set(listener, { sent, untaken: untaken + 1 });
      if (untaken + 1 === MOST_UNTAKEN) listener.drop();
      return;
    }
    try {
      listener.admit();
    } catch (error) {
      this.#end(listener, error);
      return;
    }
    const changed = Object.entries(texts).filter(([event, text]) => sent[event] !== text);
    for (const [event, text] of changed) listener.send(event, text);
    const isSteady = this.#steady !== undefined && sent[this.#steady] === texts[this.#steady];
    if (isSteady) listener.send('unchanged', '{}');
    if (this.#listeners.has(listener)) this.#listeners.set(listener, { sent: texts, untaken: 0 });
  }

  #end(listener: Listener, error: unknown): void {
    this.#listeners.delete(listener);
    listener.end(error);
  }
}

function textOf(outcome: unknown): string {
  return outcome instanceof JsonText ? outcome.text : toJson(outcome);
}
