/** Packets as they are dropped: the last of them, for as long as a screen shows them. */
import { eventsPath } from '../api/events.ts';
import type { EventsRequest, LostEvent, SampleEvent } from '../host/events.ts';
import { read } from './api.ts';

/** Packets that are kept; older ones go. */
const MOST_KEPT = 2000;
/** Milliseconds until the agent is asked again after the stream ended. */
const RETRY = 3000;
/** Milliseconds for which packets are collected before the screen is drawn again. */
const DRAW = 250;

export interface NumberedSample extends SampleEvent {
  /** Counts up from 0 while the screen is open. */
  readonly number: number;
}

export class SampleStream {
  /** The newest first. */
  samples: readonly NumberedSample[] = [];
  /** Samples that could not be delivered since the stream began. */
  lost = 0;
  error: Error | undefined;
  readonly #request: EventsRequest;
  readonly #onChange: () => void;
  readonly #lost = new Map<string | null, number>();
  #next = 0;
  #waiting: NumberedSample[] = [];
  #stream: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drawing: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(request: EventsRequest, onChange: () => void) {
    this.#request = request;
    this.#onChange = onChange;
    this.#listen();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#drawing);
    this.#stream?.close();
  }

  #listen(): void {
    const stream = new EventSource(eventsPath(this.#request));
    this.#stream = stream;
    stream.addEventListener('open', () => this.#fail(undefined));
    stream.addEventListener('sample', ({ data }) => {
      this.#waiting.push({ ...(JSON.parse(data as string) as SampleEvent), number: this.#next++ });
      this.#draw();
    });
    stream.addEventListener('lost', ({ data }) => {
      const { interface: name, lost } = JSON.parse(data as string) as LostEvent;
      this.#lost.set(name, lost);
      this.lost = [...this.#lost.values()].reduce((sum, count) => sum + count, 0);
      this.#draw();
    });
    stream.addEventListener('error', () => {
      stream.close();
      if (!this.#isStopped) void this.#askWhy();
    });
  }

  /** The browser does not say why a stream cannot be opened: a plain request gets the reason. */
  async #askWhy(): Promise<void> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), RETRY);
    await read(eventsPath(this.#request), stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) this.#fail(error instanceof Error ? error : new Error(String(error)));
    });
    clearTimeout(timer);
    if (!this.#isStopped) this.#timer = setTimeout(() => this.#listen(), RETRY);
  }

  #fail(error: Error | undefined): void {
    this.error = error;
    this.#onChange();
  }

  #draw(): void {
    this.#drawing ??= setTimeout(() => {
      this.#drawing = undefined;
      this.samples = [...this.#waiting.toReversed(), ...this.samples].slice(0, MOST_KEPT);
      this.#waiting = [];
      this.#onChange();
    }, DRAW);
  }
}
