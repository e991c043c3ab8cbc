import fc from 'fast-check';
import { expect, test } from 'vitest';
import { present } from '../../../src/base/assert.ts';
import type { Family, Prefix } from '../../../src/base/ip.ts';
import { containsAddress, formatPrefix, prefixOf } from '../../../src/base/ip.ts';
import { Random } from '../../../src/base/random.ts';
import { carve } from '../../../src/compiler/conditions/carve.ts';
import type { PrefixColumn } from '../../../src/policy/prefix-set.ts';
import { prefixSetOf } from '../../../src/policy/prefix-set.ts';
import { prefixFrom } from '../../support/policies.ts';

interface Piece {
  readonly prefix: Prefix;
  readonly counted: number;
}

function piecesOf(members: PrefixColumn, holes: PrefixColumn): readonly Piece[] {
  const pieces: Piece[] = [];
  carve(members, holes, (prefix, counted) => pieces.push({ prefix, counted }));
  return pieces;
}

function carved(members: readonly string[], holes: readonly string[]): readonly string[] {
  const [of, without] = [members, holes].map((all) => prefixSetOf(all.map(prefixFrom)).v4);
  if (of === undefined || without === undefined) return [];
  return piecesOf(of, without).map(({ prefix, counted }) => `${formatPrefix(prefix)} as /${counted}`);
}

test('a member without a hole stays whole', () => {
  expect(carved(['10.0.0.0/8', '10.1.0.0/16'], ['192.0.2.0/24'])).toEqual(['10.0.0.0/8 as /8', '10.1.0.0/16 as /16']);
});

test('what a hole leaves counts with the length of the member', () => {
  expect(carved(['10.0.0.0/29'], ['10.0.0.3'])).toEqual([
    '10.0.0.0/31 as /29',
    '10.0.0.2 as /29',
    '10.0.0.4/30 as /29',
  ]);
});

test('a hole around a member leaves nothing of it', () => {
  expect(carved(['10.0.0.0/16', '10.0.0.1'], ['10.0.0.0/16'])).toEqual([]);
});

test('a hole in nested members is cut out of each once', () => {
  expect(carved(['10.0.0.0/29', '10.0.0.0/30'], ['10.0.0.1'])).toEqual([
    '10.0.0.4/30 as /29',
    '10.0.0.0 as /30',
    '10.0.0.2/31 as /30',
  ]);
});

/** Prefixes of at most 256 neighbours. */
function small(family: Family): fc.Arbitrary<Prefix> {
  const [width, first] = family === 4 ? [32, [0x0a000000]] : [128, [0x20010db8, 0, 0, 0]];
  return fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: width - 8, max: width }))
    .map(([last, length]) => prefixOf({ family, words: withLast(first, last) }, length));
}

function withLast(words: readonly number[], last: number): readonly number[] {
  return [...words.slice(0, -1), present(words.at(-1)) + last];
}

const columnOf = (family: Family, prefixes: readonly Prefix[]): PrefixColumn =>
  prefixSetOf(prefixes)[family === 4 ? 'v4' : 'v6'];

for (const family of [4, 6] as const) {
  test(`every IPv${family} address counts as its longest member does, unless it is in a hole`, () => {
    const some = fc.array(small(family), { maxLength: 8 });
    const words = family === 4 ? [0x0a000000] : [0x20010db8, 0, 0, 0];
    fc.assert(
      fc.property(some, some, fc.integer({ min: 0, max: 255 }), (members, holes, last) => {
        const address = { family, words: withLast(words, last) };
        const around = (all: readonly Prefix[]): readonly number[] =>
          all.filter((prefix) => containsAddress(prefix, address)).map(({ length }) => length);
        const expected = around(holes).length > 0 ? [] : around(members);
        const pieces = piecesOf(columnOf(family, members), columnOf(family, holes));
        const counted = pieces.filter(({ prefix }) => containsAddress(prefix, address)).map((piece) => piece.counted);
        expect(Math.max(-1, ...counted)).toBe(Math.max(-1, ...expected));
        expect(new Set(counted).size, 'pieces of one length do not overlap').toBe(counted.length);
      }),
      { numRuns: 1000 },
    );
  });
}

// A hole leaves a piece of each length. It took 10 s when each of these looked at arrays of its own.
test('thousands of IPv6 hosts are taken out of all addresses in a second', { timeout: 5000 }, () => {
  const random = new Random(1);
  const hosts = Array.from({ length: 15_000 }, (): Prefix => {
    const words = [0x20010db8, random.below(2 ** 32), random.below(2 ** 32), 1];
    return { family: 6, words, length: 128 };
  });
  let pieces = 0;
  carve(columnOf(6, [{ family: 6, words: [0, 0, 0, 0], length: 0 }]), columnOf(6, hosts), () => pieces++);
  expect(pieces).toBeGreaterThan(1_000_000);
});
