/** Prometheus text from what the kernel says at the moment of the scrape. Labels are kept between scrapes, values never. */
import { Buffer } from 'node:buffer';
import { release } from 'node:os';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { VERSION } from '../base/version.ts';
import { libbpfVersion } from '../engine/host-facts.ts';
import { JiffiesClock } from '../engine/jiffies.ts';
import { readInterfaceCounters } from '../engine/read-counters.ts';
import { readAttachments } from '../engine/survey.ts';
import { addAudits } from './audit-metrics.ts';
import type { Changes } from './change-metrics.ts';
import { addChanges } from './change-metrics.ts';
import type { Encoding, ExpositionFormat } from './exposition.ts';
import type { FleetState } from './fleet-metrics.ts';
import { addFleet } from './fleet-metrics.ts';
import type { NameState } from './followed-names.ts';
import { addNames } from './followed-names.ts';
import type { LiveSetState } from './live-set-metrics.ts';
import { addLiveSets } from './live-set-metrics.ts';
import { ProcessMetrics } from './process-metrics.ts';
import { RuleSeries } from './rule-series.ts';
import { Samples } from './sample-metrics.ts';
import type { WantedHooks } from './state.ts';
import { addAttachments, addEvents, addPolicy, addTables } from './state.ts';
import { addTraffic } from './traffic.ts';

/** Facts that the kernel does not have. Asked for at every scrape. */
export interface Wanted extends WantedHooks {
  readonly changes: Changes;
  readonly names: readonly NameState[];
  readonly sets: readonly LiveSetState[];
  /** undefined where this host takes no orders. */
  readonly fleet: FleetState | undefined;
}

const compress = promisify(gzip);

/** Owns a clock in the kernel. */
export class Exporter implements Disposable {
  readonly #clock = new JiffiesClock();
  readonly #process = new ProcessMetrics();
  readonly #ruleSeries = new RuleSeries();
  readonly #samples = new Samples();
  #last: Promise<unknown> = Promise.resolve();
  readonly #build = { version: VERSION, kernel: release(), libbpf: libbpfVersion(), node: process.versions.node };
  readonly #wanted: () => Wanted;

  constructor(wanted: () => Wanted) {
    this.#wanted = wanted;
  }

  /**
   * The whole answer to a scrape. One after another: they are written in the same place.
   *
   * Exact   counters are monotonic; they are read one after another, so two of them are not one instant.
   * Throws  BpfError or EnvironmentError where the kernel or the store cannot be read.
   * Cost    for each filtered interface one batch read of its counters; blocks the event loop meanwhile, but not to pack
   *         the text, which takes a thread about as long. Memory: twice the text, kept for the next scrape.
   */
  scrape(format: ExpositionFormat, encoding: Encoding): Promise<Buffer> {
    const scraped = this.#last.then(() => this.#scrape(format, encoding));
    this.#last = scraped.catch(() => undefined);
    return scraped;
  }

  async #scrape(format: ExpositionFormat, encoding: Encoding): Promise<Buffer> {
    const ofProcess = await this.#process.text(format);
    const started = performance.now();
    const samples = this.#samples;
    samples.clear();
    const wanted = this.#wanted();
    this.#collect(samples, wanted);
    addChanges(samples, wanted.changes);
    addNames(samples, wanted.names);
    addLiveSets(samples, wanted.sets);
    if (wanted.fleet !== undefined) addFleet(samples, wanted.fleet);
    samples.add('xdpol_build_info', this.#build, 1);
    samples.add('xdpol_scrape_duration_seconds', {}, (performance.now() - started) / 1000);
    const text = samples.bytes(format, format === 'openmetrics' ? `${ofProcess}# EOF\n` : ofProcess);
    return encoding === 'gzip' ? await compress(text, { level: constants.Z_BEST_SPEED }) : Buffer.from(text);
  }

  [Symbol.dispose](): void {
    this.#clock[Symbol.dispose]();
  }

  #collect(samples: Samples, wanted: Wanted): void {
    const attachments = readAttachments();
    const timeOf = this.#clock.compare();
    for (const counters of attachments.flatMap(readInterfaceCounters))
      addTraffic(samples, counters, timeOf, this.#ruleSeries);
    addPolicy(samples, attachments);
    addAttachments(samples, attachments, wanted);
    addTables(samples, attachments);
    addEvents(samples, attachments);
    addAudits(samples, attachments);
  }
}
