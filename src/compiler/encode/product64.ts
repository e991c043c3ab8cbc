/** Products modulo 2^64 with the factor of the IPv6 block hash, in words of 32 bits: block_of in bpf/classify.h. */
import { ENUMS } from '../../layout/layout.gen.ts';

const FACTOR = { high: ENUMS.hash.BLOCK_FACTOR_HIGH, low: ENUMS.hash.BLOCK_FACTOR_LOW } as const;

/** Low word; it does not depend on the high word of the key. */
export function productLow(low: number): number {
  return Math.imul(low, FACTOR.low) >>> 0;
}

export function productHigh(high: number, low: number): number {
  return (multiplyHigh(low, FACTOR.low) + Math.imul(high, FACTOR.low) + Math.imul(low, FACTOR.high)) >>> 0;
}

/** High word of the product of two words. */
function multiplyHigh(a: number, b: number): number {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle % 65536);
  return aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(other / 65536);
}
