/** What a front knows of the store, and which of it each host is told. */
import { randomBytes } from 'node:crypto';
import type { Lane, Target } from '../fleet-names.ts';
import { isTarget, LANES, targetsOf } from '../fleet-names.ts';
import type { Change, Entry, FleetStore, Listed } from '../fleet-store.ts';
import type { FollowLine } from '../front-routes.ts';
import { readMembership } from '../membership.ts';
import type { Order, OrderedPolicy } from '../order.ts';
import { readOrder } from '../order.ts';
import { effectiveOrder } from '../precedence.ts';
import { readOnce } from '../read-once.ts';
import { KEYS, PREFIXES } from '../record-keys.ts';
import type { HostRecord } from '../records.ts';
import { parseRecord, readHost } from '../records.ts';
import type { RolloutRecord } from '../rollout-record.ts';
import { isOpen, readRollout, releasedFor } from '../rollout-record.ts';
import type { Signed } from '../signing.ts';
import { decodeSigned, parseBody } from '../signing.ts';

const membershipOf = readOnce((signed) => readMembership(parseBody(signed)));
const orderOf = readOnce((signed) => readOrder(parseBody(signed)));

/** A value with the revision that it was written at. */
interface Known<T> {
  readonly value: T;
  readonly revision: number;
}

/** Records of a prefix by what follows it. */
class Table<T> {
  readonly known: Map<string, Known<T>> = new Map();
  readonly prefix: string;
  readonly #read: (bytes: Uint8Array) => T | undefined;

  constructor(prefix: string, read: (bytes: Uint8Array) => T | undefined) {
    this.prefix = prefix;
    this.#read = read;
  }

  /** What cannot be read is as if it were not there. */
  take(key: string, entry: Entry | undefined): string {
    const name = key.slice(this.prefix.length);
    const value = entry === undefined ? undefined : this.#read(entry.value);
    if (value === undefined || entry === undefined) this.known.delete(name);
    else this.known.set(name, { value, revision: entry.revision });
    return name;
  }
}

export interface Told {
  readonly line: Extract<FollowLine, { readonly signed: Signed }>;
  readonly revision: number;
}

type Listener = (host: string | undefined) => void;

export class Hub {
  readonly orders: Readonly<Record<Lane, Table<Signed>>> = {
    policy: new Table(PREFIXES.policy, decodeSigned),
    bans: new Table(PREFIXES.bans, decodeSigned),
  };
  readonly hosts: Table<HostRecord> = new Table(PREFIXES.hosts, (bytes) => readHost(parseRecord(bytes)));
  readonly memberships: Table<Signed> = new Table(PREFIXES.memberships, decodeSigned);
  readonly rollouts: Table<RolloutRecord> = new Table(PREFIXES.rollouts, (bytes) => readRollout(parseRecord(bytes)));
  readonly epochs: Table<string> = new Table(KEYS.epoch, (bytes) => Buffer.from(bytes).toString());
  readonly #tables: readonly Table<unknown>[];
  readonly #following: Disposable;
  readonly #ready: Promise<void>;
  readonly #changed: Listener;
  /** undefined: they may be others by now. */
  #open: readonly Known<RolloutRecord>[] | undefined;
  #revision = 0;
  #history = randomBytes(8).toString('hex');

  /** `changed`: what a host is told may be different now; undefined: of every host. */
  constructor(store: FleetStore, changed: Listener, lost: (error: unknown) => void) {
    this.#changed = changed;
    this.#tables = [...Object.values(this.orders), this.hosts, this.memberships, this.rollouts, this.epochs];
    let ready = (): void => undefined;
    this.#ready = new Promise((resolve) => {
      ready = resolve;
    });
    this.#following = store.follow(
      this.#tables.map(({ prefix }) => prefix),
      {
        state: (listed) => {
          this.#takeState(listed);
          ready();
        },
        changes: (changes) => {
          for (const change of changes) this.#take(change);
        },
        lost,
      },
    );
  }

  /** Everything is known. */
  async ready(): Promise<void> {
    await this.#ready;
  }

  [Symbol.dispose](): void {
    this.#following[Symbol.dispose]();
  }

  #takeState({ entries, revision }: Listed): void {
    for (const table of this.#tables) table.known.clear();
    this.#open = undefined;
    for (const entry of entries) this.#tableOf(entry.key)?.take(entry.key, entry);
    if (revision < this.#revision) this.#history = randomBytes(8).toString('hex');
    this.#revision = revision;
    this.#changed(undefined);
  }

  #take({ key, entry, revision }: Change): void {
    const table = this.#tableOf(key);
    this.#revision = revision;
    if (table === this.rollouts) this.#open = undefined;
    if (table !== undefined) this.#tell(table, table.take(key, entry));
  }

  #tableOf(key: string): Table<unknown> | undefined {
    return this.#tables.find(({ prefix }) => key.startsWith(prefix));
  }

  /**
   * Revisions of another epoch mean nothing. etcd keeps the epoch of the backup that it is restored from, so revisions mean
   * something to the front alone that told them, and no more when it has seen them go back.
   */
  get epoch(): string {
    return `${this.epochs.known.get('')?.value ?? 'none'}.${this.#history}`;
  }

  /** Everything up to this revision was told. */
  get revision(): number {
    return this.#revision;
  }

  targetsOf(host: string): readonly Target[] {
    const signed = this.memberships.known.get(host)?.value;
    const membership = signed === undefined ? undefined : membershipOf(signed);
    return targetsOf(host, membership?.host === host ? membership.groups : []);
  }

  /** The membership and every order of a host, as its stream has them. */
  tell(host: string): readonly Told[] {
    const targets = this.targetsOf(host);
    const membership = this.memberships.known.get(host);
    const lines: Told[] = [];
    if (membership !== undefined) {
      lines.push({ line: { kind: 'membership', signed: membership.value }, revision: membership.revision });
    }
    for (const lane of LANES) {
      for (const target of targets) {
        const found = this.#orderFor(host, lane, target);
        if (found !== undefined) {
          lines.push({ line: { kind: 'order', lane, signed: found.value }, revision: found.revision });
        }
      }
    }
    return lines;
  }

  /** The policy that is to be in force on the host; undefined: none is. */
  policyFor(host: string): OrderedPolicy | undefined {
    const orders = this.#policyOrders(host);
    const order = effectiveOrder([...orders.keys()], orders)?.order;
    return order?.kind === 'policy' ? order.policy : undefined;
  }

  /** Whether an order of the host names the bundle. */
  mayFetch(host: string, sha256: string): boolean {
    const orders = [...this.#policyOrders(host).values()];
    return orders.some(({ order }) => order.kind === 'policy' && order.policy.sha256 === sha256);
  }

  /** The target that counts most first. */
  #policyOrders(host: string): ReadonlyMap<Target, { readonly order: Order }> {
    const orders = new Map<Target, { readonly order: Order }>();
    for (const target of this.targetsOf(host)) {
      const found = this.#orderFor(host, 'policy', target);
      const order = found === undefined ? undefined : orderOf(found.value);
      if (order !== undefined) orders.set(target, { order });
    }
    return orders;
  }

  #orderFor(host: string, lane: Lane, target: Target): Known<Signed> | undefined {
    if (lane === 'policy') {
      for (const { value, revision } of this.#openRollouts(target)) {
        const signed = releasedFor(value, host);
        if (signed !== undefined) return { value: signed, revision };
      }
    }
    return this.orders[lane].known.get(target);
  }

  /** Those that are over stay in the store, and there are more of them with every year. */
  #openRollouts(target: Target): readonly Known<RolloutRecord>[] {
    this.#open ??= [...this.rollouts.known.values()].filter(({ value }) => isOpen(value));
    return this.#open.filter(({ value }) => value.target === target);
  }

  #tell(table: Table<unknown>, name: string): void {
    const isOrder = table === this.orders.policy || table === this.orders.bans;
    if (table === this.hosts || table === this.memberships) this.#changed(name);
    else if (isOrder && isTarget(name) && name.startsWith('host/')) this.#changed(name.slice('host/'.length));
    else this.#changed(undefined);
  }
}
