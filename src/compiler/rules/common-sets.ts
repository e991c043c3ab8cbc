/** Which rank sets the program looks at, and in which rows of the tables they are. */
import type { RuleShapeFields, ShapeFields } from '../../layout/layout.gen.ts';
import { ENUMS } from '../../layout/layout.gen.ts';
import type { RankSets } from '../classes/rank-sets.ts';
import type { Services } from '../classes/service-classes.ts';
import type { DirectedFilter } from '../conditions/expand.ts';
import type { RankSetTables } from '../encode/rank-set-tables.ts';
import { encodeRankSets, NO_RANK_SETS } from '../encode/rank-set-tables.ts';
import type { AddressSets } from './address-rank-sets.ts';
import type { Budgets, RuleTable } from './rule-table.ts';

const USE = ENUMS.set_use;

type Rows4And6 = Readonly<Record<'rows4' | 'rows6', Pick<RuleShapeFields, 'srcRow' | 'dstRow'>>>;

/** With the first rows of each end of a family, and of services. */
export interface CommonSets extends Rows4And6 {
  readonly tables: RankSetTables;
  readonly shape: Pick<ShapeFields, 'setGroups' | 'setDeep' | 'setUse' | 'dportRow' | 'sportRow'>;
}

export interface CommonInput {
  readonly ranked: readonly DirectedFilter[];
  readonly rules4: RuleTable;
  readonly rules6: RuleTable;
  readonly services: Services;
  readonly rankSets: RankSets;
  readonly budgets: Budgets;
}

/** None where no family's rules are looked up by rank. */
export function commonSets({ ranked, rules4, rules6, services, rankSets, budgets }: CommonInput): CommonSets {
  const isUsed = rules4.mode === 'ranks' || rules6.mode === 'ranks';
  const rows = new Rows();
  const sources = [rules4.sourceSets, rules6.sourceSets];
  const destinations = [rules4.destinationSets, rules6.destinationSets];
  const setUse =
    flagIf(isAnyNamed(alone(sources), rankSets), USE.USE_SRC_ALONE) |
    flagIf(isAnyNamed(alone(destinations), rankSets), USE.USE_DST_ALONE) |
    flagIf(isAnyNamed(both(sources), rankSets), USE.USE_BOTH) |
    flagIf(isUsed && services.destination.count > 1, USE.USE_DPORT) |
    flagIf(isUsed && services.source.count > 1, USE.USE_SPORT);
  const useBoth = setUse & USE.USE_BOTH;
  const [src4 = 0, src6 = 0] = sources.map((of) => rows.addAddress(of, setUse & USE.USE_SRC_ALONE, useBoth));
  const [dst4 = 0, dst6 = 0] = destinations.map((of) => rows.addAddress(of, setUse & USE.USE_DST_ALONE, useBoth));
  const dportRow = rows.add((setUse & USE.USE_DPORT) === 0 ? [] : services.destination.members);
  const sportRow = rows.add((setUse & USE.USE_SPORT) === 0 ? [] : services.source.members);
  const permits = ranked.map(({ action }) => action === 'permit');
  const tables = isUsed ? encodeRankSets(rankSets, rows.all, permits, budgets.ownNodes) : NO_RANK_SETS;
  return {
    tables,
    shape: { setGroups: tables.groups, setDeep: tables.deep ? 1 : 0, setUse, dportRow, sportRow },
    rows4: { srcRow: src4, dstRow: dst4 },
    rows6: { srcRow: src6, dstRow: dst6 },
  };
}

function flagIf(isSet: boolean, flag: number): number {
  return isSet ? flag : 0;
}

function alone(ends: readonly AddressSets[]): readonly (readonly number[])[] {
  return ends.map((end) => end.alone);
}

function both(ends: readonly AddressSets[]): readonly (readonly number[])[] {
  return ends.map((end) => end.both);
}

function isAnyNamed(members: readonly (readonly number[])[], { empty }: RankSets): boolean {
  return members.some((sets) => sets.some((set) => set !== empty));
}

class Rows {
  readonly all: number[] = [];

  /** Returns the row of the first. */
  add(members: readonly number[]): number {
    const first = this.all.length;
    for (const set of members) this.all.push(set);
    return first;
  }

  /** Of each class its sets that are used, side by side. */
  addAddress({ alone, both }: AddressSets, useAlone: number, useBoth: number): number {
    const first = this.all.length;
    for (const [index, set] of alone.entries()) {
      if (useAlone !== 0) this.all.push(set);
      if (useBoth !== 0) this.all.push(both[index] ?? 0);
    }
    return first;
  }
}
