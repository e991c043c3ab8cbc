/** Packets that pass only because of something: were it not there, a block or the default would drop them. */
import type { SeenPacket } from '../../policy/packet/text.ts';
import type { Effort } from './effort.ts';
import type { Places } from './interface-limits.ts';
import { appliesAt } from './interface-limits.ts';
import type { Overlaps } from './overlaps.ts';
import type { Region, Search } from './search.ts';
import { servicesOverlap } from './service-sets.ts';
import type { Box, FilterBox, RuleFilter, Space, Universe } from './universe.ts';

export interface DroppedOtherwise {
  readonly witness: SeenPacket;
  readonly by: RuleFilter | 'default';
}

export interface DropSearch {
  readonly universe: Universe;
  readonly space: Space;
  readonly search: Search;
  /** The blocking parts of the space. */
  readonly blocks: Overlaps;
  readonly places: Places;
  readonly effort: Effort;
}

export interface Asked {
  readonly region: Region;
  /** What is not there. It decides the whole region now, if nothing before `rank` does. */
  readonly without: ReadonlySet<Box>;
  readonly rank: number;
  /** Boxes among `without` whose packets are not wanted. */
  readonly except: (box: Box) => boolean;
  /** Where its rule takes part; undefined: everywhere. */
  readonly owner: RuleFilter | undefined;
}

export function droppedOtherwise(asked: Asked, context: DropSearch): DroppedOtherwise | undefined {
  const { universe, space, search, places, effort } = context;
  const owners = asked.owner === undefined ? [] : [asked.owner];
  for (const next of droppers(universe, asked.region, context.blocks)) {
    const region = next === 'default' ? asked.region : commonRegion(space, asked.region, next);
    if (region === undefined || rankOf(next) < asked.rank) continue;
    if (effort.isPhaseSpent) return undefined;
    for (const place of places.shared(...owners, ...(next === 'default' ? [] : [next.owner]))) {
      const takes = (box: Box): boolean => (asked.without.has(box) ? asked.except(box) : appliesAt(box, place));
      const point = search.find({ region, takes, limit: rankOf(next), onWire: true });
      if (point === undefined || point === 'unknown') continue;
      return { witness: search.seen(point, place), by: next === 'default' ? next : next.owner };
    }
  }
  return undefined;
}

/** The default first where it blocks: it is the simplest to name. */
function droppers({ policy }: Universe, region: Region, blocks: Overlaps): readonly (FilterBox | 'default')[] {
  const boxes = [...blocks.with(region)].flatMap((part) => part.boxes).sort((a, b) => a.rank - b.rank);
  return policy.default === 'block' ? ['default', ...boxes] : boxes;
}

function rankOf(next: FilterBox | 'default'): number {
  return next === 'default' ? Number.POSITIVE_INFINITY : next.rank;
}

function commonRegion({ atoms, services }: Space, region: Region, box: FilterBox): Region | undefined {
  const source = atoms.common(region.source, atoms.where(box.source));
  const destination = atoms.common(region.destination, atoms.where(box.destination));
  if (source === undefined || destination === undefined) return undefined;
  if (!servicesOverlap(region.service, box.service)) return undefined;
  return { source, destination, service: services.common(region.service, box.service) };
}

/** What the box matches from other hosts to `destination`. */
export function fromElsewhere({ atoms, own }: Space, box: Box, destination: Region['destination']): Region | undefined {
  const sources = atoms.where(box.source);
  const source = own === undefined ? sources : atoms.outside(sources, own);
  const local = atoms.common(atoms.where(box.destination), destination);
  return source === undefined || local === undefined ? undefined : { source, destination: local, service: box.service };
}
