/**
 * What the host is at the moment, as server-sent events: without asking again and again. `status`, `policies` and
 * `counters` are the outcomes of the routes of that name: all of them at first, then every second those that have changed.
 * `unchanged`: the counters stand still.
 */
export type LiveEvent = 'status' | 'policies' | 'counters' | 'unchanged';

export const LIVE_PATH = '/v1/live';

/** Who may ask for the counters may listen. */
export const LIVE_RIGHT = 'counters';
