/**
 * The members of live sets of one family, in the memory that programs read: bpf/live-layout.h says by which rules. One
 * writer at a time; whenever it is killed, what is there reads right.
 */
import { randomInt } from 'node:crypto';
import type { BpfMap } from 'libbpf-ts-bindings';
import type { Family } from '../../base/ip.ts';
import { liveLevel } from '../../compiler/live-classes.ts';
import { ENUMS, STRUCTS } from '../../layout/layout.gen.ts';
import { LEVELS } from '../../policy/live-sets.ts';
import { idOf, LiveBuckets, levelOfId, setOfId } from './live-buckets.ts';
import { endOfWord, endWord, hasEnded, isLater } from './live-end.ts';
import { LiveFilter } from './live-filter.ts';
import type { LiveGeometry } from './live-geometry.ts';
import { liveGeometry } from './live-geometry.ts';
import { memberHash } from './live-hash.ts';
import { waitForPrograms } from './wait-for-programs.ts';

const { PROBES, STEPS } = ENUMS.live;
const { fields: HEAD } = STRUCTS.live_head;
/** A share of the places may wait for programs before they are used again. */
const WAITING_SHARE = 8;
/** So many members that went leave bits in the filter; then, where they are more than those that stay, it is made anew. */
const FEWEST_STALE = 4096;

export interface LiveMemberName {
  /** 0 to 15. */
  readonly set: number;
  readonly family: Family;
  /** The prefix, host bits 0: one word of IPv4, four of IPv6. */
  readonly words: readonly number[];
  /** One of LEVELS. */
  readonly length: number;
}

export interface LiveMember extends LiveMemberName {
  /** jiffies64; left out: never. */
  readonly end?: bigint | undefined;
}

/** `extended`: it was there and ends later now. `full`: there is no room. */
export type Added = 'added' | 'extended' | 'present' | 'full';

const NOWHERE = -1;

/** A member as the table knows it. */
interface Key {
  readonly id: number;
  readonly words: readonly number[];
  readonly hash: number;
}

export class LiveTable {
  readonly family: Family;
  readonly geometry: LiveGeometry;
  /** Members that there is room for. */
  readonly capacity: number;
  /** jiffies64 from which ends are counted. */
  readonly epoch: bigint;
  readonly #seed: number;
  readonly #buckets: LiveBuckets;
  readonly #filter: LiveFilter;
  readonly #now: () => bigint;
  readonly #head: DataView;
  /** In the head while nobody else has changed the table. */
  readonly #writer = randomInt(1, 2 ** 32);
  /** Places whose members went, and that a program may still be reading. */
  readonly #waiting = new Set<number>();
  /** Another writer may have taken members away just now. */
  #isFresh = true;
  #count = 0;
  #stale = 0;

  /** The map is lent. `now` tells jiffies64. */
  constructor(family: Family, map: BpfMap, now: () => bigint) {
    const table = map.mmap();
    const head = new DataView(table.buffer, table.byteOffset);
    this.#head = head;
    this.family = family;
    this.capacity = head.getUint32(HEAD.capacity.offset, true);
    this.geometry = liveGeometry(family, this.capacity);
    if (table.length !== this.geometry.bytes) throw new Error('bug: a live table has the size of another capacity');
    this.epoch = head.getBigUint64(HEAD.epoch.offset, true);
    this.#seed = head.getUint32(HEAD.seed.offset, true);
    this.#buckets = new LiveBuckets(family, table, this.geometry);
    this.#filter = new LiveFilter(family, this.#seed, table, this.geometry);
    this.#now = now;
  }

  /** A member that is there keeps the later end, or gets this one where it is to be replaced. */
  add(member: LiveMember, { replace = false }: { readonly replace?: boolean } = {}): Added {
    this.#takeOver();
    const key = this.#keyOf(member);
    const end = endWord(member.end, this.epoch);
    const there = this.#find(key);
    if (there !== NOWHERE) return this.#changeEnd(there, end, replace);
    if (this.#count >= this.capacity && this.removeEnded() === 0) return 'full';
    const place = this.#freePlace(key);
    if (place === NOWHERE) return 'full';
    this.#filter.add(member.words);
    const { bucket, slot } = this.#at(place);
    for (let passed = this.#first(key.hash); passed !== bucket; passed = this.#next(passed, key.hash)) {
      this.#buckets.addPassed(passed);
    }
    this.#buckets.setKey(bucket, slot, key.words);
    this.#buckets.setEnd(bucket, slot, end);
    this.#buckets.setId(bucket, slot, key.id);
    this.#count++;
    return 'added';
  }

  /** False where it was not there. */
  remove(name: LiveMemberName): boolean {
    this.#takeOver();
    const key = this.#keyOf(name);
    const place = this.#find(key);
    if (place === NOWHERE) return false;
    this.#takeAway(place, key.hash);
    this.#tidyFilter();
    return true;
  }

  /** The end of a member that is there, as the table keeps it; false where it is not, or has ended. */
  has(name: LiveMemberName): boolean {
    const place = this.#find(this.#keyOf(name));
    return place !== NOWHERE && !hasEnded(this.#endAt(place), this.#age());
  }

  /** How many there were. */
  clear(set: number): number {
    return this.#removeAll((place) => setOfId(this.#idAt(place)) === set);
  }

  /** How many there were. */
  removeEnded(): number {
    const age = this.#age();
    return this.#removeAll((place) => hasEnded(this.#endAt(place), age));
  }

  /** Those that have ended included, in no order. */
  *members(): IterableIterator<LiveMember> {
    for (const place of this.#taken()) yield this.#memberAt(place);
  }

  /** What this writer knows of the table holds until another one has changed it. */
  #takeOver(): void {
    if (this.#head.getUint32(HEAD.writer.offset, true) === this.#writer) return;
    this.#head.setUint32(HEAD.writer.offset, this.#writer, true);
    this.#waiting.clear();
    this.#isFresh = true;
    this.#count = this.#countAll();
  }

  #age(): number {
    return Number(this.#now() - this.epoch);
  }

  #keyOf({ set, family, words, length }: LiveMemberName): Key {
    const level = liveLevel(family, length);
    if (family !== this.family || level === undefined) throw new Error(`bug: no member of length ${length}`);
    const [first = 0] = words;
    const key = family === 4 ? [first >>> (32 - length)] : words;
    return { id: idOf({ level, set }), words: key, hash: memberHash(this.#seed, level, key) };
  }

  #at(place: number): { readonly bucket: number; readonly slot: number } {
    const { slots } = this.#buckets;
    return { bucket: Math.floor(place / slots), slot: place % slots };
  }

  #idAt(place: number): number {
    const { bucket, slot } = this.#at(place);
    return this.#buckets.id(bucket, slot);
  }

  #endAt(place: number): number {
    const { bucket, slot } = this.#at(place);
    return this.#buckets.end(bucket, slot);
  }

  #memberAt(place: number): LiveMember {
    const { bucket, slot } = this.#at(place);
    const id = this.#buckets.id(bucket, slot);
    const length = LEVELS[this.family][levelOfId(id) - 1] ?? 0;
    const key = this.#buckets.key(bucket, slot);
    const [first = 0] = key;
    const words = this.family === 4 ? [(first << (32 - length)) >>> 0] : key;
    const end = endOfWord(this.#buckets.end(bucket, slot), this.epoch);
    return { set: setOfId(id), family: this.family, words, length, ...(end === undefined ? {} : { end }) };
  }

  /** The buckets that a member may be in are PROBES from here on, in the order in which programs search them. */
  #first(hash: number): number {
    return Math.floor((hash * this.geometry.buckets) / 2 ** 32);
  }

  #next(bucket: number, hash: number): number {
    const next = bucket + 1 + (hash & (STEPS - 1));
    return next < this.geometry.buckets ? next : next - this.geometry.buckets;
  }

  #find({ id, words, hash }: Key): number {
    const { slots } = this.#buckets;
    let bucket = this.#first(hash);
    for (let probe = 0; probe < PROBES; probe++, bucket = this.#next(bucket, hash)) {
      for (let slot = 0; slot < slots; slot++) {
        if (this.#buckets.id(bucket, slot) === id && this.#buckets.hasKey(bucket, slot, words))
          return bucket * slots + slot;
      }
      if (this.#buckets.passed(bucket) === 0) break;
    }
    return NOWHERE;
  }

  #changeEnd(place: number, end: number, replace: boolean): Added {
    const { bucket, slot } = this.#at(place);
    const before = this.#buckets.end(bucket, slot);
    const later = isLater(end, before);
    if (end === before || !(later || replace)) return 'present';
    const had = hasEnded(before, this.#age());
    this.#buckets.setEnd(bucket, slot, end);
    return had ? 'added' : 'extended';
  }

  /** One that programs may still be reading is free once they are waited for; the last that are free are of members that ended. */
  #freePlace({ hash }: Key): number {
    const place = this.#findFree(hash);
    if (place !== NOWHERE) return place;
    this.#release();
    const released = this.#findFree(hash);
    if (released !== NOWHERE || this.removeEnded() === 0) return released;
    this.#release();
    return this.#findFree(hash);
  }

  #findFree(hash: number): number {
    const { slots } = this.#buckets;
    let bucket = this.#first(hash);
    for (let probe = 0; probe < PROBES; probe++, bucket = this.#next(bucket, hash)) {
      for (let slot = 0; slot < slots; slot++) if (this.#isFree(bucket, slot)) return bucket * slots + slot;
    }
    return NOWHERE;
  }

  #isFree(bucket: number, slot: number): boolean {
    if (this.#buckets.id(bucket, slot) !== 0 || this.#waiting.has(bucket * this.#buckets.slots + slot)) return false;
    return !this.#isFresh || this.#buckets.end(bucket, slot) === 0;
  }

  #release(): void {
    waitForPrograms();
    this.#waiting.clear();
    this.#isFresh = false;
  }

  #takeAway(place: number, hash: number): void {
    const { bucket, slot } = this.#at(place);
    this.#buckets.setId(bucket, slot, 0);
    for (let passed = this.#first(hash); passed !== bucket; passed = this.#next(passed, hash)) {
      this.#buckets.takePassed(passed);
    }
    this.#waiting.add(place);
    this.#count--;
    this.#stale++;
    if (this.#waiting.size * WAITING_SHARE > this.#buckets.places) this.#release();
  }

  #removeAll(isMeant: (place: number) => boolean): number {
    this.#takeOver();
    let removed = 0;
    for (const place of this.#taken()) {
      if (!isMeant(place)) continue;
      const { bucket, slot } = this.#at(place);
      const level = levelOfId(this.#buckets.id(bucket, slot));
      this.#takeAway(place, memberHash(this.#seed, level, this.#buckets.key(bucket, slot)));
      removed++;
    }
    this.#tidyFilter();
    return removed;
  }

  *#taken(): IterableIterator<number> {
    const { slots } = this.#buckets;
    for (let bucket = 0; bucket < this.geometry.buckets; bucket++) {
      for (let slot = 0; slot < slots; slot++) if (this.#buckets.id(bucket, slot) !== 0) yield bucket * slots + slot;
    }
  }

  #countAll(): number {
    let count = 0;
    for (let bucket = 0; bucket < this.geometry.buckets; bucket++) {
      for (let slot = 0; slot < this.#buckets.slots; slot++) if (this.#buckets.id(bucket, slot) !== 0) count++;
    }
    return count;
  }

  #tidyFilter(): void {
    if (this.#stale < Math.max(FEWEST_STALE, this.#count)) return;
    this.#filter.keep(this.#addresses());
    this.#stale = 0;
  }

  *#addresses(): IterableIterator<readonly number[]> {
    for (const place of this.#taken()) yield this.#memberAt(place).words;
  }
}
