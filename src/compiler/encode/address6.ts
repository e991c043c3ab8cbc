/**
 * IPv6 ranges -> the tables of one end. Few are one root (root6.ts). Many: blocks. Between, and where
 * prefixes longer than 64 bits are not of whole addresses: a search tree over the high 64 bits; a range bound inside a /64 leads on to a tree over the low 64 bits. A node is one
 * cache line: seven bounds, and where its eight children begin; a leaf is one: five bounds, six values.
 */
import { present } from '../../base/assert.ts';
import type { Address6ShapeFields } from '../../layout/layout.gen.ts';
import { ENUMS, STRUCTS } from '../../layout/layout.gen.ts';
import type { AddressClasses } from '../classes/address-classes.ts';
import type { Blocks6 } from './blocks6.ts';
import { encodeBlocks6, NO_BLOCKS6 } from './blocks6.ts';
import { encodeRoot6 } from './root6.ts';

const CHILDREN = ENUMS.layout.NODE_KEYS + 1;
const LEAF_VALUES = ENUMS.layout.LEAF6_KEYS + 1;
const { NODE_LOW_BIT, NODE_LINES_SHIFT } = ENUMS.reference;
/** struct xdpol_node in words. */
const NODE_WORDS = STRUCTS.node.size / 4;
const WORDS = 4;
const EMPTY = new Uint8Array(0);
const FIRST_BIT = 0x80000000;

export interface Address6Tables {
  readonly shape: Address6ShapeFields;
  readonly blocks: Blocks6;
  readonly nodes: Uint8Array;
}

/** 64-bit keys as two words each, ascending, each with the value from there on. */
interface Entries {
  readonly keys: number[];
  readonly values: number[];
}

/** Largest of each form: see Budgets. */
export interface Forms6 {
  readonly root6Ranges: number;
  readonly tree6Ranges: number;
  readonly narrowClasses: number;
}

export function encodeAddress6(classes: AddressClasses, forms: Forms6): Address6Tables {
  const { root6Ranges, tree6Ranges, narrowClasses } = forms;
  const root = classes.classes.length > narrowClasses ? undefined : encodeRoot6(classes, root6Ranges);
  if (root !== undefined)
    return { shape: { ...shapeOf(0, NO_BLOCKS6), ...root.shape }, blocks: NO_BLOCKS6, nodes: root.nodes };
  const blocks = classes.rangeCount > tree6Ranges ? encodeBlocks6(present(classes.prefixes)) : NO_BLOCKS6;
  const { lines, nodes } = blocks.needTree ? encodeTree(classes) : { lines: 0, nodes: EMPTY };
  return { shape: shapeOf(lines, blocks), blocks, nodes };
}

function shapeOf(lines: number, { levels, bucketShift, filter }: Blocks6): Address6ShapeFields {
  return { lines, rootBounds: 0, rootHosts: 0, blockLevels: levels, bucketShift, ...filter.shape };
}

interface Tree {
  /** On the way down it; 0: none. */
  readonly lines: number;
  readonly nodes: Uint8Array;
}

function encodeTree(classes: AddressClasses): Tree {
  const nodes = new Nodes();
  const roots = nodes.allocate(2);
  const halves = halvesOf(highEntries(classes, nodes));
  const lines = Math.max(...halves.map(linesFor));
  for (const [half, entries] of halves.entries()) nodes.tree(roots + half, entries, lines);
  return { lines, nodes: nodes.bytes() };
}

/** Keys without and with the first bit; the second half begins with a key, as the first does. */
function halvesOf({ keys, values }: Entries): readonly [Entries, Entries] {
  let at = 0;
  while (at < values.length && keys[2 * at]! < FIRST_BIT) at++;
  const second: Entries = { keys: keys.slice(2 * at), values: values.slice(at) };
  if (second.keys[0] !== FIRST_BIT || second.keys[1] !== 0) {
    second.keys.unshift(FIRST_BIT, 0);
    second.values.unshift(values[at - 1]!);
  }
  return [{ keys: keys.slice(0, 2 * at), values: values.slice(0, at) }, second];
}

/** Lines on the way down a tree. */
function linesFor({ values }: Entries): number {
  let lines = 1;
  for (let count = Math.ceil(values.length / LEAF_VALUES); count > 1; count = Math.ceil(count / CHILDREN)) lines++;
  return lines;
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

/** A level of a tree: lines in a row and the lowest key of each. */
interface Level {
  readonly first: number;
  readonly keys: readonly number[];
}

/** Writes to one line of the table; `from`, `to`: its part of the level's entries or of the level below. */
type Fill = (line: number, from: number, to: number) => void;

class Nodes {
  #words = new Uint32Array(NODE_WORDS * 16);
  #count = 0;

  allocate(count = 1): number {
    while ((this.#count + count) * NODE_WORDS > this.#words.length) {
      const words = new Uint32Array(this.#words.length * 2);
      words.set(this.#words);
      this.#words = words;
    }
    this.#count += count;
    return this.#count - count;
  }

  /** Builds a tree whose top is the line `root`, with `lines` lines on every way down. */
  tree(root: number, { keys, values }: Entries, lines: number): void {
    const leaf: Fill = (line, from, to) => this.#leaf(line, keys.slice(2 * from, 2 * to), values.slice(from, to));
    if (lines === 1) {
      leaf(root, 0, values.length);
      return;
    }
    let level = this.#level(values.length, LEAF_VALUES, keys, leaf);
    for (let i = 2; i < lines; i++) level = this.#above(level);
    this.#inner(root, level.keys, level.first);
  }

  /** A reference to a new tree over the low half. */
  lowTree(entries: Entries): number {
    const root = this.allocate();
    const lines = linesFor(entries);
    this.tree(root, entries, lines);
    return ((1 << NODE_LOW_BIT) | (lines << NODE_LINES_SHIFT) | root) >>> 0;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#words.buffer, 0, this.#count * NODE_WORDS * 4);
  }

  #above({ first, keys }: Level): Level {
    return this.#level(keys.length / 2, CHILDREN, keys, (line, from, to) => {
      this.#inner(line, keys.slice(2 * from, 2 * to), first + from);
    });
  }

  /** Lines for `count` entries, as evenly filled as can be. */
  #level(count: number, most: number, keys: readonly number[], fill: Fill): Level {
    const groups = Math.ceil(count / most);
    const first = this.allocate(groups);
    const lowest: number[] = [];
    for (let g = 0; g < groups; g++) {
      const from = Math.floor((g * count) / groups);
      fill(first + g, from, Math.floor(((g + 1) * count) / groups));
      lowest.push(keys[2 * from]!, keys[2 * from + 1]!);
    }
    return { first, keys: lowest };
  }

  #leaf(line: number, keys: readonly number[], values: readonly number[]): void {
    const at = this.#bounds(line, keys, LEAF_VALUES - 1);
    for (let i = 0; i < LEAF_VALUES; i++) this.#words[at + i] = values[Math.min(i, values.length - 1)]!;
  }

  #inner(line: number, keys: readonly number[], first: number): void {
    const at = this.#bounds(line, keys, CHILDREN - 1);
    this.#words[at] = first;
    this.#words[at + 1] = keys.length / 2 - 1;
  }

  /** `keys` are the lowest of every entry; that of the first is not a bound. Returns where the bounds end. */
  #bounds(line: number, keys: readonly number[], count: number): number {
    const at = line * NODE_WORDS;
    for (let bound = 1; bound <= count; bound++) {
      const i = Math.min(2 * bound, keys.length - 2);
      // Little endian: the low word of a 64-bit key comes first.
      this.#words[at + 2 * bound - 2] = keys[i + 1]!;
      this.#words[at + 2 * bound - 1] = keys[i]!;
    }
    return at + 2 * count;
  }
}
