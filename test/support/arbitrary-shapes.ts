/**
 * Policies whose tables take the shapes for which compiler and program have shortcuts: an end where every address is
 * named, or none; sets that are empty, cover everything or are long; one filter alone; a host without addresses.
 * `shapes.ts` says which shapes a compiled policy has.
 */
import fc from 'fast-check';
import { spanOfFile } from '../../src/base/diagnostics.ts';
import type { Address, Family, Prefix } from '../../src/base/ip.ts';
import { prefixOf } from '../../src/base/ip.ts';
import { ANY_PACKET } from '../../src/policy/defaults.ts';
import type { AddressSet, Filter, FilterList, HostAddresses, Policy } from '../../src/policy/model.ts';
import { PrefixSetBuilder } from '../../src/policy/prefix-set.ts';
import { policy, TEST_HOST } from './arbitrary-policy.ts';
import { filterText } from './policies.ts';

const SPAN = spanOfFile('arbitrary.yaml');

const noAnswers = new Map([...TEST_HOST.names.keys()].map((name): [string, readonly Address[]] => [name, []]));

/** The usual host, one without any address or answer, and one without IPv6. */
export const SHAPED_HOSTS: readonly HostAddresses[] = [
  TEST_HOST,
  { me: [], broadcasts: [], names: noAnswers },
  {
    me: TEST_HOST.me.filter(({ family }) => family === 4),
    broadcasts: TEST_HOST.broadcasts,
    names: new Map([...TEST_HOST.names].map(([name, all]) => [name, all.filter(({ family }) => family === 4)])),
  },
];

/** Prefixes of one family that together cover it. */
function everyone(family: Family): fc.Arbitrary<readonly Prefix[]> {
  const zero: Address = { family, words: family === 4 ? [0] : [0, 0, 0, 0] };
  return fc.integer({ min: 0, max: 2 }).map((bits) =>
    Array.from({ length: 1 << bits }, (_, i) => {
      const first = bits === 0 ? 0 : (i << (32 - bits)) >>> 0;
      return prefixOf({ family, words: [first, ...zero.words.slice(1)] }, bits);
    }),
  );
}

/**
 * Up to 120 prefixes within one /16 or within a few /64: leaves, fans, trees of several lines, blocks of most lengths.
 * Few lists have short ones, because those hold the rest.
 */
function longList(family: Family): fc.Arbitrary<readonly Prefix[]> {
  const low = fc.nat({ max: family === 4 ? 0xffff : 0xff });
  const shortest =
    family === 4 ? fc.constantFrom(32, 24, 24, 20) : fc.constantFrom(128, 64, 64, 56, 48, 48, 48, 36, 32);
  const lengths = LIST_LENGTHS[family];
  return fc.tuple(shortest, fc.integer({ min: 12, max: 120 })).chain(([least, most]) =>
    fc.array(
      fc
        .tuple(fc.nat({ max: 0xff }), low, fc.constantFrom(...lengths.filter((length) => length >= least)))
        .map(([high, lowest, length]) => {
          const words = family === 4 ? [(0x0a000000 | lowest) >>> 0] : [0x20010db8, (high << 12) >>> 0, 0, lowest];
          return prefixOf({ family, words }, length);
        }),
      { minLength: most, maxLength: most },
    ),
  );
}

const LIST_LENGTHS: Readonly<Record<Family, readonly number[]>> = {
  4: [32, 32, 32, 31, 28, 24, 20],
  6: [128, 128, 96, 64, 64, 60, 56, 48, 44, 36, 32],
};

/** Lists that fill a root: apart from each other and from both ends of the space. */
const FULL_ROOTS: Readonly<Record<Family, readonly (readonly Prefix[])[]>> = {
  4: [apart(4, (n) => [0x0a000000 + n], 32)],
  6: [hosts6(), subnets6(), [...hosts6(), ...subnets6()]],
};

function hosts6(): readonly Prefix[] {
  return [...apart(6, (n) => [0x20010db8, 0, 0, n], 128), ...apart(6, (n) => [0xfe800000, 0, 0, n], 128)];
}

function subnets6(): readonly Prefix[] {
  return apart(6, (n) => [0x20010db8, n, 0, 0], 64);
}

function apart(family: Family, wordsOf: (n: number) => readonly number[], length: number): readonly Prefix[] {
  return [1, 3, 5, 7].map((n) => prefixOf({ family, words: wordsOf(n) }, length));
}

function addressSet(name: string): fc.Arbitrary<AddressSet> {
  const none = fc.constant<readonly Prefix[]>([]);
  const part = (family: Family): fc.Arbitrary<readonly Prefix[]> =>
    fc.oneof(
      { weight: 2, arbitrary: none },
      { weight: 3, arbitrary: everyone(family) },
      { weight: 2, arbitrary: longList(family) },
      { weight: 2, arbitrary: fc.constantFrom(...FULL_ROOTS[family]) },
      { weight: 1, arbitrary: fc.tuple(everyone(family), longList(family)).map((both) => both.flat()) },
    );
  return fc.tuple(part(4), part(6)).map((parts) => {
    const builder = new PrefixSetBuilder();
    for (const prefix of parts.flat()) builder.add(prefix);
    return { name, prefixes: builder.build(), exclude: [], span: SPAN };
  });
}

/** Sets in the place of most addresses, so that an end has nothing but them. */
function withSets(filter: Filter, choice: number): Filter {
  const sets = [{ kind: 'set', name: 'scanners' } as const, { kind: 'set', name: 'office' } as const];
  const any = { kind: 'any' } as const;
  const other = filter.source.kind === 'any' ? any : (sets[choice & 1] ?? any);
  const changed = {
    ...filter,
    source: (choice & 2) === 0 ? other : any,
    destination: (choice & 4) === 0 ? (sets[(choice >> 3) & 1] ?? any) : any,
  };
  return { ...changed, text: filterText(changed) };
}

/** One to three filters with sets at both ends: whole tables that one shortcut stands for. */
function fewFilters(): fc.Arbitrary<Policy> {
  return fc
    .record({
      from: policy(),
      count: fc.integer({ min: 1, max: 3 }),
      choices: fc.array(fc.nat({ max: 15 }), { minLength: 3, maxLength: 3 }),
      bare: fc.boolean(),
    })
    .map(({ from, count, choices, bare }) => {
      const all = from.rules.flatMap((rule) => rule.filterList.filters.map((filter) => ({ rule, filter })));
      const rules = all.slice(0, count).map(({ rule, filter }, i) => {
        const name = `rule ${i + 1}`;
        const set = withSets(filter, choices[i] ?? 0);
        const filterList: FilterList = { name, filters: [bare ? withoutService(set) : set], span: SPAN };
        return { ...rule, name, filterList, interfaces: undefined };
      });
      return { ...from, filterLists: new Map(), rules };
    });
}

function withoutService(filter: Filter): Filter {
  const { source, destination } = filter;
  const changed: Filter = {
    ...filter,
    ...ANY_PACKET,
    source,
    destination,
    mirrored: filter.mirrored !== false,
  };
  return { ...changed, text: filterText(changed) };
}

/** Policies as `policy()` makes them, and as many of those that shortcuts are made for. */
export function shapedPolicy(): fc.Arbitrary<Policy> {
  const sets = fc.tuple(addressSet('scanners'), addressSet('office'));
  const withOtherSets = (of: fc.Arbitrary<Policy>): fc.Arbitrary<Policy> =>
    fc.tuple(of, sets).map(([made, both]) => ({ ...made, addressSets: new Map(both.map((set) => [set.name, set])) }));
  return fc.oneof(
    { weight: 3, arbitrary: policy() },
    { weight: 2, arbitrary: withOtherSets(policy()) },
    { weight: 3, arbitrary: withOtherSets(fewFilters()) },
  );
}
