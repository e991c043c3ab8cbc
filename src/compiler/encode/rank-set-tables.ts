/** Rank sets -> the tables that the program walks: roots, nodes and leaves, with a row for each class. */
import { ENUMS, STRUCTS } from '../../layout/layout.gen.ts';
import type { RankSets } from '../classes/rank-sets.ts';

const { SET_LEAF_RANKS, SET_LEAF_WORDS, SET_NODE_LEAVES } = ENUMS.layout;
const WORD_BYTES = 4;
/** 32-bit words of a leaf. */
const LEAF_SIZE = SET_LEAF_RANKS / 32;
const { size: NODE_BYTES, fields: NODE } = STRUCTS.set_node;
const NODE_SIZE = NODE_BYTES / WORD_BYTES;
const LEAVES_AT = NODE.leaves.offset / WORD_BYTES;

export interface RankSetTables {
  readonly groups: number;
  /** There are roots. */
  readonly deep: boolean;
  readonly roots: Uint32Array;
  readonly nodes: Uint32Array;
  readonly leaves: Uint32Array;
}

const NONE = new Uint32Array(0);
export const NO_RANK_SETS: RankSetTables = { groups: 0, deep: false, roots: NONE, nodes: NONE, leaves: NONE };

/**
 * `members`: the sets in the order of their rows. `permits`: by rank. Up to `mostOwnNodes` nodes are stored by row and
 * group, so that a packet reads no root.
 */
export function encodeRankSets(
  sets: RankSets,
  members: readonly number[],
  permits: readonly boolean[],
  mostOwnNodes: number,
): RankSetTables {
  const { groups } = sets;
  const blocks = Math.ceil(permits.length / SET_LEAF_RANKS);
  const deep = members.length * groups > mostOwnNodes;
  const roots = rootsOf(sets, members);
  const shared = encodeNodes(sets, blocks);
  const leaves = leavesWith(sets, permits, blocks);
  if (deep) return { groups, deep, roots, nodes: shared, leaves };
  const nodes = new Uint32Array(roots.length * NODE_SIZE);
  for (let i = 0; i < roots.length; i++) {
    const at = roots[i]! * NODE_SIZE;
    nodes.set(shared.subarray(at, at + NODE_SIZE), i * NODE_SIZE);
  }
  return { groups, deep, roots: NONE, nodes, leaves };
}

/** The nodes of each row. */
function rootsOf({ roots, groups }: RankSets, members: readonly number[]): Uint32Array {
  const all = new Uint32Array(members.length * groups);
  for (const [row, set] of members.entries()) all.set(roots.row(set), row * groups);
  return all;
}

/** Leaves of sets are behind those of the ranks that permit, one for each block. */
function encodeNodes(sets: RankSets, blocks: number): Uint32Array {
  const inUse = wordsInUse(sets);
  const { words, count } = sets.nodes;
  const nodes = new Uint32Array(count * NODE_SIZE);
  for (let n = 0; n < count; n++) {
    for (let place = 0; place < SET_NODE_LEAVES; place++) {
      const leaf = words[n * SET_NODE_LEAVES + place]!;
      if (leaf === 0) continue;
      const bit = place * SET_LEAF_WORDS;
      nodes[n * NODE_SIZE + (bit >>> 5)]! |= inUse[leaf]! << (bit & 31);
      nodes[n * NODE_SIZE + LEAVES_AT + place] = leaf + blocks;
    }
  }
  return nodes;
}

/** By leaf: a bit for each 64-bit word that is not 0. */
function wordsInUse({ leaves }: RankSets): Uint8Array {
  const { words } = leaves;
  const used = new Uint8Array(leaves.count);
  for (let i = 0; i < words.length; i++) {
    if (words[i] !== 0) used[Math.floor(i / LEAF_SIZE)]! |= 1 << ((i % LEAF_SIZE) >> 1);
  }
  return used;
}

/** The empty leaf, those of the ranks that permit, and those of the sets. */
function leavesWith({ leaves }: RankSets, permits: readonly boolean[], blocks: number): Uint32Array {
  const all = new Uint32Array((leaves.count + blocks) * LEAF_SIZE);
  for (const [rank, permit] of permits.entries()) {
    if (permit) all[LEAF_SIZE + (rank >>> 5)]! |= 1 << (rank & 31);
  }
  all.set(leaves.words.subarray(LEAF_SIZE), (1 + blocks) * LEAF_SIZE);
  return all;
}
