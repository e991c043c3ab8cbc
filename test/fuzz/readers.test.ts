/** A bounded fuzz run, and a proof that the harness sees what it looks for. */
import { expect, test } from 'vitest';
import { fuzz } from './harness.ts';
import { inputOf, TARGETS } from './inputs.ts';

const SEED = 1;

test('no input makes a reader throw, hang or crash', async () => {
  const inputs = 20_000;
  const report = await fuzz({ inputs, seed: SEED, workers: 2, limit: 5_000 });
  expect(report.failures).toEqual([]);
  expect([...report.ran.values()].reduce((sum, count) => sum + count, 0)).toBe(inputs);
  for (const target of TARGETS) expect(report.taken.get(target), target).toBeGreaterThan(20);
}, 120_000);

test('an input can be made again from its number', () => {
  for (const index of [0, 1, 77, 999_999]) expect(inputOf(SEED, index)).toEqual(inputOf(SEED, index));
});
