/** Counter readings to samples, without a kernel. */
import { expect, test } from 'vitest';
import type { Count } from '../../../src/engine/counter-maps.ts';
import type { CounterReading, RetiredSum } from '../../../src/engine/read-counters.ts';
import type { Counted } from '../../../src/engine/slots.ts';
import { RuleSeries } from '../../../src/exporter/rule-series.ts';
import { Samples } from '../../../src/exporter/samples.ts';
import type { TimeOf } from '../../../src/exporter/traffic.ts';
import { addTraffic } from '../../../src/exporter/traffic.ts';

const NONE: Count = { packets: 0n, bytes: 0n, jiffies: 0n };

function reading(counted: Counted, packets: bigint): CounterReading {
  return { counted, count: { packets, bytes: packets * 100n, jiffies: packets * 10n } };
}

const web: Counted = { by: 'rule', policy: 'p', rule: 'web', action: 'permit' };
const noise: Counted = { by: 'rule', policy: 'p', rule: 'noise', action: 'block' };

function linesOf(
  counters: readonly CounterReading[],
  fragments: Count = NONE,
  timeOf: TimeOf = Number,
  retired: readonly RetiredSum[] = [],
): string[] {
  const samples = new Samples();
  const side = { name: 'eth0', direction: 'ingress', counters, retired, fragments } as const;
  addTraffic(samples, side, timeOf, new RuleSeries());
  const text = samples.text('prometheus');
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace('device="eth0",direction="ingress",', ''));
}

test('each counter is told by what it counts, and every one is in the totals', () => {
  const lines = linesOf([
    reading(web, 5n),
    reading(noise, 0n),
    reading({ by: 'default', policy: 'p', action: 'block' }, 3n),
    reading({ by: 'exemption', reason: 'ike', action: 'permit' }, 2n),
    reading({ by: 'parse', reason: 'malformed', action: 'block' }, 1n),
  ]);
  expect(lines).toEqual([
    'xdpol_packets_total{verdict="pass"} 7',
    'xdpol_packets_total{verdict="drop"} 4',
    'xdpol_bytes_total{verdict="pass"} 700',
    'xdpol_bytes_total{verdict="drop"} 400',
    'xdpol_rule_packets_total{policy="p",rule="web",action="permit"} 5',
    'xdpol_rule_packets_total{policy="p",rule="noise",action="block"} 0',
    'xdpol_rule_bytes_total{policy="p",rule="web",action="permit"} 500',
    'xdpol_rule_bytes_total{policy="p",rule="noise",action="block"} 0',
    'xdpol_rule_last_match_timestamp_seconds{policy="p",rule="web"} 50',
    'xdpol_default_packets_total{policy="p",action="block"} 3',
    'xdpol_default_bytes_total{policy="p",action="block"} 300',
    'xdpol_exempt_packets_total{exemption="ike"} 2',
    'xdpol_parse_packets_total{reason="malformed",verdict="drop"} 1',
    'xdpol_parse_packets_total{reason="fragment",verdict="none"} 0',
  ]);
});

test('a rule that is no longer in force counts in the totals only', () => {
  const lines = linesOf([reading(web, 5n)], NONE, Number, [{ action: 'block', counters: 1, packets: 9n, bytes: 900n }]);
  expect(lines).toContain('xdpol_packets_total{verdict="drop"} 9');
});

test('fragments are counted besides: the totals do not have them twice', () => {
  const lines = linesOf([reading(web, 5n)], { packets: 4n, bytes: 400n, jiffies: 1n });
  expect(lines).toContain('xdpol_packets_total{verdict="pass"} 5');
  expect(lines).toContain('xdpol_parse_packets_total{reason="fragment",verdict="none"} 4');
});

test('names of rules are escaped', () => {
  const lines = linesOf([reading({ ...web, rule: 'a "b"\\\nc' }, 1n)]);
  expect(lines).toContain('xdpol_rule_packets_total{policy="p",rule="a \\"b\\"\\\\\\nc",action="permit"} 1');
});

test('counts are exact up to 2^53', () => {
  const lines = linesOf([reading(web, 2n ** 53n - 1n)]);
  expect(lines).toContain('xdpol_packets_total{verdict="pass"} 9007199254740991');
});
