/** Makes a fleet what a tree says: what differs is written and signed, and nothing is removed. */
import { isDeepStrictEqual } from 'node:util';
import type { FleetStore } from '../fleet-store.ts';
import type { OrderedPolicy } from '../order.ts';
import { KEYS } from '../record-keys.ts';
import type { GroupRecord, HostRecord, PolicyRecord } from '../records.ts';
import { parseRecord, readPolicyRecord } from '../records.ts';
import type { SigningKey } from '../signing.ts';
import type { Intent } from './change.ts';
import { fleetError, giveOrder, orderedPolicy, publishPolicy, putGroup, putHost } from './change.ts';
import type { Snapshot } from './snapshot.ts';
import { takeSnapshot } from './snapshot.ts';
import type { Tree, TreeOrder } from './tree.ts';

/** What was written: names, policies as NAME@VERSION, targets. */
export interface Imported {
  readonly groups: readonly string[];
  readonly hosts: readonly string[];
  readonly policies: readonly string[];
  readonly orders: readonly string[];
}

export interface Importing {
  readonly tree: Tree;
  /** Of the policies of the tree, by name. */
  readonly bundles: ReadonlyMap<string, Uint8Array>;
  readonly by: string;
}

export async function importTree(
  store: FleetStore,
  key: SigningKey,
  { tree, bundles, by }: Importing,
): Promise<Imported> {
  const before = await takeSnapshot(store);
  const groups = tree.groups.filter((group) => !isDeepStrictEqual(group, before.groups.get(group.name)?.value));
  for (const group of groups) await putGroup(store, key, group);
  const hosts = tree.hosts.filter((host) => differs(host, before.hosts.get(host.name)?.value));
  for (const host of hosts) await putHost(store, key, host.name, (known) => asInTree(host, known));
  const policies: string[] = [];
  for (const [name, bundle] of bundles) {
    const newest = await store.get(KEYS.policyHead(name));
    const record = await publishPolicy(store, name, bundle, by);
    const isThere = newest !== undefined && isDeepStrictEqual(readPolicyRecord(parseRecord(newest.value)), record);
    if (!isThere) policies.push(`${name}@${record.version}`);
  }
  const orders = await giveOrders(store, key, tree.orders);
  return { groups: groups.map(nameOf), hosts: hosts.map(nameOf), policies, orders };
}

function nameOf({ name }: GroupRecord | HostRecord): string {
  return name;
}

/** The certificate is that of the fleet, which may be newer than the tree; a host that is new there has the tree's. */
function asInTree(host: HostRecord, known: HostRecord | undefined): HostRecord {
  return known === undefined ? host : { ...host, fingerprint: known.fingerprint };
}

function differs(host: HostRecord, known: HostRecord | undefined): boolean {
  return !isDeepStrictEqual(asInTree(host, known), known);
}

async function giveOrders(
  store: FleetStore,
  key: SigningKey,
  orders: readonly TreeOrder[],
): Promise<readonly string[]> {
  // All are looked up before the first is given.
  const wanted: { readonly order: TreeOrder; readonly intent: Intent }[] = [];
  for (const order of orders) wanted.push({ order, intent: await intentOf(store, order) });
  const given: string[] = [];
  for (const { order, intent } of wanted) {
    const { target } = order;
    const snapshot = await takeSnapshot(store);
    if (isOrdered(snapshot, order, intent)) continue;
    await giveOrder(store, snapshot, key, { target, intent });
    given.push(target);
  }
  return given;
}

function isOrdered(snapshot: Snapshot, { target }: TreeOrder, intent: Intent): boolean {
  const order = snapshot.orders.policy.get(target)?.value.order;
  if (intent.kind === 'policy') return order?.kind === 'policy' && order.policy.sha256 === intent.policy.sha256;
  return order === undefined || order.kind === 'unassign';
}

async function intentOf(store: FleetStore, order: TreeOrder): Promise<Intent> {
  return order.policy === null
    ? { kind: 'unassign' }
    : { kind: 'policy', policy: await findOrdered(store, order, order.policy) };
}

/** The version that is named; in another fleet than the tree came from, the newest one where it has the same content. */
async function findOrdered(
  store: FleetStore,
  { path }: TreeOrder,
  { name, version, sha256 }: NonNullable<TreeOrder['policy']>,
): Promise<OrderedPolicy> {
  const read = async (key: string): Promise<PolicyRecord | undefined> => {
    const entry = await store.get(key);
    return entry === undefined ? undefined : readPolicyRecord(parseRecord(entry.value));
  };
  const newest = await read(KEYS.policyHead(name));
  const found = newest?.sha256 === sha256 ? newest : await read(KEYS.policyVersion(name, version));
  if (found !== undefined) return orderedPolicy(found);
  throw fleetError(
    `${path} orders ${name}@${version}, which neither the tree nor the fleet has`,
    newest === undefined
      ? `add policies/${name}/policy.yaml`
      : `order ${name}@${newest.version}, which is the newest one`,
  );
}
