/** Samples for everybody who listens, by one reader of the rings; and none are taken while nobody does. */
import { EnvironmentError } from '../../base/environment-error.ts';
import { SampleReader } from '../../engine/samples/sample-reader.ts';
import type { EventsRequest, HostEvent } from '../../host/events.ts';
import {
  isWanted,
  LOOKS_TO_RENEWAL,
  Losses,
  POLL,
  passesOf,
  requireKnownRules,
  sampledFor,
  sampleEvent,
} from '../../host/events.ts';

/** At once, over all ways to the agent. */
const MOST_LISTENERS = 16;
/** Bytes that may wait for a listener. */
const MOST_WAITING = 1 << 20;

export interface SampleListener {
  readonly request: EventsRequest;
  /** Throws where the listener may no longer listen: it is ended. */
  readonly admit: () => void;
  /** Bytes that it has not taken yet. */
  readonly waiting: () => number;
  readonly send: (event: HostEvent) => void;
  /** With why, where it is not the end of the agent. */
  readonly end: (error?: unknown) => void;
}

export class SampleFeed {
  /** With how many events each was too slow for. */
  readonly #listeners = new Map<SampleListener, number>();
  #reader: SampleReader | undefined;
  #losses = new Losses();
  #timer: ReturnType<typeof setInterval> | undefined;
  #look = 0;

  /** Feeds the listener until the caller says that it has gone. Throws EnvironmentError where nothing can be read. */
  add(listener: SampleListener): void {
    if (this.#listeners.size >= MOST_LISTENERS) {
      throw new EnvironmentError('XDPOL_E_LISTENERS', `${MOST_LISTENERS} programs follow the samples already`, {
        help: 'end one of them: xdpol events, xdpol capture',
      });
    }
    requireKnownRules(listener.request);
    this.#listeners.set(listener, 0);
    try {
      if (this.#reader === undefined) this.#start();
      else this.#admitToReader(this.#reader);
    } catch (error) {
      this.remove(listener);
      throw error;
    }
  }

  /** So that a listener who would hear nothing is told why. */
  #admitToReader(reader: SampleReader): void {
    let busy: EnvironmentError | undefined;
    reader.refresh((error) => {
      busy ??= error;
    });
    if (busy !== undefined) throw busy;
  }

  remove(listener: SampleListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size === 0) this.#stop();
  }

  /** Ends all of them. */
  close(): void {
    for (const listener of this.#listeners.keys()) listener.end();
    this.#listeners.clear();
    this.#stop();
  }

  #start(): void {
    this.#reader = new SampleReader({
      wanted: () => sampledFor(this.#requests()),
      passes: (counted) => passesOf(this.#requests())(counted),
    });
    this.#losses = new Losses();
    this.#timer = setInterval(() => this.#tick(), POLL);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#reader?.[Symbol.dispose]();
    this.#reader = undefined;
  }

  #requests(): readonly EventsRequest[] {
    return [...this.#listeners.keys()].map(({ request }) => request);
  }

  #tick(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    try {
      for (const event of reader.poll().map(sampleEvent)) {
        for (const listener of [...this.#listeners.keys()]) {
          if (isWanted(listener.request, event)) this.#send(listener, event);
        }
      }
      if (++this.#look % LOOKS_TO_RENEWAL === 0) this.#renew(reader);
    } catch (error) {
      for (const listener of [...this.#listeners.keys()]) this.#end(listener, error);
    }
  }

  #renew(reader: SampleReader): void {
    reader.refresh();
    const lost = this.#losses.news(reader.lost);
    for (const listener of [...this.#listeners.keys()]) {
      try {
        listener.admit();
      } catch (error) {
        this.#end(listener, error);
        continue;
      }
      for (const event of lost) this.#send(listener, event);
    }
  }

  #send(listener: SampleListener, event: HostEvent): void {
    const missed = this.#listeners.get(listener) ?? 0;
    if (listener.waiting() > MOST_WAITING) {
      this.#listeners.set(listener, missed + 1);
      return;
    }
    if (missed > 0) listener.send({ kind: 'lost', interface: null, lost: missed });
    this.#listeners.set(listener, 0);
    listener.send(event);
  }

  #end(listener: SampleListener, error: unknown): void {
    this.remove(listener);
    listener.end(error);
  }
}
