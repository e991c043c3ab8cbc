import fc from 'fast-check';
import { present } from '../../src/base/assert.ts';
import { spanOfFile } from '../../src/base/diagnostics.ts';
import type { Address, Family, Prefix } from '../../src/base/ip.ts';
import { fullLength, parseAddress, prefixOf } from '../../src/base/ip.ts';
import { compareAddresses } from '../../src/policy/address-match.ts';
import type {
  AddressMatch,
  AddressSet,
  Filter,
  FilterList,
  HostAddresses,
  Policy,
  PortRange,
  Rule,
  SingleAddress,
} from '../../src/policy/model.ts';
import { ANY_PORT, DROPS, EXEMPTIONS, PROTOCOLS } from '../../src/policy/model.ts';
import { prefixSetOf } from '../../src/policy/prefix-set.ts';
import { filterText } from './policies.ts';

export const TEST_INTERFACES: readonly string[] = ['eth0', 'eth1'];

const NAMES = ['host.example', 'both.example'] as const;
const SETS = ['scanners', 'office'] as const;

export const TEST_HOST: HostAddresses = {
  me: ['10.0.0.1', '10.0.0.6', '2001:db8::1'].map(address),
  broadcasts: ['10.0.0.7'].map(address),
  names: new Map([
    ['host.example', [address('10.0.0.2')]],
    ['both.example', [address('10.0.0.3'), address('2001:db8::3')]],
  ]),
};

const SPAN = spanOfFile('arbitrary.yaml');

function address(text: string): Address {
  return present(parseAddress(text));
}

/** Eight neighbours and a few that share only their first bits. */
const addressOf: Record<Family, fc.Arbitrary<Address>> = {
  4: fc.oneof(
    { weight: 12, arbitrary: fc.integer({ min: 0, max: 7 }).map((n) => address(`10.0.0.${n}`)) },
    { weight: 1, arbitrary: fc.constantFrom('10.0.1.0', '10.128.0.0', '192.0.2.1', '0.0.0.0').map(address) },
    { weight: 1, arbitrary: fc.constantFrom('255.255.255.255', '224.0.0.1').map(address) },
  ),
  6: fc.oneof(
    { weight: 12, arbitrary: fc.integer({ min: 0, max: 7 }).map((n) => address(`2001:db8::${n}`)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('2001:db8:0:1::', '2001:db8::1:0:0:1', '2001:db9::', '::').map(address),
    },
    { weight: 1, arbitrary: fc.constantFrom('ff02::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff').map(address) },
  ),
};

const LENGTHS: Record<Family, readonly number[]> = {
  4: [0, 1, 8, 24, 24, 29, 29, 30, 30, 31, 32, 32],
  6: [0, 1, 31, 32, 63, 64, 96, 125, 125, 126, 126, 127, 128, 128],
};

function prefix(family: Family): fc.Arbitrary<Prefix> {
  const length = fc.constantFrom(...LENGTHS[family]);
  return fc.tuple(addressOf[family], length).map(([host, bits]) => prefixOf(host, bits));
}

function range(family: Family): fc.Arbitrary<SingleAddress> {
  return fc.tuple(addressOf[family], addressOf[family]).map(([a, b]) => {
    const [first, last] = compareAddresses(a, b) <= 0 ? [a, b] : [b, a];
    return { kind: 'range', first, last } as const;
  });
}

/** The family is that of every prefix the filter writes, so that its ends never disagree. */
function single(family: Family): fc.Arbitrary<SingleAddress> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant({ kind: 'any' } as const) },
    { weight: 5, arbitrary: prefix(family).map((p) => ({ kind: 'prefix', prefix: p }) as const) },
    { weight: 2, arbitrary: fc.constant({ kind: 'me' } as const) },
    { weight: 1, arbitrary: fc.constant({ kind: 'local' } as const) },
    { weight: 1, arbitrary: range(family) },
    { weight: 1, arbitrary: fc.constantFrom(...NAMES).map((name) => ({ kind: 'name', name }) as const) },
    { weight: 2, arbitrary: fc.constantFrom(...SETS).map((name) => ({ kind: 'set', name }) as const) },
  );
}

function addressMatch(family: Family): fc.Arbitrary<AddressMatch> {
  const members = fc.array(single(family), { minLength: 1, maxLength: 3 });
  const exclude = fc.array(
    single(family).filter(({ kind }) => kind !== 'any'),
    { maxLength: 2 },
  );
  return fc.oneof(
    { weight: 7, arbitrary: single(family) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(members, exclude)
        .map(([all, left]) => ({ kind: 'list', members: all, exclude: left }) as const),
    },
  );
}

const PORT_EDGES = [0, 1, 2, 79, 80, 81, 88, 500, 1024, 65535] as const;

const portRange = fc
  .tuple(fc.constantFrom(...PORT_EDGES), fc.constantFrom(...PORT_EDGES), fc.boolean())
  .map(([a, b, single]): PortRange => (single ? { lo: a, hi: a } : { lo: Math.min(a, b), hi: Math.max(a, b) }));

/** Sorted, disjoint, not adjacent: ranges that touch become one. */
export function joinedRanges(ranges: readonly PortRange[]): readonly PortRange[] {
  const joined: PortRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.lo - b.lo)) {
    const last = joined.at(-1);
    if (last === undefined || range.lo > last.hi + 1) joined.push(range);
    else joined[joined.length - 1] = { lo: last.lo, hi: Math.max(last.hi, range.hi) };
  }
  return joined;
}

const ports = fc.oneof(
  { weight: 3, arbitrary: fc.constant([ANY_PORT]) },
  { weight: 2, arbitrary: fc.array(portRange, { minLength: 1, maxLength: 3 }).map(joinedRanges) },
);

type Service = Pick<Filter, 'protocol' | 'sourcePorts' | 'destinationPorts' | 'icmp' | 'established' | 'fragment'>;
const NO_PORTS = {
  sourcePorts: [ANY_PORT],
  destinationPorts: [ANY_PORT],
  icmp: [],
  established: false,
  fragment: false,
} as const;

function service(family: Family): fc.Arbitrary<Service> {
  const withPorts = fc.constantFrom(PROTOCOLS.tcp, PROTOCOLS.tcp, PROTOCOLS.tcp, PROTOCOLS.udp, PROTOCOLS.sctp);
  const code = fc.option(fc.constantFrom(0, 1), { nil: undefined });
  const types = fc.uniqueArray(fc.constantFrom(0, 8, 128, 135), { maxLength: 3 });
  const icmp = fc
    .tuple(types, code)
    .map(([all, one]) => all.sort((a, b) => a - b).map((type) => ({ type, code: one })));
  const icmpProtocol = family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6;
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .constantFrom(undefined, undefined, undefined, undefined, undefined, 47, 46, 0, 255)
        .map((p) => ({ ...NO_PORTS, protocol: p })),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(undefined, 6, 17, 1, 58, 47)
        .map((p) => ({ ...NO_PORTS, protocol: p, fragment: true })),
    },
    {
      weight: 5,
      arbitrary: fc
        .record({ protocol: withPorts, sourcePorts: ports, destinationPorts: ports, established: fc.nat({ max: 3 }) })
        .map((s) => ({
          ...s,
          icmp: [],
          fragment: false,
          established: s.established === 0 && s.protocol === PROTOCOLS.tcp,
        })),
    },
    { weight: 2, arbitrary: icmp.map((match) => ({ ...NO_PORTS, protocol: icmpProtocol, icmp: match })) },
  );
}

const filter: fc.Arbitrary<Filter> = fc.constantFrom<Family>(4, 4, 4, 6, 6).chain((family) =>
  fc
    .record({
      source: addressMatch(family),
      destination: addressMatch(family),
      service: service(family),
      mirrored: fc.constantFrom(false, true, 'established' as const),
    })
    .map(({ source, destination, service: s, mirrored }) => {
      const isEstablishable = (s.protocol === undefined || s.protocol === PROTOCOLS.tcp) && !s.fragment;
      const mirror = mirrored === 'established' && !isEstablishable ? true : mirrored;
      const bare = { ...s, source, destination, mirrored: mirror, span: SPAN };
      return { ...bare, text: filterText(bare) };
    }),
);

const filters = fc.array(filter, { minLength: 1, maxLength: 4, size: 'max' });

const interfaces = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: fc.constantFrom(...TEST_INTERFACES).map((name) => [name]) },
  { weight: 1, arbitrary: fc.constant(TEST_INTERFACES) },
);

/** Prefixes around one address, so that each lies inside the next wider one. */
function nested(family: Family): fc.Arbitrary<Prefix[]> {
  const lengths = fc.subarray([...new Set(LENGTHS[family])], { minLength: 2 });
  return fc.tuple(addressOf[family], lengths).map(([host, all]) => all.map((length) => prefixOf(host, length)));
}

function excluded(family: Family): fc.Arbitrary<SingleAddress> {
  return single(family).filter(
    ({ kind }) => kind === 'prefix' || kind === 'range' || kind === 'me' || kind === 'local',
  );
}

function addressSet(name: string): fc.Arbitrary<AddressSet> {
  const one = fc.oneof(prefix(4), prefix(6)).map((p) => [p]);
  const some = fc.array(fc.oneof({ weight: 4, arbitrary: one }, nested(4), nested(6)), { maxLength: 6 });
  const exclude = fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.oneof(excluded(4), excluded(6)), { minLength: 1, maxLength: 3 }) },
  );
  return fc.tuple(some, exclude).map(([prefixes, left]) => {
    return { name, prefixes: prefixSetOf(prefixes.flat()), exclude: left, span: SPAN };
  });
}

/** One named list that rules may share; the other rules have their own. */
export function policy(): fc.Arbitrary<Policy> {
  const rule = fc.record({
    shared: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    filters,
    action: fc.constantFrom('permit', 'block'),
    interfaces,
  });
  return fc
    .record({
      sharedFilters: filters,
      rules: fc.array(rule, { minLength: 1, maxLength: 8, size: 'max' }),
      default: fc.constantFrom('permit', 'block'),
      strict: fc.boolean(),
      drop: fc.subarray([...DROPS]),
      exemptions: fc.subarray([...EXEMPTIONS]),
      sets: fc.tuple(...SETS.map(addressSet)),
    })
    .map(({ sharedFilters, rules, sets, ...rest }): Policy => {
      const common: FilterList = { name: 'shared', filters: sharedFilters, span: SPAN };
      return {
        ...rest,
        name: 'arbitrary',
        description: '',
        addressSets: new Map(sets.map((set) => [set.name, set])),
        filterLists: new Map([[common.name, common]]),
        accept: [],
        tests: [],
        rules: rules.map(({ shared, filters: own, ...r }, i): Rule => {
          const name = `rule ${i + 1}`;
          return { ...r, name, span: SPAN, filterList: shared ? common : { name, filters: own, span: SPAN } };
        }),
        span: SPAN,
      };
    });
}

/** Addresses at both ends of a prefix, three times, and one off them, without wrapping around. */
export function prefixEdges(of: Prefix): readonly Address[] {
  const first = { family: of.family, words: of.words };
  const width = fullLength(of.family);
  const ones = of.words.map((word, i) => {
    const bits = Math.min(32, Math.max(0, of.length - 32 * i));
    return (word | (bits === 32 ? 0 : 0xffffffff >>> bits)) >>> 0;
  });
  const last = { family: of.family, words: ones };
  const inside = of.length >= width ? [first] : [first, last];
  return [...inside, ...inside, ...inside, ...step(first, -1), ...step(last, 1)];
}

function step(from: Address, by: 1 | -1): readonly Address[] {
  const words = [...from.words];
  for (let i = words.length - 1; i >= 0; i--) {
    const sum = present(words[i]) + by;
    words[i] = sum >>> 0;
    if (sum >= 0 && sum <= 0xffffffff) return [{ family: from.family, words }];
  }
  return [];
}
