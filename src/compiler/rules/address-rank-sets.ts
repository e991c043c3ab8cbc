/** By address class: the sets of the ranks whose condition on that address holds. */
import { present } from '../../base/assert.ts';
import type { Family } from '../../base/ip.ts';
import type { AddressClasses } from '../classes/address-classes.ts';
import type { RankSets } from '../classes/rank-sets.ts';
import type { DirectedFilter } from '../conditions/expand.ts';
import type { AddressCondition } from '../conditions/resolve.ts';
import { ANY_ADDRESS } from '../conditions/resolve.ts';
import { mergeAscending } from '../merge-ascending.ts';

type End = 'source' | 'destination';

export interface AddressSets {
  /** By class, of filters that ask for no other address; those for none count with the source. */
  readonly alone: readonly number[];
  /** By class, of filters that ask for both addresses. */
  readonly both: readonly number[];
}

export const NO_ADDRESS_SETS: AddressSets = { alone: [], both: [] };

export function addressSets(
  end: End,
  classes: AddressClasses,
  ranked: readonly DirectedFilter[],
  sets: RankSets,
): AddressSets {
  const isAny = ({ family }: AddressCondition): boolean => family === undefined;
  const isAlone = ({ source, destination }: DirectedFilter): boolean =>
    end === 'source' ? isAny(destination) : isAny(source) && !isAny(destination);
  const asksBoth = ({ source, destination }: DirectedFilter): boolean => !isAny(source) && !isAny(destination);
  return {
    alone: membersOf(classes, ranksByCondition(end, classes.family, ranked, isAlone), sets),
    both: membersOf(classes, ranksByCondition(end, classes.family, ranked, asksBoth), sets),
  };
}

/** A class has what its parent has, less the ranks of the conditions that do not count in it, and those of its own. */
function membersOf(
  classes: AddressClasses,
  ranksOf: ReadonlyMap<number, readonly number[]>,
  sets: RankSets,
): readonly number[] {
  const members: number[] = [];
  for (const [index, { parent, added, removed }] of classes.classes.entries()) {
    const isRoot = index === parent;
    const changed = isRoot ? [ANY_ADDRESS.id, ...added] : [...removed, ...added];
    const ranks = changed.map((condition) => ranksOf.get(condition) ?? []);
    members.push(sets.toggled(isRoot ? sets.empty : present(members[parent]), mergeAscending(ranks)));
  }
  return members;
}

/** Of filters that packets of the family can match. */
function ranksByCondition(
  end: End,
  family: Family,
  ranked: readonly DirectedFilter[],
  isWanted: (directed: DirectedFilter) => boolean,
): ReadonlyMap<number, readonly number[]> {
  const ranks = new Map<number, number[]>();
  for (const [rank, directed] of ranked.entries()) {
    const { source, destination, [end]: own } = directed;
    if ((source.family ?? family) !== family || (destination.family ?? family) !== family) continue;
    if (!isWanted(directed)) continue;
    const known = ranks.get(own.id);
    if (known === undefined) ranks.set(own.id, [rank]);
    else known.push(rank);
  }
  return ranks;
}
