/**
 * Filters of different actions that cross: both match some packet, neither is within the other, and one of the two
 * decides it. A third filter that comes before both wherever they meet settles the matter, and they are not told.
 *
 * Within means half by half, or filter by filter: a mirrored permit is within a mirrored block of all its addresses.
 * Packets from a host to itself do not count, because none passes an interface.
 */
import type { DecidingKey } from '../../policy/specificity.ts';
import { decidingKey } from '../../policy/specificity.ts';
import { filterCovers, partCovers } from './containment.ts';
import type { Place, Places } from './interfaces.ts';
import { appliesAt } from './interfaces.ts';
import type { Overlaps } from './overlaps.ts';
import type { Point, Region, Search } from './search.ts';
import { servicesOverlap } from './services.ts';
import { sizeOf } from './size.ts';
import type { Box, FilterBox, Part, RuleFilter, Space } from './universe.ts';

export interface Crossing {
  readonly winner: RuleFilter;
  readonly loser: RuleFilter;
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
  /** The blocking parts of the space. */
  readonly blocks: Overlaps;
  /** Pairs that need no look: they have been told. */
  readonly skip: (permit: RuleFilter, block: RuleFilter) => boolean;
}

/** Calls `found` for pairs of parts that cross, once or more often for a pair of filters, until it returns false. */
export function findCrossings(
  permits: readonly Part[],
  context: CrossingSearch,
  found: (crossing: Crossing) => boolean,
): void {
  for (const permit of permits) {
    for (const block of context.blocks.with(permit)) {
      if (context.skip(permit.owner, block.owner)) continue;
      const crossing = crossingOf(permit, block, context);
      if (crossing !== undefined && !found(crossing)) return;
    }
  }
}

/** One directed filter of each of two parts, as the order has them. */
interface Meeting {
  readonly winner: FilterBox;
  readonly loser: FilterBox;
  readonly region: Region;
}

/** An adjacent one where there is one. */
function crossingOf(permit: Part, block: Part, context: CrossingSearch): Crossing | undefined {
  const { space } = context.blocks;
  const relations = { permit: relationOf(space, permit, block), block: relationOf(space, block, permit) };
  let best: Crossing | undefined;
  for (const { winner, loser } of boxPairs(permit, block)) {
    const key = decidingKey(winner.directed, loser.directed);
    const relation = relations[winner.directed.action];
    if (relation === 'within' || (relation === 'equal' && key === 'interface')) continue;
    const region = commonRegion(space, winner, loser);
    if (region === undefined) continue;
    for (const place of context.places.shared(winner.owner, loser.owner)) {
      const crossing = meet({ winner, loser, region }, key, place, context);
      if (crossing?.adjacent === true) return crossing;
      best ??= crossing;
    }
  }
  return best;
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
  { search, blocks }: CrossingSearch,
): Crossing | undefined {
  const { winner, loser, region } = meeting;
  const find = (othersBelow: number): Point | undefined => {
    const takes = (box: Box): boolean => {
      if (box.owner === winner.owner) return box.rank < winner.rank;
      return box.owner === loser.owner || (box.rank < othersBelow && appliesAt(box, place));
    };
    return search.find({ region, takes, limit: loser.rank, onWire: true });
  };
  const adjacent = find(loser.rank);
  const point = adjacent ?? find(winner.rank);
  if (point === undefined) return undefined;
  return {
    winner: winner.owner,
    loser: loser.owner,
    key,
    point,
    search,
    place,
    size: sizeOf(blocks.space, region),
    adjacent: adjacent !== undefined,
  };
}
