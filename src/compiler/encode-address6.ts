/**
 * IPv6 ranges -> a search tree over the high 64 bits; a range bound inside a /64 leads on to a tree
 * over the low 64 bits. Every node is eight keys and eight values in two cache lines.
 */
import { ENUMS } from '../layout/layout.gen.ts';
import type { AddressClasses } from './address-classes.ts';

const KEYS = ENUMS.layout.NODE_KEYS;
const { NODE_CHILD_BIT, NODE_LOW_BIT } = ENUMS.reference;
const NODE_WORDS = 32;
const WORDS = 4;

/** 64-bit keys as two words each, ascending, each with the value from there on. */
interface Entries {
  readonly keys: number[];
  readonly values: number[];
}

export function encodeAddress6(classes: AddressClasses): Uint8Array {
  const nodes = new Nodes();
  const root = nodes.allocate();
  nodes.fill(root, nodes.topLevel(highEntries(classes, nodes)));
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

class Nodes {
  #words = new Uint32Array(NODE_WORDS * 16);
  #count = 0;

  allocate(): number {
    if ((this.#count + 1) * NODE_WORDS > this.#words.length) {
      const words = new Uint32Array(this.#words.length * 2);
      words.set(this.#words);
      this.#words = words;
    }
    return this.#count++;
  }

  /** Builds all levels below the top one; what is left fits one node. */
  topLevel(entries: Entries): Entries {
    let level = entries;
    while (level.values.length > KEYS) {
      const above: Entries = { keys: [], values: [] };
      const groups = Math.ceil(level.values.length / KEYS);
      for (let g = 0; g < groups; g++) {
        const from = Math.floor((g * level.values.length) / groups);
        const to = Math.floor(((g + 1) * level.values.length) / groups);
        const node = this.allocate();
        this.fill(node, { keys: level.keys.slice(2 * from, 2 * to), values: level.values.slice(from, to) });
        above.keys.push(level.keys[2 * from]!, level.keys[2 * from + 1]!);
        above.values.push(((1 << NODE_CHILD_BIT) | node) >>> 0);
      }
      level = above;
    }
    return level;
  }

  /** A reference to a new tree over the low half. */
  lowTree(entries: Entries): number {
    const top = this.topLevel(entries);
    const node = this.allocate();
    this.fill(node, top);
    return ((1 << NODE_LOW_BIT) | node) >>> 0;
  }

  fill(node: number, { keys, values }: Entries): void {
    const at = node * NODE_WORDS;
    for (let i = 0; i < KEYS; i++) {
      const used = i < values.length;
      // Little endian: the low word of a 64-bit key comes first.
      this.#words[at + 2 * i] = used ? keys[2 * i + 1]! : 0xffffffff;
      this.#words[at + 2 * i + 1] = used ? keys[2 * i]! : 0xffffffff;
      this.#words[at + 2 * KEYS + i] = values[Math.min(i, values.length - 1)]!;
    }
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#words.buffer, 0, this.#count * NODE_WORDS * 4);
  }
}
