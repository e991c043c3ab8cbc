/**
 * The address tables at the edges of their encodings: through the kernel, the class of every address
 * on a bound and next to one is what the reference says. Each case first proves that it is where it
 * means to be: so many ranges, a leaf or a fan, a filter in front, so many nodes.
 */
import { describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import type { Address } from '../../src/base/ip.ts';
import { formatAddress, parseAddress, prefixOf } from '../../src/base/ip.ts';
import type { CompiledPolicy } from '../../src/compiler/compile.ts';
import { DEFAULT_BUDGETS } from '../../src/compiler/rules/rule-table.ts';
import { DIRECTIONS } from '../../src/engine/program.ts';
import { ENUMS, STRUCTS } from '../../src/layout/layout.gen.ts';
import type { Policy } from '../../src/policy/model.ts';
import { prefixEdges } from '../support/arbitrary-policy.ts';
import { shapeOf } from '../support/compiled-shape.ts';
import { compiled, runAtBothHooks } from '../support/kernel.ts';
import { outcomeOf, referenceOutcomes } from '../support/kernel-table.ts';
import type { TestPacket } from '../support/packets.ts';
import { raw } from '../support/packets.ts';
import { block, hostOf, permit, policyOf, prefixFrom, setsOf } from '../support/policies.ts';

const { INDEX_LEAF_BIT, INDEX_FAN_BIT, INDEX_FAN_SHIFT } = ENUMS.reference;
const { ROOT_BOUNDS, ROOT_HOSTS } = ENUMS.layout;
const { ADDRESS4_INDEX, ADDRESS4_FILTERED } = ENUMS.address4_form;
/** Addresses tried of one case; each at both ends and both hooks. */
const MOST_ADDRESSES = 2000;

/** Address sets, each with its own rule for each end: as many classes as sets. */
type Sets = Readonly<Record<string, readonly string[]>>;

function policyWith(sets: Sets): Policy {
  const rules = Object.keys(sets).flatMap((name, i) => {
    const action = i % 2 === 0 ? block : permit;
    return [
      { ...action({ from: `$${name}` }), name: `from ${name}` },
      { ...action({ to: `$${name}` }), name: `to ${name}` },
    ];
  });
  return policyOf(rules, { addressSets: setsOf(sets) });
}

/** Bounds and their neighbours, evenly chosen where there are too many; the ends of the address space besides. */
function addressesNear(sets: Sets): readonly Address[] {
  const texts = Object.values(sets).flat();
  const edges = texts.flatMap((text) => prefixEdges(prefixFrom(text)));
  const found = new Map([...edges, ...edges.flatMap(besides)].map((address) => [formatAddress(address), address]));
  const isIpv6 = texts.some((text) => text.includes(':'));
  const ends = isIpv6 ? ['::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'] : ['0.0.0.0', '255.255.255.255'];
  for (const end of ends) found.set(end, present(parseAddress(end)));
  const all = [...found.values()];
  const step = all.length / Math.min(all.length, MOST_ADDRESSES);
  return Array.from({ length: Math.min(all.length, MOST_ADDRESSES) }, (_, i) => present(all[Math.floor(i * step)]));
}

/** IPv6: the same place in the /64 before and in the /64 behind, where a tree over low halves must not reach. */
function besides({ family, words }: Address): readonly Address[] {
  if (family === 4) return [];
  const [a = 0, b = 0, ...low] = words;
  const high = (BigInt(a) << 32n) | BigInt(b);
  return [high - 1n, high + 1n]
    .filter((h) => h >= 0n && h < 1n << 64n)
    .map((h) => ({ family, words: [Number(h >> 32n), Number(h & 0xffffffffn), ...low] }));
}

function packetsNear(sets: Sets): readonly TestPacket[] {
  return addressesNear(sets).flatMap((address) => {
    const other = address.family === 4 ? '192.0.2.1' : '2001:db9::1';
    const text = formatAddress(address);
    return [raw(50, text, other), raw(50, other, text)];
  });
}

/**
 * Compiles the sets and compares every packet near them; returns the tables for what the case says of them. The same with
 * classes of 32 bits, which otherwise only a policy of many classes has.
 */
function checked(sets: Sets): CompiledPolicy {
  const policy = policyWith(sets);
  const packets = packetsNear(sets);
  const reference = referenceOutcomes(policy, packets);
  check(compiled(policy, hostOf(), { budgets: { ...DEFAULT_BUDGETS, narrowClasses: 0 } }), packets, reference);
  const tables = compiled(policy, hostOf());
  check(tables, packets, reference);
  return tables;
}

function check(tables: CompiledPolicy, packets: readonly TestPacket[], reference: readonly string[]): void {
  const decided = runAtBothHooks(tables, packets);
  for (const direction of DIRECTIONS) {
    const kernel = decided[direction].map(outcomeOf);
    const wrong = packets.flatMap(({ summary }, i) =>
      kernel[i] === reference[i] ? [] : [`${summary}: ${kernel[i]}, not ${reference[i]}`],
    );
    expect(wrong, direction).toEqual([]);
  }
}

function tableOf(tables: CompiledPolicy, name: 'src4_index' | 'dst4_index'): DataView {
  const bytes = present(tables.tables.get(name));
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What the index says of the first 16 bits: `class`, `leaf` or `fan K`. */
function indexEntry(tables: CompiledPolicy, slot: number): string {
  const entry = tableOf(tables, 'src4_index').getUint32(slot * 4, true);
  if (entry >>> INDEX_LEAF_BIT === 0) return 'class';
  if (((entry >>> INDEX_FAN_BIT) & 1) === 0) return 'leaf';
  return `fan ${(entry >>> INDEX_FAN_SHIFT) & 15}`;
}

/** `count` hosts from `first` on, `step` addresses apart. */
function hosts(first: string, count: number, step: number): string[] {
  const start = present(present(parseAddress(first)).words[0]);
  return Array.from({ length: count }, (_, i) => formatAddress({ family: 4, words: [(start + i * step) >>> 0] }));
}

describe('IPv4, one root leaf', () => {
  // n prefixes apart from each other are 2n + 1 ranges, one fewer with one at either end of the space.
  const cases: readonly (readonly [name: string, prefixes: readonly string[], ranges: number])[] = [
    ['1 range', [], 1],
    ['2 ranges at the end', ['255.255.255.255'], 2],
    ['2 ranges at the start', ['0.0.0.0'], 2],
    ['3 ranges', ['10.0.0.0/8'], 3],
    ['8 ranges', ['10.0.0.0/8', '10.2.0.0', '172.16.0.0/12', '255.255.255.255'], 8],
    ['9 ranges, as many as it holds', ['10.0.0.0/8', '10.2.0.0/16', '172.16.0.0/12', '198.51.100.7'], 9],
    ['9 ranges up to the end', ['0.0.0.0', '10.0.0.0/8', '10.2.0.0/16', '172.16.0.0/12', '255.255.255.255'], 9],
  ];
  for (const [name, prefixes, ranges] of cases) {
    test(name, () => {
      const tables = checked(eachItsOwn(prefixes));
      expect(tables.statistics.ranges).toMatchObject({ source4: ranges, destination4: ranges });
      expect(shapeOf(tables).src4Shape).toEqual({ form: ranges - 1, wide: 0 });
    });
  }

  test('10 ranges need the index', () => {
    const prefixes = ['10.0.0.0/8', '10.2.0.0/16', '172.16.0.0/12', '198.51.100.7', '255.255.255.255'];
    const tables = checked(eachItsOwn(prefixes));
    expect(tables.statistics.ranges.source4).toBe(10);
    expect(shapeOf(tables).src4Shape).toEqual({ form: ADDRESS4_INDEX, wide: 0 });
  });
});

function eachItsOwn(prefixes: readonly string[]): Sets {
  return Object.fromEntries(prefixes.map((prefix, i) => [`s${i}`, [prefix]]));
}

describe('a set of every address: one range, which is not class 0', () => {
  const cases: readonly (readonly [name: string, prefixes: readonly string[], end: 'src4' | 'src6'])[] = [
    ['IPv4 halves', ['0.0.0.0/1', '128.0.0.0/1'], 'src4'],
    ['IPv4 quarters', ['0.0.0.0/2', '64.0.0.0/2', '128.0.0.0/2', '192.0.0.0/2'], 'src4'],
    ['IPv6 halves', ['::/1', '8000::/1'], 'src6'],
  ];
  for (const [name, prefixes, end] of cases) {
    test(name, () => {
      const tables = checked({ everyone: prefixes });
      expect(tables.statistics.ranges).toMatchObject({ [end === 'src4' ? 'source4' : 'source6']: 1 });
      expect(shapeOf(tables)[`${end}Shape`]).toMatchObject(end === 'src4' ? { form: 1 } : { rootBounds: 1 });
    });
  }

  test('halves in a set of many others', () => {
    const tables = checked({
      list: ['0.0.0.0/1', '128.0.0.0/1', ...hosts('10.0.0.1', 300, 77)],
      other: ['10.0.0.0/8'],
    });
    expect(tables.statistics.ranges.source4).toBeGreaterThan(1);
  });
});

const SLOT = (172 << 8) | 20;

describe('IPv4, one /16', () => {
  // Seven hosts are 14 bounds; a prefix up to the end of the /16 has only its start in it.
  test('15 bounds fill a leaf', () => {
    const tables = checked({ hosts: hosts('172.20.0.1', 7, 2000), tail: ['172.20.255.0/24'] });
    expect(indexEntry(tables, SLOT)).toBe('leaf');
    expect(indexEntry(tables, SLOT + 1)).toBe('class');
  });

  test('16 bounds need a fan', () => {
    const tables = checked({ hosts: hosts('172.20.0.1', 8, 4000), tail: ['10.0.0.0/8'] });
    expect(indexEntry(tables, SLOT)).toMatch(/^fan /u);
  });

  test('bounds at the first address are not in the leaf', () => {
    const tables = checked({ head: ['172.20.0.0/24'], hosts: hosts('172.20.1.1', 7, 2000), other: ['10.0.0.0/8'] });
    expect(indexEntry(tables, SLOT)).toBe('leaf');
  });

  // 0xffff is what unused bounds hold.
  test('a bound at the last address', () => {
    const tables = checked({ last: ['172.20.255.255'], others: hosts('10.0.0.0', 8, 1 << 16) });
    expect(indexEntry(tables, SLOT)).toBe('leaf');
  });

  test('a bound at the last address of a full leaf', () => {
    const tables = checked({ last: ['172.20.255.255'], hosts: hosts('172.20.0.1', 7, 2000) });
    expect(indexEntry(tables, SLOT)).toBe('leaf');
  });

  test('a bound at the last address of each leaf of a fan', () => {
    const tables = checked({ last: hosts('172.20.15.255', 16, 4096), even: hosts('172.20.0.2', 64, 1024) });
    expect(indexEntry(tables, SLOT)).toMatch(/^fan /u);
  });

  test('a /16 itself, its neighbours and a wider prefix around it', () => {
    const tables = checked({
      slot: ['172.20.0.0/16'],
      around: ['172.16.0.0/12'],
      hosts: hosts('172.19.255.255', 6, 65536),
    });
    expect(shapeOf(tables).src4Shape.form).toBe(ADDRESS4_INDEX);
  });

  test('every host of a /24, in turn in one of two sets', () => {
    const tables = checked({ even: hosts('172.20.9.0', 128, 2), odd: hosts('172.20.9.1', 128, 2) });
    expect(tables.statistics.ranges.source4).toBe(258);
    expect(indexEntry(tables, SLOT)).toMatch(/^fan /u);
  });

  test('every second host of a /24', () => {
    const tables = checked({ even: hosts('172.20.9.0', 128, 2), others: ['172.20.0.0/17', '172.0.0.0/8'] });
    expect(indexEntry(tables, SLOT)).toMatch(/^fan 1[0-5]$/u);
  });

  test('every second host of the /16', () => {
    const tables = checked({ even: hosts('172.20.0.0', 32768, 2) });
    expect(tables.statistics.ranges.source4).toBe(65537);
    expect(indexEntry(tables, SLOT)).toBe('fan 13');
  });

  test('the first and the last /16', () => {
    const sets = { first: hosts('0.0.0.0', 12, 3), last: hosts('255.255.255.255', 12, -3), whole: ['255.255.0.0/16'] };
    const tables = checked(sets);
    expect([indexEntry(tables, 0), indexEntry(tables, 65535)]).toEqual([
      expect.stringMatching(/^fan/u),
      expect.stringMatching(/^fan/u),
    ]);
  });

  test('prefixes of all lengths that end at 255.255.255.255', () => {
    const ending = Array.from(
      { length: 32 },
      (_, i) => `${formatAddress({ family: 4, words: [(0xffffffff << (31 - i)) >>> 0] })}/${i + 1}`,
    );
    expect(shapeOf(checked(eachItsOwn(ending))).src4Shape.form).toBe(ADDRESS4_INDEX);
  });
});

describe('IPv4, a bitmap in front', () => {
  // A host in its own /24 each: two ranges, and the first gap.
  const spread = (count: number): string[] => hosts('1.0.0.77', count, 256 * 3);

  test('20,000 ranges have none', () => {
    const tables = checked({ hosts: spread(9999) });
    expect(tables.statistics.ranges.source4).toBe(19_999);
    expect(shapeOf(tables).src4Shape.form).toBe(ADDRESS4_INDEX);
  });

  test('more than 20,000 have one', () => {
    const tables = checked({ hosts: spread(10_000) });
    expect(tables.statistics.ranges.source4).toBe(20_001);
    expect(shapeOf(tables).src4Shape.form).toBe(ADDRESS4_FILTERED);
  });

  test('edges of /24 and wide prefixes under it', () => {
    const sets = {
      hosts: spread(12_000),
      edges: [
        '200.0.0.0',
        '200.0.1.255',
        '200.1.0.0/24',
        '200.2.0.0/23',
        '200.3.255.128/25',
        '0.0.0.0',
        '255.255.255.255',
      ],
      wide: ['208.0.0.0/4', '64.0.0.0/10'],
    };
    expect(shapeOf(checked(sets)).src4Shape.form).toBe(ADDRESS4_FILTERED);
  });

  test('class 0 is not what is around everything', () => {
    const tables = checked({ hosts: spread(12_000), all: ['0.0.0.0/0'] });
    expect(shapeOf(tables).src4Shape.form).toBe(ADDRESS4_FILTERED);
  });
});

/** The first address of the prefix of so many bits that holds `text`. */
function masked(text: string, length: number): string {
  const { family, words } = present(parseAddress(text));
  return formatAddress(prefixOf({ family, words }, length));
}

/** The nth /64 of 2001:db8::/32, from the first on. */
function subnet(n: number): string {
  return `2001:db8:${(n >>> 16).toString(16)}:${(n & 0xffff).toString(16)}::`;
}

function linesOf(tables: CompiledPolicy): number {
  return present(tables.tables.get('src6_nodes')).length / STRUCTS.node.size;
}

const ROOT_LINES = STRUCTS.root6.size / STRUCTS.node.size;
const LAST = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';

describe('one IPv6 root of hosts and of bounds between high halves', () => {
  const fullOfHosts = Array.from({ length: ROOT_HOSTS }, (_, n) => `2001:db8:${n + 1}::${n}:1`);
  const cases: readonly (readonly [name: string, prefixes: readonly string[], bounds: number, hosts: number])[] = [
    ['one host', ['2001:db8::5'], 0, 1],
    ['the first address', ['::'], 0, 1],
    ['the last address', [LAST], 0, 1],
    ['hosts of both halves', ['2001:db8::5', 'fe80::1', '::'], 0, 3],
    ['hosts one behind the other, of different sets', ['2001:db8::5', '2001:db8::6', '2001:db8::7'], 0, 3],
    ['hosts with one between them that is none', ['2001:db8::5', '2001:db8::7'], 0, 2],
    ['as many hosts as it holds', fullOfHosts, 0, ROOT_HOSTS],
    ['a host in a prefix', ['2001:db8::5', '2001:db8::/32'], 2, 1],
    ['the first address of a prefix', ['2001:db8::', '2001:db8::/32'], 2, 1],
    ['the first addresses of a prefix, of different sets', ['2001:db8::', '2001:db8::1', '2001:db8::/64'], 2, 2],
    ['the last address of a prefix', ['2001:db8:0:0:ffff:ffff:ffff:ffff', '2001:db8::/64'], 2, 1],
    [
      'the last address of a prefix and the next one',
      ['2001:db8::ffff:ffff:ffff:ffff', '2001:db8:0:1::', '2001:db8::/64'],
      2,
      2,
    ],
    ['the upper half of all addresses', ['8000::/1'], 1, 0],
    ['the lower half of all addresses', ['::/1'], 1, 0],
    ['the end of each half', ['7fff:ffff:ffff:ffff::/64', 'ffff:ffff:ffff:ffff::/64'], 1, 0],
    ['all addresses, and hosts', ['::/0', '2001:db8::5', 'fe80::1'], 0, 2],
    ['bounds in both halves', ['2001:db8::/32', '2001:db8:5::/48', 'fe80::/10'], 4, 0],
    [
      'as many bounds as it holds, and hosts',
      [...['1', '3', '5', '7'].map((n) => `2${n}00::/8`), ...fullOfHosts.slice(1)],
      ROOT_BOUNDS,
      ROOT_HOSTS - 1,
    ],
  ];
  for (const [name, prefixes, bounds, hostCount] of cases) {
    test(name, () => {
      const { rootBounds, rootHosts, lines, blockLevels } = shapeOf(checked(eachItsOwn(prefixes))).src6Shape;
      expect({ lines, blockLevels, rootBounds, rootHosts }).toEqual({
        lines: 0,
        blockLevels: 0,
        rootBounds: bounds,
        rootHosts: hostCount,
      });
    });
  }

  const trees: readonly (readonly [name: string, prefixes: readonly string[]])[] = [
    ['one host too many', [...fullOfHosts, '2001:db8:ff::1']],
    ['one bound too many', Array.from({ length: ROOT_BOUNDS / 2 + 1 }, (_, n) => `2001:db8:${2 * n + 1}::/48`)],
    ['two addresses, a bound of which is within a /64', ['2001:db8::4/127']],
    ['a prefix behind a host, within a /64', ['2001:db8::3', '2001:db8::4/127']],
  ];
  for (const [name, prefixes] of trees) {
    test(`a tree: ${name}`, () => {
      expect(shapeOf(checked(eachItsOwn(prefixes))).src6Shape.lines).toBeGreaterThan(0);
    });
  }
});

describe('IPv6 roots and trees', () => {
  /** ::/64 and n others apart are 2n + 2 ranges; without ::/64 one more begins at ::. */
  const cases: readonly (readonly [ranges: number, depth: number, lines: number])[] = [
    [8, 0, ROOT_LINES],
    [9, 0, ROOT_LINES],
    // Two roots; leaves of six; and the half with the first bit as deep as the other.
    [10, 2, 2 + 2 + 1],
    [48, 2, 2 + 8 + 1],
    [49, 3, 2 + 9 + 2 + 2],
    [384, 3, 2 + 64 + 8 + 2],
    [385, 4, 2 + 65 + 9 + 2 + 3],
  ];
  for (const [ranges, depth, lines] of cases) {
    const others = Math.floor((ranges - 1) / 2);
    const first = ranges % 2 === 0 ? ['::/64'] : [];

    test(`${ranges} ranges of /64`, () => {
      const tables = checked({
        subnets: [...first, ...Array.from({ length: others }, (_, n) => `${subnet(2 * n + 1)}/64`)],
      });
      expect(tables.statistics.ranges.source6).toBe(ranges);
      expect(shapeOf(tables).src6Shape).toMatchObject({ lines: depth, blockLevels: 0 });
      expect(linesOf(tables)).toBe(lines);
    });

    test(`${ranges} ranges within one /64`, () => {
      const within = Array.from({ length: others }, (_, n) => `2001:db8::${(3 * n + 1).toString(16)}`);
      const tables = checked({
        hosts: [...(ranges % 2 === 0 ? ['2001:db8::'] : []), ...within],
        other: ['2001:db9:8000::/33'],
      });
      expect(tables.statistics.ranges.source6).toBeGreaterThanOrEqual(ranges);
    });
  }

  test('two sets in turn, in neighbouring /64', () => {
    const hostsOf = (from: number): string[] =>
      Array.from({ length: 200 }, (_, n) => `${subnet(2 * n + from)}${from === 0 ? '' : '1'}`);
    checked({ even: hostsOf(0), odd: hostsOf(1) });
  });

  const ONES = 'ffff:ffff:ffff:ffff';
  const special: readonly (readonly [name: string, sets: Sets])[] = [
    ['the highest address', { last: [`${ONES}:${ONES}`] }],
    ['the highest /64', { last: [`${ONES}::/64`] }],
    [
      'the highest /64 and hosts in it',
      { last: [`${ONES}::/64`], hosts: [`${ONES}::`, `${ONES}::1`, `${ONES}:${ONES}`] },
    ],
    [
      'the highest address below a full node',
      { hosts: ['1::', '2::', '3::', `${ONES}:${ONES}`].map((a) => `${a}/128`) },
    ],
    ['the lowest address', { first: ['::'], second: ['::1'] }],
    ['the last address of a /64', { last: [`2001:db8:0:1:${ONES}`] }],
    [
      'the last address of a /64 before one with hosts',
      { last: [`2001:db8:0:1:${ONES}`], next: ['2001:db8:0:2::', '2001:db8:0:2::9'] },
    ],
    [
      'where the high half carries into its upper word',
      { last: [`2001:db8:ffff:ffff:${ONES}`], all: ['2001:db8:ffff:ffff::/64'] },
    ],
    ['a host in the last /64 below a carry', { host: ['2001:db8:ffff:ffff::5'] }],
    ['where the low half carries into its upper word', { last: ['2001:db8::ffff:ffff'], next: ['2001:db8::1:0:0/96'] }],
    ['a prefix longer than 64 at the start of its /64', { long: ['2001:db8::/65'], wide: ['2001:db8::/32'] }],
    ['a prefix longer than 64 at the end of its /64', { long: ['2001:db8:0:0:8000::/65'], wide: ['2001:db8::/32'] }],
    ['both halves of a /64', { low: ['2001:db8::/65'], high: ['2001:db8:0:0:8000::/65'] }],
    [
      'both sides of the first bit',
      { low: ['7fff:ffff:ffff:ffff::/64'], high: ['8000::/64'], hosts: ['8000::', '8000::1'] },
    ],
    ['the first bit within a prefix', { all: ['::/0'], wide: ['4000::/2', '8000::/2'], host: ['c000::1'] }],
    ['a /64 and its neighbours', { a: ['2001:db8:0:1::/64'], b: ['2001:db8:0:2::/64'], c: ['2001:db8::/64'] }],
    ['everything and one host', { all: ['::/0'], host: ['2001:db8::1'] }],
  ];
  for (const [name, sets] of special) {
    test(name, () => {
      const tables = checked(sets);
      expect(tables.statistics.ranges.source6).toBe(tables.statistics.ranges.destination6);
    });

    test(`${name}, in a tree`, () => {
      const tables = checked({ ...sets, crowd: Array.from({ length: 12 }, (_, n) => `${subnet(2 * n + 101)}/64`) });
      expect(shapeOf(tables).src6Shape.lines).toBeGreaterThan(0);
      expect(shapeOf(tables).src6Shape.blockLevels).toBe(0);
    });

    test(`${name}, in blocks`, () => {
      const tables = checked({ ...sets, crowd: Array.from({ length: 600 }, (_, n) => `${subnet(2 * n + 101)}/64`) });
      expect(shapeOf(tables).src6Shape.blockLevels > 0).toBe(!tooWide(sets));
    });
  }
});

/** Prefixes that make more blocks of 32 bits than a table takes. */
function tooWide(sets: Sets): boolean {
  const lengths = Object.values(sets).flatMap((texts) => texts.map((text) => prefixFrom(text).length));
  return lengths.some((length) => length > 0 && length < 12);
}

/** Numbers of the levels whose bits are set. */
function levelsOf(tables: CompiledPolicy): readonly number[] {
  return Array.from({ length: ENUMS.layout.BLOCK_LEVELS }, (_, level) => level).filter(
    (level) => (shapeOf(tables).src6Shape.blockLevels >>> level) & 1,
  );
}

describe('IPv6 blocks', () => {
  const SUBNETS = 8;
  const HOSTS = 9;
  const crowd = (length: number): readonly string[] =>
    Array.from({ length: 700 }, (_, n) => `${subnet((2 * n + 1) << 8)}/${length}`);

  test('hosts spread over 3,000 /64', () => {
    const hosts = Array.from({ length: 3000 }, (_, n) => `${subnet(n)}${((n * 7919) % 65521).toString(16)}`);
    const tables = checked({ hosts });
    expect(levelsOf(tables)).toEqual([HOSTS]);
    expect(shapeOf(tables).src6Shape.lines).toBe(0);
  });

  const hosts = Array.from({ length: 800 }, (_, n) => `${subnet(2 * n)}${(n % 5).toString(16)}`);
  const subnets = Array.from({ length: 800 }, (_, n) => `${subnet(3 * n)}/64`);

  test('hosts, their /64, and what is around both, each of another class', () => {
    const tables = checked({
      hosts,
      subnets,
      a: ['2001:db8::/48'],
      b: ['2001:db8::/32'],
      c: ['2000::/8'],
      d: ['::/0'],
    });
    expect(levelsOf(tables)).toEqual([]);
    expect(shapeOf(tables).src6Shape.lines).toBeGreaterThan(0);
  });

  test('the same without what is too wide for blocks', () => {
    const tables = checked({
      hosts,
      subnets,
      a: ['2001:db8::/48'],
      b: ['2001:db8::/32'],
      c: ['2001:d00::/24'],
      d: ['::/0'],
    });
    expect(levelsOf(tables)).toEqual(expect.arrayContaining([SUBNETS, HOSTS]));
    expect(shapeOf(tables).src6Shape.lines).toBe(0);
  });

  test('the front of the filter: shorter blocks, and the /48 of blocks of three lengths', () => {
    const tables = checked({
      hosts,
      subnets,
      sites: ['2001:db8::/48', '2001:db8:7::/48', '2001:db8:ffff::/48', '2a00:1450:4000::/48'],
      wide: ['2001:db8::/44', '2001:db8:ffff:8000::/52', '2a00:1450::/36', 'fd00::/40'],
    });
    const { frontShift, filterFirst } = shapeOf(tables).src6Shape;
    expect(levelsOf(tables).filter((level) => level >= ENUMS.layout.FRONT_LEVEL).length).toBeGreaterThanOrEqual(3);
    expect(levelsOf(tables).some((level) => level < ENUMS.layout.FRONT_LEVEL)).toBe(true);
    expect(frontShift).toBeGreaterThan(0);
    expect(filterFirst).toBeGreaterThan(0);
  });

  // One past a level is cut into many blocks of the next, one at a level into one.
  for (const length of [32, 33, 36, 37, 40, 41, 44, 45, 47, 48, 49, 52, 53, 56]) {
    test(`prefixes of ${length} bits among many`, () => {
      const wide = ['2001:db8:8000::', '2a00:1450:4000::', 'fd00::'].map(
        (start) => `${masked(start, length)}/${length}`,
      );
      const tables = checked({ crowd: crowd(56), wide });
      expect(shapeOf(tables).src6Shape.blockLevels).toBeGreaterThan(0);
    });
  }

  test('a longer prefix on the same block as a wider one', () => {
    const tables = checked({
      crowd: crowd(64),
      a: ['2a00::/33'],
      b: ['2a00::/34'],
      c: ['2a00::/35'],
      d: ['2a00::/36'],
    });
    expect(shapeOf(tables).src6Shape.blockLevels).toBeGreaterThan(0);
  });

  test('prefixes between a /64 and a host', () => {
    const tables = checked({
      crowd: crowd(64),
      long: ['2a00::/65', '2a00:0:0:1::/127', '2001:db8:0:100::8/125'],
      hosts: ['2a00::1'],
    });
    expect(shapeOf(tables).src6Shape.blockLevels).toBeGreaterThan(0);
    expect(shapeOf(tables).src6Shape.lines).toBeGreaterThan(0);
  });

  test('hosts that were made to have one hash are left to the tree', () => {
    const FACTOR = 0x9e3779b97f4a7c15n;
    const MASK = (1n << 64n) - 1n;
    const alike = Array.from({ length: 40 }, (_, n) => {
      const low = BigInt(n + 1) * 0x1234567n;
      const address = ((((low * FACTOR) & MASK) ^ 0x20010db8n) << 64n) | low;
      const words = [96n, 64n, 32n, 0n].map((shift) => Number((address >> shift) & 0xffffffffn));
      return formatAddress({ family: 6, words });
    });
    expect(levelsOf(checked({ crowd: crowd(64) }))).toEqual([SUBNETS]);
    const tables = checked({ crowd: crowd(64), alike });
    expect(levelsOf(tables)).toEqual([]);
    expect(shapeOf(tables).src6Shape.lines).toBeGreaterThan(0);
  });

  test('buckets that overflow', () => {
    // Load is what the smallest table takes: many buckets pass on to the next.
    const tables = checked({ crowd: Array.from({ length: 6100 }, (_, n) => `${subnet(5 * n)}/64`) });
    const bytes = present(tables.tables.get('src6_blocks'));
    const { size, fields } = STRUCTS.block_bucket;
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const overflowed = Array.from(
      { length: bytes.length / size },
      (_, i) => words[(i * size + fields.overflowed.offset) / 4],
    );
    expect(overflowed.filter((flag) => flag === 1).length).toBeGreaterThan(10);
  });
});
