/**
 * Filters of different actions that cross: both match some packet, neither is within the other, and one of the two
 * decides it. A third filter that comes before both wherever they meet settles the matter, and they are not told.
 *
 * Within means half by half, or filter by filter: a mirrored permit is within a mirrored block of all its addresses.
 * Packets from a host to itself do not count, because none passes an interface.
 */
import type { Packet } from '../../policy/packet.ts';
import type { DecidingKey } from '../../policy/specificity.ts';
import { decidingKey } from '../../policy/specificity.ts';
import { filterCovers, partCovers } from './containment.ts';
import type { Place, Places } from './interfaces.ts';
import { appliesAt } from './interfaces.ts';
import type { Overlaps } from './overlaps.ts';
import type { Point, Region, Search } from './search.ts';
import { commonService, servicesOverlap } from './services.ts';
import type { Box, FilterBox, Part, RuleFilter, Space } from './universe.ts';

export interface Crossing {
  readonly winner: RuleFilter;
  readonly loser: RuleFilter;
  readonly key: DecidingKey;
  /** Both match it and the winner decides it. */
  readonly packet: Packet;
  readonly place: Place;
  /** No third filter stands between the two for the packet. */
  readonly adjacent: boolean;
}

/** Two parts of different filters, with what is known of the filters. */
interface Pair {
  readonly space: Space;
  readonly search: Search;
  readonly first: Part;
  readonly second: Part;
}

/** One box of each filter, the deciding one first. */
interface Match {
  readonly winner: FilterBox;
  readonly loser: FilterBox;
  readonly region: Region;
}

export interface CrossingSearch {
  readonly places: Places;
  readonly search: Search;
  /** Of the blocking parts. */
  readonly overlaps: Overlaps;
  /** Pairs that are told otherwise. */
  readonly skip: (a: RuleFilter, b: RuleFilter) => boolean;
}

/** Calls `found` for pairs of parts that cross, once or more often for a pair of filters. */
export function findCrossings(
  { places, search, overlaps, skip }: CrossingSearch,
  permits: readonly Part[],
  found: (crossing: Crossing) => void,
): void {
  const { space } = overlaps;
  for (const first of permits) {
    for (const second of overlaps.with(first)) {
      if (skip(first.owner, second.owner)) continue;
      const crossing = crossingOf({ space, search, first, second }, places);
      if (crossing !== undefined) found(crossing);
    }
  }
}

function crossingOf(pair: Pair, places: Places): Crossing | undefined {
  const isWithin = withinOf(pair);
  let best: Crossing | undefined;
  for (const match of matchesOf(pair)) {
    const key = decidingKey(match.winner.directed, match.loser.directed);
    if (isWithin(match.winner === undefined ? pair.first : partOfBox(pair, match.winner), key)) continue;
    for (const place of places.shared(pair.first.owner, pair.second.owner)) {
      const crossing = meet(pair, match, key, place);
      if (crossing?.adjacent === true) return crossing;
      best ??= crossing;
    }
  }
  return best;
}
