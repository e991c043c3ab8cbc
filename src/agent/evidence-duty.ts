/**
 * Observes the traffic for `xdpol report`: counters and filters every few seconds, and for two seconds of each minute
 * samples of who uses the permits. While a policy is on trial it takes samples of what that one would drop all the time:
 * they cost the program that decides nothing. A large policy is observed by a thread: it reads the policy, and compares as many
 * counters as that has rules.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { HostContext } from '../host/context.ts';
import type { EventsRequest, SampleEvent } from '../host/events.ts';
import type { Observed, ObserveRequest } from '../host/evidence/observer.ts';
import { EvidenceObserver, readRulesInForce } from '../host/evidence/observer.ts';
import type { SampleFeed, SampleListener } from './control/sample-feed.ts';
import type { Questions } from './questions/questions.ts';
import { NoThread } from './questions/thread-lane.ts';

/** Milliseconds. */
const LOOK_INTERVAL = 10_000;
const SAMPLE_INTERVAL = 60_000;
const SAMPLE_TIME = 2000;
/** What was seen last is written within it, where the agent ends. */
const END_TIME = 2000;
/** Samples that wait for the next look; more say nothing new. */
const MOST_SAMPLES = 10_000;
/** Rules of a policy that are observed without a thread: it takes some tenths of a second, and a thread 30 MB. */
const LARGE = 1000;

export interface EvidenceOptions {
  readonly context: HostContext;
  readonly questions: Questions;
  /** Samples come from there, with those of everybody else who listens. */
  readonly feed: SampleFeed;
}

export class EvidenceDuty {
  readonly #context: HostContext;
  readonly #questions: Questions;
  readonly #feed: SampleFeed;
  /** Of this thread. */
  #observer: EvidenceObserver | undefined;
  #place: 'here' | 'thread' | 'here for good' = 'here';
  #samples: SampleEvent[] = [];
  #sampledSeconds = 0;
  #hasObserved = false;
  #isEnded = false;
  #stopSampling: (() => void) | undefined;
  #stopTrial: (() => void) | undefined;
  #nextLook = 0;
  #nextSamples = 0;

  constructor({ context, questions, feed }: EvidenceOptions) {
    this.#context = context;
    this.#questions = questions;
    this.#feed = feed;
  }

  /** To be called every second. */
  async step(): Promise<void> {
    const now = performance.now();
    if (now < this.#nextLook) return;
    this.#nextLook = now + LOOK_INTERVAL;
    try {
      await this.#observe(false);
    } catch (error) {
      if (!this.#isEnded) throw error;
    }
    if (!this.#isEnded && now >= this.#nextSamples) this.#startSampling();
  }

  /** For who asks now. */
  async observeNow(): Promise<void> {
    await this.#observe(true);
  }

  async #observe(isWritten: boolean): Promise<void> {
    this.#hasObserved = true;
    const request = { samples: this.#samples, sampledSeconds: this.#sampledSeconds, isWritten };
    this.#samples = [];
    this.#sampledSeconds = 0;
    const { seesTrial } = await this.#ask(request);
    this.#sampleTrial(seesTrial);
  }

  async #ask(request: ObserveRequest): Promise<Observed> {
    if (this.#place === 'here' && readRulesInForce().length >= LARGE) this.#leave();
    try {
      if (this.#place === 'thread') return await this.#questions.observe(request, this.#context);
    } catch (error) {
      if (!(error instanceof NoThread)) throw error;
      this.#place = 'here for good';
    }
    this.#observer ??= new EvidenceObserver(this.#context);
    return await this.#observer.observe(request);
  }

  /** For the thread, which goes on with what is written. It stays: a policy that was large will be large again. */
  #leave(): void {
    this.#place = 'thread';
    const left = this.#observer;
    this.#observer = undefined;
    left?.end();
  }

  #sampleTrial(seesTrial: boolean): void {
    const feed = this.#feed;
    if (!seesTrial) this.#stopTrial?.();
    else if (this.#stopTrial === undefined) {
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
        if (event.kind === 'sample' && this.#samples.length < MOST_SAMPLES) this.#samples.push(event);
      },
      end,
    };
  }

  #startSampling(): void {
    const rules = readRulesInForce().flatMap(({ name, action }) => (action === 'permit' ? [name] : []));
    const feed = this.#feed;
    if (rules.length === 0 || this.#stopSampling !== undefined) return;
    const started = performance.now();
    this.#nextSamples = started + SAMPLE_INTERVAL;
    const listener = this.#listener({ rules, passed: true }, () => this.#stopSampling?.());
    feed.add(listener);
    const timer = setTimeout(() => this.#stopSampling?.(), SAMPLE_TIME);
    this.#stopSampling = () => {
      this.#stopSampling = undefined;
      clearTimeout(timer);
      feed.remove(listener);
      this.#sampledSeconds += (performance.now() - started) / 1000;
    };
  }

  /** Writes what was seen last, where that takes no long time. */
  async end(): Promise<void> {
    this.#isEnded = true;
    this.#stopSampling?.();
    this.#stopTrial?.();
    if (this.#hasObserved)
      await Promise.race([this.#observe(true).catch(() => undefined), sleep(END_TIME, undefined, { ref: false })]);
    this.#stopTrial?.();
    this.#observer?.[Symbol.dispose]();
  }
}
