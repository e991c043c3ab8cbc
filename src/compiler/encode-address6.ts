/**
 * IPv6 ranges -> a search tree over the high 64 bits; a range bound inside a /64 leads on to a tree
 * over the low 64 bits. A node is one cache line: seven bounds, and where its eight children begin.
 */
import { ENUMS, STRUCTS } from '../layout/layout.gen.ts';
import type { AddressClasses } from './address-classes.ts';

const CHILDREN = ENUMS.layout.NODE_KEYS + 1;
const { NODE_LOW_BIT } = ENUMS.reference;
/** struct xdpol_node in words. */
const NODE_WORDS = STRUCTS.node.size / 4;
const FIRST = STRUCTS.node.fields.first.offset / 4;
const LAST_AND_LEAF = STRUCTS.node.fields.last.offset / 4;
const WORDS = 4;

/** 64-bit keys as two words each, ascending, each with the value from there on. */
interface Entries {
  readonly keys: number[];
  readonly values: number[];
}

export function encodeAddress6(classes: AddressClasses): Uint8Array {
  const nodes = new Nodes();
  const root = nodes.allocate();
  nodes.tree(root, highEntries(classes, nodes));
  return nodes.bytes();
}

/** One entry for each high half where the class changes; where it changes within, a low tree. */
function highEntries(classes: AddressClasses, nodes: Nodes): Entries {
  const { starts, rangeClasses, rangeCount } = classes;
  const entries: Entries = { keys: [], values: [] };
  let current = 0;
  for (let i = 0; i < rangeCount; ) {
    const hi = starts[i * WORDS]!;
    const lo = starts[i * WORDS + 1]!;
    const low: Entries = { keys: [], values: [] };
    const before = current;
    for (; i < rangeCount && starts[i * WORDS] === hi && starts[i * WORDS + 1] === lo; i++) {
      low.keys.push(starts[i * WORDS + 2]!, starts[i * WORDS + 3]!);
      current = rangeClasses[i]!;
      low.values.push(current);
    }
    if (low.keys[0] !== 0 || low.keys[1] !== 0) prepend(low, before);
    push(entries, hi, lo, low.values.length === 1 ? current : nodes.lowTree(low));
    if (low.values.length > 1) pushNext(entries, hi, lo, current);
  }
  return entries;
}

function prepend(entries: Entries, value: number): void {
  entries.keys.unshift(0, 0);
  entries.values.unshift(value);
}

function push(entries: Entries, hi: number, lo: number, value: number): void {
  const last = entries.keys.length - 2;
  if (last >= 0 && entries.keys[last] === hi && entries.keys[last + 1] === lo) {
    entries.values[entries.values.length - 1] = value;
    return;
  }
  entries.keys.push(hi, lo);
  entries.values.push(value);
}

/** Behind a high half with a low tree, its last class goes on. */
function pushNext(entries: Entries, hi: number, lo: number, value: number): void {
  if (lo !== 0xffffffff) push(entries, hi, lo + 1, value);
  else if (hi !== 0xffffffff) push(entries, hi + 1, 0, value);
}

/** A level of a tree: nodes in a row and the lowest key of each. */
interface Level {
  readonly first: number;
  readonly keys: readonly number[];
}

class Nodes {
  #words = new Uint32Array(NODE_WORDS * 16);
  #count = 0;
  /** Blocks of CHILDREN values behind the nodes, in the order of the leaves. */
  readonly #values: number[] = [];

  allocate(count = 1): number {
    while ((this.#count + count) * NODE_WORDS > this.#words.length) {
      const words = new Uint32Array(this.#words.length * 2);
      words.set(this.#words);
      this.#words = words;
    }
    this.#count += count;
    return this.#count - count;
  }

  /** Builds a tree whose top is the node `root`. */
  tree(root: number, entries: Entries): void {
    if (entries.values.length <= CHILDREN) {
      this.#leaf(root, entries.keys, entries.values);
      return;
    }
    let level = this.#leaves(entries);
    while (level.keys.length / 2 > CHILDREN) level = this.#above(level);
    this.#inner(root, level.keys, level.first);
  }

  /** A reference to a new tree over the low half. */
  lowTree(entries: Entries): number {
    const root = this.allocate();
    this.tree(root, entries);
    return ((1 << NODE_LOW_BIT) | root) >>> 0;
  }

  bytes(): Uint8Array {
    const nodes = this.#count * NODE_WORDS;
    const words = new Uint32Array(nodes + this.#values.length);
    words.set(this.#words.subarray(0, nodes));
    words.set(this.#values, nodes);
    for (let at = 0; at < nodes; at += NODE_WORDS) {
      if (words[at + LAST_AND_LEAF]! >>> 16 !== 0) words[at + FIRST]! += nodes;
    }
    return new Uint8Array(words.buffer);
  }

  #leaves({ keys, values }: Entries): Level {
    return this.#level(values.length, keys, (node, from, to) => {
      this.#leaf(node, keys.slice(2 * from, 2 * to), values.slice(from, to));
    });
  }

  #above({ first, keys }: Level): Level {
    return this.#level(keys.length / 2, keys, (node, from, to) => {
      this.#inner(node, keys.slice(2 * from, 2 * to), first + from);
    });
  }

  /** Nodes for `count` children, as evenly filled as can be. */
  #level(count: number, keys: readonly number[], fill: (node: number, from: number, to: number) => void): Level {
    const groups = Math.ceil(count / CHILDREN);
    const first = this.allocate(groups);
    const lowest: number[] = [];
    for (let g = 0; g < groups; g++) {
      const from = Math.floor((g * count) / groups);
      fill(first + g, from, Math.floor(((g + 1) * count) / groups));
      lowest.push(keys[2 * from]!, keys[2 * from + 1]!);
    }
    return { first, keys: lowest };
  }

  #leaf(node: number, keys: readonly number[], values: readonly number[]): void {
    this.#write(node, keys, this.#values.length, 1);
    for (let i = 0; i < CHILDREN; i++) this.#values.push(values[Math.min(i, values.length - 1)]!);
  }

  #inner(node: number, keys: readonly number[], first: number): void {
    this.#write(node, keys, first, 0);
  }

  /** `keys` are the lowest of every child; that of the first is not a bound. */
  #write(node: number, keys: readonly number[], first: number, leaf: 0 | 1): void {
    const at = node * NODE_WORDS;
    this.#words.fill(0xffffffff, at, at + FIRST);
    for (let i = 2; i < keys.length; i += 2) {
      // Little endian: the low word of a 64-bit key comes first.
      this.#words[at + i - 2] = keys[i + 1]!;
      this.#words[at + i - 1] = keys[i]!;
    }
    this.#words[at + FIRST] = first;
    this.#words[at + LAST_AND_LEAF] = (keys.length / 2 - 1) | (leaf << 16);
  }
}
