/**
 * A host of a fleet as its agent is one: real connections, checks and files. What an order asks for is written down and not
 * put in force.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pauseAfter } from '../../src/agent/fleet/backoff.ts';
import type { FrontAsks } from '../../src/agent/fleet/carry-out.ts';
import type { Orders } from '../../src/agent/fleet/follower.ts';
import { FleetFollower } from '../../src/agent/fleet/follower.ts';
import { OrderBook } from '../../src/agent/fleet/order-book.ts';
import { EnvironmentError } from '../../src/base/environment-error.ts';
import { unpackBlob } from '../../src/fleet/bundle.ts';
import { FLEET_FILES } from '../../src/fleet/front-routes.ts';
import type { Order } from '../../src/fleet/order.ts';
import type { StatusError, StatusReport } from '../../src/fleet/records.ts';
import { trustedKeys } from '../../src/fleet/signing.ts';
import { PolicyStore } from '../../src/store/store.ts';
import { statusReport } from './fleet-status.ts';

export interface RecordingOptions {
  readonly name: string;
  /** With the certificate, as `fleet join` writes it. */
  readonly credentials: string;
  readonly state: string;
  readonly fronts: readonly URL[];
  /** Told of every order as it is carried out. */
  readonly noted?: (order: Order, digest: string) => void;
}

class RecordedOrders implements Orders {
  readonly book: OrderBook;
  readonly refusals: string[] = [];
  readonly #noted: (order: Order, digest: string) => void;
  readonly #refused: (sha256: string) => boolean;
  #error: StatusError | null = null;
  #keeping: StatusError | null = null;
  #isBusy = false;
  #isWanted = false;
  #failures = 0;
  #nextTry = 0;

  constructor(book: OrderBook, noted: (order: Order, digest: string) => void, refused: (sha256: string) => boolean) {
    this.book = book;
    this.#noted = noted;
    this.#refused = refused;
  }

  get isDue(): boolean {
    return this.#isWanted || (this.#nextTry > 0 && performance.now() >= this.#nextTry);
  }

  readonly isUnderWay: boolean = false;

  look = async (): Promise<void> => await Promise.resolve();

  async settle(fronts: FrontAsks): Promise<void> {
    this.#isWanted = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#isWanted) {
      this.#isWanted = false;
      this.#nextTry = 0;
      await this.#settleOne(fronts);
    }
    this.#isBusy = false;
  }

  async #settleOne(fronts: FrontAsks): Promise<void> {
    const { effective, carried, failed } = this.book;
    if (effective === undefined || effective.digest === carried?.digest || effective.digest === failed?.digest) return;
    const { order, digest } = effective;
    try {
      const policy = order.kind === 'policy' ? await this.#fetch(order, fronts) : null;
      this.#noted(order, digest);
      this.book.keepCarried({ digest, target: order.target, seq: order.seq, policy });
      this.#error = null;
      this.#failures = 0;
    } catch (error) {
      const code = error instanceof EnvironmentError ? error.code : 'x';
      this.#error = { seq: order.seq, code, message: String(error) };
      this.#failures += 1;
      if (order.kind === 'policy' && this.#refused(order.policy.sha256)) {
        this.book.keepFailed({ digest, code: 'x', message: String(error) });
      } else this.#nextTry = performance.now() + pauseAfter(this.#failures);
    }
  }

  async #fetch({ policy }: Order & { readonly kind: 'policy' }, fronts: FrontAsks): Promise<CarriedPolicy> {
    const { name, version, sha256, size } = policy;
    if (this.book.carried?.policy?.sha256 === sha256) return this.book.carried.policy;
    const packed = fronts.broughtBlob(sha256) ?? (await fronts.fetchBlob(sha256, size));
    if (unpackBlob(packed, { sha256, size }) === undefined) throw new Error('damaged');
    if (this.#refused(sha256)) throw new Error('a policy with errors');
    await fronts.reachAnew();
    return { sha256, name, version, hash: sha256 };
  }

  status(): StatusReport {
    const { carried, effective } = this.book;
    const sha256 = carried?.policy?.sha256 ?? null;
    const inForce = { target: carried?.target ?? null, seq: carried?.seq ?? null, sha256, policy: null };
    return statusReport({ seq: effective?.order.seq ?? null, inForce, error: this.#keeping ?? this.#error });
  }

  state(): ReturnType<Orders['state']> {
    return { desired: undefined, isInSync: undefined };
  }

  refuse(seq: number | null, message: string): void {
    this.refusals.push(message);
    this.#error = { seq, code: 'XDPOL_E_ORDER', message };
  }

  noteKeeping: Orders['noteKeeping'] = (failure) => {
    this.#keeping = failure === null ? null : { seq: null, code: failure.code, message: failure.message };
  };
}

type CarriedPolicy = NonNullable<NonNullable<OrderBook['carried']>['policy']>;

export class RecordingHost {
  readonly name: string;
  /** Every order that was ever carried out, over restarts too. */
  readonly carriedOut: Order[] = [];
  readonly log: string[] = [];
  /** Digests of policies that this host finds errors in. */
  readonly finds: Set<string> = new Set();
  readonly #options: RecordingOptions;
  #orders: RecordedOrders | undefined;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.name = options.name;
  }

  /** `operators`: whose orders count, as lines of text. */
  start(operators: readonly string[]): void {
    const { credentials: folder, fronts, state, name } = this.#options;
    const keys = trustedKeys(operators);
    const book = new OrderBook(new PolicyStore(state).fleet, name, keys);
    const noted = (order: Order, digest: string): void => {
      this.carriedOut.push(order);
      this.#options.noted?.(order, digest);
    };
    const orders = new RecordedOrders(book, noted, (sha256) => this.finds.has(sha256));
    const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
    const { authority, revoked, certificate, key } = FLEET_FILES;
    const [ca, crl, cert] = [read(authority), read(revoked), read(certificate)];
    const tls = { ca, crl, cert, key: read(key), minVersion: 'TLSv1.3' } as const;
    const note = (message: string): void => void this.log.push(message);
    const log = { info: note, warning: note, error: note };
    this.#orders = orders;
    this.#stop = new AbortController();
    const credentials = (): { tls: typeof tls; host: string; keys: typeof keys } => ({ tls, host: name, keys });
    this.#running = new FleetFollower({ fronts, credentials, book, orders, log }).run(this.#stop.signal);
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Digest of the policy that is in force; null: none is. */
  get inForce(): string | null {
    return this.#orders?.book.carried?.policy?.sha256 ?? null;
  }

  get carried(): OrderBook['carried'] {
    return this.#orders?.book.carried ?? null;
  }

  get error(): string | null {
    return this.#orders?.status().error?.message ?? null;
  }

  get refusals(): readonly string[] {
    return this.#orders?.refusals ?? [];
  }
}
