/**
 * The Bloom filter of IPv6 blocks, three bits of one word for each: an address that no block holds costs a line for each length of
 * blocks and nothing else. Where there are longer blocks of several lengths, its front has the /48 that they lie in, so that
 * they cost one line together, beside the shorter ones; they themselves are asked for behind it.
 */
import { ENUMS } from '../../layout/layout.gen.ts';

/** Keys of a hash, two words each: high, low. */
type Hashes = readonly number[];

export interface Filter6 {
  readonly bytes: Uint8Array;
  readonly shape: Filter6Shape;
}

/** As in struct xdpol_address6_shape. */
interface Filter6Shape {
  readonly frontShift: number;
  readonly filterFirst: number;
  readonly filterShift: number;
}

export const NO_FILTER6: Filter6 = {
  bytes: new Uint8Array(0),
  shape: { frontShift: 0, filterFirst: 0, filterShift: 0 },
};

const HASH_BITS = 64;
const WORD_BITS = 64;
/** Hashes for each word. */
const HASHES_PER_WORD = 4;
/** Words are numbered by the highest bits of a hash; the places in them are taken from below these. */
const MAX_BITS = 20;
const LEAST_BITS = 4;
const PLACES = [ENUMS.hash.FILTER_BIT_1, ENUMS.hash.FILTER_BIT_2, ENUMS.hash.FILTER_BIT_3] as const;
/** Bits that are set in a part that has all the hashes it is made for. */
const MOST_SET = (HASHES_PER_WORD * PLACES.length) / WORD_BITS;

/** `front`: of the blocks that are shorter than a /48, and of the /48 of the others, which are `blocks`; or there is none. */
export function encodeFilter6(blocks: Hashes, front: Hashes | undefined): Filter6 {
  const all = partOf(blocks);
  if (front === undefined) {
    return { bytes: new Uint8Array(all.buffer), shape: { ...NO_FILTER6.shape, filterShift: shiftOf(all) } };
  }
  const first = folded(partOf(front));
  const words = new Uint32Array(first.length + all.length);
  words.set(first);
  words.set(all, first.length);
  const shape = { frontShift: shiftOf(first), filterFirst: first.length / 2, filterShift: shiftOf(all) };
  return { bytes: new Uint8Array(words.buffer), shape };
}

/** A word of 64 bits is two of the part, the low one first. */
function partOf(hashes: Hashes): Uint32Array {
  let bits = LEAST_BITS;
  while (bits < MAX_BITS && 2 ** bits * HASHES_PER_WORD < hashes.length / 2) bits++;
  const part = new Uint32Array(2 * 2 ** bits);
  for (let i = 0; i < hashes.length; i += 2) {
    const [high, low] = [hashes[i]!, hashes[i + 1]!];
    const word = 2 * (high >>> (32 - bits));
    for (const shift of PLACES) {
      const place = placeOf(high, low, shift);
      part[word + (place >>> 5)]! |= 1 << (place & 31);
    }
  }
  return part;
}

/** Six bits of a hash, from bit `shift` on. */
function placeOf(high: number, low: number, shift: number): number {
  const bits = shift >= 32 ? high >>> (shift - 32) : (low >>> shift) | (high << (32 - shift));
  return bits & (WORD_BITS - 1);
}

/** Half as large, as long as that leaves it empty enough: many blocks begin alike. The number of a word loses its lowest bit. */
function folded(part: Uint32Array): Uint32Array {
  let all = part;
  while (all.length > 2 * 2 ** LEAST_BITS) {
    const half = new Uint32Array(all.length / 2);
    for (let i = 0; i < all.length; i++) half[(i >>> 2) * 2 + (i & 1)]! |= all[i]!;
    if (shareSet(half) > MOST_SET) return all;
    all = half;
  }
  return all;
}

function shareSet(part: Uint32Array): number {
  let count = 0;
  for (let word of part) for (; word !== 0; word &= word - 1) count++;
  return count / (32 * part.length);
}

function shiftOf(part: Uint32Array): number {
  return HASH_BITS - Math.log2(part.length / 2);
}
