/** Sets of numbers as ranges: sorted, disjoint and not adjacent, so that equal sets have equal ranges. */

import type { PortRange } from '../../policy/model.ts';
import { mergeRanges } from '../../policy/ports.ts';

export type Ranges = readonly PortRange[];

export function rangesOverlap(a: Ranges, b: Ranges): boolean {
  return a.some((x) => b.some((y) => x.lo <= y.hi && y.lo <= x.hi));
}

/** Is every number of `inner` in `outer`? */
export function rangesCover(outer: Ranges, inner: Ranges): boolean {
  return inner.every((x) => outer.some((y) => y.lo <= x.lo && x.hi <= y.hi));
}

export function commonRanges(a: Ranges, b: Ranges): Ranges {
  if (a === b) return a;
  return a.flatMap((x) =>
    b.flatMap((y) => {
      const common = { lo: Math.max(x.lo, y.lo), hi: Math.min(x.hi, y.hi) };
      return common.lo <= common.hi ? [common] : [];
    }),
  );
}

/** The numbers of `within` that are in none of `taken`, which may be in any order and overlap. */
export function rangesOutside(within: Ranges, taken: Ranges): Ranges {
  const merged = mergeRanges(taken);
  return within.flatMap((range) => {
    const left: PortRange[] = [];
    let lo = range.lo;
    for (const hole of merged) {
      if (hole.hi < lo) continue;
      if (hole.lo > range.hi) break;
      if (hole.lo > lo) left.push({ lo, hi: hole.lo - 1 });
      lo = hole.hi + 1;
    }
    return lo <= range.hi ? [...left, { lo, hi: range.hi }] : left;
  });
}

/** `preferred` where it is one of the numbers, else the lowest but 0, else 0; undefined where there is none. */
export function pickNumber(ranges: Ranges, preferred: number): number | undefined {
  if (ranges.some(({ lo, hi }) => lo <= preferred && preferred <= hi)) return preferred;
  const positive = ranges.find(({ hi }) => hi > 0);
  return positive === undefined ? ranges[0]?.lo : Math.max(1, positive.lo);
}

export function union(a: Ranges, b: Ranges): Ranges {
  return mergeRanges([...a, ...b]);
}
