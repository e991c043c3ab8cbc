import fc from 'fast-check';
import { expect, test } from 'vitest';
import { productHigh, productLow } from '../../../../src/compiler/encode/product64.ts';

const FACTOR = 0x9e3779b97f4a7c15n;
const word = fc.integer({ min: 0, max: 0xffffffff });

test('both words are those of the product modulo 2^64', () => {
  fc.assert(
    fc.property(word, word, (high, low) => {
      const product = (((BigInt(high) << 32n) | BigInt(low)) * FACTOR) & 0xffffffffffffffffn;
      expect((BigInt(productHigh(high, low)) << 32n) | BigInt(productLow(low))).toBe(product);
    }),
    {
      numRuns: 20_000,
      examples: [
        [0, 0],
        [0xffffffff, 0xffffffff],
        [0, 0xffffffff],
        [0xffffffff, 0],
        [1, 0x10000],
      ],
    },
  );
});
