/**
 * Filters of different actions that cross: both match some packet, neither is within the other, and one of the two
 * decides it. A third filter that comes before both wherever they meet settles the matter, and they are not told.
 *
 * Within means half by half, or filter by filter: a mirrored permit is within a mirrored block of all its addresses.
 * Packets from a host to itself do not count, because none passes an interface.
 */
import type { DecidingKey } from '../../policy/specificity.ts';
import { decidingKey } from '../../policy/specificity.ts';
import type { CandidatePair } from './candidate-pairs.ts';
import { filterCovers, partCovers } from './containment.ts';
import type { Effort } from './effort.ts';
import type { Place, Places } from './interface-limits.ts';
import { appliesAt } from './interface-limits.ts';
import type { Point, Region, Search } from './search.ts';
import { servicesOverlap } from './service-sets.ts';
import { sizeOf } from './size.ts';
import type { Box, FilterBox, Part, RuleFilter, Space, Universe } from './universe.ts';

export interface Crossing {
  readonly space: Space;
  readonly winner: RuleFilter;
  readonly loser: RuleFilter;
  /** Of their halves, those that meet. */
  readonly winnerPart: Part;
  readonly loserPart: Part;
  readonly key: DecidingKey;
  /** Where both match and the winner decides; the search that found it makes it a packet. */
  readonly point: Point;
  readonly search: Search;
  readonly place: Place;
  /** Packets that both directed filters match. */
  readonly size: number;
  /** No third filter stands between the two for the packet. */
  readonly adjacent: boolean;
}

export interface CrossingSearch {
  readonly places: Places;
  readonly search: Search;
  readonly space: Space;
  readonly effort: Effort;
  /** Pairs that need no look: they have been told. */
  readonly skip: (permit: RuleFilter, block: RuleFilter) => boolean;
}

/**
 * Calls `found` for pairs of parts that cross, once or more often for a pair of filters, until it returns false. Returns
 * how many pairs the effort did not suffice for.
 */
export function findCrossings(
  pairs: readonly CandidatePair[],
  context: CrossingSearch,
  found: (crossing: Crossing) => boolean,
): number {
  let unknown = 0;
  for (const [i, { permit, block }] of pairs.entries()) {
    if (context.effort.isPhaseSpent) return unknown + pairs.length - i;
    if (context.skip(permit.owner, block.owner)) continue;
    const crossing = crossingOf(permit, block, context);
    if (crossing === 'unknown') unknown++;
    else if (crossing !== undefined && !found(crossing)) return unknown + pairs.length - i - 1;
  }
  return unknown;
}

/** One directed filter of each of two parts, as the order has them. */
interface Meeting {
  readonly winner: FilterBox;
  readonly loser: FilterBox;
  readonly region: Region;
}

/** An adjacent one where there is one. */
function crossingOf(permit: Part, block: Part, context: CrossingSearch): Crossing | 'unknown' | undefined {
  const { space } = context;
  let isUnknown = false;
  const relations = { permit: relationOf(space, permit, block), block: relationOf(space, block, permit) };
  let best: Crossing | undefined;
  const partOf = { permit, block };
  for (const { winner, loser } of boxPairs(permit, block)) {
    const key = decidingKey(winner.directed, loser.directed);
    const relation = relations[winner.directed.action];
    if (relation === 'within' || (relation === 'equal' && key === 'interface')) continue;
    const region = commonRegion(space, winner, loser);
    if (region === undefined) continue;
    for (const place of context.places.shared(winner.owner, loser.owner)) {
      const found = meet({ winner, loser, region }, key, place, context);
      if (found === 'unknown') isUnknown = true;
      if (found === undefined || found === 'unknown') continue;
      const winnerPart = partOf[winner.directed.action];
      const crossing = { ...found, winnerPart, loserPart: winnerPart === permit ? block : permit };
      if (crossing.adjacent) return crossing;
      best ??= crossing;
    }
  }
  return best ?? (isUnknown ? 'unknown' : undefined);
}

/** Is every packet of the loser, on every interface it is for, one of the winner's? It is narrower, and still loses. */
export function isLoserWithin({ spaces }: Universe, { winner, loser }: Crossing): boolean {
  const within =
    winner.interfaces === undefined ||
    (loser.interfaces !== undefined && [...loser.interfaces].every((name) => winner.interfaces?.has(name)));
  return within && spaces.every((space) => filterCovers(space, winner, loser));
}

type Relation = 'within' | 'equal' | 'neither';

/** Where the first is within the second, by halves or by filters, it is meant to come first. */
function relationOf(space: Space, first: Part, second: Part): Relation {
  if (partCovers(space, second, first)) return partCovers(space, first, second) ? 'equal' : 'within';
  const isWithin = filterCovers(space, second.owner, first.owner) && !filterCovers(space, first.owner, second.owner);
  return isWithin ? 'within' : 'neither';
}

function* boxPairs(permit: Part, block: Part): Generator<Omit<Meeting, 'region'>> {
  for (const a of permit.boxes) {
    for (const b of block.boxes) yield a.rank < b.rank ? { winner: a, loser: b } : { winner: b, loser: a };
  }
}

function commonRegion({ atoms, services }: Space, a: FilterBox, b: FilterBox): Region | undefined {
  const source = atoms.common(atoms.where(a.source), atoms.where(b.source));
  const destination = atoms.common(atoms.where(a.destination), atoms.where(b.destination));
  if (source === undefined || destination === undefined || !servicesOverlap(a.service, b.service)) return undefined;
  return { source, destination, service: services.common(a.service, b.service) };
}

/** A packet for which the two directed filters are the best of their filters, and no other filter decides. */
function meet(
  meeting: Meeting,
  key: DecidingKey,
  place: Place,
  { search, space }: CrossingSearch,
): Omit<Crossing, 'winnerPart' | 'loserPart'> | 'unknown' | undefined {
  const { winner, loser, region } = meeting;
  const find = (othersBelow: number): Point | 'unknown' | undefined => {
    const takes = (box: Box): boolean => {
      if (box.owner === winner.owner) return box.rank < winner.rank;
      return box.owner === loser.owner || (box.rank < othersBelow && appliesAt(box, place));
    };
    return search.find({ region, takes, limit: loser.rank, onWire: true });
  };
  const adjacent = find(loser.rank);
  const isAdjacent = adjacent !== undefined && adjacent !== 'unknown';
  const point = isAdjacent ? adjacent : find(winner.rank);
  if (point === undefined || point === 'unknown') return point ?? (adjacent === 'unknown' ? adjacent : undefined);
  return {
    space,
    winner: winner.owner,
    loser: loser.owner,
    key,
    point,
    search,
    place,
    size: sizeOf(space, region),
    adjacent: isAdjacent,
  };
}
