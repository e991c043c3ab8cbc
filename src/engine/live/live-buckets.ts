/** The buckets of a live table in memory: struct xdpol_live_bucket4 and struct xdpol_live_bucket6, a cache line each. */
import { present } from '../../base/assert.ts';
import type { Family } from '../../base/ip.ts';
import { ENUMS, STRUCTS } from '../../layout/layout.gen.ts';
import type { LiveGeometry } from './live-geometry.ts';
import { LIVE_SLOTS } from './live-geometry.ts';

const { LEVEL_SHIFT, SETS, PASSED_MANY } = ENUMS.live;
const { live_bucket4: BUCKET4, live_bucket6: BUCKET6 } = STRUCTS;
const LINE = 64;
const WORD = 4;
const WORDS_OF_LINE = LINE / WORD;

interface Parts {
  readonly passedAt: number;
  /** In words of 32 bits. */
  readonly endsAt: number;
}

const PARTS: Readonly<Record<Family, Parts>> = {
  4: { passedAt: BUCKET4.fields.passed.offset, endsAt: BUCKET4.fields.ends.offset / WORD },
  6: { passedAt: BUCKET6.fields.passed.offset, endsAt: BUCKET6.fields.ends.offset / WORD },
};
const KEYS_AT = BUCKET4.fields.keys.offset / WORD;
const HIGHS_AT = BUCKET6.fields.highs.offset / WORD;
const LOWS_AT = BUCKET6.fields.lows.offset / WORD;

/** What programs tell the members of one place by. */
export interface LiveId {
  readonly level: number;
  readonly set: number;
}

export function idOf({ level, set }: LiveId): number {
  return (level << LEVEL_SHIFT) | set;
}

export function setOfId(id: number): number {
  return id % SETS;
}

export function levelOfId(id: number): number {
  return id >> LEVEL_SHIFT;
}

/** A place is bucket * slots + slot. Stores are in the order of the calls, each whole for a program that reads. */
export class LiveBuckets {
  readonly slots: number;
  readonly places: number;
  readonly #family: Family;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #parts: Parts;

  constructor(family: Family, table: Uint8Array, { bucketsAt, buckets }: LiveGeometry) {
    const { buffer, byteOffset } = table;
    this.slots = LIVE_SLOTS[family];
    this.places = buckets * this.slots;
    this.#family = family;
    this.#parts = PARTS[family];
    this.#bytes = new Uint8Array(buffer, byteOffset + bucketsAt, buckets * LINE);
    this.#words = new Uint32Array(buffer, byteOffset + bucketsAt, buckets * WORDS_OF_LINE);
  }

  /** 0: the place is free. */
  id(bucket: number, slot: number): number {
    return this.#bytes[bucket * LINE + slot] ?? 0;
  }

  setId(bucket: number, slot: number, id: number): void {
    Atomics.store(this.#bytes, bucket * LINE + slot, id);
  }

  /** 0 where no member was ever in the place. */
  end(bucket: number, slot: number): number {
    return this.#words[bucket * WORDS_OF_LINE + this.#parts.endsAt + slot] ?? 0;
  }

  setEnd(bucket: number, slot: number, end: number): void {
    Atomics.store(this.#words, bucket * WORDS_OF_LINE + this.#parts.endsAt + slot, end);
  }

  /** Of IPv4 one word, of IPv6 four. */
  hasKey(bucket: number, slot: number, key: readonly number[]): boolean {
    const at = bucket * WORDS_OF_LINE;
    const words = this.#words;
    if (this.#family === 4) return words[at + KEYS_AT + slot] === key[0];
    const high = at + HIGHS_AT + 2 * slot;
    const low = at + LOWS_AT + 2 * slot;
    return words[high + 1] === key[0] && words[high] === key[1] && words[low + 1] === key[2] && words[low] === key[3];
  }

  key(bucket: number, slot: number): readonly number[] {
    return this.#keyWords(bucket, slot).map((at) => present(this.#words[at]));
  }

  setKey(bucket: number, slot: number, key: readonly number[]): void {
    for (const [i, at] of this.#keyWords(bucket, slot).entries()) Atomics.store(this.#words, at, present(key[i]));
  }

  /** Members that had to go to a bucket after this one; PASSED_MANY: too many to be counted. */
  passed(bucket: number): number {
    return this.#bytes[bucket * LINE + this.#parts.passedAt] ?? 0;
  }

  addPassed(bucket: number): void {
    const at = bucket * LINE + this.#parts.passedAt;
    const before = this.passed(bucket);
    if (before < PASSED_MANY) Atomics.store(this.#bytes, at, before + 1);
  }

  takePassed(bucket: number): void {
    const at = bucket * LINE + this.#parts.passedAt;
    const before = this.passed(bucket);
    if (before > 0 && before < PASSED_MANY) Atomics.store(this.#bytes, at, before - 1);
  }

  #keyWords(bucket: number, slot: number): readonly number[] {
    const at = bucket * WORDS_OF_LINE;
    if (this.#family === 4) return [at + KEYS_AT + slot];
    const high = at + HIGHS_AT + 2 * slot;
    const low = at + LOWS_AT + 2 * slot;
    return [high + 1, high, low + 1, low];
  }
}
