/** How many packets a finding is about: what findings are put in order by. */
import type { Region } from './search.ts';
import type { Areas } from './service-sets.ts';
import type { Space } from './universe.ts';

/** Of one family, each combination of the fields that filters look at counted once. Exact up to 2^53. */
export function sizeOf(space: Space, region: Region): number {
  return countsOf(space, region).reduce((product, count) => product * count, 1);
}

/** Sources, destinations, services. */
export function countsOf({ atoms }: Space, { source, destination, service }: Region): readonly number[] {
  return [atoms.size(source), atoms.size(destination), servicePoints(service.areas)];
}

function servicePoints(areas: Areas): number {
  let points = 0;
  for (const area of areas) if (area !== undefined) points += count(area.keys) * count(area.sourcePorts);
  return points;
}

function count(ranges: readonly { readonly lo: number; readonly hi: number }[]): number {
  return ranges.reduce((sum, { lo, hi }) => sum + hi - lo + 1, 0);
}
