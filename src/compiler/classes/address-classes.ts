/**
 * Pass 4. Addresses of one family and one end fall into equivalence classes: two addresses are in
 * one class where the same conditions hold for both. The result is the address space cut into
 * ranges, each with its class.
 */
import { present } from '../../base/assert.ts';
import type { Family } from '../../base/ip.ts';
import { wordMask } from '../../base/ip.ts';
import { sortOrder } from '../../base/radix.ts';
import { wordsOf } from '../../policy/prefix-set.ts';
import type { AddressCondition } from '../conditions/resolve.ts';
import { RankSets } from './rank-sets.ts';

export interface AddressClass {
  /** The class of the next wider prefix around it; class 0 is its own parent. */
  readonly parent: number;
  /** Ids of the conditions that count besides the parent's, ascending. */
  readonly added: readonly number[];
  /** Ids of the parent's conditions that do not count, ascending: `added` has longer ones of the same addresses. */
  readonly removed: readonly number[];
  /** An added condition counts with less than its prefix is long: filters of the parent may come before its own. */
  readonly isCarved: boolean;
}

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
  const sweep = new Sweep(family, conditions);
  const entries = collect(
    family,
    conditions.filter((c) => !isEverything(c)),
  );
  const order = sortOrder(entries.words, wordsOf(family), entries.ids.length, entries.lengths);
  const named = family === 6 ? new PrefixList(order.length) : undefined;
  for (let i = 0; i < order.length; ) {
    const first = order[i]!;
    const ids = [entries.ids[first]!];
    for (i++; i < order.length && samePrefix(entries, wordsOf(family), first, order[i]!); i++)
      ids.push(entries.ids[order[i]!]!);
    const opened = sweep.open(entries.words, first, entries.lengths[first]!, ids);
    named?.add(entries, first, opened);
  }
  return { ...sweep.finish(), prefixes: named?.finish() };
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

/** So many conditions are searched one by one. */
const FEW = 8;

/** Walks prefixes in address order, wider first, with the open ones on a stack. */
class Sweep {
  readonly #family: Family;
  readonly #size: number;
  readonly #classes: AddressClass[];
  /** By class and what is added to it. */
  readonly #children = new Map<number | string, number>();
  /** Sets of condition ids, and by such a set the class where these count. */
  readonly #sets: RankSets;
  readonly #bySet = new Map<number, number>();
  /** By class: the set of conditions that count, and how many they are. */
  readonly #setOf: number[] = [];
  readonly #countOf: number[] = [];
  /** By class that adds many conditions: the one of each address. */
  readonly #addedByGroup = new Map<number, ReadonlyMap<number | undefined, number>>();
  readonly #groups: ReadonlyMap<number, number>;
  readonly #carved: ReadonlySet<number>;
  /** Open prefixes: the last address of each (size words an entry) and its class. */
  readonly #openLast: number[] = [];
  readonly #openClass: number[] = [];
  #starts: Uint32Array;
  #rangeClasses: Uint32Array;
  #count = 0;

  constructor(family: Family, conditions: readonly AddressCondition[]) {
    this.#family = family;
    this.#size = wordsOf(family);
    this.#groups = new Map(conditions.map(({ id, group }) => [id, group]));
    this.#carved = new Set(conditions.filter(({ extents }) => extents !== undefined).map(({ id }) => id));
    this.#sets = new RankSets(conditions.reduce((most, { id }) => Math.max(most, id), 0) + 1);
    const root = conditions.filter(isEverything).map((c) => c.id);
    root.sort((a, b) => a - b);
    this.#classes = [];
    this.#add({ parent: 0, added: root, removed: [], isCarved: false }, this.#sets.toggled(this.#sets.empty, root), 0);
    this.#starts = new Uint32Array(64 * this.#size);
    this.#rangeClasses = new Uint32Array(64);
    this.#emit(new Array<number>(this.#size).fill(0), 0);
  }

  /** Returns the class of the prefix. */
  open(words: Uint32Array, entry: number, length: number, ids: readonly number[]): number {
    const start: number[] = [];
    for (let w = 0; w < this.#size; w++) start.push(words[entry * this.#size + w]!);
    while (this.#openClass.length > 0 && this.#lastEndsBefore(start)) this.#close();
    const child = this.#intern(this.#currentClass(), ids);
    this.#emit(start, child);
    for (let w = 0; w < this.#size; w++) this.#openLast.push((start[w]! | ~wordMask(length, w)) >>> 0);
    this.#openClass.push(child);
    return child;
  }

  finish(): Omit<AddressClasses, 'prefixes'> {
    while (this.#openClass.length > 0) this.#close();
    const starts = this.#starts.slice(0, this.#count * this.#size);
    const rangeClasses = this.#rangeClasses.slice(0, this.#count);
    const counting = this.#countOf.reduce((sum, count) => sum + count, 0);
    return { family: this.#family, classes: this.#classes, starts, rangeClasses, rangeCount: this.#count, counting };
  }

  #currentClass(): number {
    return this.#openClass.at(-1) ?? 0;
  }

  #lastEndsBefore(start: readonly number[]): boolean {
    const at = this.#openLast.length - this.#size;
    for (let w = 0; w < this.#size; w++) {
      const difference = this.#openLast[at + w]! - start[w]!;
      if (difference !== 0) return difference < 0;
    }
    return false;
  }

  /** What follows the innermost open prefix has the class of the one around it. */
  #close(): void {
    const last = this.#openLast.splice(this.#openLast.length - this.#size);
    this.#openClass.pop();
    let w = this.#size - 1;
    while (w >= 0 && last[w] === 0xffffffff) last[w--] = 0;
    if (w < 0) return;
    last[w]!++;
    this.#emit(last, this.#currentClass());
  }

  #intern(parent: number, ids: readonly number[]): number {
    const key = ids.length === 1 ? parent * 0x4000000 + present(ids[0]) : `${parent}:${ids.join()}`;
    const known = this.#children.get(key);
    if (known !== undefined) return known;
    const child = this.#classOf(parent, ids);
    this.#children.set(key, child);
    return child;
  }

  /** Wider members of an address that has a longer one here do not count: no class tells them apart. */
  #classOf(parent: number, ids: readonly number[]): number {
    const added = [...new Set(ids)].sort((a, b) => a - b);
    const replaced = added.map((id) => this.#countingIn(parent, this.#groups.get(id)));
    const removed = replaced.filter((id) => id !== undefined).sort((a, b) => a - b);
    const changed = removed.length === 0 ? added : [...removed, ...added].sort((a, b) => a - b);
    const set = this.#sets.toggled(present(this.#setOf[parent]), changed);
    const known = this.#bySet.get(set);
    if (known !== undefined) return known;
    const isCarved = added.some((id) => this.#carved.has(id));
    return this.#add({ parent, added, removed, isCarved }, set, present(this.#countOf[parent]));
  }

  #add(added: AddressClass, set: number, parentCount: number): number {
    this.#bySet.set(set, this.#classes.length);
    this.#setOf.push(set);
    this.#countOf.push(parentCount - added.removed.length + added.added.length);
    return this.#classes.push(added) - 1;
  }

  /** The condition of the address that counts in a class: the nearest class around it that adds one says which. */
  #countingIn(index: number, group: number | undefined): number | undefined {
    for (let at = index; ; at = present(this.#classes[at]).parent) {
      const found = this.#addedOf(at, group);
      if (found !== undefined || at === 0) return found;
    }
  }

  #addedOf(index: number, group: number | undefined): number | undefined {
    const { added } = present(this.#classes[index]);
    if (added.length <= FEW) return added.find((id) => this.#groups.get(id) === group);
    const known = this.#addedByGroup.get(index) ?? new Map(added.map((id) => [this.#groups.get(id), id]));
    this.#addedByGroup.set(index, known);
    return known.get(group);
  }

  /** Starts a range. A range of no addresses is replaced, one of the same class goes on. */
  #emit(start: readonly number[], rangeClass: number): void {
    if (this.#count > 0 && this.#sameStart(start)) this.#count--;
    if (this.#count > 0 && this.#rangeClasses[this.#count - 1] === rangeClass) return;
    this.#reserve();
    this.#starts.set(start, this.#count * this.#size);
    this.#rangeClasses[this.#count++] = rangeClass;
  }

  #sameStart(start: readonly number[]): boolean {
    const at = (this.#count - 1) * this.#size;
    return start.every((word, w) => this.#starts[at + w] === word);
  }

  #reserve(): void {
    if (this.#count < this.#rangeClasses.length) return;
    const rangeClasses = new Uint32Array(this.#rangeClasses.length * 2);
    rangeClasses.set(this.#rangeClasses);
    const starts = new Uint32Array(this.#starts.length * 2);
    starts.set(this.#starts);
    this.#rangeClasses = rangeClasses;
    this.#starts = starts;
  }
}
