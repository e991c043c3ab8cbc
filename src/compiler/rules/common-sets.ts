/** Which rank sets the program looks at, and in which rows of the tables they are. */
import { ENUMS } from '../../layout/layout.gen.ts';
import type { RankSets } from '../classes/rank-sets.ts';
import type { Services } from '../classes/service-classes.ts';
import type { DirectedFilter } from '../conditions/expand.ts';
import type { RankSetTables } from '../encode/rank-sets.ts';
import { encodeRankSets, NO_RANK_SETS } from '../encode/rank-sets.ts';
import type { AddressSets } from './address-sets.ts';
import type { Budgets, RuleTable } from './rule-table.ts';

const USE = ENUMS.set_use;

export interface CommonSets extends RankSetTables {
  /** enum xdpol_set_use. */
  readonly use: number;
  /** The first rows of each end and of services. */
  readonly src4Row: number;
  readonly dst4Row: number;
  readonly src6Row: number;
  readonly dst6Row: number;
  readonly dportRow: number;
  readonly sportRow: number;
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
  const use =
    (isAnyNamed(
      sources.map(({ alone }) => alone),
      rankSets,
    )
      ? USE.USE_SRC_ALONE
      : 0) |
    (isAnyNamed(
      destinations.map(({ alone }) => alone),
      rankSets,
    )
      ? USE.USE_DST_ALONE
      : 0) |
    (isAnyNamed(
      sources.map(({ both }) => both),
      rankSets,
    )
      ? USE.USE_BOTH
      : 0) |
    (isUsed && services.destination.count > 1 ? USE.USE_DPORT : 0) |
    (isUsed && services.source.count > 1 ? USE.USE_SPORT : 0);
  const [src4Row, src6Row] = sources.map((of) => rows.addAddress(of, use & USE.USE_SRC_ALONE, use & USE.USE_BOTH));
  const [dst4Row, dst6Row] = destinations.map((of) => rows.addAddress(of, use & USE.USE_DST_ALONE, use & USE.USE_BOTH));
  const dportRow = rows.add((use & USE.USE_DPORT) === 0 ? [] : services.destination.members);
  const sportRow = rows.add((use & USE.USE_SPORT) === 0 ? [] : services.source.members);
  const permits = ranked.map(({ action }) => action === 'permit');
  const tables = isUsed ? encodeRankSets(rankSets, rows.all, permits, budgets.ownNodes) : NO_RANK_SETS;
  return {
    ...tables,
    use,
    ...{ src4Row: src4Row ?? 0, dst4Row: dst4Row ?? 0, src6Row: src6Row ?? 0, dst6Row: dst6Row ?? 0 },
    dportRow,
    sportRow,
  };
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
