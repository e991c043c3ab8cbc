/**
 * Sets of ranks, or of other small numbers, each stored once: equal sets have equal numbers. A set is a tree of three levels that shares what it
 * has in common with others: a root with a node for each group of ranks, a node with a leaf for each block, a leaf
 * with a bit for each rank. A set that differs from another by one rank adds a leaf, a node and a root.
 */
import { ENUMS } from '../../layout/layout.gen.ts';
import { WordRows } from '../rules/word-rows.ts';

const { SET_LEAF_RANKS, SET_NODE_LEAVES, SET_GROUP_RANKS } = ENUMS.layout;
const WORD_BITS = 32;

export class RankSets {
  readonly groups: number;
  /** Row 0 of each level is the empty one. */
  readonly leaves: WordRows = new WordRows(SET_LEAF_RANKS / WORD_BITS);
  readonly nodes: WordRows = new WordRows(SET_NODE_LEAVES);
  readonly roots: WordRows;
  readonly #leaf: Uint32Array;
  readonly #node: Uint32Array;
  readonly #root: Uint32Array;

  /** For ranks below `count`. */
  constructor(count: number) {
    this.groups = Math.max(1, Math.ceil(count / SET_GROUP_RANKS));
    this.roots = new WordRows(this.groups);
    this.#leaf = new Uint32Array(this.leaves.width);
    this.#node = new Uint32Array(this.nodes.width);
    this.#root = new Uint32Array(this.groups);
    this.leaves.intern(this.#leaf);
    this.nodes.intern(this.#node);
    this.roots.intern(this.#root);
  }

  /** The empty set. */
  readonly empty: number = 0;

  /** The set without those of `ranks` that it has and with those that it has not. `ranks` ascend. */
  toggled(set: number, ranks: ArrayLike<number>): number {
    if (ranks.length === 0) return set;
    this.roots.read(set, this.#root);
    for (let i = 0; i < ranks.length; ) {
      const group = Math.floor(ranks[i]! / SET_GROUP_RANKS);
      this.nodes.read(this.#root[group]!, this.#node);
      i = this.#toggleInNode(ranks, i, (group + 1) * SET_GROUP_RANKS);
      this.#root[group] = this.nodes.intern(this.#node);
    }
    return this.roots.intern(this.#root);
  }

  /** Toggles the ranks below `end` in the node that is at hand; returns the index of the first that is not. */
  #toggleInNode(ranks: ArrayLike<number>, from: number, end: number): number {
    let i = from;
    while (i < ranks.length && ranks[i]! < end) {
      const block = Math.floor(ranks[i]! / SET_LEAF_RANKS);
      const place = block % SET_NODE_LEAVES;
      this.leaves.read(this.#node[place]!, this.#leaf);
      for (; i < ranks.length && Math.floor(ranks[i]! / SET_LEAF_RANKS) === block; i++) {
        const bit = ranks[i]! % SET_LEAF_RANKS;
        this.#leaf[bit >>> 5]! ^= 1 << (bit & 31);
      }
      this.#node[place] = this.leaves.intern(this.#leaf);
    }
    return i;
  }
}
