/** What a scrape of the exporter takes with many rules in force, on one interface and on several. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { Exporter } from '../../src/exporter/exporter.ts';
import { spreadOf } from '../../src/measure/statistics.ts';
import type { Effort } from '../effort.ts';
import type { Figure } from '../figure.ts';
import { figure, MIB, single } from '../figure.ts';
import { benchPolicy, compiledPolicy } from '../policies.ts';
import { apply, makeDevice } from './in-force.ts';

const RULE_PACKETS = /^xdpol_rule_packets_total\{/gmu;
const DIRECTIONS = 2;
const INTERFACES = [1, 4] as const;

function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Without what the compiler left. */
function measureSettledMemory(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return memory();
}

interface ScrapeFigures {
  /** ms, by the clock and of processor time: the latter is what other processes make no longer. */
  readonly times: readonly number[];
  readonly processor: readonly number[];
  readonly text: string;
  /** Bytes more than before the first scrape, garbage included. */
  readonly grown: number;
}

/** Packed, as Prometheus asks for it. */
async function scrapes(exporter: Exporter, rounds: number): Promise<ScrapeFigures> {
  const before = measureSettledMemory();
  const times: number[] = [];
  const processor: number[] = [];
  const text = (await exporter.scrape('prometheus', 'identity')).toString();
  let most = memory();
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    const used = process.cpuUsage();
    await exporter.scrape('prometheus', 'gzip');
    times.push(performance.now() - started);
    const { user, system } = process.cpuUsage(used);
    processor.push((user + system) / 1000);
    most = Math.max(most, memory());
  }
  return { times, processor, text, grown: Math.max(0, most - before) };
}

export async function measureScrape(policy: string, effort: Effort): Promise<readonly Figure[]> {
  const bench = benchPolicy(policy);
  const compiled = compiledPolicy(bench.policy);
  const devices: NetworkInterface[] = [];
  const figures: Figure[] = [];
  for (const count of INTERFACES) {
    while (devices.length < count) devices.push(makeDevice(`edge${devices.length}`));
    apply(devices, compiled);
    using exporter = new Exporter(() => ({
      interfaces: devices.map(({ name }) => name),
      ingressOnly: false,
      changes: { applies: 0, applyFailures: new Map(), rollbacks: new Map(), confirmPending: false },
      names: [],
      sets: [],
      fleet: undefined,
    }));
    const { times, processor, text, grown } = await scrapes(exporter, effort.rounds);
    const counted = text.match(RULE_PACKETS)?.length ?? 0;
    const wanted = DIRECTIONS * count * bench.policy.rules.length;
    if (counted !== wanted) throw new Error(`the scrape has ${counted} rule counters, not ${wanted}`);
    const traffic = count === 1 ? '1 interface' : `${count} interfaces`;
    const about = { section: 'scrape', policy, size: bench.size, traffic, subject: 'xdpol' } as const;
    figures.push(
      figure(about, { quantity: 'a scrape', unit: 'ms' }, spreadOf(times), effort.rounds),
      figure(about, { quantity: 'of processor time', unit: 'ms' }, spreadOf(processor), effort.rounds),
      single(about, { quantity: 'text', unit: 'kB' }, Buffer.byteLength(text) / 1000),
      single(about, { quantity: 'memory', unit: 'MiB' }, grown / MIB),
    );
  }
  return figures;
}
