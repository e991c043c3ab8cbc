/** Changes that operators make: records, memberships and orders. Each is signed here and written where nobody else was first. */
import { isDeepStrictEqual } from 'node:util';
import { EnvironmentError } from '../../base/environment-error.ts';
import { findClosest } from '../../base/suggest.ts';
import { putBlob } from '../blobs.ts';
import { putOrThrow } from '../check-puts.ts';
import type { Target } from '../fleet-names.ts';
import type { FleetStore, Put } from '../fleet-store.ts';
import { MOST_PUTS } from '../fleet-store.ts';
import type { JoinToken } from '../join-token.ts';
import { signMembership } from '../membership.ts';
import type { Ban, Order, OrderedPolicy } from '../order.ts';
import { digestOf, laneOf, MOST_NAMED, nextSeq, signOrder } from '../order.ts';
import { findTies, groupsOf } from '../precedence.ts';
import { KEYS, PREFIXES } from '../record-keys.ts';
import type { GroupRecord, HostRecord, PolicyRecord } from '../records.ts';
import { encodeRecord, parseRecord, readPolicyRecord } from '../records.ts';
import type { Signed, SigningKey } from '../signing.ts';
import { encodeSigned, sha256 } from '../signing.ts';
import type { Snapshot } from './snapshot.ts';
import { hostsOf, runningRollout, takeSnapshot } from './snapshot.ts';

/** Milliseconds that a host may be away and still take an order; that a ban's order may take. */
export const ORDER_LIFE: number = 90 * 86_400_000;
export const BAN_LIFE = 3_600_000;

export function fleetError(message: string, help: string): EnvironmentError {
  return new EnvironmentError('XDPOL_E_FLEET', message, { help });
}

/** Throws where a host is in two groups with orders that would count alike. */
export function requireNoTies(
  hosts: Iterable<HostRecord>,
  groups: readonly GroupRecord[],
  ordered: ReadonlySet<string>,
): void {
  const [tie, ...more] = findTies(hosts, groups, (name) => ordered.has(`group/${name}`));
  if (tie === undefined) return;
  const [first, second] = tie.groups;
  const others = more.length === 0 ? '' : `, and ${more.length} more hosts are like it`;
  throw fleetError(
    `${tie.host} is in the groups ${first} and ${second}, which both have orders and priority ${tie.priority}${others}`,
    `give one of them another priority: xdpol fleet group ${second} --priority NUMBER`,
  );
}

/** What can be read of a key or not: the write holds where nobody else was first. */
export function putOf({ revisions }: Snapshot, key: string, value: Uint8Array): Put {
  return { key, value, ifRevision: revisions.get(key) ?? 0 };
}

/**
 * Puts the memberships of hosts that are in other groups than they were, and those that another key signed; `areAll`: every
 * one, since hosts may have newer ones than a store that was restored.
 */
export function membershipPuts(
  snapshot: Snapshot,
  hosts: readonly HostRecord[],
  groups: readonly GroupRecord[],
  { key, areAll }: { readonly key: SigningKey; readonly areAll: boolean },
): readonly Put[] {
  const now = Date.now();
  return hosts.flatMap((host): readonly Put[] => {
    const before = snapshot.memberships.get(host.name);
    const names = groupsOf(host, groups).map(({ name }) => name);
    if (!areAll && before?.value.keyId === key.id && before.value.groups.join() === names.join()) return [];
    const membership = { host: host.name, groups: names, seq: nextSeq(before?.value.seq, now) };
    const value = encodeSigned(signMembership(membership, key));
    return [putOf(snapshot, KEYS.membership(host.name), value)];
  });
}

function values<T>(stored: ReadonlyMap<string, { readonly value: T }>): readonly T[] {
  return [...stored.values()].map(({ value }) => value);
}

/** One of the records of an audited request is the front's. */
const MOST = MOST_PUTS - 1;

/** In several writes where they are many. Throws where another writer was first; what was written before stays. */
export async function putAll(store: FleetStore, puts: readonly Put[]): Promise<void> {
  for (let at = 0; at < puts.length; at += MOST) await putOrThrow(store, puts.slice(at, at + MOST));
}

/** A host is new, or has other labels or groups; where nothing changes its membership is signed again. */
export async function putHost(
  store: FleetStore,
  key: SigningKey,
  name: string,
  edit: (before: HostRecord | undefined) => HostRecord,
): Promise<HostRecord> {
  const snapshot = await takeSnapshot(store);
  const before = snapshot.hosts.get(name);
  const host = edit(before?.value);
  const groups = values(snapshot.groups);
  const missing = host.groups.find((group) => !snapshot.groups.has(group));
  if (missing !== undefined) throw fleetError(`there is no group ${missing}`, `make it: xdpol fleet group ${missing}`);
  requireNoTies([host], groups, new Set(snapshot.orders.policy.keys()));
  const put = putOf(snapshot, KEYS.host(name), encodeRecord(host));
  const areAll = isDeepStrictEqual(host, before?.value);
  await putOrThrow(store, [put, ...membershipPuts(snapshot, [host], groups, { key, areAll })]);
  return host;
}

/** What is undefined stays as it is. */
export interface GroupChange {
  readonly name: string;
  readonly priority?: number | undefined;
  /** null: no host is in it by its labels. */
  readonly selector?: string | null | undefined;
}

/**
 * A group is new, or has another priority or selector: memberships follow, those of many hosts in several writes. Where
 * nothing changes, those of all hosts are signed again.
 */
export async function putGroup(
  store: FleetStore,
  key: SigningKey,
  { name: groupName, priority, selector }: GroupChange,
): Promise<{ readonly group: GroupRecord; readonly hosts: readonly string[] }> {
  const snapshot = await takeSnapshot(store);
  const before = snapshot.groups.get(groupName)?.value;
  const group = {
    name: groupName,
    priority: priority ?? before?.priority ?? 0,
    selector: selector === undefined ? (before?.selector ?? null) : selector,
  };
  const groups = [...values(snapshot.groups).filter(({ name }) => name !== group.name), group];
  const hosts = values(snapshot.hosts);
  requireNoTies(hosts, groups, new Set(snapshot.orders.policy.keys()));
  const puts = [
    putOf(snapshot, KEYS.group(group.name), encodeRecord(group)),
    ...membershipPuts(snapshot, hosts, groups, { key, areAll: isDeepStrictEqual(group, before) }),
  ];
  await putAll(store, puts);
  return { group, hosts: hosts.filter((host) => groupsOf(host, groups).includes(group)).map(({ name }) => name) };
}

/** The digest of the secret is kept, not the secret. */
export async function putToken(store: FleetStore, host: string, token: JoinToken, expires: number): Promise<void> {
  const key = KEYS.token(sha256(Buffer.from(token.secret)));
  await putOrThrow(store, [{ key, value: encodeRecord({ host, expires }), ifRevision: 0 }]);
}

/** The version that has this content already, or a new one. */
export async function publishPolicy(
  store: FleetStore,
  name: string,
  bundle: Uint8Array,
  by: string,
): Promise<PolicyRecord> {
  const head = await store.get(KEYS.policyHead(name));
  const newest = head === undefined ? undefined : readPolicyRecord(parseRecord(head.value));
  const digest = await putBlob(store, bundle);
  if (newest?.sha256 === digest) return newest;
  const version = (newest?.version ?? 0) + 1;
  const record: PolicyRecord = { name, version, sha256: digest, size: bundle.length, published: Date.now(), by };
  const value = encodeRecord(record);
  await putOrThrow(store, [
    { key: KEYS.policyVersion(name, version), value, ifRevision: 0 },
    { key: KEYS.policyHead(name), value, ifRevision: head?.revision ?? 0 },
  ]);
  return record;
}

/** The newest version, or the one that is asked for. */
export async function findPolicy(store: FleetStore, name: string, version: number | undefined): Promise<PolicyRecord> {
  const entry = await store.get(version === undefined ? KEYS.policyHead(name) : KEYS.policyVersion(name, version));
  const record = entry === undefined ? undefined : readPolicyRecord(parseRecord(entry.value));
  if (record !== undefined) return record;
  const { entries } = await store.list(PREFIXES.policies);
  const heads = entries.flatMap(({ key, value }) =>
    key.endsWith('/head') ? [readPolicyRecord(parseRecord(value))] : [],
  );
  const newest = heads.find((head) => head?.name === name);
  if (newest !== undefined) {
    throw fleetError(`the fleet has no policy ${name}@${version}`, `the newest one is ${name}@${newest.version}`);
  }
  const names = heads.flatMap((head) => head?.name ?? []);
  const what = `${name}${version === undefined ? '' : `@${version}`}${nearest(name, names)}`;
  throw fleetError(`the fleet has no policy ${what}`, 'publish it: xdpol fleet publish FILE');
}

export function orderedPolicy({ name, version, sha256: digest, size }: PolicyRecord): OrderedPolicy {
  return { name, version, sha256: digest, size };
}

/** What an order is to say, before its place in the row of orders is known. */
export type Intent =
  | { readonly kind: 'policy'; readonly policy: OrderedPolicy }
  | { readonly kind: 'unassign' }
  | { readonly kind: 'bans'; readonly bans: { readonly set: string; readonly entries: readonly Ban[] } };

/** Throws where the fleet has no host or group of the name. */
export function requireKnown(snapshot: Snapshot, target: Target): void {
  const [kind, name = ''] = target.split('/');
  if (kind === 'group' && !snapshot.groups.has(name)) {
    throw fleetError(
      `there is no group ${name}${nearest(name, snapshot.groups.keys())}`,
      `make it: xdpol fleet group ${name} --priority NUMBER`,
    );
  }
  if (kind === 'host' && !snapshot.hosts.has(name)) {
    throw fleetError(
      `there is no host ${name}${nearest(name, snapshot.hosts.keys())}`,
      `add it: xdpol fleet host ${name}`,
    );
  }
}

function nearest(name: string, names: Iterable<string>): string {
  const found = findClosest(name, names);
  return found === undefined ? '' : `; did you mean ${found}?`;
}

/** An order that is not signed yet. */
export function draftOrder(snapshot: Snapshot, target: Target, intent: Intent, life: number): Order {
  requireKnown(snapshot, target);
  const lane = laneOf(intent.kind);
  const before = snapshot.orders[lane].get(target)?.value;
  const now = Date.now();
  if (lane === 'policy') {
    const ordered = new Set([...snapshot.orders.policy.keys(), target]);
    requireNoTies(values(snapshot.hosts), values(snapshot.groups), ordered);
  }
  const previous = before === undefined ? null : digestOf(before.signed);
  const seq = nextSeq(before?.order.seq, now);
  return { ...intent, target, seq, issued: now, expires: now + life, previous, wave: null };
}

/** What a rollback goes back to. */
export async function previousPut(store: FleetStore, target: Target, signed: Signed): Promise<Put> {
  const key = KEYS.previous(target);
  return { key, value: encodeSigned(signed), ifRevision: (await store.get(key))?.revision ?? 0 };
}

/** Throws where a rollout of the target is not over. */
export function requireNoRollout(snapshot: Snapshot, target: Target): void {
  const rollout = runningRollout(snapshot, target)?.value;
  if (rollout === undefined) return;
  throw fleetError(
    `the rollout ${rollout.id} of ${target} is ${rollout.state}`,
    `take it back first: xdpol fleet rollback ${target}`,
  );
}

/** Puts a signed order in force for its target. Throws where it was made for another state, or a rollout runs there. */
export async function putOrder(
  store: FleetStore,
  snapshot: Snapshot,
  signed: Signed,
  order: Order,
): Promise<readonly string[]> {
  const lane = laneOf(order.kind);
  const before = snapshot.orders[lane].get(order.target);
  if (lane === 'policy') requireNoRollout(snapshot, order.target);
  const previous = before === undefined ? null : digestOf(before.value.signed);
  if (order.previous !== previous || order.seq <= (before?.value.order.seq ?? -1)) {
    throw new EnvironmentError('XDPOL_E_FLEET_CONFLICT', `${order.target} has another order by now`, {
      help: 'make the order anew: xdpol fleet order',
    });
  }
  const put = putOf(snapshot, KEYS.order(lane, order.target), encodeSigned(signed));
  const isKept = lane === 'policy' && before !== undefined;
  const kept = isKept ? [await previousPut(store, order.target, before.value.signed)] : [];
  await putOrThrow(store, [put, ...kept]);
  return hostsOf(snapshot, order.target);
}

export interface GivenOrder {
  readonly order: Order;
  /** Of its target. */
  readonly hosts: readonly string[];
}

/** Makes, signs and puts an order. */
export async function giveOrder(
  store: FleetStore,
  snapshot: Snapshot,
  key: SigningKey,
  { target, intent }: { readonly target: Target; readonly intent: Intent },
): Promise<GivenOrder> {
  const life = intent.kind === 'bans' ? BAN_LIFE : ORDER_LIFE;
  const order = draftOrder(snapshot, target, intent, life);
  return { order, hosts: await putOrder(store, snapshot, signOrder(order, key), order) };
}

/** Everything that holds for the target and has not ended, and the new ones: a host that missed orders needs one alone. */
export async function addBans(
  store: FleetStore,
  key: SigningKey,
  target: Target,
  { set, entries }: { readonly set: string; readonly entries: readonly Ban[] },
): Promise<GivenOrder> {
  const snapshot = await takeSnapshot(store);
  const before = snapshot.orders.bans.get(target)?.value.order;
  const now = Date.now();
  const held = before?.kind === 'bans' ? before.bans.entries.filter(({ until }) => until > now) : [];
  if (before?.kind === 'bans' && before.bans.set !== set && held.length > 0) {
    const last = new Date(Math.max(...held.map(({ until }) => until))).toISOString();
    throw fleetError(
      `${target} has bans in the live set ${before.bans.set} until ${last}, and its bans are in one set: they would be lifted`,
      `add these to it: --set ${before.bans.set}; or name another target: fleet, group/NAME or host/NAME`,
    );
  }
  const fresh = new Set(entries.map(({ prefix }) => prefix));
  const all = [...held.filter(({ prefix }) => !fresh.has(prefix)), ...entries];
  if (all.length > MOST_NAMED) {
    throw fleetError(
      `${target} would have ${all.length} bans, at most ${MOST_NAMED} are sent`,
      'ban prefixes, or put a list into the policy',
    );
  }
  return await giveOrder(store, snapshot, key, { target, intent: { kind: 'bans', bans: { set, entries: all } } });
}
