/** How large the parts of a live table are for the members that it must hold. */
import type { Family } from '../../base/ip.ts';
import { ENUMS, STRUCTS } from '../../layout/layout.gen.ts';

const { SLOTS4, SLOTS6, PROBES, STEPS } = ENUMS.live;
const LINE = 64;
const WORD = 8;
const UNIT = ENUMS.layout.TABLE_UNIT;
/** So full a table may be: fuller, and members find no place within the buckets that are searched. */
const LOAD: Readonly<Record<Family, number>> = { 4: 0.66, 6: 0.5 };
/** Searching takes STEPS buckets at most from one to the next, and meets none twice. */
const FEWEST_BUCKETS = PROBES * STEPS;
/** A bucket is the product of a 32-bit hash with their number, which must be exact. */
const MOST_BUCKETS = 2 ** 21;
const MEMBERS_OF_WORD = 4;
const FEWEST_WORDS = 16;
const MOST_WORDS = 2 ** 20;

export const LIVE_SLOTS: Readonly<Record<Family, number>> = { 4: SLOTS4, 6: SLOTS6 };

/** Members that a table can be made for. */
export const MOST_MEMBERS: Readonly<Record<Family, number>> = {
  4: Math.floor(MOST_BUCKETS * SLOTS4 * LOAD[4]),
  6: Math.floor(MOST_BUCKETS * SLOTS6 * LOAD[6]),
};

export interface LiveGeometry {
  /** Of the filter, a power of two, of 64 bits. */
  readonly words: number;
  /** Of a hash, to a word of the filter. */
  readonly filterShift: number;
  /** Bytes from the start of the table. */
  readonly filterAt: number;
  readonly bucketsAt: number;
  readonly buckets: number;
  /** Of the table. */
  readonly bytes: number;
}

export function liveGeometry(family: Family, capacity: number): LiveGeometry {
  const wanted = Math.min(MOST_WORDS, Math.max(FEWEST_WORDS, Math.ceil(capacity / MEMBERS_OF_WORD)));
  const bits = Math.ceil(Math.log2(wanted));
  const buckets = Math.max(FEWEST_BUCKETS, Math.ceil(capacity / (LIVE_SLOTS[family] * LOAD[family])));
  const filterAt = STRUCTS.live_head.size;
  const bucketsAt = filterAt + 2 ** bits * WORD;
  const bytes = Math.ceil((bucketsAt + buckets * LINE) / UNIT) * UNIT;
  return { words: 2 ** bits, filterShift: 32 - bits, filterAt, bucketsAt, buckets, bytes };
}
