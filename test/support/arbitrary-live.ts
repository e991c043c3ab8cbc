/** Policies with live sets, and members for these. */
import fc from 'fast-check';
import type { Family, Prefix } from '../../src/base/ip.ts';
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

const forced: fc.Arbitrary<readonly Forced[]> = fc.array(fc.constantFrom<Forced>('nothing', 'source', 'destination'), {
  minLength: 3,
  maxLength: 6,
});

const levels: fc.Arbitrary<LiveSet['levels']> = fc
  .tuple(fc.subarray([...SOME_LEVELS[4]].slice(1)), fc.subarray([...SOME_LEVELS[6]].slice(1)))
  .map(([v4, v6]) => ({ 4: [32, ...v4], 6: [128, ...v6] }));

/** Where filters ask for live sets: at one end alone a program looks for members there only. */
type Ends = 'both' | 'source' | 'destination';
/** What becomes a live set of a filter, so that every policy asks for one. */
type Forced = 'nothing' | 'source' | 'destination';

/** A policy of `policy()`, of whose sets some or all are live, with their prefixes as members. */
export function livePolicy(): fc.Arbitrary<LivePolicy> {
  return fc
    .tuple(
      policy(),
      fc.array(levels, { minLength: 2, maxLength: 2 }),
      fc.constantFrom(1, 2, 3),
      fc.constantFrom<Ends>('both', 'source', 'destination'),
      forced,
    )
    .map(([fixed, ofSets, which, ends, asked]): LivePolicy => {
      const members = new Map<string, ReturnType<typeof prefixSetOf>>();
      const sets = [...fixed.addressSets.values()].map((set, i): AddressSet => {
        const own = ofSets[i];
        if (own === undefined || ((which >> i) & 1) === 0) return set;
        members.set(set.name, prefixSetOf([...prefixesOf(set.prefixes)].map((prefix) => memberOf(prefix, own))));
        return { ...set, prefixes: prefixSetOf([]), exclude: [], live: { capacity: 1000, levels: own } };
      });
      const withSets = { ...fixed, addressSets: new Map(sets.map((set) => [set.name, set])) };
      const asking = withLiveSets(withSets, [...members.keys()], asked);
      return { policy: withLiveEnds(asking, new Set(members.keys()), ends), members };
    });
}

/** A prefix whose length is no level becomes its first address. */
function memberOf(prefix: Prefix, own: LiveSet['levels']): Prefix {
  const { family, words, length } = prefix;
  return own[family].includes(length) ? prefix : { family, words, length: 32 * words.length };
}

function withLiveSets(of: Policy, live: readonly string[], asked: readonly Forced[]): Policy {
  let at = 0;
  return mapFilters(of, (one) => {
    const what = asked[at++ % asked.length];
    const name = live[at % live.length];
    if (name === undefined || what === undefined || what === 'nothing') return one;
    return { ...one, [what]: { kind: 'set', name } };
  });
}

/** A list in which a live set is named leaves nothing out. A live set at an end that asks for none becomes any. */
function withLiveEnds(of: Policy, live: ReadonlySet<string>, ends: Ends): Policy {
  const isLive = (match: AddressMatch): boolean =>
    match.kind === 'list'
      ? [...match.members, ...match.exclude].some(isLive)
      : match.kind === 'set' && live.has(match.name);
  const end = (match: AddressMatch, asked: boolean): AddressMatch => {
    if (!isLive(match)) return match;
    if (!asked) return { kind: 'any' };
    return match.kind === 'list' ? { ...match, exclude: [] } : match;
  };
  return mapFilters(of, (one) => {
    const source = end(one.source, ends !== 'destination');
    const destination = end(one.destination, ends !== 'source');
    const isOneWay = ends !== 'both' && (isLive(source) || isLive(destination));
    return { ...one, source, destination, mirrored: isOneWay ? false : one.mirrored };
  });
}

function mapFilters(of: Policy, change: (filter: Filter) => Filter): Policy {
  const filter = (one: Filter): Filter => {
    const changed = change(one);
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
