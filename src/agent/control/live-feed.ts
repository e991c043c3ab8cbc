/** What the host is at the moment, read once an interval for everybody who listens, and not at all while nobody does. */
import type { LiveEvent } from '../../api/live-events.ts';
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
  readonly send: (event: LiveEvent, json: string) => void;
  /** With why, where it is not the end of the agent. */
  readonly end: (error?: unknown) => void;
  /** Ends it without a word: it takes none. */
  readonly drop: () => void;
}

/** The outcomes of the routes of that name; JsonText where a thread gave it. */
export type LiveSource = Readonly<Record<'status' | 'counters' | 'list', () => Promise<unknown>>>;
type Texts = Record<Exclude<LiveEvent, 'unchanged'>, string>;

/** What a listener was sent last, and how many readings it has not taken since. */
interface Progress {
  readonly sent: Partial<Texts>;
  readonly untaken: number;
}

export class LiveFeed {
  readonly #source: LiveSource;
  readonly #interval: number;
  readonly #listeners = new Map<Listener, Progress>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isRunning = false;

  constructor(source: LiveSource, interval: number = INTERVAL) {
    this.#source = source;
    this.#interval = interval;
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

  async #read(): Promise<Texts> {
    const { status, counters, list } = this.#source;
    return { status: textOf(await status()), policies: textOf(await list()), counters: textOf(await counters()) };
  }

  #send(listener: Listener, { sent, untaken }: Progress, texts: Texts): void {
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
    const changed = (Object.keys(texts) as (keyof Texts)[]).filter((event) => sent[event] !== texts[event]);
    for (const event of changed) listener.send(event, texts[event]);
    // Counters that stand still are news too: the rate is 0.
    if (!changed.includes('counters')) listener.send('unchanged', '{}');
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
