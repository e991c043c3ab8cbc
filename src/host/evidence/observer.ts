/** Keeps the observed window: looks at what is in force again and again, and writes what it has seen to the store. */
import { readFileSync } from 'node:fs';
import { findCandidate } from '../../engine/audit/candidate.ts';
import type { GenerationRule } from '../../engine/generation.ts';
import { JiffiesClock } from '../../engine/jiffies.ts';
import { readNamedCounters } from '../../engine/read-counters.ts';
import type { Attachment } from '../../engine/survey.ts';
import { newestGeneration, readAttachments } from '../../engine/survey.ts';
import type { Evidence, TrialEvidence } from '../../store/store.ts';
import type { HostContext } from '../context.ts';
import type { SampleEvent } from '../events.ts';
import { addCounts, beginEvidence } from './count-traffic.ts';
import { FilterWatch } from './filter-watch.ts';
import { addSample } from './sources.ts';
import { TrialFlows } from './trial-flows.ts';

/** Milliseconds between two writes: what a crash of the machine may cost. Counters are the kernel's until then. */
const WRITE_INTERVAL = 60_000;

/** What has come since the last look. */
export interface ObserveRequest {
  readonly samples: readonly SampleEvent[];
  /** Seconds in which those of permits were taken. */
  readonly sampledSeconds: number;
  /** Is what was seen to be written now? Else it is once in a while. */
  readonly isWritten: boolean;
}

export interface Observed {
  /** A policy is on trial. */
  readonly seesTrial: boolean;
}

export function readRulesInForce(): readonly GenerationRule[] {
  return newestGeneration(readAttachments())?.rules ?? [];
}

export class EvidenceObserver implements Disposable {
  readonly #context: HostContext;
  #clock: JiffiesClock | undefined;
  readonly #watch = new FilterWatch();
  readonly #boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  #evidence: Evidence | undefined;
  #trial: TrialFlows | undefined;
  #looking: Promise<void> = Promise.resolve();
  #written = 0;

  constructor(context: HostContext) {
    this.#context = context;
  }

  /** To be called every few seconds. One look after another. */
  async observe(request: ObserveRequest): Promise<Observed> {
    this.#looking = this.#looking.catch(() => undefined).then(() => this.#observe(request));
    await this.#looking;
    return { seesTrial: this.#trial !== undefined };
  }

  async #observe({ samples, sampledSeconds, isWritten }: ObserveRequest): Promise<void> {
    // By the filters that were in force when they were taken.
    for (const sample of samples) this.#addSample(sample);
    this.#addSampledSeconds(sampledSeconds);
    await this.#look(new Date());
    if (isWritten || performance.now() - this.#written >= WRITE_INTERVAL || this.#written === 0) this.#write();
  }

  async #look(now: Date): Promise<void> {
    const attachments = readAttachments();
    const stored = this.#evidence ?? this.#context.store.evidence.read();
    // Nothing to observe yet: the window begins when something is filtered.
    if (stored === undefined && attachments.length === 0) return;
    const before = stored ?? beginEvidence({ now, boot: this.#boot });
    const sides = attachments.flatMap((attachment) =>
      readNamedCounters(attachment).map((side) => ({ ...side, interface: attachment.name })),
    );
    const watched = await this.#watch.look(this.#context, attachments, before, now, stored === undefined);
    this.#trial = this.#followTrial(attachments, before.trial);
    this.#clock ??= new JiffiesClock();
    const look = { now, boot: this.#boot, sides, timeOf: this.#clock.compare() };
    this.#evidence = addCounts(watched, look, stored === undefined);
  }

  #followTrial(attachments: readonly Attachment[], stored: TrialEvidence | null | undefined): TrialFlows | undefined {
    for (const { directory } of attachments) {
      using candidate = findCandidate(directory);
      if (candidate === undefined) continue;
      const { policy, hash, appliedAt: since } = candidate.generation;
      if (this.#trial?.isOf({ policy, hash, since }) === true) return this.#trial;
      const known = new TrialFlows(stored ?? { policy, hash, since, flows: [], leftOut: 0 });
      return known.isOf({ policy, hash, since })
        ? known
        : new TrialFlows({ policy, hash, since, flows: [], leftOut: 0 });
    }
    return undefined;
  }

  #addSample(event: SampleEvent): void {
    if (event.change === 'would_drop') this.#trial?.add(event);
    if (event.change !== null) return;
    if (this.#evidence !== undefined) this.#evidence = addSample(this.#evidence, event, this.#watch);
  }

  #addSampledSeconds(seconds: number): void {
    if (this.#evidence === undefined) return;
    this.#evidence = { ...this.#evidence, sampledSeconds: this.#evidence.sampledSeconds + seconds };
  }

  #write(): void {
    if (this.#evidence === undefined) return;
    this.#context.store.evidence.write({ ...this.#evidence, trial: this.#trial?.evidence ?? null });
    this.#written = performance.now();
  }

  /** Another observer goes on with the policy that came in force since the last look. */
  end(): void {
    try {
      if (this.#evidence !== undefined) this.#evidence = this.#watch.end(this.#evidence, new Date());
      this.#write();
    } finally {
      this[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#clock?.[Symbol.dispose]();
  }
}
