/** Classes of addresses, each made from the class around it by the conditions that a prefix adds. */
import { present } from '../../base/assert.ts';
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

/** So many conditions are searched one by one. */
const FEW = 8;
/** More than there are conditions. */
const CONDITIONS = 0x4000000;

export class ClassTree {
  readonly #classes: AddressClass[] = [];
  /** By class and what is added to it. */
  readonly #children = new Map<number | string, number>();
  /** The last one that was asked for: a list has runs of prefixes of one class. */
  #lastKey: number | string | undefined;
  #lastChild = 0;
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

  /** `everywhere`: those of `conditions` that hold for every address. */
  constructor(conditions: readonly AddressCondition[], everywhere: readonly AddressCondition[]) {
    this.#groups = new Map(conditions.map(({ id, group }) => [id, group]));
    this.#carved = new Set(conditions.filter(({ extents }) => extents !== undefined).map(({ id }) => id));
    this.#sets = new RankSets(conditions.reduce((most, { id }) => Math.max(most, id), 0) + 1);
    const root = everywhere.map(({ id }) => id).sort((a, b) => a - b);
    this.#add({ parent: 0, added: root, removed: [], isCarved: false }, this.#sets.toggled(this.#sets.empty, root), 0);
  }

  get classes(): readonly AddressClass[] {
    return this.#classes;
  }

  /** Conditions that count, of all classes together. */
  get counting(): number {
    return this.#countOf.reduce((sum, count) => sum + count, 0);
  }

  /** The class of a prefix of these conditions inside one of the class `parent`. */
  childOf(parent: number, ids: readonly number[]): number {
    const key = ids.length === 1 ? parent * CONDITIONS + ids[0]! : `${parent}:${ids.join()}`;
    if (key === this.#lastKey) return this.#lastChild;
    const child = this.#children.get(key) ?? this.#classOf(parent, ids);
    this.#children.set(key, child);
    this.#lastKey = key;
    this.#lastChild = child;
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
}
