/** The policies of the differential test take every shape for which compiler or program have a shortcut. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SHAPED_HOSTS, shapedPolicy } from '../../support/arbitrary-shapes.ts';
import { compiled } from '../../support/kernel.ts';
import { FORM_BUDGETS } from '../../support/kernel-table.ts';
import { ALL_SHAPES, shapesOf } from '../../support/shapes.ts';

const POLICIES = 200;
/** Then the policies of one differential run meet it several times. */
const LEAST_OF_A_SHAPE = 8;

test('every shape is generated', { timeout: 300_000 }, () => {
  const seen = new Map(ALL_SHAPES.map((shape) => [shape, 0]));
  const cases = fc.sample(fc.tuple(shapedPolicy(), fc.constantFrom(...SHAPED_HOSTS)), { numRuns: POLICIES, seed: 1 });
  for (const [policy, host] of cases) {
    for (const budgets of Object.values(FORM_BUDGETS)) {
      for (const shape of shapesOf(compiled(policy, host, { budgets }), host)) {
        seen.set(shape, (seen.get(shape) ?? 0) + 1);
      }
    }
  }
  expect([...seen].filter(([, count]) => count < LEAST_OF_A_SHAPE)).toEqual([]);
  expect([...seen.keys()]).toEqual(ALL_SHAPES);
});
