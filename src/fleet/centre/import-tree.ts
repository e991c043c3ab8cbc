/** Makes a fleet what a tree says: what differs is written and signed, and nothing is removed. */
import type { FleetStore } from '../fleet-store.ts';
import { KEYS } from '../record-keys.ts';
import { encodeRecord } from '../records.ts';
import type { SigningKey } from '../signing.ts';
import { giveOrder, membershipPuts, publishPolicy, putAll, putOf } from './change.ts';
import type { Planning } from './import-plan.ts';
import { planImport } from './import-plan.ts';
import { takeSnapshot } from './snapshot.ts';

/** What was written: names, policies as NAME@VERSION, targets. */
export interface Imported {
  readonly groups: readonly string[];
  readonly hosts: readonly string[];
  readonly policies: readonly string[];
  readonly orders: readonly string[];
}

export interface Importing extends Planning {
  readonly by: string;
}

/** Everything is checked before the first write. */
export async function importTree(
  store: FleetStore,
  key: SigningKey,
  { tree, bundles, by }: Importing,
): Promise<Imported> {
  const before = await takeSnapshot(store);
  const plan = await planImport(store, before, { tree, bundles });
  const { groups, hosts, allGroups, allHosts, orders } = plan;
  const isSame = groups.length === 0 && hosts.length === 0;
  await putAll(store, [
    ...groups.map((group) => putOf(before, KEYS.group(group.name), encodeRecord(group))),
    ...hosts.map((host) => putOf(before, KEYS.host(host.name), encodeRecord(host))),
    ...(isSame ? [] : membershipPuts(before, allHosts, allGroups, { key, areAll: false })),
  ]);
  const policies: string[] = [];
  // Where the version is there, what is damaged of its bundle is written anew.
  for (const { name, bundle, isNew } of plan.policies) {
    const { version } = await publishPolicy(store, name, bundle, by);
    if (isNew) policies.push(`${name}@${version}`);
  }
  // Each is the first one for its target since then.
  const after = orders.length === 0 ? before : await takeSnapshot(store);
  for (const { target, intent } of orders) await giveOrder(store, after, key, { target, intent });
  return {
    groups: groups.map(({ name }) => name),
    hosts: hosts.map(({ name }) => name),
    policies,
    orders: orders.map(({ target }) => target),
  };
}
