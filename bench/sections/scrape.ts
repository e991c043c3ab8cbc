/** What a scrape of the exporter takes with many rules in force. */
import { Exporter } from '../../src/exporter/exporter.ts';
import { spreadOf } from '../../src/measure/statistics.ts';
import type { Effort } from '../effort.ts';
import type { Figure } from '../figure.ts';
import { figure, single } from '../figure.ts';
import { benchPolicy, compiledPolicy } from '../policies.ts';
import { apply, makeDevice } from './in-force.ts';

const RULE_PACKETS = /^xdpol_rule_packets_total\{/gmu;
const DIRECTIONS = 2;

export async function measureScrape(policy: string, effort: Effort): Promise<readonly Figure[]> {
  const bench = benchPolicy(policy);
  const device = makeDevice();
  apply(device, compiledPolicy(bench.policy));
  using exporter = new Exporter(() => ({
    interfaces: [device.name],
    ingressOnly: false,
    changes: { applies: 0, applyFailures: new Map(), rollbacks: new Map(), confirmPending: false },
  }));
  const times: number[] = [];
  let text = await exporter.scrape('prometheus');
  for (let round = 0; round < effort.rounds; round++) {
    const started = performance.now();
    text = await exporter.scrape('prometheus');
    times.push(performance.now() - started);
  }
  const counted = text.match(RULE_PACKETS)?.length ?? 0;
  if (counted !== DIRECTIONS * bench.policy.rules.length)
    throw new Error(`the scrape has ${counted} rule counters, not two for each of ${bench.policy.rules.length} rules`);
  const about = { section: 'scrape', policy, size: bench.size, traffic: '', subject: 'xdpol' } as const;
  return [
    figure(about, { quantity: 'a scrape', unit: 'ms' }, spreadOf(times), effort.rounds),
    single(about, { quantity: 'text', unit: 'kB' }, Buffer.byteLength(text) / 1000),
  ];
}
