/** Prometheus text from what the kernel says at the moment of the scrape. Nothing is kept between scrapes but clocks. */
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { performance } from 'node:perf_hooks';
import { Registry } from 'prom-client';
import { readAttachments } from '../engine/attachment.ts';
import { libbpfVersion } from '../engine/host.ts';
import { JiffiesClock } from '../engine/jiffies.ts';
import { readInterfaceCounters } from '../engine/read-counters.ts';
import { processMetrics } from './process-metrics.ts';
import { Samples } from './samples.ts';
import type { WantedHooks } from './state.ts';
import { addAttachments, addPolicy, addTables } from './state.ts';
import { addTraffic } from './traffic.ts';

/** What the kernel cannot tell. Asked at every scrape. */
export interface Wanted extends WantedHooks {
  /** The policy in force will be taken back unless it is confirmed. */
  readonly confirmPending: boolean;
  /** Sampled events that nobody fetched in time, since the process began. */
  readonly eventsLost: bigint;
}

function version(): string {
  const path = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

/** Owns a clock in the kernel. */
export class Exporter implements Disposable {
  readonly #clock = new JiffiesClock();
  readonly #process = processMetrics();
  readonly #build = { version: version(), kernel: release(), libbpf: libbpfVersion(), node: process.versions.node };
  readonly #wanted: () => Wanted;

  constructor(wanted: () => Wanted) {
    this.#wanted = wanted;
  }

  get contentType(): string {
    return this.#process.contentType;
  }

  /**
   * The whole answer to a scrape.
   *
   * Exact   counters are monotonic; they are read one after another, so two of them are not one instant.
   * Throws  BpfError or EnvironmentError where the kernel or the store cannot be read.
   * Cost    for each filtered interface one batch read of its counters; blocks the event loop meanwhile.
   */
  async scrape(): Promise<string> {
    const started = performance.now();
    const samples = new Samples();
    const wanted = this.#wanted();
    this.#collect(samples, wanted);
    samples.add('xdpol_policy_confirm_pending', {}, Number(wanted.confirmPending));
    samples.add('xdpol_events_lost_total', {}, wanted.eventsLost);
    samples.add('xdpol_build_info', this.#build, 1);
    samples.add('xdpol_scrape_duration_seconds', {}, (performance.now() - started) / 1000);
    return await Registry.merge([samples.registry, this.#process]).metrics();
  }

  [Symbol.dispose](): void {
    this.#clock[Symbol.dispose]();
  }

  #collect(samples: Samples, wanted: Wanted): void {
    const attachments = readAttachments();
    const timeOf = this.#clock.compare();
    for (const counters of attachments.flatMap(readInterfaceCounters)) addTraffic(samples, counters, timeOf);
    addPolicy(samples, attachments);
    addAttachments(samples, attachments, wanted);
    addTables(samples, attachments);
  }
}
