/**
 * The addresses of one family, cut into atoms: two addresses are in one atom where the same conditions hold for
 * both. Sets of addresses are sets of atoms then, however many prefixes they were written with.
 */
import { present } from '../../base/assert.ts';
import type { Address, Family } from '../../base/ip.ts';
import { fullLength, parseAddress, wordMask } from '../../base/ip.ts';
import { wordsOf } from '../../policy/prefix-set.ts';
import type { AddressClasses } from '../classes/address-classes.ts';
import { addressClasses, conditionsByClass } from '../classes/address-classes.ts';
import type { AddressCondition } from '../conditions/resolve.ts';
import { ANY_ADDRESS } from '../conditions/resolve.ts';

/** Equal sets of one family are the same object. */
export interface AtomSet {
  readonly id: number;
  /** Ascending, at least one. */
  readonly atoms: Int32Array;
}

/** For example packets, where the filters leave a choice: what is set aside for examples, then any unicast address. */
const PREFERRED: Readonly<Record<Family, readonly Address[]>> = {
  4: ['203.0.113.9', '203.0.113.10', '198.51.100.9', '198.51.100.10', '192.0.2.9', '192.0.2.10'].map(addressOf),
  6: ['2001:db8:ffff::9', '2001:db8:ffff::a'].map(addressOf),
};
/** First addresses of stretches that hosts have addresses in. */
const UNICAST: Readonly<Record<Family, readonly Address[]>> = {
  4: ['1.0.0.1', '1.0.0.2', '128.0.0.1', '128.0.0.2'].map(addressOf),
  6: ['2000::1', '2000::2', 'fe80::1', 'fe80::2'].map(addressOf),
};

function addressOf(text: string): Address {
  return present(parseAddress(text));
}

/** Atoms count from 0, those with the fewest conditions first. */
export class Atoms {
  readonly family: Family;
  readonly everything: AtomSet;
  /** By atom: the ids of the conditions that hold there, `any` first. */
  readonly #conditions: readonly (readonly number[])[];
  readonly #examples: readonly (readonly Address[])[];
  /** Addresses of each atom. */
  readonly #sizes: Float64Array;
  /** By id of a set: many filters have the same addresses. */
  readonly #sizeOf = new Map<number, number>();
  readonly #byCondition = new Map<number, number[]>();
  readonly #sets = new Map<number, AtomSet>();
  readonly #interned = new Map<string, AtomSet>();
  readonly #common = new Map<number, AtomSet | undefined>();

  constructor(family: Family, conditions: readonly AddressCondition[]) {
    // A member of a set is told from a longer one around the same address: each is a box of its own here.
    const classes = addressClasses(
      family,
      conditions.map((condition) => ({ ...condition, group: condition.id })),
    );
    const counting = conditionsByClass(classes);
    const sizes = sizesOf(classes);
    // A class whose prefix is covered by longer ones has no address of its own.
    const held = classes.classes
      .flatMap((_, index) => (sizes[index] === 0 ? [] : [index]))
      .map((index) => ({ index, conditions: [ANY_ADDRESS.id, ...present(counting[index])] }))
      .sort((a, b) => a.conditions.length - b.conditions.length || a.index - b.index);
    this.family = family;
    this.#conditions = held.map((atom) => atom.conditions);
    const examples = examplesOf(classes);
    this.#examples = held.map(({ index }) => present(examples[index]));
    this.#sizes = Float64Array.from(held, ({ index }) => sizes[index]!);
    for (const [atom, ids] of this.#conditions.entries()) {
      for (const id of ids) {
        const atoms = this.#byCondition.get(id);
        if (atoms === undefined) this.#byCondition.set(id, [atom]);
        else atoms.push(atom);
      }
    }
    this.everything = this.where(ANY_ADDRESS.id);
  }

  get count(): number {
    return this.#conditions.length;
  }

  conditionsAt(atom: number): readonly number[] {
    return present(this.#conditions[atom]);
  }

  /** One or two addresses of the atom: two unless it has only one. */
  examples(atom: number): readonly Address[] {
    return present(this.#examples[atom]);
  }

  /** Addresses in the set. */
  size(set: AtomSet): number {
    const known = this.#sizeOf.get(set.id);
    if (known !== undefined) return known;
    const size = set.atoms.reduce((sum, atom) => sum + this.#sizes[atom]!, 0);
    this.#sizeOf.set(set.id, size);
    return size;
  }

  /** Where the condition holds. */
  where(condition: number): AtomSet {
    const known = this.#sets.get(condition);
    if (known !== undefined) return known;
    const set = this.#intern(present(this.#byCondition.get(condition), 'a condition holds nowhere'));
    this.#sets.set(condition, set);
    return set;
  }

  /** Where one of the conditions holds. */
  whereAny(conditions: readonly number[]): AtomSet {
    const [first, ...others] = new Set(conditions);
    return others.reduce((sum, condition) => this.union(sum, this.where(condition)), this.where(present(first)));
  }

  covers(outer: AtomSet, inner: AtomSet): boolean {
    if (outer === inner || outer === this.everything) return true;
    return inner.atoms.length <= outer.atoms.length && this.common(outer, inner) === inner;
  }

  /** undefined where they have no atom in common. */
  common(a: AtomSet, b: AtomSet): AtomSet | undefined {
    if (a === b || b === this.everything) return a;
    if (a === this.everything) return b;
    const key = Math.min(a.id, b.id) * 0x4000000 + Math.max(a.id, b.id);
    if (this.#common.has(key)) return this.#common.get(key);
    const [few, many] = a.atoms.length <= b.atoms.length ? [a.atoms, b.atoms] : [b.atoms, a.atoms];
    const shared = Array.from(few.filter((atom) => includes(many, atom)));
    const common = shared.length === 0 ? undefined : this.#intern(shared);
    this.#common.set(key, common);
    return common;
  }

  /** Where `a` holds and `b` does not; undefined where that is nowhere. */
  outside(a: AtomSet, b: AtomSet): AtomSet | undefined {
    const left = Array.from(a.atoms).filter((atom) => !includes(b.atoms, atom));
    return left.length === 0 ? undefined : this.#intern(left);
  }

  union(a: AtomSet, b: AtomSet): AtomSet {
    return this.#intern([...new Set([...a.atoms, ...b.atoms])].sort((x, y) => x - y));
  }

  #intern(atoms: readonly number[]): AtomSet {
    const key = atoms.length === this.#conditions.length ? 'everything' : atoms.join();
    const known = this.#interned.get(key);
    if (known !== undefined) return known;
    const set = { id: this.#interned.size, atoms: Int32Array.from(atoms) };
    this.#interned.set(key, set);
    return set;
  }
}

function includes(sorted: Int32Array, atom: number): boolean {
  let lo = 0;
  let hi = sorted.length;
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (sorted[mid]! < atom) lo = mid + 1;
    else hi = mid;
  }
  return sorted[lo] === atom;
}

/** Addresses of each class. */
function sizesOf({ family, classes, starts, rangeClasses, rangeCount }: AddressClasses): Float64Array {
  const size = wordsOf(family);
  const sizes = new Float64Array(classes.length);
  let start = 0;
  for (let range = 0; range < rangeCount; range++) {
    let end = 0;
    if (range + 1 === rangeCount) end = 2 ** (32 * size);
    else for (let w = 0; w < size; w++) end = end * 0x1_0000_0000 + starts[(range + 1) * size + w]!;
    sizes[rangeClasses[range]!]! += Math.max(1, end - start);
    start = end;
  }
  return sizes;
}

/** Of each class. */
function examplesOf(classes: AddressClasses): readonly (readonly Address[])[] {
  const { rangeClasses, rangeCount } = classes;
  const examples = classes.classes.map((): Address[] => []);
  /** By class: has it enough? */
  const isDone = new Uint8Array(examples.length);
  const offer = (range: number, addresses: readonly Address[]): void => {
    const chosen = present(examples[rangeClasses[range]!]);
    for (const address of addresses) if (chosen.length < 2) chosen.push(address);
    if (chosen.length === 2) isDone[rangeClasses[range]!] = 1;
  };
  const offerStarts = (counts: (range: number) => boolean): void => {
    for (let range = 0; range < rangeCount; range++) {
      const index = rangeClasses[range]!;
      if (isDone[index] === 0 && counts(range)) offer(range, firstOf(classes, range, present(examples[index])[0]));
    }
  };
  for (const address of [...PREFERRED[classes.family], ...UNICAST[classes.family]]) {
    offer(rangeOf(classes, address), [address]);
  }
  offerStarts((range) => startsUnicast(classes, range));
  offerStarts(() => true);
  return examples;
}

/** Does the range start with an address that a host may have? */
function startsUnicast({ family, starts }: AddressClasses, range: number): boolean {
  const first = starts[range * wordsOf(family)]!;
  if (family === 6) return first >>> 29 === 1 || first >>> 25 === 0x7e || first >>> 22 === 0x3fa;
  return first >>> 24 !== 0 && first >>> 24 !== 127 && first >>> 28 < 14;
}

/** Up to three addresses at the start of a range but for `known`; the very first, a network's own, goes last. */
function firstOf(classes: AddressClasses, range: number, known: Address | undefined): readonly Address[] {
  const size = wordsOf(classes.family);
  const start = [...classes.starts.subarray(range * size, (range + 1) * size)];
  const next =
    range + 1 < classes.rangeCount ? [...classes.starts.subarray((range + 1) * size, (range + 2) * size)] : undefined;
  const all: number[][] = [start];
  for (let i = 0; i < 2; i++) {
    const following = successor(all.at(-1) ?? start);
    if (following === undefined || (next !== undefined && following.every((word, w) => word === next[w]))) break;
    all.push(following);
  }
  const inOrder = all.length === 3 ? [...all.slice(1), start] : all;
  const isKnown = (words: readonly number[]): boolean => known?.words.every((word, w) => word === words[w]) === true;
  return inOrder.filter((words) => !isKnown(words)).map((words) => ({ family: classes.family, words }));
}

function successor(words: readonly number[]): number[] | undefined {
  const next = [...words];
  let w = next.length - 1;
  while (w >= 0 && next[w] === 0xffffffff) next[w--] = 0;
  if (w < 0) return undefined;
  next[w]!++;
  return next;
}

function rangeOf(classes: AddressClasses, address: Address): number {
  const size = wordsOf(classes.family);
  let lo = 0;
  let hi = classes.rangeCount;
  while (hi - lo > 1) {
    const mid = (lo + hi) >>> 1;
    const difference = address.words.map((word, w) => classes.starts[mid * size + w]! - word).find((d) => d !== 0) ?? 0;
    if (difference <= 0) lo = mid;
    else hi = mid;
  }
  return lo;
}

/** A condition for whole prefixes of one length, beside those of the filters. */
export function conditionOf(
  id: number,
  family: Family,
  length: number,
  addresses: readonly Address[],
): AddressCondition {
  const size = wordsOf(family);
  const texts = new Map(addresses.map((address) => [address.words.join(), address.words]));
  const sorted = [...texts.values()].sort((a, b) => a.map((word, w) => word - (b[w] ?? 0)).find((d) => d !== 0) ?? 0);
  const words = Uint32Array.from(sorted.flatMap((all) => all.map((word, w) => (word & wordMask(length, w)) >>> 0)));
  const counted = Math.min(length, fullLength(family));
  return { id, group: id, family, length: counted, words, extents: undefined, count: words.length / size };
}
