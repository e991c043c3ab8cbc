/**
 * Follows the orders of a fleet: one of its fronts, picked by chance, and the next when that one ends or is silent. While no
 * front can be reached everything stays as it is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { EnvironmentError } from '../../base/environment-error.ts';
import { messageOf } from '../../base/message-of.ts';
import type { FleetState } from '../../exporter/fleet-metrics.ts';
import type { FollowLine } from '../../fleet/front-routes.ts';
import { readFollowLine, SILENCE, STATUS_INTERVAL } from '../../fleet/front-routes.ts';
import { refusalText } from '../../fleet/order.ts';
import type { StatusReport } from '../../fleet/records.ts';
import { tellFailuresOnce } from '../duties.ts';
import { describeFailure, failureFields } from '../failure-text.ts';
import type { AgentLog } from '../log.ts';
import { Retries, shuffle } from './backoff.ts';
import type { FrontAsks } from './carry-out.ts';
import type { FleetCredentials } from './fleet-credentials.ts';
import { FrontConnection, isBusy, refusalOf } from './front-connection.ts';
import type { OrderBook } from './order-book.ts';
import type { OrdersInForce } from './orders-in-force.ts';

/** Milliseconds between looks at what is due. */
const TICK = 1000;
const OK = 200;
const TAKEN = 204;
const NOT_FOUND = 404;
/** Bytes that packing may add. */
const PACKED_MORE = 65_536;

/** What becomes of the orders that are taken. */
export type Orders = Pick<
  OrdersInForce,
  'settle' | 'isDue' | 'isUnderWay' | 'look' | 'status' | 'state' | 'refuse' | 'noteKeeping'
>;

export interface FollowerOptions {
  readonly fronts: readonly URL[];
  /** Read for each connection: they may have been renewed. */
  readonly credentials: () => FleetCredentials;
  readonly book: OrderBook;
  readonly orders: Orders;
  readonly log: AgentLog;
}

export class FleetFollower {
  readonly #options: FollowerOptions;
  readonly #fronts: readonly URL[];
  readonly #startedAt = Date.now();
  #next = 0;
  #connection: FrontConnection | undefined;
  #lastContact: number | undefined;
  /** From the last `current` line. */
  #position: { readonly epoch: string; readonly revision: number } | undefined;
  /** Those that the front told at once the last time. */
  #toldAtOnce = 1;
  /** The policy that came along with an order last. */
  #brought: { readonly sha256: string; readonly packed: string } | undefined;
  /** Whether everything that there was to tell came over this connection, and is kept. */
  #isTold = false;
  #sent = '';
  #sentAt = 0;
  /** Why the status was not taken the last time: told once. */
  #notTaken = '';
  /** Ends the pause between two tries. */
  #hurry = new AbortController();
  readonly #look: () => Promise<void>;
  readonly #settle: () => Promise<void>;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#fronts = shuffle(options.fronts);
    const { log, orders } = options;
    this.#look = tellFailuresOnce(log, 'what the fleet ordered cannot be looked after', () => orders.look());
    this.#settle = tellFailuresOnce(log, 'the orders of the fleet cannot be carried out', async () => {
      await orders.settle(this.#asks());
      // A policy that cut the way to the front has gone back by now: no pause that began meanwhile is waited for.
      if (this.#connection === undefined) this.#hurry.abort();
      else await this.#sendStatus();
    });
  }

  state(): FleetState {
    return { ...this.#options.orders.state(), lastContact: this.#lastContact, startedAt: this.#startedAt };
  }

  /** The front that orders come from, and what is reported to it. */
  standing(): { readonly front: string | null; readonly status: StatusReport } {
    return { front: this.#connection?.url.host ?? null, status: this.#options.orders.status() };
  }

  /** Until `stop`. */
  async run(stop: AbortSignal): Promise<void> {
    // What was ordered last goes in force before any front is asked.
    await this.#look();
    const ticking = this.#tick(stop);
    const retries = new Retries();
    let told = '';
    while (!stop.aborted) {
      const front = this.#fronts[this.#next++ % this.#fronts.length];
      if (front === undefined) return;
      this.#isTold = false;
      let pause = 0;
      try {
        await this.#follow(front, stop);
      } catch (error) {
        pause = retries.pause({ wasTold: this.#isTold, isBusy: isBusy(error) });
        const why = describeFailure(error);
        if (retries.failures <= this.#fronts.length && (this.#isTold || why !== told)) {
          this.#options.log.warning(why, failureFields(error));
        }
        told = why;
      }
      const signal = AbortSignal.any([stop, this.#hurry.signal]);
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      this.#hurry = new AbortController();
    }
    await ticking;
  }

  /** Drift, what failed and is due again, and the report to the front. */
  async #tick(stop: AbortSignal): Promise<void> {
    const { log, orders } = this.#options;
    const settle = tellFailuresOnce(log, 'the orders of the fleet cannot be carried out', async () => {
      if (this.#options.book.takeLate() || orders.isDue) await orders.settle(this.#asks());
      await this.#sendStatus();
    });
    while (!stop.aborted) {
      await sleep(TICK, undefined, { signal: stop }).catch(() => undefined);
      if (stop.aborted) return;
      await this.#look();
      await settle();
    }
  }

  async #follow(front: URL, stop: AbortSignal): Promise<void> {
    const { log } = this.#options;
    using connection = await FrontConnection.open(front, this.#options.credentials().tls);
    this.#connection = connection;
    this.#sent = '';
    let epoch = '';
    log.info(`orders come from the front ${front.host}`, { front: front.host });
    try {
      for await (const line of connection.follow(this.#path(), SILENCE * 1000, stop)) {
        this.#lastContact = Date.now();
        const read = line === '' ? undefined : readFollowLine(line);
        if (read?.kind === 'hello') epoch = read.epoch;
        else if (read?.kind === 'current') {
          this.#position = { epoch, revision: read.revision };
          this.#toldAtOnce = read.hosts;
          this.#isTold = true;
          this.#options.orders.noteKeeping(null);
          // Lines are read on meanwhile: carrying out an order may take long.
          void this.#settle();
        } else if (read?.kind === 'policy') this.#brought = read;
        else if (read !== undefined) this.#take(read);
      }
    } catch (error) {
      if (error instanceof NotKept) await this.#sendStatus();
      throw error;
    } finally {
      this.#connection = undefined;
    }
  }

  /** Throws NotKept where the disk does not take it: it comes again over the next connection. */
  #take(line: Statement): void {
    try {
      this.#keep(line);
    } catch (cause) {
      const failure = new NotKept(cause);
      this.#options.orders.noteKeeping(failure);
      throw failure;
    }
  }

  #keep(line: Statement): void {
    const { book, orders } = this.#options;
    if (line.kind === 'membership') {
      const refused = book.takeMembership(line.signed);
      if (refused !== undefined) orders.refuse(null, `the membership that the front sent is refused: ${refused}`);
      return;
    }
    const taken = book.takeOrder(line.signed);
    if (!('refused' in taken) || taken.refused === 'other-wave') return;
    orders.refuse(null, `an order that the front sent is refused: ${refusalText(taken.refused)}`);
  }

  #path(): string {
    const path = `/v1/follow?has=${this.#options.book.carried?.policy?.sha256 ?? ''}`;
    if (this.#position === undefined) return path;
    const { epoch, revision } = this.#position;
    return `${path}&since=${revision}&epoch=${encodeURIComponent(epoch)}`;
  }

  #asks(): FrontAsks {
    let tries = 0;
    return {
      toldAtOnce: this.#toldAtOnce,
      broughtBlob: (sha256) => {
        const brought = this.#brought?.sha256 === sha256 ? this.#brought : undefined;
        return brought === undefined ? undefined : Buffer.from(brought.packed, 'base64');
      },
      fetchBlob: (sha256, size) => this.#fetchBlob(sha256, size),
      reachAnew: () => this.#reachAnew(tries++),
    };
  }

  async #fetchBlob(sha256: string, size: number): Promise<Uint8Array> {
    const connection = this.#connection;
    if (connection === undefined) throw noFront();
    const most = size + PACKED_MORE;
    const { status, body } = await connection.ask({ method: 'GET', path: `/v1/blob/${sha256}`, most });
    if (status === OK) return body;
    const why = refusalOf(status, body.toString('utf8'));
    throw new EnvironmentError('XDPOL_E_FRONT', `the front ${connection.url.host} does not give ${sha256}: ${why}`, {
      help: status === NOT_FOUND ? 'publish it again: xdpol fleet publish' : 'see that the store of the front answers',
    });
  }

  /** The status goes over a connection of its own: first to the front that orders come from, then to all in turn. */
  async #reachAnew(tries: number): Promise<void> {
    const followed = tries === 0 ? this.#connection?.url : undefined;
    const front = followed ?? this.#fronts[this.#next++ % this.#fronts.length];
    if (front === undefined) throw noFront();
    using connection = await FrontConnection.open(front, this.#options.credentials().tls);
    await postStatus(connection, JSON.stringify(this.#options.orders.status()));
  }

  /**
   * On change, after each new connection, and now and then; that an order is under way the front knows itself. What is lost
   * is sent again.
   */
  async #sendStatus(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined || this.#lastContact === undefined) return;
    const text = JSON.stringify(this.#options.orders.status());
    const hasNews = text !== this.#sent && !this.#options.orders.isUnderWay;
    if (!hasNews && performance.now() - this.#sentAt < STATUS_INTERVAL * 1000) return;
    const before = this.#sent;
    this.#sent = text;
    this.#sentAt = performance.now();
    try {
      await postStatus(connection, text);
      this.#notTaken = '';
    } catch (error) {
      if (this.#sent === text) this.#sent = before;
      this.#sentAt = performance.now();
      const why = describeFailure(error);
      if (this.#connection === connection && why !== this.#notTaken) {
        this.#options.log.warning(why, failureFields(error));
        this.#notTaken = why;
      }
    }
  }
}

type Statement = Extract<FollowLine, { kind: 'membership' | 'order' }>;

/** The disk did not take it. */
class NotKept extends EnvironmentError {
  constructor(cause: unknown) {
    const help = cause instanceof EnvironmentError ? cause.help : undefined;
    super('XDPOL_E_STORE', `what the fleet ordered is not taken: ${messageOf(cause)}`, {
      help: help ?? 'see that the disk with the state of xdpol takes files; it is tried again by itself',
      cause,
    });
    this.name = 'NotKept';
  }
}

async function postStatus(connection: FrontConnection, body: string): Promise<void> {
  const { status, body: answer } = await connection.ask({ method: 'POST', path: '/v1/status', body });
  if (status === TAKEN || status === OK) return;
  const why = refusalOf(status, answer.toString('utf8'));
  throw new EnvironmentError('XDPOL_E_FRONT', `the front ${connection.url.host} does not take the status: ${why}`, {
    help: 'where the host has joined anew, let it use the new certificate; else see docs/fleet.md',
  });
}

function noFront(): EnvironmentError {
  return new EnvironmentError('XDPOL_E_FRONT', 'no front is connected', { help: 'it is tried again when one is' });
}
