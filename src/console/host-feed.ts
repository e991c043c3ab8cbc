/** What the host is at the moment, as the agent tells it while the page is seen. */
import type { LiveEvent } from '../api/live-events.ts';
import { LIVE_PATH, LIVE_RULES } from '../api/live-events.ts';
import type { HostCounters } from '../host/counters.ts';
import type { HostStatus } from '../host/status.ts';
import type { PolicyList } from '../host/stored-policies.ts';
import { AgentGone, ApiError, read } from './api.ts';
import { LiveStream } from './live-stream.ts';
import type { PlotSeries } from './plot-history.ts';
import { PlotHistory } from './plot-history.ts';
import type { Reading } from './rates.ts';
import { rowsOf, totalsOf } from './rates.ts';

export interface Snapshot {
  readonly status: HostStatus | undefined;
  readonly policies: PolicyList | undefined;
  readonly reading: Reading | undefined;
  readonly before: Reading | undefined;
  /** Rates of the last minutes, by interface. */
  readonly history: readonly (readonly [interfaceName: string, series: PlotSeries])[];
  /** Milliseconds since 1970 of the last news. */
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

/** Of two readings that come close together no rate is made. */
const SHORTEST = 500;

export class HostFeed {
  snapshot: Snapshot = NOTHING;
  readonly #onChange: (snapshot: Snapshot) => void;
  readonly #onSignedOut: () => void;
  readonly #history = new PlotHistory();
  readonly #stream: LiveStream = new LiveStream(LIVE_PATH, {
    events: {
      status: (status) => this.#take({ status: status as HostStatus }),
      policies: (policies) => this.#take({ policies: policies as PolicyList }),
      counters: (counters) => this.#take(this.#readingOf(counters as HostCounters)),
      unchanged: () => {
        const { reading } = this.snapshot;
        if (reading !== undefined) this.#take(this.#readingOf(reading.counters));
      },
    } satisfies Record<LiveEvent, (data: unknown) => void>,
    ended: () => this.refresh(),
  });

  constructor(onChange: (snapshot: Snapshot) => void, onSignedOut: () => void) {
    this.#onChange = onChange;
    this.#onSignedOut = onSignedOut;
  }

  /** Listens while the page is seen. */
  follow(): void {
    this.#stream.follow();
  }

  /** Reads the host now: something was changed. */
  async refresh(): Promise<void> {
    try {
      const [status, policies, counters] = await Promise.all([
        read<HostStatus>('/v1/status'),
        read<PolicyList>('/v1/policies'),
        read<HostCounters>(`/v1/counters?dropping=${LIVE_RULES}`),
      ]);
      this.#take({ status, policies, ...this.#readingOf(counters) });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        this.stop();
        this.#onSignedOut();
        return;
      }
      const isStale = error instanceof AgentGone;
      this.snapshot = { ...this.snapshot, isStale, error: error instanceof Error ? error : new Error(String(error)) };
      this.#onChange(this.snapshot);
    }
  }

  stop(): void {
    this.#stream.stop();
  }

  #readingOf(counters: HostCounters): Pick<Snapshot, 'reading' | 'before' | 'history'> {
    const last = this.snapshot.reading;
    const reading = { at: performance.now(), counters };
    const isClose = last !== undefined && reading.at - last.at < SHORTEST;
    const before = isClose ? this.snapshot.before : last;
    if (before !== undefined && !isClose) this.#history.add(Date.now(), totalsOf(rowsOf(reading, before)));
    return { reading, before, history: this.#history.all };
  }

  #take(news: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...news, at: Date.now(), error: undefined, isStale: false };
    this.#onChange(this.snapshot);
  }
}
