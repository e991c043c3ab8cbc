/** A bounded fuzz run, and a proof that the harness sees what it looks for. */
import { expect, test } from 'vitest';
import { fuzz } from './harness.ts';
import { inputOf, SEEDS, TARGETS } from './inputs.ts';
import { runInput } from './targets.ts';

const SEED = 1;

test('of the inputs that are mutated, most are valid', async () => {
  for (const target of TARGETS) {
    const taken = await Promise.all(SEEDS[target].map((bytes) => runInput({ target, bytes })));
    expect(taken.filter(Boolean).length, target).toBeGreaterThan(taken.length / 2);
  }
});

test('no input makes a reader throw, hang or crash', async () => {
  const inputs = 4_000;
  const report = await fuzz({ inputs, seed: SEED, workers: 2, limit: 5_000 });
  expect(report.failures).toEqual([]);
  expect([...report.ran.values()].reduce((sum, count) => sum + count, 0)).toBe(inputs);
  for (const target of TARGETS) expect(report.taken.get(target), target).toBeGreaterThan(20);
}, 120_000);

test('an input can be made again from its number', () => {
  for (const index of [0, 1, 77, 999_999]) expect(inputOf(SEED, index)).toEqual(inputOf(SEED, index));
});

test('an exception, a hang and a crash are found, and the run goes on behind them', async () => {
  const planted = new Map([
    [3, 'hang'],
    [5, 'exception'],
    [600, 'crash'],
  ] as const);
  const targets = ['filterspec'] as const;
  const { failures, ran } = await fuzz({ inputs: 1_300, seed: SEED, workers: 1, limit: 1_000, targets, planted });
  expect(failures.map(({ kind, index }) => [kind, index])).toEqual([...planted].map(([index, kind]) => [kind, index]));
  // Counts come every 500 inputs: those since the last are lost with a worker.
  expect(ran.get('filterspec')).toBeGreaterThan(1_000);
}, 60_000);
