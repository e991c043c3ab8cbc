/** How long to wait before a front is tried again: by chance, so that hosts that lost one do not come back together. */

/** Milliseconds. */
const FIRST = 1000;
const LONGEST = 300_000;

/**
 * Milliseconds after so many failures in a row, the first of them 1: any time from 0 to a bound that doubles.
 * `share` is 0 to 1, drawn anew each time.
 */
export function pauseAfter(failures: number, share: number = Math.random()): number {
  return share * Math.min(LONGEST, FIRST * 2 ** (failures - 1));
}

/** The fronts in an order by chance: each host begins at another one, and goes through all. */
export function shuffle<T>(all: readonly T[], draw: () => number = Math.random): readonly T[] {
  return all
    .map((one) => [draw(), one] as const)
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one);
}
