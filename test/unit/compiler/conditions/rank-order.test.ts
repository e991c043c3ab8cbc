/** Filters sorted by packed keys are in the order that two of them are compared in. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inRankOrder } from '../../../../src/compiler/conditions/rank-order.ts';
import type { Ranked } from '../../../../src/policy/specificity.ts';
import { compareRanked } from '../../../../src/policy/specificity.ts';

const bit = fc.constantFrom<0 | 1>(0, 1);
/** Few values of each key, its bounds among them, so that filters often differ in the last keys alone. */
const ranked: fc.Arbitrary<Ranked> = fc.record({
  specificity: fc.record({
    addressLong: fc.constantFrom(0, 24, 32, 128),
    addressShort: fc.constantFrom(0, 1, 128),
    protocol: bit,
    portNarrow: fc.constantFrom(1, 2, 65_536),
    portWide: fc.constantFrom(1, 256, 65_536),
    established: bit,
    fragment: bit,
    interface: bit,
  }),
  action: fc.constantFrom('permit', 'block'),
  ruleIndex: fc.constantFrom(0, 1, 70_000),
});

// Short lists are compared, long ones sorted digit by digit.
for (const [length, numRuns] of [
  [40, 200],
  [5000, 5],
] as const) {
  test(`of ${length} filters`, () => {
    const lists = fc.array(ranked, { minLength: length, maxLength: length, size: 'max' });
    fc.assert(
      fc.property(lists, (filters) => {
        const wanted = [...filters].sort(compareRanked);
        expect(inRankOrder(filters).every((filter, i) => filter === wanted[i])).toBe(true);
      }),
      { numRuns },
    );
  });
}
