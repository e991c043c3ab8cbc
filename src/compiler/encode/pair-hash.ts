/** The sparse pairs as a bucketed hash that the program probes without ever walking far. */
import { ENUMS, STRUCTS } from '../../layout/layout.gen.ts';

const { BUCKET_SLOTS, BUCKET_PROBES } = ENUMS.layout;
const { PAIR_FACTOR, PAIR_FOLD } = ENUMS.hash;
const { size: BUCKET_BYTES, fields: BUCKET } = STRUCTS.bucket;
const BUCKET_WORDS = BUCKET_BYTES / 4;
const OVERFLOWED = BUCKET.overflowed.offset / 4;
const SETS = BUCKET.sets.offset / 4;
/** Buckets are sized for this many pairs each, so that most lookups end in the first. */
const MEAN_LOAD = 3;

export interface PairEntry {
  /** (source class << 16 | destination class) + 1, as 32 bits; never 0. */
  readonly key: number;
  readonly set: number;
}

function bucketStart(key: number, mask: number): number {
  const hash = Math.imul(key, PAIR_FACTOR) >>> 0;
  return ((hash ^ (hash >>> PAIR_FOLD)) & mask) >>> 0;
}

/** How often the table is doubled for pairs that find no room: more only where hashes were made to be alike. */
const MOST_DOUBLINGS = 3;

export interface PairTable {
  readonly bytes: Uint8Array;
  /** The number of buckets less 1. */
  readonly mask: number;
}

/** undefined where too many pairs have one hash. */
export function encodePairs(pairs: readonly PairEntry[]): PairTable | undefined {
  let least = 1;
  while (least * MEAN_LOAD < pairs.length) least *= 2;
  for (let buckets = least; buckets <= least << MOST_DOUBLINGS; buckets *= 2) {
    const words = place(pairs, buckets - 1);
    if (words !== undefined) return { bytes: new Uint8Array(words.buffer), mask: buckets - 1 };
  }
  return undefined;
}

/** undefined where a pair does not fit into its buckets. */
function place(pairs: readonly PairEntry[], mask: number): Uint32Array | undefined {
  const words = new Uint32Array((mask + 1) * BUCKET_WORDS);
  return pairs.every((pair) => placeOne(words, mask, pair)) ? words : undefined;
}

function placeOne(words: Uint32Array, mask: number, { key, set }: PairEntry): boolean {
  let bucket = bucketStart(key >>> 0, mask);
  for (let probe = 0; probe < BUCKET_PROBES; probe++) {
    const at = bucket * BUCKET_WORDS;
    for (let i = 0; i < BUCKET_SLOTS; i++) {
      if (words[at + i] !== 0) continue;
      words[at + i] = key;
      words[at + SETS + i] = set;
      return true;
    }
    words[at + OVERFLOWED] = 1;
    bucket = (bucket + 1) & mask;
  }
  return false;
}
