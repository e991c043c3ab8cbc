/** The fleet as the store has it at one time, for commands. */

import type { Lane, Target } from '../fleet-names.ts';
import { targetsOf } from '../fleet-names.ts';
import type { Entry, FleetStore } from '../fleet-store.ts';
import type { Membership } from '../membership.ts';
import { readMembership } from '../membership.ts';
import type { Order } from '../order.ts';
import { isAhead, readOrder } from '../order.ts';
import { effectiveOrder } from '../precedence.ts';
import { readOnce } from '../read-once.ts';
import { PREFIXES } from '../record-keys.ts';
import type { GroupRecord, HostRecord, HostStatus } from '../records.ts';
import { parseRecord, readGroup, readHost, readStatus } from '../records.ts';
import type { RolloutRecord } from '../rollout-record.ts';
import { isOpen, readRollout, releasedFor } from '../rollout-record.ts';
import type { Signed } from '../signing.ts';
import { decodeSigned, parseBody } from '../signing.ts';

export interface Stored<T> {
  readonly value: T;
  readonly revision: number;
}

export interface SignedOrder {
  readonly signed: Signed;
  readonly order: Order;
}

export interface SignedMembership extends Membership {
  /** Of the key that signed it. */
  readonly keyId: string;
}

export interface Snapshot {
  readonly hosts: ReadonlyMap<string, Stored<HostRecord>>;
  readonly groups: ReadonlyMap<string, Stored<GroupRecord>>;
  readonly memberships: ReadonlyMap<string, Stored<SignedMembership>>;
  readonly orders: Readonly<Record<Lane, ReadonlyMap<string, Stored<SignedOrder>>>>;
  readonly statuses: ReadonlyMap<string, Stored<HostStatus>>;
  readonly rollouts: ReadonlyMap<string, Stored<RolloutRecord>>;
  /** Of every key, also of those whose values cannot be read: what is damaged can be written anew. */
  readonly revisions: ReadonlyMap<string, number>;
}

export function readSignedOrder(bytes: Uint8Array): SignedOrder | undefined {
  const signed = decodeSigned(bytes);
  const order = signed === undefined ? undefined : readOrder(parseBody(signed));
  return signed === undefined || order === undefined ? undefined : { signed, order };
}

function readSignedMembership(bytes: Uint8Array): SignedMembership | undefined {
  const signed = decodeSigned(bytes);
  const membership = signed === undefined ? undefined : readMembership(parseBody(signed));
  if (signed === undefined || membership === undefined || isAhead(membership.seq, Date.now())) return undefined;
  return { ...membership, keyId: signed.keyId };
}

interface Table {
  readonly prefix: string;
  readonly take: (name: string, entry: Entry | undefined) => void;
  readonly clear: () => void;
}

function makeTable<T>(
  prefix: string,
  map: Map<string, Stored<T>>,
  read: (bytes: Uint8Array, name: string) => T | undefined,
): Table {
  const take: Table['take'] = (name, entry) => {
    const value = entry === undefined ? undefined : read(entry.value, name);
    if (entry === undefined || value === undefined) map.delete(name);
    else map.set(name, { value, revision: entry.revision });
  };
  return { prefix, take, clear: () => map.clear() };
}

/** Of the target that its key says, with a seq that hosts take: they refuse another one, which is as if it were not there. */
function readOrderOf(bytes: Uint8Array, target: string): SignedOrder | undefined {
  const read = readSignedOrder(bytes);
  if (read === undefined || isAhead(read.order.seq, Date.now())) return undefined;
  return read.order.target === target ? read : undefined;
}

/** A snapshot that is made, or kept up to date, entry by entry. */
export class SnapshotTables implements Snapshot {
  readonly hosts: Map<string, Stored<HostRecord>> = new Map();
  readonly groups: Map<string, Stored<GroupRecord>> = new Map();
  readonly memberships: Map<string, Stored<SignedMembership>> = new Map();
  readonly orders: Record<Lane, Map<string, Stored<SignedOrder>>> = { policy: new Map(), bans: new Map() };
  readonly statuses: Map<string, Stored<HostStatus>> = new Map();
  readonly rollouts: Map<string, Stored<RolloutRecord>> = new Map();
  readonly revisions: Map<string, number> = new Map();
  /** Another number after each change. */
  version = 0;
  readonly #tables: readonly Table[] = [
    makeTable(PREFIXES.hosts, this.hosts, (bytes) => readHost(parseRecord(bytes))),
    makeTable(PREFIXES.groups, this.groups, (bytes) => readGroup(parseRecord(bytes))),
    makeTable(PREFIXES.memberships, this.memberships, readSignedMembership),
    makeTable(PREFIXES.policy, this.orders.policy, readOrderOf),
    makeTable(PREFIXES.bans, this.orders.bans, readOrderOf),
    makeTable(PREFIXES.statuses, this.statuses, (bytes) => readStatus(parseRecord(bytes))),
    makeTable(PREFIXES.rollouts, this.rollouts, (bytes) => readRollout(parseRecord(bytes))),
  ];

  get prefixes(): readonly string[] {
    return this.#tables.map(({ prefix }) => prefix);
  }

  /** undefined: the key was removed. What is older than what is known of the key is not taken. */
  take(key: string, entry: Entry | undefined): void {
    const table = this.#tables.find(({ prefix }) => key.startsWith(prefix));
    if (table === undefined || (entry !== undefined && entry.revision < (this.revisions.get(key) ?? 0))) return;
    this.version += 1;
    if (entry === undefined) this.revisions.delete(key);
    else this.revisions.set(key, entry.revision);
    table.take(key.slice(table.prefix.length), entry);
  }

  clear(): void {
    this.version += 1;
    for (const table of this.#tables) table.clear();
    this.revisions.clear();
  }
}

export async function takeSnapshot(store: FleetStore): Promise<Snapshot> {
  const tables = new SnapshotTables();
  for (const prefix of tables.prefixes) {
    const { entries } = await store.list(prefix);
    for (const entry of entries) tables.take(entry.key, entry);
  }
  return tables;
}

export function runningRollout({ rollouts }: Snapshot, target: Target): Stored<RolloutRecord> | undefined {
  return [...rollouts.values()].find(({ value }) => value.target === target && isOpen(value));
}

/** A wave is looked at for every host of its target. */
const orderOf = readOnce((signed) => readOrder(parseBody(signed)));

/** The order that counts for a host, with what a rollout has released for it. */
export function orderedFor(snapshot: Snapshot, host: string): SignedOrder | undefined {
  const targets = targetsOf(host, snapshot.memberships.get(host)?.value.groups ?? []);
  const orders = new Map<Target, SignedOrder>();
  for (const target of targets) {
    const rollout = runningRollout(snapshot, target)?.value;
    const signed = rollout === undefined ? undefined : releasedFor(rollout, host);
    const order = signed === undefined ? undefined : orderOf(signed);
    const found =
      signed !== undefined && order !== undefined ? { signed, order } : snapshot.orders.policy.get(target)?.value;
    if (found !== undefined) orders.set(target, found);
  }
  return effectiveOrder(targets, orders);
}

/** Hosts that take orders of a target, by name. */
export function hostsOf({ hosts, memberships }: Snapshot, target: Target): readonly string[] {
  const names = [...hosts.keys()].filter((host) =>
    targetsOf(host, memberships.get(host)?.value.groups ?? []).includes(target),
  );
  return names.sort();
}
