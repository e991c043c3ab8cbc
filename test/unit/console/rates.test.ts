import { expect, test } from 'vitest';
import type { Reading } from '../../../src/console/rates.ts';
import { reasonsOf, rowsOf, topDropping, totalsOf } from '../../../src/console/rates.ts';
import type { CounterOutcome } from '../../../src/host/counters.ts';
import { DropRanking } from '../../../src/host/drop-ranking.ts';

function counter(rule: string, action: 'permit' | 'block', packets: number): CounterOutcome {
  return { by: 'rule', rule, reason: null, action, packets, bytes: packets * 60, policy: 'edge' };
}

const PARSE: CounterOutcome = {
  ...counter('', 'block', 4),
  by: 'parse',
  rule: null,
  reason: 'malformed',
  policy: null,
};

function reading(at: number, ...counters: readonly CounterOutcome[]): Reading {
  const fragments = { packets: 0, bytes: 0 };
  const interfaces = [{ name: 'eth0', direction: 'ingress' as const, counters, retired: [], fragments }];
  return { at, counters: { policy: 'edge', generation: 1, interfaces } };
}

const before = reading(
  1000,
  counter('web', 'permit', 100),
  counter('noise', 'block', 5),
  counter('rest', 'block', 900),
);
const now = reading(
  3000,
  counter('web', 'permit', 300),
  counter('noise', 'block', 25),
  counter('rest', 'block', 900),
  PARSE,
);

test('rates are packets between two readings over the time between them', () => {
  expect(rowsOf(now, before).map(({ rate }) => rate)).toEqual([100, 10, 0, 0]);
});

test('one reading has no rates, and a counter that began again none below zero', () => {
  expect(rowsOf(now, undefined).map(({ rate }) => rate)).toEqual([0, 0, 0, 0]);
  expect(rowsOf(reading(5000, counter('web', 'permit', 3)), now).map(({ rate }) => rate)).toEqual([0]);
});

test('a counter is found where others came before it, and one that is new has no rate', () => {
  const moved = reading(
    3000,
    counter('new', 'permit', 7),
    counter('rest', 'block', 960),
    counter('web', 'permit', 140),
  );
  expect(rowsOf(moved, before).map(({ rate }) => rate)).toEqual([0, 30, 20]);
});

test('totals are those of the verdicts', () => {
  expect(totalsOf(rowsOf(now, before))).toEqual([
    { interfaceName: 'eth0', direction: 'ingress', passed: 300, dropped: 929, passRate: 100, dropRate: 10 },
  ]);
});

test('what drops most now comes first, then what dropped most', () => {
  expect(topDropping(rowsOf(now, before), 10).map(({ counter: { rule } }) => rule)).toEqual(['noise', 'rest']);
  expect(topDropping(rowsOf(now, before), 1)).toHaveLength(1);
  expect(reasonsOf(rowsOf(now, before)).map(({ counter: { reason } }) => reason)).toEqual(['malformed']);
});

test('where only some rules are listed, totals are those of the sums, and no sum is a rule', () => {
  const sumOf = ({ at, counters }: Reading, passed: number, dropped: number): Reading => {
    const rules = [
      { action: 'permit' as const, packets: passed, bytes: 0 },
      { action: 'block' as const, packets: dropped, bytes: 0 },
    ];
    return { at, counters: { ...counters, interfaces: counters.interfaces.map((side) => ({ ...side, rules })) } };
  };
  const some = rowsOf(
    sumOf(reading(3000, counter('noise', 'block', 25), PARSE), 500, 1025),
    sumOf(reading(1000), 300, 925),
  );
  expect(totalsOf(some)).toEqual([
    { interfaceName: 'eth0', direction: 'ingress', passed: 500, dropped: 1029, passRate: 100, dropRate: 50 },
  ]);
  expect(topDropping(some, 10).map(({ counter: { rule } }) => rule)).toEqual(['noise']);
});

test('rules are ranked by what they dropped since the reading before, then in total', () => {
  const ranking = new DropRanking();
  const choose = (...packets: readonly number[]): readonly (string | null)[] => {
    const rules = packets.map((count, i) => counter(`rule ${i}`, i === 3 ? 'permit' : 'block', count));
    return ranking.choose('eth0 ingress', rules, 2).map(({ rule }) => rule);
  };
  expect(choose(5, 900, 0, 5000)).toEqual(['rule 1', 'rule 0']);
  expect(choose(25, 900, 4, 9000)).toEqual(['rule 0', 'rule 2']);
});
