/** What was counted on one interface in one direction. */
import type { Count } from '../engine/counter-maps.ts';
import type { CounterReading, InterfaceCounters } from '../engine/read-counters.ts';
import type { Counted } from '../engine/slots.ts';
import { verdictOf } from '../engine/slots.ts';
import type { Place, RuleSeries } from './rule-series.ts';
import type { Samples } from './samples.ts';

/** jiffies64 -> Unix seconds. */
export type TimeOf = (jiffies: bigint) => number;

export function addTraffic(samples: Samples, counters: InterfaceCounters, timeOf: TimeOf, names: RuleSeries): void {
  const where = { device: counters.name, direction: counters.direction };
  addTotals(samples, counters);
  for (const reading of counters.counters) addReading(samples, where, reading, timeOf, names);
  const { packets } = counters.fragments;
  samples.add('xdpol_parse_packets_total', { ...where, reason: 'fragment', verdict: 'none' }, packets);
}

/** All counters, those of policies no longer in force included: the sum never goes back. */
function addTotals(samples: Samples, { name: device, direction, counters, retired }: InterfaceCounters): void {
  const sums = { pass: { packets: 0n, bytes: 0n }, drop: { packets: 0n, bytes: 0n } };
  const add = (action: Counted['action'], { packets, bytes }: Pick<Count, 'packets' | 'bytes'>): void => {
    const sum = sums[verdictOf(action)];
    sum.packets += packets;
    sum.bytes += bytes;
  };
  for (const { counted, count } of counters) add(counted.action, count);
  for (const sum of retired) add(sum.action, sum);
  for (const verdict of ['pass', 'drop'] as const) {
    const labels = { device, direction, verdict };
    samples.add('xdpol_packets_total', labels, sums[verdict].packets);
    samples.add('xdpol_bytes_total', labels, sums[verdict].bytes);
  }
}

function addReading(
  samples: Samples,
  where: Place,
  { counted, count }: CounterReading,
  timeOf: TimeOf,
  names: RuleSeries,
): void {
  const { packets, bytes, jiffies } = count;
  switch (counted.by) {
    case 'rule': {
      const series = names.of(counted, where);
      samples.put('xdpol_rule_packets_total', series.packets, packets);
      samples.put('xdpol_rule_bytes_total', series.bytes, bytes);
      if (packets === 0n) return;
      samples.put('xdpol_rule_last_match_timestamp_seconds', series.lastMatch, timeOf(jiffies));
      return;
    }
    case 'default': {
      const { policy, action } = counted;
      samples.add('xdpol_default_packets_total', { ...where, policy, action }, packets);
      samples.add('xdpol_default_bytes_total', { ...where, policy, action }, bytes);
      return;
    }
    case 'exemption':
      samples.add('xdpol_exempt_packets_total', { ...where, exemption: counted.reason }, packets);
      return;
    case 'parse': {
      const verdict = verdictOf(counted.action);
      samples.add('xdpol_parse_packets_total', { ...where, reason: counted.reason, verdict }, packets);
    }
  }
}
