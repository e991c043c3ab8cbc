/**
 * What stands in front of an IPv6 tree: a Bloom filter of the blocks that hold addresses of a class
 * other than 0, so that most addresses nobody named need no walk. A block has the length of a level:
 * 32, 36, ... 64 or 128. Other prefixes are cut into blocks of the next level, or widened to a /64.
 * Every level costs time, so those are left out whose prefixes make few blocks of the next one. The
 * filter may say yes for nothing, which costs the walk; it never says no for something.
 */
import { ENUMS } from '../layout/layout.gen.ts';
import type { AddressClasses } from './address-classes.ts';

export interface Filter6 {
  readonly words: Uint8Array;
  /** Bit n: level n has entries. 0 where there is no filter. */
  readonly levels: number;
  /** Of a hash, to the number of a word. */
  readonly shift: number;
}

export const NO_FILTER6: Filter6 = { words: new Uint8Array(0), levels: 0, shift: 0 };

const { FILTER6_LEVELS, FILTER6_FIRST, FILTER6_STEP } = ENUMS.layout;
const WORDS = 4;
const HIGH_BITS = 64;
const ADDRESS_BITS = 128;
const HOST_LEVEL = FILTER6_LEVELS - 1;
/** Blocks of one filter at most: beyond, prefixes so wide that the filter would say yes to most. */
const MAX_BLOCKS = 1 << 20;
/** So many may be made to save a level: the filter stays within a share of the second-level cache. */
const FEW_BLOCKS = 1 << 16;
/** Bits of a word that are there for a block. */
const BITS_PER_BLOCK = 16;
const WORD_BITS = 64;
/** Word numbers take the hash's highest bits, bit places those from 26 to 43. */
const MAX_INDEX_BITS = 20;
const BIT_SHIFTS = [26, 32, 38] as const;
/** 2^64 divided by the golden ratio, odd: block_hash in bpf/classify.h. */
const FACTOR = { hi: 0x9e3779b9, lo: 0x7f4a7c15 } as const;

/** NO_FILTER6 where the blocks are too many. */
export function encodeFilter6(classes: AddressClasses): Filter6 {
  const prefixes = [...namedSpans(classes)].flatMap(prefixesOf);
  const levels = chooseLevels(prefixes);
  if (levels === undefined) return NO_FILTER6;
  const blocks = new Blocks();
  for (const prefix of prefixes) addBlocks(blocks, prefix, levels);
  return encode(blocks);
}

type Words = readonly [number, number, number, number];

interface Span {
  readonly first: Words;
  readonly last: Words;
}

/** Neighbouring ranges of classes other than 0, as one. */
function* namedSpans({ starts, rangeClasses, rangeCount }: AddressClasses): Generator<Span> {
  const startOf = (i: number): Words => [
    starts[i * WORDS]!,
    starts[i * WORDS + 1]!,
    starts[i * WORDS + 2]!,
    starts[i * WORDS + 3]!,
  ];
  for (let i = 0; i < rangeCount; i++) {
    if (rangeClasses[i] === 0) continue;
    const first = startOf(i);
    while (i + 1 < rangeCount && rangeClasses[i + 1] !== 0) i++;
    yield {
      first,
      last: i + 1 < rangeCount ? before(startOf(i + 1)) : [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    };
  }
}

function before([a, b, c, d]: Words): Words {
  if (d !== 0) return [a, b, c, d - 1];
  if (c !== 0) return [a, b, c - 1, 0xffffffff];
  return b !== 0 ? [a, b - 1, 0xffffffff, 0xffffffff] : [a - 1, 0xffffffff, 0xffffffff, 0xffffffff];
}

function after([a, b, c, d]: Words): Words {
  if (d !== 0xffffffff) return [a, b, c, d + 1];
  if (c !== 0xffffffff) return [a, b, c + 1, 0];
  return b !== 0xffffffff ? [a, b + 1, 0, 0] : [a + 1, 0, 0, 0];
}

interface Block {
  readonly words: Words;
  readonly length: number;
}

/** The prefixes that a span falls into. */
function prefixesOf({ first, last }: Span): Block[] {
  const prefixes: Block[] = [];
  for (let words = first; ; ) {
    const length = prefixLength(words, last);
    prefixes.push({ words, length });
    const end = lastOf(words, length);
    if (end.every((word, w) => word === last[w])) return prefixes;
    words = after(end);
  }
}

const LEVEL_LENGTHS: readonly number[] = Array.from({ length: HOST_LEVEL }, (_, i) => FILTER6_FIRST + FILTER6_STEP * i);

/** Numbers of the levels in use, without that of hosts; undefined where all of them make too many blocks. */
function chooseLevels(prefixes: readonly Block[]): readonly number[] | undefined {
  const counts = new Array<number>(HIGH_BITS + 1).fill(0);
  for (const { length } of prefixes) if (length < ADDRESS_BITS) counts[Math.min(HIGH_BITS, length)]!++;
  const blocksOf = (levels: readonly number[]): number =>
    counts.reduce(
      (sum, count, length) => sum + (count === 0 ? 0 : count * blockCount(length, levelFor(length, levels))),
      0,
    );
  let levels: readonly number[] = LEVEL_LENGTHS.map((_, i) => i);
  if (blocksOf(levels) > MAX_BLOCKS) return undefined;
  for (;;) {
    const fewer = levels.slice(0, -1).map((level) => levels.filter((other) => other !== level));
    const best = fewer.reduce((a, b) => (blocksOf(b) < blocksOf(a) ? b : a), levels.slice(-1));
    if (best.length >= levels.length || blocksOf(best) > Math.max(FEW_BLOCKS, blocksOf(levels))) return levels;
    levels = best;
  }
}

/** The shortest level that is not shorter than the prefix; longer prefixes are widened to the last. */
function levelFor(length: number, levels: readonly number[]): number {
  return levels.find((level) => LEVEL_LENGTHS[level]! >= length) ?? HOST_LEVEL - 1;
}

function blockCount(length: number, level: number): number {
  return 2 ** Math.max(0, LEVEL_LENGTHS[level]! - length);
}

/** Hashes of the blocks, two words each. */
class Blocks {
  readonly hashes: number[] = [];
  levels = 0;

  get count(): number {
    return this.hashes.length / 2;
  }

  add(level: number, keyHi: number, keyLo: number): void {
    this.levels |= 1 << level;
    this.hashes.push(productHi(keyHi, keyLo), productLo(keyLo));
  }
}

/** Of the widest prefix that begins at `first` and ends at `last` at the latest. */
function prefixLength(first: Words, last: Words): number {
  const least = Math.max(sharedBits(first, last), ADDRESS_BITS - trailingZeros(first));
  return lastOf(first, least).every((word, w) => word === last[w]) || least > sharedBits(first, last)
    ? least
    : least + 1;
}

/** First bits that are the same in both. */
function sharedBits(a: Words, b: Words): number {
  const w = a.findIndex((word, i) => word !== b[i]);
  return w < 0 ? ADDRESS_BITS : 32 * w + Math.clz32(a[w]! ^ b[w]!);
}

function trailingZeros(words: Words): number {
  const w = words.findLastIndex((word) => word !== 0);
  if (w < 0) return ADDRESS_BITS;
  const word = words[w]!;
  return 32 * (WORDS - 1 - w) + 31 - Math.clz32(word & -word);
}

function lastOf(words: Words, length: number): Words {
  const [a, b, c, d] = words;
  const last = (word: number, w: number): number => (word | ~maskOf(length, w)) >>> 0;
  return [last(a, 0), last(b, 1), last(c, 2), last(d, 3)];
}

function maskOf(length: number, word: number): number {
  const bits = Math.min(32, Math.max(0, length - 32 * word));
  return bits === 0 ? 0 : -1 << (32 - bits);
}

function addBlocks(blocks: Blocks, { words, length }: Block, levels: readonly number[]): void {
  if (length === ADDRESS_BITS) {
    addHost(blocks, words);
    return;
  }
  const level = levelFor(length, levels);
  const { keyHi, keyLo } = keyOf(words, HIGH_BITS - LEVEL_LENGTHS[level]!);
  for (let i = 0; i < blockCount(length, level); i++) blocks.add(level, keyHi, keyLo + i);
}

/** The high half without its last `shift` bits, at most 32. */
function keyOf([hi, lo]: Words, shift: number): { readonly keyHi: number; readonly keyLo: number } {
  if (shift === 0) return { keyHi: hi, keyLo: lo };
  if (shift === 32) return { keyHi: 0, keyLo: hi };
  return { keyHi: hi >>> shift, keyLo: ((hi << (32 - shift)) | (lo >>> shift)) >>> 0 };
}

/** The last level's key joins both halves. */
function addHost(blocks: Blocks, [hi, lo, lowHi, lowLo]: Words): void {
  const low = productLo(lowLo) + 1;
  const carry = low > 0xffffffff ? 1 : 0;
  blocks.add(HOST_LEVEL, ((productHi(lowHi, lowLo) + carry) ^ hi) >>> 0, (low ^ lo) >>> 0);
}

/** Low word of key * FACTOR. */
function productLo(lo: number): number {
  return Math.imul(lo, FACTOR.lo) >>> 0;
}

/** Second word of key * FACTOR modulo 2^64. */
function productHi(hi: number, lo: number): number {
  return (highOf(lo, FACTOR.lo) + Math.imul(hi, FACTOR.lo) + Math.imul(lo, FACTOR.hi)) >>> 0;
}

/** High word of the product of two words. */
function highOf(a: number, b: number): number {
  const [aHi, aLo, bHi, bLo] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = aHi * bLo + ((aLo * bLo) >>> 16);
  const other = aLo * bHi + (middle % 65536);
  return aHi * bHi + Math.floor(middle / 65536) + Math.floor(other / 65536);
}

function encode({ hashes, count, levels }: Blocks): Filter6 {
  let indexBits = 4;
  while (indexBits < MAX_INDEX_BITS && 2 ** indexBits * (WORD_BITS / BITS_PER_BLOCK) < count) indexBits++;
  const words = new Uint32Array(2 * 2 ** indexBits);
  for (let i = 0; i < hashes.length; i += 2) {
    const [hi, lo] = [hashes[i]!, hashes[i + 1]!];
    const word = 2 * (hi >>> (32 - indexBits));
    for (const shift of BIT_SHIFTS) {
      const place = (shift >= 32 ? hi >>> (shift - 32) : (hi << (32 - shift)) | (lo >>> shift)) & 63;
      words[word + (place >>> 5)]! |= 1 << (place & 31);
    }
  }
  return { words: new Uint8Array(words.buffer), levels, shift: 64 - indexBits };
}
