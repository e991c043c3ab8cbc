/** Classes for members that come later. */
import { describe, expect, test } from 'vitest';
import { present } from '../../../src/base/assert.ts';
import { loadableOf } from '../../../src/compiler/loadable.ts';
import { ruleValue } from '../../../src/compiler/rules/rule-sets.ts';
import { deserialize, serialize } from '../../../src/compiler/serialize.ts';
import type { AddressSet, Policy } from '../../../src/policy/model.ts';
import { shapeOf } from '../../support/compiled-shape.ts';
import { compiled } from '../../support/kernel.ts';
import { block, hostOf, permit, policyOf, setsOf } from '../../support/policies.ts';

const HOST = hostOf(['192.0.2.1']);
const LIVE = { capacity: 50, levels: { 4: [32, 24], 6: [128, 64] } } as const;

function liveSets(...names: readonly string[]): ReadonlyMap<string, AddressSet> {
  const sets = setsOf(Object.fromEntries(names.map((name) => [name, []])));
  return new Map([...sets].map(([name, set]) => [name, { ...set, live: LIVE }]));
}

const ONE_END: Policy = policyOf([block({ from: '$bans' }), permit({ from: '10.0.0.0/28' })], {
  addressSets: liveSets('bans', 'unused'),
});

describe('live sets', () => {
  test('each level has a class behind the others, at the end where a filter asks for the set', () => {
    const { live } = compiled(ONE_END, HOST);
    // 10.0.0.0/28 is class 1 of the source.
    expect(live).toEqual([
      { name: 'bans', capacity: 50, blocks: true, levels4: [32, 24], levels6: [128, 64], ...classes([2, 3], [1, 2]) },
      { name: 'unused', capacity: 50, blocks: false, levels4: [32, 24], levels6: [128, 64], ...classes([], []) },
    ]);
  });

  test('a member of each level has the place of its length', () => {
    const policy = compiled(ONE_END, HOST);
    const { dportClasses, sportClasses, rules4 } = shapeOf(policy);
    const bytes = present(policy.tables.get('cross4'));
    const cross = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const valueAt = (source: number): number =>
      present(cross[source * rules4.dstClasses * dportClasses * sportClasses]);
    const rankOf = (length: number, family: 4 | 6): number =>
      policy.ranked.findIndex(({ source }) => source.length === length && source.family === family);
    expect([0, 1, 2, 3].map(valueAt)).toEqual([
      ruleValue(policy.ranked.length, true),
      ruleValue(rankOf(28, 4), true),
      ruleValue(rankOf(32, 4), false),
      ruleValue(rankOf(24, 4), false),
    ]);
  });

  test('a file keeps them', () => {
    const policy = loadableOf(compiled(ONE_END, HOST), () => 0);
    expect(deserialize(serialize(policy))?.live).toEqual(policy.live);
  });

  test('a policy without live sets has the same tables as one with a set that nobody asks for', () => {
    const without = compiled(policyOf([permit({ from: '10.0.0.0/28' })]), HOST);
    const unused = policyOf([permit({ from: '10.0.0.0/28' })], { addressSets: liveSets('unused') });
    expect(compiled(unused, HOST).tables).toEqual(without.tables);
  });
});

function classes(source4: readonly number[], source6: readonly number[]): object {
  return { source4, source6, destination4: [], destination6: [] };
}
