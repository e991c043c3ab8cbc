/** How many entries of what a table holds, for people and metrics. */

import { STRUCTS } from '../layout/layout.gen.ts';
import type { TableName } from './compile.ts';
import type { LoadableTables } from './loadable.ts';

const ENTRY_BYTES: Readonly<Record<TableName, number>> = {
  src4_filter: 8,
  src4_index: 4,
  src4_leaves: STRUCTS.leaf.size,
  dst4_filter: 8,
  dst4_index: 4,
  dst4_leaves: STRUCTS.leaf.size,
  src6_filter: 8,
  src6_blocks: STRUCTS.block_bucket.size,
  src6_nodes: STRUCTS.node.size,
  dst6_filter: 8,
  dst6_blocks: STRUCTS.block_bucket.size,
  dst6_nodes: STRUCTS.node.size,
  dport_pages: 2,
  sport_pages: 2,
  cross4: 4,
  cross6: 4,
  src4_sets: 4,
  dst4_sets: 4,
  pairs4: STRUCTS.bucket.size,
  src6_sets: 4,
  dst6_sets: 4,
  pairs6: STRUCTS.bucket.size,
  rows: 4,
  subrows: 4,
  lists: STRUCTS.list_entry.size,
  set_roots: 4,
  set_nodes: STRUCTS.set_node.size,
  set_leaves: STRUCTS.set_leaf.size,
  rank_slots: 4,
};

export function tableEntries(name: TableName, compiled: Pick<LoadableTables, 'ranked' | 'tables'>): number {
  if (name === 'rank_slots') return compiled.ranked.length + 1;
  // The values behind IPv6 nodes may end within a line.
  return Math.ceil((compiled.tables.get(name)?.length ?? 0) / ENTRY_BYTES[name]);
}
