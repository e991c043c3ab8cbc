/** How many entries of what a table holds, for people and metrics. */

import { ENUMS } from '../layout/layout.gen.ts';
import type { TableName } from './compile.ts';
import type { LoadableTables } from './loadable.ts';

/** A slot for each rank and for the default, and what is added to slots with a fixed meaning. */
export function rankSlotEntries(ranks: number): number {
  return ranks + 2;
}

export function tableEntries(name: TableName, compiled: Pick<LoadableTables, 'ranked' | 'tables'>): number {
  if (name === 'rank_slots') return rankSlotEntries(compiled.ranked.length);
  // The values behind IPv6 nodes may end within a line.
  return Math.ceil((compiled.tables.get(name)?.length ?? 0) / ENUMS.element_bytes[name]);
}
