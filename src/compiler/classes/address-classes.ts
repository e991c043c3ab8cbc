/**
 * Pass 4. Addresses of one family and one end fall into equivalence classes: two addresses are in
 * one class where the same conditions hold for both. The result is the address space cut into
 * ranges, each with its class.
 */
import { present } from '../../base/assert.ts';
import type { Family } from '../../base/ip.ts';
import { fullLength, wordMask } from '../../base/ip.ts';
import { sortOrder } from '../../base/radix.ts';
import { wordsOf } from '../../policy/prefix-set.ts';
import type { AddressCondition } from '../conditions/resolve.ts';
import type { AddressClass } from './class-tree.ts';
import { ClassTree } from './class-tree.ts';
import { RangeList } from './range-list.ts';

export interface AddressClasses {
  readonly family: Family;
  /** Class 0 holds what no prefix names. */
  readonly classes: readonly AddressClass[];
  /** Start address of each range, ascending from 0; rangeCount * words. */
  readonly starts: Uint32Array;
  readonly rangeClasses: Uint32Array;
  readonly rangeCount: number;
  /** Conditions that count, of all classes together: as many as `conditionsByClass` lists. */
  readonly counting: number;
  /** IPv6 only: every prefix once, wider ones before those in them. */
  readonly prefixes: NamedPrefixes | undefined;
  /** Classes of live sets, by set and length: see live.ts. They have no ranges. */
  readonly live?: ReadonlyMap<string, number>;
}

/** Prefixes with the class of the addresses that no longer one holds. */
export interface NamedPrefixes {
  /** count * 4. */
  readonly words: Uint32Array;
  readonly lengths: Uint8Array;
  readonly classes: Uint32Array;
  readonly count: number;
}

/** Cuts the address space at the prefixes of `conditions`, which are of `family` and not `any`. */
export function addressClasses(family: Family, conditions: readonly AddressCondition[]): AddressClasses {
  const size = wordsOf(family);
  const everywhere = conditions.filter(isEverything);
  const entries = collect(
    family,
    conditions.filter((c) => !isEverything(c)),
  );
  const tree = new ClassTree(conditions, everywhere);
  const sweep = new Sweep(family, tree, entries.ids.length);
  const order = sortOrder(entries.words, size, entries.ids.length, entries.lengths);
  const named = family === 6 ? new PrefixList(order.length) : undefined;
  let ids: readonly number[] = [];
  for (let i = 0; i < order.length; ) {
    const first = order[i]!;
    const from = i;
    do i++;
    while (i < order.length && samePrefix(entries, size, first, order[i]!));
    const id = entries.ids[first]!;
    // A list has a million prefixes of one condition.
    if (i - from > 1) ids = Array.from(order.subarray(from, i), (entry) => entries.ids[entry]!);
    else if (ids.length !== 1 || ids[0] !== id) ids = [id];
    const opened = sweep.open(entries.words, first * size, entries.lengths[first]!, ids);
    named?.add(entries, first, opened);
  }
  const ranges = sweep.finish();
  return { family, classes: tree.classes, ...ranges, counting: tree.counting, prefixes: named?.finish() };
}

/** By class: ids of the conditions that count, widest first, without `any`: of each address the longest. */
export function conditionsByClass({ classes }: AddressClasses): readonly (readonly number[])[] {
  const all: (readonly number[])[] = [];
  for (const [index, { parent, added, removed }] of classes.entries()) {
    const inherited = index === parent ? [] : present(all[parent]);
    const kept = removed.length === 0 ? inherited : inherited.filter((id) => !removed.includes(id));
    all.push([...kept, ...added]);
  }
  return all;
}

/** All addresses of the family. */
function isEverything({ length, extents }: AddressCondition): boolean {
  return length === 0 && extents === undefined;
}

/** IPv6 prefixes, up to `room` of them. */
class PrefixList {
  readonly #words: Uint32Array;
  readonly #lengths: Uint8Array;
  readonly #classes: Uint32Array;
  #count = 0;

  constructor(room: number) {
    this.#words = new Uint32Array(room * wordsOf(6));
    this.#lengths = new Uint8Array(room);
    this.#classes = new Uint32Array(room);
  }

  add({ words, lengths }: Entries, entry: number, addressClass: number): void {
    const size = wordsOf(6);
    this.#words.set(words.subarray(entry * size, (entry + 1) * size), this.#count * size);
    this.#lengths[this.#count] = lengths[entry]!;
    this.#classes[this.#count++] = addressClass;
  }

  finish(): NamedPrefixes {
    const count = this.#count;
    return {
      words: this.#words.subarray(0, count * wordsOf(6)),
      lengths: this.#lengths.subarray(0, count),
      classes: this.#classes.subarray(0, count),
      count,
    };
  }
}

interface Entries {
  readonly words: Uint32Array;
  readonly lengths: Uint8Array;
  readonly ids: Uint32Array;
}

function collect(family: Family, conditions: readonly AddressCondition[]): Entries {
  const size = wordsOf(family);
  const count = conditions.reduce((sum, c) => sum + c.count, 0);
  const entries = { words: new Uint32Array(count * size), lengths: new Uint8Array(count), ids: new Uint32Array(count) };
  let at = 0;
  for (const condition of conditions) {
    entries.words.set(condition.words, at * size);
    if (condition.extents === undefined) entries.lengths.fill(condition.length, at, at + condition.count);
    else entries.lengths.set(condition.extents, at);
    entries.ids.fill(condition.id, at, at + condition.count);
    at += condition.count;
  }
  return entries;
}

function samePrefix(entries: Entries, size: number, a: number, b: number): boolean {
  if (entries.lengths[a] !== entries.lengths[b]) return false;
  for (let w = 0; w < size; w++) if (entries.words[a * size + w] !== entries.words[b * size + w]) return false;
  return true;
}

/** Walks prefixes in address order, wider first, with the open ones on a stack. */
class Sweep {
  readonly #size: number;
  readonly #tree: ClassTree;
  readonly #ranges: RangeList;
  /** Open prefixes: the last address of each (size words an entry) and its class. Each is longer than the one before. */
  readonly #openLast: Uint32Array;
  readonly #openClass: Uint32Array;
  #open = 0;

  constructor(family: Family, tree: ClassTree, prefixes: number) {
    this.#size = wordsOf(family);
    this.#tree = tree;
    this.#openLast = new Uint32Array((fullLength(family) + 1) * this.#size);
    this.#openClass = new Uint32Array(fullLength(family) + 1);
    // A prefix starts a range and ends one.
    this.#ranges = new RangeList(this.#size, 1 + 2 * prefixes);
    this.#ranges.start(new Uint32Array(this.#size), 0, 0);
  }

  /** The prefix whose first address is at `at` of `words`. Returns its class. */
  open(words: Uint32Array, at: number, length: number, ids: readonly number[]): number {
    while (this.#open > 0 && this.#lastEndsBefore(words, at)) this.#close();
    const child = this.#tree.childOf(this.#currentClass(), ids);
    this.#ranges.start(words, at, child);
    const last = this.#open * this.#size;
    for (let w = 0; w < this.#size; w++) this.#openLast[last + w] = words[at + w]! | ~wordMask(length, w);
    this.#openClass[this.#open++] = child;
    return child;
  }

  finish(): ReturnType<RangeList['finish']> {
    while (this.#open > 0) this.#close();
    return this.#ranges.finish();
  }

  #currentClass(): number {
    return this.#open === 0 ? 0 : this.#openClass[this.#open - 1]!;
  }

  #lastEndsBefore(words: Uint32Array, at: number): boolean {
    const last = (this.#open - 1) * this.#size;
    for (let w = 0; w < this.#size; w++) {
      const difference = this.#openLast[last + w]! - words[at + w]!;
      if (difference !== 0) return difference < 0;
    }
    return false;
  }

  /** What follows the innermost open prefix has the class of the one around it. */
  #close(): void {
    const at = --this.#open * this.#size;
    const last = this.#openLast;
    let w = this.#size - 1;
    while (w >= 0 && last[at + w] === 0xffffffff) last[at + w--] = 0;
    if (w < 0) return;
    last[at + w]!++;
    this.#ranges.start(last, at, this.#currentClass());
  }
}
