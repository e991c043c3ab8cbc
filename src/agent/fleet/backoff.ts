/** How long to wait before a front is tried again: by chance, so that hosts that lost one do not come back together. */

/** Milliseconds. */
const FIRST = 1000;
const LONGEST = 300_000;
/** Of the pause after a front had too much to do: it is there, and serves others meanwhile. */
const BUSY = 5000;

/** For each host that is told of a policy, which costs a front some 2 ms of CPU; and the bounds for all of them. */
const SHARE = 3;
const SHORTEST_SPREAD = 2000;
const LONGEST_SPREAD = 60_000;

/**
 * Milliseconds, over which so many hosts put a policy in force. Each of them confirms it over a new connection: in this time
 * one front can serve them all, so that no policy waits for its turn. Hosts that fetch it may be more than an older front says.
 */
export function spreadOf(hosts: number, isBrought: boolean): number {
  return Math.min(LONGEST_SPREAD, Math.max(isBrought ? 0 : SHORTEST_SPREAD, hosts * SHARE));
}

/**
 * Milliseconds after so many failures in a row, the first of them 1: any time from 0 to a bound that doubles.
 * `share` is 0 to 1, drawn anew each time.
 */
export function pauseAfter(failures: number, share: number = Math.random()): number {
  return share * Math.min(LONGEST, FIRST * 2 ** (failures - 1));
}

/** Tries to follow a front, one after another. */
export class Retries {
  #failures = 0;

  /** Those since a front was followed last. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * A try has ended; milliseconds until the next one. `wasTold`: by then everything had come that the front had to tell. A
   * front that sends hosts away because all of them come at once does not make the bound double.
   */
  pause(ended: { readonly wasTold: boolean; readonly isBusy: boolean }, share: number = Math.random()): number {
    if (ended.wasTold) this.#failures = 1;
    else if (ended.isBusy) return share * BUSY;
    else this.#failures += 1;
    return pauseAfter(this.#failures, share);
  }
}

/** The fronts in an order by chance: each host begins at another one, and goes through all. */
export function shuffle<T>(all: readonly T[], draw: () => number = Math.random): readonly T[] {
  return all
    .map((one) => [draw(), one] as const)
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one);
}
