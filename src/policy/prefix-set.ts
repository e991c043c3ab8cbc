/**
 * Sets of prefixes in columns, because a set may have a million of them. Within one family the
 * prefixes are sorted by address, wider ones first, and each is there once. A prefix inside a wider
 * one stays: an address counts with the longest member that contains it. Neighbours are not joined.
 */

import { present } from '../base/assert.ts';
import type { Address, Family, Prefix } from '../base/ip.ts';
import { fullLength, wholeAddress, wordMask } from '../base/ip.ts';
import { sortOrder } from '../base/radix.ts';

export interface PrefixColumn {
  readonly family: Family;
  readonly count: number;
  /** count * 1 (IPv4) or count * 4 (IPv6) words, most significant first. */
  readonly words: Uint32Array;
  readonly lengths: Uint8Array;
}

export interface PrefixSet {
  readonly v4: PrefixColumn;
  readonly v6: PrefixColumn;
}

/** Words of one address of a family. */
export function wordsOf(family: Family): 1 | 4 {
  return family === 4 ? 1 : 4;
}

/** Collects prefixes in any order; `build` sorts them and drops what is there twice. */
export class PrefixSetBuilder {
  readonly #columns = { 4: new ColumnBuilder(4), 6: new ColumnBuilder(6) };

  add(prefix: Prefix): void {
    this.#columns[prefix.family].add(prefix.words, prefix.length);
  }

  /** IPv4 without an object per line: for reading large files. */
  addIpv4(word: number, length: number): void {
    this.#columns[4].addWord(word, length);
  }

  build(): PrefixSet {
    return { v4: this.#columns[4].build(), v6: this.#columns[6].build() };
  }
}

class ColumnBuilder {
  readonly #family: Family;
  #words = new Uint32Array(64);
  #lengths = new Uint8Array(16);
  #count = 0;

  constructor(family: Family) {
    this.#family = family;
  }

  add(words: readonly number[], length: number): void {
    this.#reserve();
    this.#words.set(words, this.#count * words.length);
    this.#lengths[this.#count++] = length;
  }

  addWord(word: number, length: number): void {
    this.#reserve();
    this.#words[this.#count] = word;
    this.#lengths[this.#count++] = length;
  }

  build(): PrefixColumn {
    const family = this.#family;
    const size = wordsOf(family);
    const from = { words: this.#words, lengths: this.#lengths };
    const order = sortOrder(from.words, size, this.#count, from.lengths);
    const words = new Uint32Array(order.length * size);
    const lengths = new Uint8Array(order.length);
    let kept = 0;
    for (let i = 0; i < order.length; i++) {
      const entry = order[i]!;
      const length = from.lengths[entry]!;
      if (kept > 0 && lengths[kept - 1] === length && sameWords(words, kept - 1, from.words, entry, size)) continue;
      for (let w = 0; w < size; w++) words[kept * size + w] = from.words[entry * size + w]!;
      lengths[kept++] = length;
    }
    return { family, count: kept, words: words.slice(0, kept * size), lengths: lengths.slice(0, kept) };
  }

  #reserve(): void {
    if (this.#count < this.#lengths.length) return;
    const lengths = new Uint8Array(this.#lengths.length * 2);
    lengths.set(this.#lengths);
    const words = new Uint32Array(lengths.length * wordsOf(this.#family));
    words.set(this.#words.subarray(0, this.#count * wordsOf(this.#family)));
    this.#lengths = lengths;
    this.#words = words;
  }
}

function sameWords(words: Uint32Array, entry: number, others: Uint32Array, other: number, size: number): boolean {
  for (let w = 0; w < size; w++) if (words[entry * size + w] !== others[other * size + w]) return false;
  return true;
}

/**
 * The length of the longest member that contains `address`, or undefined. Each member that contains the address has
 * the bits that the address has in common with the last member at or before it: so few binary searches find it.
 */
export function matchLength(set: PrefixSet, address: Address): number | undefined {
  const column = address.family === 4 ? set.v4 : set.v6;
  const size = wordsOf(address.family);
  let key = address.words;
  let length: number = fullLength(address.family);
  for (let end = column.count; ; ) {
    end = entriesUpTo(column, end, key, length);
    if (end === 0) return undefined;
    const found = end - 1;
    const common = commonLength(column.words, found * size, address.words);
    const own = present(column.lengths[found]);
    if (own <= common) return own;
    length = common;
    key = address.words.map((word, w) => (word & wordMask(common, w)) >>> 0);
  }
}

/** The index of exactly this prefix, or undefined. */
export function findPrefix(column: PrefixColumn, prefix: Prefix): number | undefined {
  const at = entriesUpTo(column, column.count, prefix.words, prefix.length) - 1;
  if (at < 0 || column.lengths[at] !== prefix.length) return undefined;
  return compareAt(column.words, at * prefix.words.length, prefix.words) === 0 ? at : undefined;
}

/** How many of the first `end` entries are at or before the prefix `key`/`length`. */
function entriesUpTo(column: PrefixColumn, end: number, key: readonly number[], length: number): number {
  let lo = 0;
  let hi = end;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    const order = compareAt(column.words, mid * key.length, key) || present(column.lengths[mid]) - length;
    if (order <= 0) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** Bits from the first on that an entry and an address have in common. */
function commonLength(words: Uint32Array, at: number, address: readonly number[]): number {
  for (const [w, word] of address.entries()) {
    const difference = present(words[at + w]) ^ word;
    if (difference !== 0) return 32 * w + Math.clz32(difference);
  }
  return 32 * address.length;
}

function compareAt(words: Uint32Array, at: number, address: readonly number[]): number {
  for (const [w, word] of address.entries()) {
    const difference = present(words[at + w]) - word;
    if (difference !== 0) return difference;
  }
  return 0;
}

export function prefixSetOf(prefixes: Iterable<Prefix>): PrefixSet {
  const builder = new PrefixSetBuilder();
  for (const prefix of prefixes) builder.add(prefix);
  return builder.build();
}

export interface LengthCount {
  readonly length: number;
  /** Prefixes of this length. */
  readonly count: number;
}

/** The lengths that prefixes of the column have, ascending. */
export function countLengths({ family, count, lengths }: PrefixColumn): readonly LengthCount[] {
  if (count === 0) return [];
  const counts = new Uint32Array(fullLength(family) + 1);
  for (let i = 0; i < count; i++) counts[lengths[i]!]!++;
  const found: LengthCount[] = [];
  for (let length = 0; length < counts.length; length++) {
    if (counts[length]! > 0) found.push({ length, count: counts[length]! });
  }
  return found;
}

/** A set of whole addresses. */
export function hostSet(addresses: readonly Address[]): PrefixSet {
  return prefixSetOf(addresses.map(wholeAddress));
}

/** Every prefix of a set, IPv4 first, in the set's order. */
export function* prefixesOf(set: PrefixSet): Generator<Prefix> {
  yield* prefixesOfColumn(set.v4);
  yield* prefixesOfColumn(set.v6);
}

export function* prefixesOfColumn(column: PrefixColumn): Generator<Prefix> {
  const size = wordsOf(column.family);
  for (let i = 0; i < column.count; i++) {
    const words = [...column.words.subarray(i * size, (i + 1) * size)];
    yield { family: column.family, words, length: present(column.lengths[i]) };
  }
}
