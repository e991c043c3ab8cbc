/** What was counted on one interface in one direction. */
import type { InterfaceCounters } from '../engine/read-counters.ts';
import type { Counted } from '../engine/slots.ts';
import { FIXED_SLOTS, verdictOf } from '../engine/slots.ts';
import type { MetricText } from './metric-text.ts';
import type { Place, RuleSeries } from './rule-series.ts';
import { startOf } from './rule-series.ts';
import type { Samples } from './sample-metrics.ts';

/** jiffies64 -> Unix seconds. */
export type TimeOf = (jiffies: bigint) => number;

export function addTraffic(samples: Samples, counters: InterfaceCounters, timeOf: TimeOf, series: RuleSeries): void {
  const where = { device: counters.name, direction: counters.direction };
  addTotals(samples, where, counters);
  addRules(samples, where, counters, timeOf, series);
  addDefault(samples, where, counters);
  addFixed(samples, where, counters);
  const { packets } = counters.fragments;
  samples.add('xdpol_parse_packets_total', { ...where, reason: 'fragment', verdict: 'none' }, packets);
}

/** All counters, those of policies no longer in force included: the sum never goes back. */
function addTotals(samples: Samples, where: Place, { named, slots, counts, retired }: InterfaceCounters): void {
  const sums = { pass: new Sum(), drop: new Sum() };
  const add = (action: Counted['action'], slot: number): void =>
    sums[verdictOf(action)].add(counts.packets[slot] ?? 0n, counts.bytes[slot] ?? 0n);
  for (let i = 0; i < named.length; i++) add(named[i]!.action, slots[i]!);
  for (const [slot, { action }] of FIXED_SLOTS) add(action, slot);
  for (const { action, packets, bytes } of retired) sums[verdictOf(action)].add(packets, bytes);
  for (const verdict of ['pass', 'drop'] as const) {
    samples.add('xdpol_packets_total', { ...where, verdict }, sums[verdict].packets);
    samples.add('xdpol_bytes_total', { ...where, verdict }, sums[verdict].bytes);
  }
}

/** In a typed array: a sum of thousands of bigints makes as many. */
class Sum {
  readonly #words = new BigUint64Array(2);

  add(packets: bigint, bytes: bigint): void {
    this.#words[0]! += packets;
    this.#words[1]! += bytes;
  }

  get packets(): bigint {
    return this.#words[0]!;
  }

  get bytes(): bigint {
    return this.#words[1]!;
  }
}

function addRules(
  samples: Samples,
  where: Place,
  { named, slots, counts }: InterfaceCounters,
  timeOf: TimeOf,
  series: RuleSeries,
): void {
  const rules = series.of(named);
  if (rules.length === 0) return;
  const packets = samples.of('xdpol_rule_packets_total');
  const bytes = samples.of('xdpol_rule_bytes_total');
  const startOfPackets = startOf('xdpol_rule_packets_total', where);
  const startOfBytes = startOf('xdpol_rule_bytes_total', where);
  const startOfLastMatch = startOf('xdpol_rule_last_match_timestamp_seconds', where);
  let lastMatch: MetricText | undefined;
  for (const { at, ofCounters, ofLastMatch } of rules) {
    const slot = slots[at]!;
    const count = counts.packets[slot] ?? 0n;
    packets.count(startOfPackets, ofCounters, count);
    bytes.count(startOfBytes, ofCounters, counts.bytes[slot] ?? 0n);
    if (count === 0n) continue;
    lastMatch ??= samples.of('xdpol_rule_last_match_timestamp_seconds');
    lastMatch.time(startOfLastMatch, ofLastMatch, timeOf(counts.jiffies[slot] ?? 0n));
  }
}

function addDefault(samples: Samples, where: Place, { named, slots, counts }: InterfaceCounters): void {
  for (const [i, { by, policy, action }] of named.entries()) {
    if (by !== 'default') continue;
    const { packets, bytes } = counts.at(slots[i]!);
    samples.add('xdpol_default_packets_total', { ...where, policy, action }, packets);
    samples.add('xdpol_default_bytes_total', { ...where, policy, action }, bytes);
  }
}

function addFixed(samples: Samples, where: Place, { counts }: InterfaceCounters): void {
  for (const [slot, counted] of FIXED_SLOTS) {
    const { packets } = counts.at(slot);
    if (counted.by === 'exemption') {
      samples.add('xdpol_exempt_packets_total', { ...where, exemption: counted.reason }, packets);
    } else if (counted.by === 'parse') {
      const verdict = verdictOf(counted.action);
      samples.add('xdpol_parse_packets_total', { ...where, reason: counted.reason, verdict }, packets);
    }
  }
}
