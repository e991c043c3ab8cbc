/** How many classes of addresses there can be: a policy of so many compiles, one of more is refused. */
import { expect, test } from 'vitest';
import { Diagnostics } from '../../../src/base/diagnostics.ts';
import { compile } from '../../../src/compiler/compile.ts';
import { compiled } from '../../support/kernel.ts';
import type { FilterFields } from '../../support/policies.ts';
import { block, hostOf, policyOf } from '../../support/policies.ts';

const HOST = hostOf(['10.0.0.1']);

// 16 bits hold a class: 65,535 hosts of their own and the rest are one too many.
test('more classes than their numbers hold', { timeout: 120_000 }, () => {
  const filters = Array.from(
    { length: 65_535 },
    (_, i): FilterFields => ({ from: `10.${i >> 14}.${(i >> 7) & 127}.${i & 127}` }),
  );
  const diags = new Diagnostics();
  expect(compile(policyOf([block(...filters)]), HOST, diags)).toBeUndefined();
  expect(diags.all).toMatchObject([
    { code: 'XP0701', severity: 'error', message: expect.stringMatching(/^\D*65536\D/u) as string },
  ]);
  expect(compiled(policyOf([block(...filters.slice(1))]), HOST).statistics.classes.source4).toBe(65_535);
});
