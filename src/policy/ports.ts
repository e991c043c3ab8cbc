/** Port ranges and protocol numbers. */
import { present } from '../base/assert.ts';
import type { PortRange } from './model.ts';
import { ANY_PORT, PROTOCOLS } from './model.ts';

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(PROTOCOLS).map(([name, number]) => [number, name]),
);

/** `tcp`, or the number where the protocol has no name here. */
export function protocolName(protocol: number): string {
  return PROTOCOL_NAMES.get(protocol) ?? String(protocol);
}

/** Sorted, disjoint and not adjacent: the fewest ranges with the same ports. */
export function mergeRanges(ranges: readonly PortRange[]): PortRange[] {
  const merged: PortRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.lo - b.lo)) {
    const last = merged.at(-1);
    if (last !== undefined && range.lo <= last.hi + 1) {
      merged[merged.length - 1] = {
        lo: last.lo,
        hi: Math.max(last.hi, range.hi),
      };
    } else {
      merged.push(range);
    }
  }
  return merged;
}

export function isAnyPort({ lo, hi }: PortRange): boolean {
  return lo === ANY_PORT.lo && hi === ANY_PORT.hi;
}

export function areAnyPort(ranges: readonly PortRange[]): boolean {
  return ranges.length === 1 && isAnyPort(present(ranges[0]));
}
