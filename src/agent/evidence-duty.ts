/**
 * Observes the traffic for `xdpol report`: counters and filters every few seconds, and for two seconds of each minute
 * samples of who uses the permits. While a policy is on trial it takes samples of what that one would drop all the time:
 * they cost the program that decides nothing.
 */

import type { HostContext } from '../host/context.ts';
import type { EventsRequest } from '../host/events.ts';
import { EvidenceObserver } from '../host/evidence/observer.ts';
import type { SampleFeed, SampleListener } from './control/sample-feed.ts';

/** Milliseconds. */
const LOOK_INTERVAL = 10_000;
const SAMPLE_INTERVAL = 60_000;
const SAMPLE_TIME = 2000;

export class EvidenceDuty implements Disposable {
  readonly #observer: EvidenceObserver;
  #feed: SampleFeed | undefined;
  #stopSampling: (() => void) | undefined;
  #stopTrial: (() => void) | undefined;
  #nextLook = 0;
  #nextSamples = 0;

  constructor(context: HostContext) {
    this.#observer = new EvidenceObserver(context);
  }

  /** Samples come from there, with those of everybody else who listens. */
  sampleFrom(feed: SampleFeed): void {
    this.#feed = feed;
  }

  /** To be called every second. */
  async step(): Promise<void> {
    const now = performance.now();
    if (now < this.#nextLook) return;
    this.#nextLook = now + LOOK_INTERVAL;
    await this.#observer.look();
    this.#sampleTrial();
    if (now >= this.#nextSamples) this.#startSampling();
  }

  /** For who asks now. */
  async observeNow(): Promise<void> {
    await this.#observer.look();
    this.#sampleTrial();
    this.#observer.write();
  }

  #sampleTrial(): void {
    const feed = this.#feed;
    if (!this.#observer.seesTrial) this.#stopTrial?.();
    else if (feed !== undefined && this.#stopTrial === undefined) {
      const listener = this.#listener({ audit: true }, () => {
        this.#stopTrial = undefined;
      });
      feed.add(listener);
      this.#stopTrial = () => {
        this.#stopTrial = undefined;
        feed.remove(listener);
      };
    }
  }

  #listener(request: EventsRequest, end: () => void): SampleListener {
    return {
      request,
      admit: () => undefined,
      waiting: () => 0,
      send: (event) => {
        if (event.kind === 'sample') this.#observer.addSample(event);
      },
      end,
    };
  }

  #startSampling(): void {
    const rules = this.#observer.permits();
    const feed = this.#feed;
    if (feed === undefined || rules.length === 0 || this.#stopSampling !== undefined) return;
    const started = performance.now();
    this.#nextSamples = started + SAMPLE_INTERVAL;
    const listener = this.#listener({ rules, passed: true }, () => this.#stopSampling?.());
    feed.add(listener);
    const timer = setTimeout(() => this.#stopSampling?.(), SAMPLE_TIME);
    this.#stopSampling = () => {
      this.#stopSampling = undefined;
      clearTimeout(timer);
      feed.remove(listener);
      this.#observer.addSampledSeconds((performance.now() - started) / 1000);
    };
  }

  /** Writes what was seen last. */
  [Symbol.dispose](): void {
    this.#stopSampling?.();
    this.#stopTrial?.();
    this.#observer.write();
    this.#observer[Symbol.dispose]();
  }
}
