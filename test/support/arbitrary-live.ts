/** Policies with live sets, and members for these. */
import fc from 'fast-check';
import type { Family } from '../../src/base/ip.ts';
import type { LiveMembers, LiveSet } from '../../src/policy/live-sets.ts';
import type { AddressMatch, AddressSet, Filter, Policy } from '../../src/policy/model.ts';
import { prefixesOf, prefixSetOf } from '../../src/policy/prefix-set.ts';
import { policy } from './arbitrary-policy.ts';
import { filterText } from './policies.ts';

export interface LivePolicy {
  readonly policy: Policy;
  /** Each has a length that is a level of its set. */
  readonly members: LiveMembers;
}

/** Of the lengths that generated prefixes have. */
const SOME_LEVELS: Readonly<Record<Family, readonly number[]>> = { 4: [32, 31, 30, 29, 24], 6: [128, 127, 96, 64] };

const levels: fc.Arbitrary<LiveSet['levels']> = fc
  .tuple(fc.subarray([...SOME_LEVELS[4]].slice(1)), fc.subarray([...SOME_LEVELS[6]].slice(1)))
  .map(([v4, v6]) => ({ 4: [32, ...v4], 6: [128, ...v6] }));

/** A policy of `policy()`, of whose sets some or all are live, with those of their prefixes as members that have a level. */
export function livePolicy(): fc.Arbitrary<LivePolicy> {
  return fc
    .tuple(policy(), fc.array(levels, { minLength: 2, maxLength: 2 }), fc.constantFrom(1, 2, 3))
    .map(([fixed, ofSets, which]): LivePolicy => {
      const members = new Map<string, ReturnType<typeof prefixSetOf>>();
      const sets = [...fixed.addressSets.values()].map((set, i): AddressSet => {
        const own = ofSets[i];
        if (own === undefined || ((which >> i) & 1) === 0) return set;
        const fitting = [...prefixesOf(set.prefixes)].filter(({ family, length }) => own[family].includes(length));
        members.set(set.name, prefixSetOf(fitting));
        return { ...set, prefixes: prefixSetOf([]), exclude: [], live: { capacity: 1000, levels: own } };
      });
      const withSets = { ...fixed, addressSets: new Map(sets.map((set) => [set.name, set])) };
      return { policy: withoutExclusions(withSets, new Set(members.keys())), members };
    });
}

/** A list in which a live set is named leaves nothing out. */
function withoutExclusions(of: Policy, live: ReadonlySet<string>): Policy {
  const end = (match: AddressMatch): AddressMatch => {
    if (match.kind !== 'list') return match;
    const isNamed = [...match.members, ...match.exclude].some((one) => one.kind === 'set' && live.has(one.name));
    return isNamed ? { ...match, exclude: [] } : match;
  };
  const filter = (one: Filter): Filter => {
    const changed = { ...one, source: end(one.source), destination: end(one.destination) };
    return { ...changed, text: filterText(changed) };
  };
  const lists = new Map(
    [...of.filterLists.values()].map((list) => [list.name, { ...list, filters: list.filters.map(filter) }]),
  );
  const rules = of.rules.map((rule) => ({
    ...rule,
    filterList: lists.get(rule.filterList.name) ?? {
      ...rule.filterList,
      filters: rule.filterList.filters.map(filter),
    },
  }));
  return { ...of, filterLists: lists, rules };
}
