/** Drops by rules that dropped nothing before an order was carried out. */
import { expect, test } from 'vitest';
import { NewDrops } from '../../../../src/agent/fleet/new-drops.ts';
import type { CounterOutcome, HostCounters } from '../../../../src/host/counters.ts';

function counters(rules: Readonly<Record<string, number>>, passed = 0): HostCounters {
  const rest = { by: 'rule', reason: null, bytes: 0n, policy: 'web' } as const;
  const all: CounterOutcome[] = Object.entries(rules).map(([rule, packets]) => {
    return { ...rest, rule, action: 'block', packets: BigInt(packets) };
  });
  all.push({ ...rest, by: 'default', rule: null, action: 'permit', packets: passed });
  const fragments = { packets: 0, bytes: 0 };
  return {
    policy: 'web',
    generation: 1,
    interfaces: [{ name: 'eth0', direction: 'ingress', counters: all, retired: [], fragments }],
  };
}

test('what a rule drops that dropped nothing before is counted, and nothing else', () => {
  const drops = new NewDrops();
  expect([drops.perSecond, drops.isDue(0)]).toEqual([null, false]);
  drops.begin(counters({ old: 5, idle: 0 }), counters({ old: 9, new: 3 }), 1000);
  expect([drops.perSecond, drops.isDue(10_999), drops.isDue(11_000)]).toEqual([null, false, true]);
  drops.take(counters({ old: 500, idle: 20, new: 83 }, 9000), 11_000);
  expect(drops.perSecond).toBe(10);
  drops.take(counters({ old: 900, idle: 20, new: 83 }), 21_000);
  expect(drops.perSecond).toBe(0);
});

test('figures are of ten seconds at first, and of a minute later, with two digits', () => {
  const drops = new NewDrops();
  drops.begin(counters({}), counters({}), 0);
  drops.take(counters({ new: 12_345 }), 120_000);
  expect([drops.perSecond, drops.isDue(130_000), drops.isDue(180_000)]).toEqual([100, false, true]);
  // The program was replaced, and its counters with it.
  drops.take(counters({ new: 60 }), 180_000);
  expect(drops.perSecond).toBe(1);
  drops.end();
  expect([drops.perSecond, drops.isDue(1e9)]).toEqual([null, false]);
});
