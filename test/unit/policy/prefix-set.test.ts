/** Sets of prefixes, against a list that is searched from end to end. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Address, Family, Prefix } from '../../../src/base/ip.ts';
import { containsAddress, formatPrefix, fullLength, prefixOf } from '../../../src/base/ip.ts';
import { matchLength, PrefixSetBuilder, prefixesOf } from '../../../src/policy/prefix-set.ts';

/** Few different bits, at both ends of the words, so that members nest and touch. */
const bits = fc.constantFrom(0, 1, 2, 3, 0x40000000, 0x80000000, 0x80000001, 0xc0000000, 0xfffffffe, 0xffffffff);
const address: Record<Family, fc.Arbitrary<Address>> = {
  4: bits.map((word): Address => ({ family: 4, words: [word] })),
  6: fc.tuple(bits, bits, bits, bits).map((words): Address => ({ family: 6, words })),
};
const prefix = (family: Family): fc.Arbitrary<Prefix> =>
  fc.tuple(address[family], fc.nat({ max: fullLength(family) })).map(([host, length]) => prefixOf(host, length));

/** Addresses just inside and just outside a prefix. */
function edgesOf({ family, words, length }: Prefix): readonly Address[] {
  const whole = words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
  const width = BigInt(fullLength(family));
  const last = whole | ((1n << (width - BigInt(length))) - 1n);
  return [whole - 1n, whole, last, last + 1n]
    .filter((value) => value >= 0n && value < 1n << width)
    .map((value) => ({
      family,
      words: words.map((_, w) => Number((value >> BigInt(32 * (words.length - 1 - w))) & 0xffffffffn)),
    }));
}

function longestByWalking(prefixes: readonly Prefix[], of: Address): number | undefined {
  const lengths = prefixes.filter((one) => containsAddress(one, of)).map((one) => one.length);
  return lengths.length === 0 ? undefined : Math.max(...lengths);
}

for (const family of [4, 6] as const) {
  test(`IPv${family}: an address counts with the longest member that contains it`, () => {
    const sample = fc.record({
      prefixes: fc.array(prefix(family), { maxLength: 40 }),
      others: fc.array(address[family], { minLength: 8, maxLength: 8 }),
    });
    fc.assert(
      fc.property(sample, ({ prefixes, others }) => {
        const builder = new PrefixSetBuilder();
        for (const one of prefixes) builder.add(one);
        const set = builder.build();
        for (const of of [...others, ...prefixes.flatMap(edgesOf)])
          expect(matchLength(set, of), of.words.join()).toBe(longestByWalking(prefixes, of));
      }),
      { numRuns: 1000 },
    );
  });
}

test('each member is there once, sorted by address, wider ones first', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(prefix(4), prefix(6)), { maxLength: 40 }), (prefixes) => {
      const builder = new PrefixSetBuilder();
      for (const one of prefixes) builder.add(one);
      const order = (a: Prefix, b: Prefix): number => {
        const byWord = a.words.map((word, w) => word - (b.words[w] ?? 0)).find((d) => d !== 0) ?? 0;
        return a.family - b.family || byWord || a.length - b.length;
      };
      const distinct = new Map(prefixes.map((one) => [`${one.family} ${formatPrefix(one)}`, one]));
      expect([...prefixesOf(builder.build())]).toEqual([...distinct.values()].sort(order));
    }),
  );
});
