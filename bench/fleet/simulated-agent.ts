/**
 * A host as its front sees it: the product's connection, order book and pauses. It verifies the orders and fetches and
 * verifies the policy; it does not put it in force, and its disk is memory.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { pauseAfter, Retries, spreadOf } from '../../src/agent/fleet/backoff.ts';
import type { FrontTls } from '../../src/agent/fleet/front-connection.ts';
import { FrontConnection, isBusy } from '../../src/agent/fleet/front-connection.ts';
import { OrderBook } from '../../src/agent/fleet/order-book.ts';
import { reachInTime } from '../../src/agent/fleet/reach-in-time.ts';
import { unpackBlob } from '../../src/fleet/bundle.ts';
import { HOST_ROUTES, readFollowLine, SILENCE } from '../../src/fleet/front-routes.ts';
import type { OrderedPolicy } from '../../src/fleet/order.ts';
import type { StatusReport } from '../../src/fleet/records.ts';
import type { TrustedKeys } from '../../src/fleet/signing.ts';
import type { FleetRecord } from '../../src/store/store.ts';
import type { EventKind } from './messages.ts';
import type { Turns } from './turns.ts';

const OK = 200;
const TAKEN = 204;
const PACKED_MORE = 65_536;

export interface AgentOptions {
  readonly name: string;
  readonly front: URL;
  readonly tls: FrontTls;
  readonly keys: TrustedKeys;
  /** For the first connection alone. */
  readonly turns: Turns;
  readonly happened: (kind: EventKind, seq: number) => void;
  /** Whether a policy is confirmed over a new connection now. */
  readonly confirms: () => boolean;
}

export class SimulatedAgent {
  readonly #options: AgentOptions;
  readonly #book: OrderBook;
  #position: { readonly epoch: string; readonly revision: number } | undefined;
  #seq = 0;
  #sha256: string | null = null;
  /** The policy that came along with an order last. */
  #brought: { readonly sha256: string; readonly packed: string } | undefined;
  #contacts = 0;

  constructor(options: AgentOptions) {
    this.#options = options;
    let kept: FleetRecord = { statements: new Map(), carried: null, failed: null };
    const file = {
      read: (): FleetRecord => kept,
      write: (record: FleetRecord): void => {
        kept = record;
      },
    };
    this.#book = new OrderBook(file, options.name, options.keys);
  }

  async run(stop: AbortSignal): Promise<void> {
    const retries = new Retries();
    for (let isFirst = true; !stop.aborted; isFirst = false) {
      const before = this.#contacts;
      let pause = 0;
      try {
        await this.#follow(stop, isFirst);
      } catch (error) {
        pause = retries.pause({ wasTold: this.#contacts !== before, isBusy: isBusy(error) });
      }
      await sleep(pause, undefined, { signal: stop }).catch(() => undefined);
    }
  }

  async #follow(stop: AbortSignal, isFirst: boolean): Promise<void> {
    const { front, tls, turns } = this.#options;
    const open = (): Promise<FrontConnection> => FrontConnection.open(front, tls);
    using connection = await (isFirst ? turns.take(open) : open());
    let isNew = true;
    let epoch = '';
    for await (const text of connection.follow(this.#path(), SILENCE * 1000, stop)) {
      const line = text === '' ? undefined : readFollowLine(text);
      if (line?.kind === 'hello') ({ epoch } = line);
      else if (line?.kind === 'membership') this.#book.takeMembership(line.signed);
      else if (line?.kind === 'order') this.#book.takeOrder(line.signed);
      else if (line?.kind === 'policy') this.#brought = line;
      else if (line?.kind === 'current') {
        this.#position = { epoch, revision: line.revision };
        this.#contacts += 1;
        if (isNew) this.#options.happened('connected', this.#seq);
        // What failed is tried again over the next connection.
        void this.#settle(connection, isNew, line.hosts).catch(() => connection[Symbol.dispose]());
        isNew = false;
      }
    }
  }

  async #settle(connection: FrontConnection, isNew: boolean, hosts: number): Promise<void> {
    const order = this.#book.effective?.order;
    const isFresh = order !== undefined && order.seq !== this.#seq;
    if (isFresh) {
      this.#options.happened('told', order.seq);
      if (order.kind === 'policy') {
        const isThere = this.#isBrought(order.policy);
        // What is neither fetched nor confirmed costs the front nothing now.
        const isSpread = !order.target.startsWith('host/') && (!isThere || this.#options.confirms());
        if (isSpread) await sleep(Math.random() * spreadOf(hosts, isThere));
        if (!isThere) await fetchPolicy(connection, order.policy);
        await this.#carryOut(order.seq);
        this.#sha256 = order.policy.sha256;
      }
      this.#seq = order.seq;
      this.#options.happened('verified', order.seq);
    }
    if (isFresh || isNew) await this.#report(connection);
  }

  #isBrought(policy: OrderedPolicy): boolean {
    if (this.#brought?.sha256 !== policy.sha256) return false;
    return unpackBlob(Buffer.from(this.#brought.packed, 'base64'), policy) !== undefined;
  }

  /** A host that does not get through goes back to the policy before, and puts this one in force again later. */
  async #carryOut(seq: number): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      if (!this.#options.confirms()) return;
      this.#options.happened('begun', seq);
      try {
        await reachInTime(() => this.#reachAnew());
        return;
      } catch {
        this.#options.happened('returned', seq);
      }
      await sleep(pauseAfter(failures));
    }
  }

  async #reachAnew(): Promise<void> {
    using connection = await FrontConnection.open(this.#options.front, this.#options.tls);
    await this.#post(connection);
  }

  async #report(connection: FrontConnection): Promise<void> {
    this.#options.happened('reported', this.#seq);
    await this.#post(connection);
  }

  async #post(connection: FrontConnection): Promise<void> {
    const { method, path } = HOST_ROUTES.status;
    const { status } = await connection.ask({ method, path, body: JSON.stringify(this.#status()) });
    if (status !== TAKEN) throw new Error(`the front answers a status with ${status}`);
  }

  #status(): StatusReport {
    const seq = this.#seq === 0 ? null : this.#seq;
    const inForce = { target: seq === null ? null : 'fleet', seq, sha256: this.#sha256, policy: 'edge' };
    const quiet = { isPending: false, isRolledBack: false, isDrifted: false, bans: null, newDrops: null, error: null };
    return { seq, inForce, ...quiet, version: 'bench' };
  }

  #path(): string {
    const path = `${HOST_ROUTES.follow.path}?has=${this.#sha256 ?? ''}`;
    if (this.#position === undefined) return path;
    const { epoch, revision } = this.#position;
    return `${path}&since=${revision}&epoch=${encodeURIComponent(epoch)}`;
  }
}

async function fetchPolicy(connection: FrontConnection, { sha256, size }: OrderedPolicy): Promise<void> {
  const path = HOST_ROUTES.blob.path.replace(':sha256', sha256);
  const { status, body } = await connection.ask({ method: 'GET', path, most: size + PACKED_MORE });
  const policy = status === OK ? unpackBlob(body, { sha256, size }) : undefined;
  if (policy === undefined) throw new Error(`the front answers for the policy with ${status}`);
}
