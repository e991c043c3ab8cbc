/**
 * What the host is at the moment, as server-sent events: without asking again and again. `status`, `policies` and
 * `counters` are the outcomes of the routes of that name: all of them at first, then every second those that have changed.
 * `counters` has of rules those that drop most, with the sums of all. `unchanged`: the counters stand still.
 */
export type LiveEvent = HostLiveEvent | 'unchanged';
export type HostLiveEvent = 'status' | 'policies' | 'counters';

export const LIVE_PATH = '/v1/live';

/** Rules of each interface and direction that are listed. */
export const LIVE_RULES = 50;

/** Who may ask for the counters may listen. */
export const LIVE_RIGHT = 'counters';
