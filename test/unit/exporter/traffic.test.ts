/** Counter readings to samples, without a kernel. */
import { expect, test } from 'vitest';
import { present } from '../../../src/base/assert.ts';
import type { Count } from '../../../src/engine/counts.ts';
import { Counts } from '../../../src/engine/counts.ts';
import type { CounterReading, RetiredSum } from '../../../src/engine/read-counters.ts';
import type { Counted, Named } from '../../../src/engine/slots.ts';
import { FIXED_SLOTS } from '../../../src/engine/slots.ts';
import { RuleSeries } from '../../../src/exporter/rule-series.ts';
import { Samples } from '../../../src/exporter/sample-metrics.ts';
import type { TimeOf } from '../../../src/exporter/traffic.ts';
import { addTraffic } from '../../../src/exporter/traffic.ts';
import { ENUMS } from '../../../src/layout/layout.gen.ts';

const FIRST = ENUMS.slot.FIRST_NAMED;
const NONE: Count = { packets: 0n, bytes: 0n, jiffies: 0n };

function reading(counted: Counted, packets: bigint): CounterReading {
  return { counted, count: { packets, bytes: packets * 100n, jiffies: packets * 10n } };
}

const web: Counted = { by: 'rule', policy: 'p', rule: 'web', action: 'permit' };
const noise: Counted = { by: 'rule', policy: 'p', rule: 'noise', action: 'block' };

/** What is named has slots in the order of the readings. */
function countsOf(readings: readonly CounterReading[], named: readonly Named[]): Counts {
  const counts = new Counts(FIRST + named.length);
  for (const { counted, count } of readings) {
    const fixed = [...FIXED_SLOTS.keys()].find((slot) => FIXED_SLOTS.get(slot) === counted);
    const slot = 'policy' in counted ? FIRST + named.indexOf(counted) : present(fixed);
    counts.addCpus(slot, BigUint64Array.of(count.packets, count.bytes, count.jiffies), 0, 3);
  }
  return counts;
}

function linesOf(
  counters: readonly CounterReading[],
  fragments: Count = NONE,
  timeOf: TimeOf = Number,
  retired: readonly RetiredSum[] = [],
): string[] {
  const samples = new Samples();
  const named = counters.map(({ counted }) => counted).filter((counted) => 'policy' in counted);
  const slots = named.map((_, i) => FIRST + i);
  const counts = countsOf(counters, named);
  const side = { name: 'eth0', direction: 'ingress', named, slots, counts, retired, fragments } as const;
  addTraffic(samples, side, timeOf, new RuleSeries());
  const text = samples.bytes('prometheus').toString();
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
    reading(present(FIXED_SLOTS.get(ENUMS.slot.IKE)), 2n),
    reading(present(FIXED_SLOTS.get(ENUMS.slot.MALFORMED_DROP)), 1n),
  ]).filter((line) => !/^xdpol_(?:parse|exempt)_.* 0$/u.test(line));
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
    'xdpol_parse_packets_total{reason="malformed",verdict="drop"} 1',
    'xdpol_exempt_packets_total{exemption="ike"} 2',
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

test('counts are exact, whatever their length', () => {
  for (const count of [
    9n,
    10n,
    2n ** 31n - 1n,
    2n ** 31n,
    10n ** 15n,
    2n ** 53n - 1n,
    2n ** 53n + 1n,
    2n ** 57n + 1n,
  ]) {
    const lines = linesOf([reading(web, count)]);
    expect(lines).toContain(`xdpol_packets_total{verdict="pass"} ${count}`);
    expect(lines).toContain(`xdpol_rule_packets_total{policy="p",rule="web",action="permit"} ${count}`);
  }
});

test('the time of a match is told to the millisecond', () => {
  const times = { 1: '1', 1700000000.05: '1700000000.050', 1700000000.9996: '1700000001' };
  for (const [time, text] of Object.entries(times)) {
    const lines = linesOf([reading(web, 5n)], NONE, () => Number(time));
    expect(lines).toContain(`xdpol_rule_last_match_timestamp_seconds{policy="p",rule="web"} ${text}`);
  }
});

test('a thousand rules: every line is whole', () => {
  const rules = Array.from({ length: 1000 }, (_, i) => reading({ ...web, rule: `rule ${i}` }, BigInt(i) ** 5n));
  const lines = linesOf(rules).filter((line) => line.startsWith('xdpol_rule_packets_total'));
  expect(lines).toEqual(
    rules.map((_, i) => `xdpol_rule_packets_total{policy="p",rule="rule ${i}",action="permit"} ${BigInt(i) ** 5n}`),
  );
});
