/** What the host is at the moment, read again and again while the page is seen. */
import type { HostCounters } from '../host/counters.ts';
import type { HostStatus } from '../host/status.ts';
import type { PolicyList } from '../host/stored-policies.ts';
import { AgentGone, ApiError, read } from './api.ts';
import type { PlotSeries } from './plot-history.ts';
import { PlotHistory } from './plot-history.ts';
import type { Reading } from './rates.ts';
import { rowsOf, totalsOf } from './rates.ts';

/** Milliseconds between readings. */
const INTERVAL = 1000;
const RETRY = 3000;

export interface Snapshot {
  readonly status: HostStatus | undefined;
  readonly policies: PolicyList | undefined;
  readonly reading: Reading | undefined;
  readonly before: Reading | undefined;
  /** Rates of the last minutes, by interface. */
  readonly history: readonly (readonly [interfaceName: string, series: PlotSeries])[];
  /** Milliseconds since 1970 of the last answer. */
  readonly at: number;
  /** What the API said last, where it was no outcome. */
  readonly error: Error | undefined;
  /** The agent does not answer: what is here is what it said last. */
  readonly isStale: boolean;
}

const NOTHING: Snapshot = {
  status: undefined,
  policies: undefined,
  reading: undefined,
  before: undefined,
  history: [],
  at: 0,
  error: undefined,
  isStale: false,
};

export class HostFeed {
  snapshot: Snapshot = NOTHING;
  readonly #onChange: (snapshot: Snapshot) => void;
  readonly #onSignedOut: () => void;
  readonly #history = new PlotHistory();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(onChange: (snapshot: Snapshot) => void, onSignedOut: () => void) {
    this.#onChange = onChange;
    this.#onSignedOut = onSignedOut;
  }

  /** Also at once after a change. */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    if (!document.hidden) await this.#readOnce();
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.refresh(), this.snapshot.isStale ? RETRY : INTERVAL);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #readOnce(): Promise<void> {
    try {
      const [status, counters, policies] = await Promise.all([
        read<HostStatus>('/v1/status'),
        read<HostCounters>('/v1/counters'),
        read<PolicyList>('/v1/policies'),
      ]);
      const reading = { at: performance.now(), counters };
      const { reading: before } = this.snapshot;
      const at = Date.now();
      if (before !== undefined) this.#history.add(at, totalsOf(rowsOf(reading, before)));
      const history = this.#history.all;
      this.snapshot = { status, policies, reading, before, history, at, error: undefined, isStale: false };
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        this.stop();
        this.#onSignedOut();
        return;
      }
      const isStale = error instanceof AgentGone;
      this.snapshot = { ...this.snapshot, isStale, error: error instanceof Error ? error : new Error(String(error)) };
    }
    this.#onChange(this.snapshot);
  }
}
