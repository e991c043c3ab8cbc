/** How the fleet stands, as the server beside the operator's folder tells it while the page is seen. */
import type { FleetSummary } from '../../api/fleet-console.ts';
import type { FleetLiveEvent } from '../../api/fleet-console-routes.ts';
import { FLEET_LIVE_PATH, FLEET_ROUTES } from '../../api/fleet-console-routes.ts';
import { AgentGone, ApiError, read } from '../api.ts';
import { LiveStream } from '../live-stream.ts';

export interface FleetSnapshot {
  readonly summary: FleetSummary | undefined;
  /** Milliseconds since 1970 of the last news. */
  readonly at: number;
  /** What the API said last, where it was no outcome. */
  readonly error: Error | undefined;
  /** The server does not answer: what is here is what it said last. */
  readonly isStale: boolean;
  /** Another number with each summary: hosts may stand otherwise. */
  readonly version: number;
}

export class FleetFeed {
  snapshot: FleetSnapshot = { summary: undefined, at: 0, error: undefined, isStale: false, version: 0 };
  readonly #onChange: () => void;
  readonly #onSignedOut: () => void;
  readonly #stream: LiveStream = new LiveStream(FLEET_LIVE_PATH, {
    events: { summary: (summary) => this.#take(summary as FleetSummary) } satisfies Record<
      FleetLiveEvent,
      (data: unknown) => void
    >,
    ended: () => this.refresh(),
  });

  constructor(onChange: () => void, onSignedOut: () => void) {
    this.#onChange = onChange;
    this.#onSignedOut = onSignedOut;
  }

  follow(): void {
    this.#stream.follow();
  }

  stop(): void {
    this.#stream.stop();
  }

  /** Reads the fleet now: something was changed. */
  async refresh(): Promise<void> {
    try {
      this.#take(await read<FleetSummary>(FLEET_ROUTES.summary.path));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        this.stop();
        this.#onSignedOut();
        return;
      }
      const thrown = error instanceof Error ? error : new Error(String(error));
      this.snapshot = { ...this.snapshot, isStale: error instanceof AgentGone, error: thrown };
      this.#onChange();
    }
  }

  #take(summary: FleetSummary): void {
    const version = this.snapshot.version + 1;
    this.snapshot = { summary, at: Date.now(), error: undefined, isStale: false, version };
    this.#onChange();
  }
}
