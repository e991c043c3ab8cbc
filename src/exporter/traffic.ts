/** What was counted on one interface in one direction. */
import type { CounterReading, InterfaceCounters } from '../engine/read-counters.ts';
import { verdictOf } from '../engine/slots.ts';
import type { Samples } from './samples.ts';

/** jiffies64 -> Unix seconds. */
export type TimeOf = (jiffies: bigint) => number;

export function addTraffic(samples: Samples, counters: InterfaceCounters, timeOf: TimeOf): void {
  const where = { device: counters.name, direction: counters.direction };
  addTotals(samples, counters);
  for (const reading of counters.counters) addReading(samples, where, reading, timeOf);
  const { packets } = counters.fragments;
  samples.add('xdpol_parse_packets_total', { ...where, reason: 'fragment', verdict: 'none' }, packets);
}

interface Place {
  readonly device: string;
  readonly direction: string;
}

/** All counters, those of policies no longer in force included: the sum never goes back. */
function addTotals(samples: Samples, { name: device, direction, counters }: InterfaceCounters): void {
  for (const verdict of ['pass', 'drop'] as const) {
    const counts = counters.filter(({ counted }) => verdictOf(counted.action) === verdict).map(({ count }) => count);
    const labels = { device, direction, verdict };
    samples.add(
      'xdpol_packets_total',
      labels,
      counts.reduce((sum, { packets }) => sum + packets, 0n),
    );
    samples.add(
      'xdpol_bytes_total',
      labels,
      counts.reduce((sum, { bytes }) => sum + bytes, 0n),
    );
  }
}

function addReading(samples: Samples, where: Place, { counted, count, retired }: CounterReading, timeOf: TimeOf): void {
  if (retired) return;
  const { packets, bytes, jiffies } = count;
  switch (counted.by) {
    case 'rule': {
      const { policy, rule, action } = counted;
      samples.add('xdpol_rule_packets_total', { ...where, policy, rule, action }, packets);
      samples.add('xdpol_rule_bytes_total', { ...where, policy, rule, action }, bytes);
      if (packets === 0n) return;
      samples.add('xdpol_rule_last_match_timestamp_seconds', { ...where, policy, rule }, timeOf(jiffies));
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
