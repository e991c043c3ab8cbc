/** Counters of a page of what is no longer in force, where nobody says how many. */
export const RETIRED_LIMIT = 1000;
