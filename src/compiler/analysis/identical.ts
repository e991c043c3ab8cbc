/** Filters that match exactly the same packets on the same interfaces. */
import { present } from '../../base/assert.ts';
import { filterCovers } from './containment.ts';
import { placesKey } from './interface-limits.ts';
import type { Areas } from './service-sets.ts';
import type { Part, RuleFilter, Universe } from './universe.ts';

/** In the order of the policy, at least two. */
export type IdenticalGroup = readonly RuleFilter[];

export function identicalFilters(universe: Universe): readonly IdenticalGroup[] {
  const candidates = new Map<string, RuleFilter[][]>();
  for (const filter of universe.filters) {
    const extremes = extremesOf(universe, filter);
    if (extremes === undefined) continue;
    const key = `${placesKey(filter)} ${extremes}`;
    const groups = candidates.get(key) ?? [];
    candidates.set(key, groups);
    const group = groups.find((members) => areEqual(universe, present(members[0]), filter));
    if (group === undefined) groups.push([filter]);
    else group.push(filter);
  }
  return [...candidates.values()].flat().filter((group) => group.length > 1);
}

function areEqual({ spaces }: Universe, a: RuleFilter, b: RuleFilter): boolean {
  return spaces.every((space) => filterCovers(space, a, b) && filterCovers(space, b, a));
}

/**
 * The first and the last packet of the filter, in an order of all packets: equal filters have the same, however they
 * are written, and few others do. undefined where it matches none.
 */
function extremesOf({ spaces }: Universe, filter: RuleFilter): string | undefined {
  const parts = spaces.map((space) => present(space.partsOf[filter.index]));
  if (parts.every((of) => of.length === 0)) return undefined;
  return parts.map((of) => `${extreme(of, firstPoint, -1)}..${extreme(of, lastPoint, 1)}`).join(' ');
}

function extreme(parts: readonly Part[], pointOf: (part: Part) => readonly number[], sign: 1 | -1): string {
  const points = parts.map(pointOf);
  const [best] = points.sort((a, b) => sign * compare(b, a));
  return best?.join() ?? '';
}

function compare(a: readonly number[], b: readonly number[]): number {
  return a.map((value, i) => value - (b[i] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

function firstPoint({ source, destination, service: { areas } }: Part): readonly number[] {
  const plane = areas.findIndex((area) => area !== undefined);
  const { keys, sourcePorts } = areaAt(areas, plane);
  return [source.atoms[0]!, destination.atoms[0]!, plane, keys[0]?.lo ?? 0, sourcePorts[0]?.lo ?? 0];
}

function lastPoint({ source, destination, service: { areas } }: Part): readonly number[] {
  const plane = areas.findLastIndex((area) => area !== undefined);
  const { keys, sourcePorts } = areaAt(areas, plane);
  return [source.atoms.at(-1)!, destination.atoms.at(-1)!, plane, keys.at(-1)?.hi ?? 0, sourcePorts.at(-1)?.hi ?? 0];
}

function areaAt(areas: Areas, plane: number): NonNullable<Areas[number]> {
  return present(areas[plane], 'a service without packets');
}
