import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Prefix } from '../../../src/base/ip.ts';
import { containsAddress, formatPrefix, prefixOf } from '../../../src/base/ip.ts';
import { carve } from '../../../src/compiler/conditions/carve.ts';
import { prefixSetOf } from '../../../src/policy/prefix-set.ts';
import { prefixFrom } from '../../support/policies.ts';

function carved(members: readonly string[], holes: readonly string[]): readonly string[] {
  const [of, without] = [members, holes].map((all) => prefixSetOf(all.map(prefixFrom)).v4);
  if (of === undefined || without === undefined) return [];
  return [...carve(of, without)].map(({ prefix, counted }) => `${formatPrefix(prefix)} as /${counted}`);
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

const small = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }))
  .map(([last, length]): Prefix => prefixOf({ family: 4, words: [0x0a000000 + last] }, length));
const some = fc.array(small, { maxLength: 8 });

test('every address counts as its longest member does, unless it is in a hole', () => {
  fc.assert(
    fc.property(some, some, fc.integer({ min: 0, max: 255 }), (members, holes, last) => {
      const address = { family: 4 as const, words: [0x0a000000 + last] };
      const around = (all: readonly Prefix[]): readonly number[] =>
        all.filter((prefix) => containsAddress(prefix, address)).map(({ length }) => length);
      const expected = around(holes).length > 0 ? [] : around(members);
      const pieces = [...carve(prefixSetOf(members).v4, prefixSetOf(holes).v4)];
      const counted = pieces.filter(({ prefix }) => containsAddress(prefix, address)).map((piece) => piece.counted);
      expect(Math.max(-1, ...counted)).toBe(Math.max(-1, ...expected));
      expect(new Set(counted).size, 'pieces of one length do not overlap').toBe(counted.length);
    }),
    { numRuns: 2000 },
  );
});
