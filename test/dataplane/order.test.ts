/** Rules and filters written in another order: the kernel's verdicts stay. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DIRECTIONS } from '../../src/engine/program.ts';
import type { Policy } from '../../src/policy/model.ts';
import { arb, TEST_HOST } from '../support/arbitrary.ts';
import { compiled, runAtBothHooks } from '../support/kernel.ts';

const shuffledRules = (policy: Policy): fc.Arbitrary<Policy> =>
  fc.shuffledSubarray([...policy.rules], { minLength: policy.rules.length }).map((rules) => ({
    ...policy,
    rules: rules.map((rule) => ({
      ...rule,
      filterList: { ...rule.filterList, filters: rule.filterList.filters.toReversed() },
    })),
  }));

const cases = arb.policy().chain((policy) =>
  fc.record({
    policy: fc.constant(policy),
    shuffled: shuffledRules(policy),
    packets: fc.array(arb.packetNear(policy), { minLength: 200, maxLength: 200 }),
  }),
);

test('shuffling a policy changes no verdict, at either hook', () => {
  fc.assert(
    fc.property(cases, ({ policy, shuffled, packets }) => {
      const verdicts = (of: Policy): unknown => {
        const decided = runAtBothHooks(compiled(of, TEST_HOST, { interfaceName: 'eth0' }), packets);
        return DIRECTIONS.map((direction) => decided[direction].map((decision) => decision?.verdict));
      };
      expect(verdicts(shuffled)).toEqual(verdicts(policy));
    }),
    { numRuns: 25, endOnFailure: true },
  );
});
