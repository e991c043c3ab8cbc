/** Compiling is pure: the same policy and addresses give the same bytes, and order means nothing. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CompiledPolicy } from '../../../src/compiler/compile.ts';
import { TABLE_NAMES } from '../../../src/compiler/compile.ts';
import type { DirectedFilter } from '../../../src/compiler/conditions/expand.ts';
import type { Policy } from '../../../src/policy/model.ts';
import { SPECIFICITY_KEYS } from '../../../src/policy/specificity.ts';
import { arb, TEST_HOST } from '../../support/arbitrary.ts';
import { compiled } from '../../support/kernel.ts';
import { MODE_BUDGETS } from '../../support/kernel-table.ts';

function bytesOf({ tables }: CompiledPolicy): unknown {
  return TABLE_NAMES.map((name) => [name, Buffer.from(tables.get(name) ?? []).toString('base64')]);
}

/** What the program is specialised by. */
function constantsOf({ shape, broadcasts }: CompiledPolicy): readonly string[] {
  return [shape, broadcasts].map((bytes) => Buffer.from(bytes).toString('base64'));
}

const shuffled = (policy: Policy): fc.Arbitrary<Policy> =>
  fc
    .tuple(
      fc.shuffledSubarray([...policy.rules], { minLength: policy.rules.length }),
      fc.tuple(
        ...policy.rules.map(({ filterList: { filters } }) =>
          fc.shuffledSubarray([...filters], { minLength: filters.length }),
        ),
      ),
    )
    .map(([rules, lists]) => {
      const listOf = new Map(policy.rules.map((rule, i) => [rule.name, lists[i] ?? []]));
      return {
        ...policy,
        rules: rules.map((rule) => ({
          ...rule,
          filterList: { ...rule.filterList, filters: listOf.get(rule.name) ?? [] },
        })),
      };
    });

for (const [mode, budgets] of Object.entries(MODE_BUDGETS)) {
  test(`${mode}: twice the same bytes`, () => {
    const host = { ...TEST_HOST, me: TEST_HOST.me.toReversed() };
    let time = 0;
    const clock = (): number => (time += 1.5);
    fc.assert(
      fc.property(arb.policy(), (policy) => {
        const once = compiled(policy, TEST_HOST, { interfaceName: 'eth0', budgets });
        // A copy shares no object with it; the host's addresses come in any order; time passes.
        const again = compiled(structuredClone(policy), host, { interfaceName: 'eth0', budgets, clock });
        expect(bytesOf(again)).toEqual(bytesOf(once));
        expect(constantsOf(again)).toEqual(constantsOf(once));
      }),
      { numRuns: 20 },
    );
  });
}

test('compiling leaves the policy as it was', () => {
  fc.assert(
    fc.property(arb.policy(), (policy) => {
      const before = structuredClone(policy);
      compiled(policy, TEST_HOST);
      expect(policy).toEqual(before);
    }),
    { numRuns: 20 },
  );
});

/** What decides about packets: how specific, which action, and which packets. Not whose rule it is. */
function meaningOf({ specificity, action, half, filter }: DirectedFilter): string {
  return [...SPECIFICITY_KEYS.map((key) => specificity[key]), action, half, filter.text].join(' ');
}

/** Filters of one rank but for their rule: in any order among themselves. */
function groupsOf({ ranked }: CompiledPolicy): readonly (readonly string[])[] {
  const groups: string[][] = [];
  let last = '';
  for (const directed of ranked) {
    const key = [...SPECIFICITY_KEYS.map((k) => directed.specificity[k]), directed.action].join();
    if (key !== last) groups.push([]);
    last = key;
    groups.at(-1)?.push(meaningOf(directed));
  }
  return groups.map((group) => group.sort());
}

test('rules and filters in another order rank the same', () => {
  const pairs = arb.policy().chain((policy) => fc.tuple(fc.constant(policy), shuffled(policy)));
  fc.assert(
    fc.property(pairs, ([policy, other]) => {
      const once = compiled(policy, TEST_HOST, { interfaceName: 'eth1' });
      const again = compiled(other, TEST_HOST, { interfaceName: 'eth1' });
      expect(groupsOf(again)).toEqual(groupsOf(once));
      expect(again.statistics.classes).toEqual(once.statistics.classes);
      expect(again.statistics.ranges).toEqual(once.statistics.ranges);
    }),
    { numRuns: 40 },
  );
});
