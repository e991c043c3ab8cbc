/** Taking the orders of a fleet, where the configuration names a front. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetStanding } from '../../api/fleet-standing.ts';
import type { FleetState } from '../../exporter/fleet-metrics.ts';
import type { HostConfig } from '../../host/config.ts';
import { readHostConfig } from '../../host/config.ts';
import type { HostContext } from '../../host/context.ts';
import type { ChangeTurns } from '../control/change-turn.ts';
import { tellFailuresOnce } from '../duties.ts';
import type { AgentLog } from '../log.ts';
import type { OperationsFor } from '../operations-beside.ts';
import type { FleetCredentials } from './fleet-credentials.ts';
import { readFleetCredentials } from './fleet-credentials.ts';
import { FleetFollower } from './follower.ts';
import { OrderBook } from './order-book.ts';
import { OrdersInForce } from './orders-in-force.ts';

/** Milliseconds between looks for credentials that are not there yet. */
const LOOK_INTERVAL = 5000;

export interface FleetDutyOptions {
  readonly context: HostContext;
  readonly log: AgentLog;
  readonly turns: ChangeTurns;
  readonly operations: OperationsFor;
  readonly stop: AbortSignal;
}

export class FleetDuty {
  readonly #options: FleetDutyOptions;
  readonly #fleet: HostConfig['fleet'] = readHostConfig().config.fleet;
  readonly #startedAt = Date.now();
  #follower: FleetFollower | undefined;

  constructor(options: FleetDutyOptions) {
    this.#options = options;
  }

  /** undefined where this host takes no orders. */
  state(): FleetState | undefined {
    if (this.#fleet.fronts.length === 0) return undefined;
    const none = { desired: undefined, isInSync: undefined, lastContact: undefined, startedAt: this.#startedAt };
    return this.#follower?.state() ?? none;
  }

  /** null where this host takes no orders. */
  standing(): FleetStanding | null {
    const state = this.state();
    if (state === undefined) return null;
    const { desired, isInSync = null, lastContact } = state;
    const { front = null, status } = this.#follower?.standing() ?? {};
    return {
      fronts: this.#fleet.fronts.map(({ host }) => host),
      front,
      lastContact: lastContact === undefined ? null : new Date(lastContact).toISOString(),
      target: desired?.target ?? null,
      isInSync,
      policy: status?.inForce.policy ?? null,
      isDrifted: status?.isDrifted ?? false,
      isRolledBack: status?.isRolledBack ?? false,
      error: status?.error == null ? null : { code: status.error.code, message: status.error.message },
    };
  }

  /** Until it is stopped. */
  async run(): Promise<void> {
    const { context, log, turns, operations, stop } = this.#options;
    if (this.#fleet.fronts.length === 0) return;
    const credentials = await this.#waitForCredentials();
    if (credentials === undefined) return;
    const book = new OrderBook(context.store.fleet, credentials.host, credentials.keys);
    const orders = new OrdersInForce({ book, fleet: this.#fleet, turns, operations, log });
    const { fronts } = this.#fleet;
    const read = (): FleetCredentials => readFleetCredentials(this.#fleet);
    this.#follower = new FleetFollower({ fronts, credentials: read, book, orders, log });
    await this.#follower.run(stop);
  }

  /** A host that joins gets them while its agent runs. undefined where the agent is stopped meanwhile. */
  async #waitForCredentials(): Promise<FleetCredentials | undefined> {
    const { log, stop } = this.#options;
    let found: FleetCredentials | undefined;
    const look = tellFailuresOnce(log, 'no orders are taken', () => {
      found = readFleetCredentials(this.#fleet);
      return Promise.resolve();
    });
    for (;;) {
      await look();
      if (found !== undefined || stop.aborted) return found;
      await sleep(LOOK_INTERVAL, undefined, { signal: stop }).catch(() => undefined);
    }
  }
}
