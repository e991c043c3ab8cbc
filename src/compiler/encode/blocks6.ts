/**
 * IPv6 prefixes -> blocks of a few lengths in a bucketed hash, each with the class of the longest
 * prefix around it, and a filter in front (filter6.ts), which may say yes for nothing; it never says no to a block that is
 * there.
 */
import { ENUMS, STRUCTS } from '../../layout/layout.gen.ts';
import type { NamedPrefixes } from '../classes/address-classes.ts';
import { blockCount, chooseLevels, HOST_LEVEL, levelFor, levelLength } from './block-levels.ts';
import type { Filter6 } from './filter6.ts';
import { encodeFilter6, NO_FILTER6 } from './filter6.ts';
import { productHigh, productLow } from './product64.ts';

export interface Blocks6 {
  readonly filter: Filter6;
  readonly buckets: Uint8Array;
  /** Bit n: there are blocks of level n; 0 where there are no blocks. */
  readonly levels: number;
  /** Of a hash, to the number of a bucket. */
  readonly bucketShift: number;
  /** Some /64 have prefixes that are no block: a tree has to tell. */
  readonly needTree: boolean;
}

const EMPTY = new Uint8Array(0);
export const NO_BLOCKS6: Blocks6 = {
  filter: NO_FILTER6,
  buckets: EMPTY,
  levels: 0,
  bucketShift: 0,
  needTree: true,
};

const { BLOCK_SLOTS, BLOCK_PROBES, FRONT_LEVEL } = ENUMS.layout;
const { BLOCK_TREE_BIT, BLOCK_LEVEL_SHIFT } = ENUMS.reference;
const { size: BUCKET_BYTES, fields: BUCKET } = STRUCTS.block_bucket;
const BUCKET_WORDS = BUCKET_BYTES / 4;
const LOW = BUCKET.low.offset / 4;
const VALUES = BUCKET.values.offset / 4;
const OVERFLOWED = BUCKET.overflowed.offset / 4;
const WORDS = 4;
const HASH_BITS = 64;
/** Lines that the front of the filter has to spare. */
const LEAST_SPARED = 2;
const HIGH_BITS = 64;
const ADDRESS_BITS = 128;
const LEAST_BITS = 4;
/** How often the table is doubled for blocks that find no room: more only where hashes were made to be alike. */
const MOST_DOUBLINGS = 3;

/**
 * NO_BLOCKS6 where there are no prefixes, so wide ones that they would make too many blocks, or ones that were made to
 * have one hash: a list may come from anywhere.
 */
export function encodeBlocks6(prefixes: NamedPrefixes): Blocks6 {
  const levels = chooseLevels(prefixes.lengths);
  if (levels === undefined || prefixes.count === 0) return NO_BLOCKS6;
  const least = bitsFor(prefixes, levels);
  for (let bits = least; bits <= least + MOST_DOUBLINGS; bits++) {
    const table = new BlockTable(bits);
    if (addAll(table, prefixes, levels)) return encode(table);
  }
  return NO_BLOCKS6;
}

/** Of the number of buckets that have just room for all blocks. */
function bitsFor({ lengths }: NamedPrefixes, levels: readonly number[]): number {
  const blocks = lengths.reduce((sum, length) => sum + blocksOf(length, levels), 0);
  let bits = LEAST_BITS;
  while (2 ** bits * BLOCK_SLOTS < blocks) bits++;
  return bits;
}

function blocksOf(length: number, levels: readonly number[]): number {
  return length === ADDRESS_BITS ? 1 : blockCount(length, levelFor(length, levels));
}

/** Wider prefixes first, so that of two with one block the longer is what stays. False where a block finds no room. */
function addAll(table: BlockTable, prefixes: NamedPrefixes, levels: readonly number[]): boolean {
  const { words, lengths, classes, count } = prefixes;
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  return order.every((i) => {
    const at = i * WORDS;
    const prefix: Prefix = {
      high: words[at]!,
      low: words[at + 1]!,
      lowHigh: words[at + 2]!,
      lowLow: words[at + 3]!,
      length: lengths[i]!,
    };
    return addPrefix(table, prefix, classes[i]!, levels);
  });
}

/** The address in four words. */
interface Prefix {
  readonly high: number;
  readonly low: number;
  readonly lowHigh: number;
  readonly lowLow: number;
  readonly length: number;
}

function addPrefix(table: BlockTable, prefix: Prefix, addressClass: number, levels: readonly number[]): boolean {
  const { high, low, lowHigh, lowLow, length } = prefix;
  if (length === ADDRESS_BITS) {
    const product = productLow(lowLow);
    const keyHigh = (productHigh(lowHigh, lowLow) ^ high) >>> 0;
    return table.put(
      { high, low, lowHigh, lowLow },
      keyHigh,
      (product ^ low) >>> 0,
      blockValue(addressClass, HOST_LEVEL),
    );
  }
  const level = levelFor(length, levels);
  const value = length > HIGH_BITS ? (1 << BLOCK_TREE_BIT) | blockValue(0, level) : blockValue(addressClass, level);
  const first = shiftRight(high, low, HIGH_BITS - levelLength(level));
  for (let i = 0; i < blockCount(length, level); i++) {
    const key = { high: first.high, low: first.low + i, lowHigh: 0, lowLow: 0 };
    if (!table.put(key, key.high, key.low, value >>> 0)) return false;
  }
  return true;
}

function blockValue(addressClass: number, level: number): number {
  return ((level + 1) << BLOCK_LEVEL_SHIFT) | addressClass;
}

/** Two words to the right by at most 32 bits. */
function shiftRight(high: number, low: number, shift: number): { readonly high: number; readonly low: number } {
  if (shift === 0) return { high, low };
  if (shift === 32) return { high: 0, low: high };
  return { high: high >>> shift, low: ((high << (32 - shift)) | (low >>> shift)) >>> 0 };
}

type Key = Omit<Prefix, 'length'>;

class BlockTable {
  readonly bits: number;
  readonly words: Uint32Array;
  /** Hashes of every block once, two words each, high and low: of those shorter than a /48, and of the others. */
  readonly shorter: number[] = [];
  readonly longer: number[] = [];
  /** Of the /48 that each of the others lies in. */
  readonly around: number[] = [];
  levels = 0;
  needTree = false;

  constructor(bits: number) {
    this.bits = bits;
    this.words = new Uint32Array(2 ** bits * BUCKET_WORDS);
  }

  /** In place of the value that the block has already. False where there is no room. `keyHigh`, `keyLow`: to hash. */
  put(key: Key, keyHigh: number, keyLow: number, value: number): boolean {
    const hashHigh = productHigh(keyHigh, keyLow);
    let bucket = hashHigh >>> (32 - this.bits);
    for (let probe = 0; probe < BLOCK_PROBES; probe++) {
      const at = bucket * BUCKET_WORDS;
      for (let slot = 0; slot < BLOCK_SLOTS; slot++) {
        const before = this.words[at + VALUES + slot]!;
        if (before !== 0 && !this.#holds(at, slot, key, value)) continue;
        this.#write(at, slot, key, value);
        if (before === 0) this.#remember(key, value, hashHigh, productLow(keyLow));
        return true;
      }
      this.words[at + OVERFLOWED] = 1;
      bucket = (bucket + 1) % 2 ** this.bits;
    }
    return false;
  }

  #remember({ high, low }: Key, value: number, hashHigh: number, hashLow: number): void {
    const level = levelOf(value) - 1;
    (level < FRONT_LEVEL ? this.shorter : this.longer).push(hashHigh, hashLow);
    if (level < FRONT_LEVEL) return;
    const length = level === HOST_LEVEL ? HIGH_BITS : levelLength(level);
    const front = shiftRight(high, low, length - levelLength(FRONT_LEVEL));
    this.around.push(productHigh(front.high, front.low), productLow(front.low));
  }

  #holds(at: number, slot: number, { high, low, lowHigh, lowLow }: Key, value: number): boolean {
    const words = this.words;
    return (
      words[at + 2 * slot] === low &&
      words[at + 2 * slot + 1] === high &&
      words[at + LOW + 2 * slot] === lowLow &&
      words[at + LOW + 2 * slot + 1] === lowHigh &&
      levelOf(words[at + VALUES + slot]!) === levelOf(value)
    );
  }

  /** Little endian: the low word of a 64-bit key comes first. */
  #write(at: number, slot: number, { high, low, lowHigh, lowLow }: Key, value: number): void {
    this.words[at + 2 * slot] = low;
    this.words[at + 2 * slot + 1] = high;
    this.words[at + LOW + 2 * slot] = lowLow;
    this.words[at + LOW + 2 * slot + 1] = lowHigh;
    this.words[at + VALUES + slot] = value;
    this.levels |= 1 << (levelOf(value) - 1);
    this.needTree ||= value >>> BLOCK_TREE_BIT !== 0;
  }
}

/** Counted from 1. */
function levelOf(value: number): number {
  return (value >>> BLOCK_LEVEL_SHIFT) & 127;
}

function encode(table: BlockTable): Blocks6 {
  const { words, bits, levels, needTree } = table;
  return {
    filter: filterOf(table),
    buckets: new Uint8Array(words.buffer),
    levels,
    bucketShift: HASH_BITS - bits,
    needTree,
  };
}

function filterOf({ shorter, longer, around, levels }: BlockTable): Filter6 {
  const used = Array.from({ length: HOST_LEVEL + 1 }, (_, level) => level).filter((level) => (levels >>> level) & 1);
  const spared = used.filter((level) => level >= FRONT_LEVEL).length - 1;
  if (spared < LEAST_SPARED) return encodeFilter6([...shorter, ...longer], undefined);
  return encodeFilter6(longer, [...shorter, ...around]);
}
