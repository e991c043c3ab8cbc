import { expect, test } from 'vitest';
import type { Reading } from '../../../src/console/rates.ts';
import { reasonsOf, rowsOf, topDropping, totalsOf } from '../../../src/console/rates.ts';
import type { CounterOutcome } from '../../../src/host/counters.ts';

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
