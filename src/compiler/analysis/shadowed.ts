/** Filters that never decide a packet, because others come first wherever they match. */
import { present } from '../../base/assert.ts';
import type { SeenPacket } from '../../policy/packet/text.ts';
import type { Places } from './interfaces.ts';
import { appliesAt } from './interfaces.ts';
import type { Point, Region, Search } from './search.ts';
import type { Box, FilterBox, RuleFilter, Space, Universe } from './universe.ts';

export interface Shadowed {
  readonly filter: RuleFilter;
  /** What decides one of its packets instead; undefined where it matches no packet at all. */
  readonly by: Box | undefined;
  readonly example: { readonly seen: SeenPacket; readonly loser: FilterBox } | undefined;
}

/** Whether directed filters decide anything, remembered. */
export class Liveness {
  readonly #places: Places;
  readonly #searches: ReadonlyMap<Space, Search>;
  readonly #known = new Map<FilterBox, Point | undefined>();

  constructor(places: Places, searches: ReadonlyMap<Space, Search>) {
    this.#places = places;
    this.#searches = searches;
  }

  /** A packet that the directed filter decides. */
  decided(space: Space, box: FilterBox): Point | undefined {
    if (this.#known.has(box)) return this.#known.get(box);
    const point = this.#search(space, box);
    this.#known.set(box, point);
    return point;
  }

  #search(space: Space, box: FilterBox): Point | undefined {
    for (const place of this.#places.shared(box.owner)) {
      const takes = (other: Box): boolean => appliesAt(other, place);
      const query = { region: regionOf(space, box), takes, limit: box.rank, onWire: false };
      const point = present(this.#searches.get(space)).find(query);
      if (point !== undefined) return point;
    }
    return undefined;
  }

  /** What decides a packet of a directed filter that decides none. */
  decider(space: Space, box: FilterBox): Shadowed {
    const [place] = this.#places.shared(box.owner);
    const search = present(this.#searches.get(space));
    const region = regionOf(space, box);
    const point = present(search.find({ region, takes: () => false, limit: 0, onWire: false }));
    const by = search.first(point, (other) => appliesAt(other, place));
    return { filter: box.owner, by, example: { seen: search.seen(point, place), loser: box } };
  }
}

export function regionOf({ atoms }: Space, box: FilterBox): Region {
  return { source: atoms.where(box.source), destination: atoms.where(box.destination), service: box.service };
}

/** Also those that match no packet at all. */
export function shadowedFilters({ filters, spaces }: Universe, liveness: Liveness): readonly Shadowed[] {
  return filters.flatMap((filter): Shadowed[] => {
    const boxes = spaces.flatMap((space) =>
      present(space.partsOf[filter.index]).flatMap((part) => part.boxes.map((box) => ({ space, box }))),
    );
    if (boxes.some(({ space, box }) => liveness.decided(space, box) !== undefined)) return [];
    const [first] = boxes;
    if (first === undefined) return [{ filter, by: undefined, example: undefined }];
    return [liveness.decider(first.space, first.box)];
  });
}
