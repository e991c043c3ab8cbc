/** Filters that never decide a packet, because others come first wherever they match. */
import { assert, present } from '../../base/assert.ts';
import type { SeenPacket } from '../../policy/packet/text.ts';
import type { Effort } from './effort.ts';
import type { Places } from './interface-limits.ts';
import { appliesAt } from './interface-limits.ts';
import type { Region, Search } from './search.ts';
import type { Box, FilterBox, RuleFilter, Space, Universe } from './universe.ts';

export interface Shadowed {
  readonly filter: RuleFilter;
  /** What decides the packet instead. */
  readonly by: Box;
  readonly seen: SeenPacket;
  /** The directed filter that matches it. */
  readonly loser: FilterBox;
}

export interface ShadowSearch {
  readonly places: Places;
  readonly searchOf: (space: Space) => Search;
  readonly effort: Effort;
}

export interface ShadowedFilters {
  readonly shadowed: readonly Shadowed[];
  /** Filters of which the effort did not suffice to say. */
  readonly unknown: number;
}

/** Of those that match a packet at all. */
export function shadowedFilters({ filters, spaces }: Universe, context: ShadowSearch): ShadowedFilters {
  const shadowed: Shadowed[] = [];
  let unknown = 0;
  for (const filter of filters) {
    const boxes = spaces.flatMap((space) =>
      present(space.partsOf[filter.index]).flatMap((part) => part.boxes.map((box) => ({ space, box }))),
    );
    const [first] = boxes;
    if (first === undefined) continue;
    const decides = context.effort.isPhaseSpent ? 'unknown' : decidesAny(boxes, context);
    if (decides === 'unknown') unknown++;
    else if (decides === 'no') shadowed.push(decider(first.space, first.box, context));
  }
  return { shadowed, unknown };
}

function decidesAny(
  boxes: readonly { readonly space: Space; readonly box: FilterBox }[],
  context: ShadowSearch,
): 'yes' | 'no' | 'unknown' {
  let isUnknown = false;
  for (const { space, box } of boxes) {
    const decides = decidesOne(space, box, context);
    if (decides === 'yes') return 'yes';
    isUnknown ||= decides === 'unknown';
  }
  return isUnknown ? 'unknown' : 'no';
}

function decidesOne(space: Space, box: FilterBox, { places, searchOf }: ShadowSearch): 'yes' | 'no' | 'unknown' {
  let isUnknown = false;
  for (const place of places.shared(box.owner)) {
    const takes = (other: Box): boolean => appliesAt(other, place);
    const point = searchOf(space).find({ region: regionOf(space, box), takes, limit: box.rank, onWire: false });
    if (point !== undefined && point !== 'unknown') return 'yes';
    isUnknown ||= point === 'unknown';
  }
  return isUnknown ? 'unknown' : 'no';
}

/** What decides a packet of a directed filter that decides none. */
function decider(space: Space, box: FilterBox, { places, searchOf }: ShadowSearch): Shadowed {
  const [place] = places.shared(box.owner);
  const search = searchOf(space);
  const point = search.find({ region: regionOf(space, box), takes: () => false, limit: 0, onWire: false });
  assert(point !== undefined && point !== 'unknown', 'a filter without packets');
  const by = present(search.first(point, (other) => appliesAt(other, place)));
  return { filter: box.owner, by, seen: search.seen(point, place), loser: box };
}

function regionOf({ atoms }: Space, box: FilterBox): Region {
  return { source: atoms.where(box.source), destination: atoms.where(box.destination), service: box.service };
}
