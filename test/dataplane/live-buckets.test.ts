/**
 * Live sets as full as they may be, of hosts side by side: each member is found in its own set, and no other address is.
 * And what is found where filters ask for one of the sets in the tables alone.
 */
import { expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import type { Address, Family } from '../../src/base/ip.ts';
import { formatAddress, prefixOf } from '../../src/base/ip.ts';
import { Replayer } from '../../src/engine/replay.ts';
import type { LiveMembers } from '../../src/policy/live-sets.ts';
import { DEFAULT_LEVELS } from '../../src/policy/live-sets.ts';
import type { AddressSet, Policy } from '../../src/policy/model.ts';
import { prefixSetOf } from '../../src/policy/prefix-set.ts';
import { compiled, runInKernel } from '../support/kernel.ts';
import { outcomeOf, referenceOutcomes } from '../support/kernel-table.ts';
import type { TestPacket } from '../support/packets.ts';
import { raw } from '../support/packets.ts';
import { block, hostOf, permit, policyOf, setsOf } from '../support/policies.ts';

/** Two thirds of the seven places of 256 buckets. */
const MEMBERS = 1180;
const NAMES = ['good', 'bad', 'worse'] as const;

/** IPv4: in a /20. IPv6: in one /64. */
function hostNumber(family: Family, number: number): Address {
  return { family, words: family === 4 ? [0xc6120000 + number] : [0x20010db8, 0x770000, 0, number] };
}

/** Three of four addresses are members, by turns of the sets. */
function membersOf(family: Family): LiveMembers {
  return new Map(
    NAMES.map((name, set) => {
      const numbers = Array.from({ length: Math.floor(MEMBERS / NAMES.length) }, (_, i) => 4 * i + set);
      return [
        name,
        prefixSetOf(numbers.map((number) => prefixOf(hostNumber(family, number), family === 4 ? 32 : 128))),
      ];
    }),
  );
}

function livePolicy(names: readonly string[] = NAMES): Policy {
  const sets = [...setsOf(Object.fromEntries(names.map((name) => [name, []])))].map(
    ([name, set]): [string, AddressSet] => [name, { ...set, live: { capacity: MEMBERS, levels: DEFAULT_LEVELS } }],
  );
  const rules = names.map((name) => (name === 'good' ? permit : block)({ from: `$${name}` }));
  return policyOf(rules, { addressSets: new Map(sets), default: 'permit' });
}

test.each([4, 6] as const)('IPv%i', (family) => {
  const policy = livePolicy();
  const host = { ...hostOf(), members: membersOf(family) };
  const packets = Array.from({ length: (4 * MEMBERS) / NAMES.length }, (_, number): TestPacket => {
    const from = formatAddress(hostNumber(family, number));
    return raw(50, from, family === 4 ? '192.0.2.1' : '2001:db9::1');
  });
  const found = runInKernel(compiled(policy, host), packets).map(outcomeOf);
  const wanted = referenceOutcomes(policy, packets, { host });
  const wrong = packets.flatMap(({ summary }, i) =>
    found[i] === wanted[i] ? [] : [`${summary}: ${found[i]}, not ${wanted[i]}`],
  );
  expect(wrong).toEqual([]);
  expect(new Set(wanted)).toEqual(new Set(['pass permit 1', 'drop block 2', 'drop block 3', 'pass default']));
});

/** The number of a set of another interface's policy. */
const OTHER_SET = 7;

test.each([4, 6] as const)(
  'IPv%i: a longer member of a set that no filter asks for hides none of the set that one asks for',
  (family) => {
    const policy = livePolicy(['bad']);
    const one = hostNumber(family, 1);
    const block24 = prefixOf(one, family === 4 ? 24 : 64);
    const host = { ...hostOf(), members: new Map([['bad', prefixSetOf([block24])]]) };
    const packets = [1, 2].map((number) =>
      raw(50, formatAddress(hostNumber(family, number)), family === 4 ? '192.0.2.1' : '2001:db9::1'),
    );
    using replayer = new Replayer(compiled(policy, host), 'ingress');
    const { tables, numbers } = present(replayer.live);
    expect([...numbers.values()]).not.toContain(OTHER_SET);
    tables.byFamily[family].add({ set: OTHER_SET, family, words: one.words, length: family === 4 ? 32 : 128 });
    const decisions = replayer.run(packets.map(({ frame }) => frame));
    expect(decisions.map((decision) => decision?.rule)).toEqual(['block 1', 'block 1']);
  },
);
