/** What a tree changes in a fleet, with every check that can be made before the first write. */
import { isDeepStrictEqual } from 'node:util';
import type { Target } from '../fleet-names.ts';
import type { FleetStore } from '../fleet-store.ts';
import type { OrderedPolicy } from '../order.ts';
import { MOST_BUNDLE } from '../order.ts';
import { KEYS } from '../record-keys.ts';
import type { GroupRecord, HostRecord } from '../records.ts';
import { parseRecord, readPolicyRecord } from '../records.ts';
import { sha256 } from '../signing.ts';
import { findBundle } from './archive.ts';
import type { Intent } from './change.ts';
import { fleetError, orderedPolicy, requireNoRollout, requireNoTies } from './change.ts';
import type { Snapshot } from './snapshot.ts';
import type { Tree, TreeOrder } from './tree.ts';

export interface PlannedPolicy {
  readonly name: string;
  readonly bundle: Uint8Array;
  /** The newest version when all is written. */
  readonly newest: OrderedPolicy;
  /** The fleet has another one so far. */
  readonly isNew: boolean;
}

export interface ImportPlan {
  /** Those that differ, as they are to be. */
  readonly groups: readonly GroupRecord[];
  readonly hosts: readonly HostRecord[];
  /** Of the fleet when all is written. */
  readonly allGroups: readonly GroupRecord[];
  readonly allHosts: readonly HostRecord[];
  readonly policies: readonly PlannedPolicy[];
  readonly orders: readonly { readonly target: Target; readonly intent: Intent }[];
}

export interface Planning {
  readonly tree: Tree;
  /** Of the policies of the tree, by name. */
  readonly bundles: ReadonlyMap<string, Uint8Array>;
}

/** Throws where a part of the tree does not fit the others or the fleet. */
export async function planImport(
  store: FleetStore,
  before: Snapshot,
  { tree, bundles }: Planning,
): Promise<ImportPlan> {
  const groups = tree.groups.filter((group) => !isDeepStrictEqual(group, before.groups.get(group.name)?.value));
  const wanted = tree.hosts.map((host) => asInTree(host, before.hosts.get(host.name)?.value));
  const hosts = wanted.filter((host) => !isDeepStrictEqual(host, before.hosts.get(host.name)?.value));
  const allGroups = merged(before.groups, groups);
  const allHosts = merged(before.hosts, hosts);
  requireGroups(hosts, allGroups);
  const policies: PlannedPolicy[] = [];
  for (const [name, bundle] of bundles) policies.push(await planPolicy(store, name, bundle));
  const finder = new OrderedPolicies(store, tree, policies);
  const orders: { target: Target; intent: Intent }[] = [];
  for (const order of tree.orders) {
    const { target } = order;
    requireTargetThere(order, allGroups, allHosts);
    const intent = await finder.intentOf(order);
    if (isOrdered(before, target, intent)) continue;
    requireNoRollout(before, target);
    await finder.requireWhole(order, intent);
    orders.push({ target, intent });
  }
  const ordered = new Set([...before.orders.policy.keys(), ...orders.map(({ target }) => target)]);
  requireNoTies(allHosts, allGroups, ordered);
  return { groups, hosts, allGroups, allHosts, policies, orders };
}

/** The certificate is that of the fleet, which may be newer than the tree; a host that is new there has the tree's. */
function asInTree(host: HostRecord, known: HostRecord | undefined): HostRecord {
  return known === undefined ? host : { ...host, fingerprint: known.fingerprint };
}

function merged<T extends { readonly name: string }>(
  before: ReadonlyMap<string, { readonly value: T }>,
  changed: readonly T[],
): readonly T[] {
  const all = new Map([...before].map(([name, { value }]): [string, T] => [name, value]));
  for (const one of changed) all.set(one.name, one);
  return [...all.values()];
}

function requireGroups(hosts: readonly HostRecord[], groups: readonly GroupRecord[]): void {
  const known = new Set(groups.map(({ name }) => name));
  for (const host of hosts) {
    const missing = host.groups.find((group) => !known.has(group));
    if (missing === undefined) continue;
    throw fleetError(
      `hosts/${host.name}.json names the group ${missing}, which neither the folder nor the fleet has`,
      `add groups/${missing}.json, or take the group out of the host`,
    );
  }
}

function requireTargetThere(
  { path, target }: TreeOrder,
  groups: readonly GroupRecord[],
  hosts: readonly HostRecord[],
): void {
  const [kind = '', name] = target.split('/');
  const there = kind === 'group' ? groups : kind === 'host' ? hosts : undefined;
  if (there === undefined || there.some((one) => one.name === name)) return;
  throw fleetError(
    `${path} is for ${target}, which neither the folder nor the fleet has`,
    `add ${kind}s/${name}.json, or remove the order`,
  );
}

async function readPolicy(store: FleetStore, key: string): Promise<OrderedPolicy | undefined> {
  const entry = await store.get(key);
  const record = entry === undefined ? undefined : readPolicyRecord(parseRecord(entry.value));
  return record === undefined ? undefined : orderedPolicy(record);
}

async function planPolicy(store: FleetStore, name: string, bundle: Uint8Array): Promise<PlannedPolicy> {
  if (bundle.length > MOST_BUNDLE) {
    throw fleetError(
      `policies/${name} has ${bundle.length} bytes with its files, at most ${MOST_BUNDLE} are taken`,
      'make its lists of addresses smaller',
    );
  }
  const known = await readPolicy(store, KEYS.policyHead(name));
  const digest = sha256(bundle);
  const isNew = known?.sha256 !== digest;
  const version = (known?.version ?? 0) + (isNew ? 1 : 0);
  return { name, bundle, newest: { name, version, sha256: digest, size: bundle.length }, isNew };
}

function isOrdered(snapshot: Snapshot, target: Target, intent: Intent): boolean {
  const order = snapshot.orders.policy.get(target)?.value.order;
  if (intent.kind === 'policy') return order?.kind === 'policy' && order.policy.sha256 === intent.policy.sha256;
  return order === undefined || order.kind === 'unassign';
}

/** What the orders of a tree name. What the store says is asked once: many orders name one policy. */
class OrderedPolicies {
  readonly #store: FleetStore;
  readonly #tree: Tree;
  readonly #planned: ReadonlyMap<string, OrderedPolicy>;
  readonly #asked = new Map<string, Promise<OrderedPolicy | undefined>>();
  /** Digests of bundles that are there, or will be. */
  readonly #whole: Set<string>;

  constructor(store: FleetStore, tree: Tree, policies: readonly PlannedPolicy[]) {
    this.#store = store;
    this.#tree = tree;
    this.#planned = new Map(policies.map(({ name, newest }) => [name, newest]));
    this.#whole = new Set(policies.map(({ newest }) => newest.sha256));
  }

  async intentOf({ path, policy }: TreeOrder): Promise<Intent> {
    if (policy === null) return { kind: 'unassign' };
    const { name, version, sha256: digest } = policy;
    const newest = this.#planned.get(name) ?? (await this.#ask(KEYS.policyHead(name)));
    const isByNumber = digest === null || (await this.#isOwn(name));
    const found = [newest, await this.#ask(KEYS.policyVersion(name, version))].find((one) =>
      isByNumber ? one?.version === version : one?.sha256 === digest,
    );
    if (found !== undefined) return { kind: 'policy', policy: found };
    throw fleetError(
      `${path} orders ${name}@${version}, which neither the folder nor the fleet has`,
      newest === undefined
        ? `add policies/${name}/policy.yaml`
        : `order ${name}@${newest.version}, which is the newest one${isByNumber ? '' : ', without its sha256'}`,
    );
  }

  async requireWhole({ path }: TreeOrder, intent: Intent): Promise<void> {
    if (intent.kind !== 'policy' || this.#whole.has(intent.policy.sha256)) return;
    const { name, version, sha256: digest } = intent.policy;
    if ((await findBundle(this.#store, digest)) === undefined) {
      throw fleetError(
        `${path} orders ${name}@${version}, whose bundle ${digest} is not whole in the store`,
        'publish that policy again: xdpol fleet publish FILE',
      );
    }
    this.#whole.add(digest);
  }

  /**
   * Is it the fleet that the tree came from? There the version counts, which may have been edited. In another one versions
   * have other numbers, and the policy must be the one that was exported.
   */
  async #isOwn(name: string): Promise<boolean> {
    const exported = this.#tree.versions.get(name);
    if (exported === undefined) return false;
    return (await this.#ask(KEYS.policyVersion(name, exported.version)))?.sha256 === exported.sha256;
  }

  async #ask(key: string): Promise<OrderedPolicy | undefined> {
    const asked = this.#asked.get(key) ?? readPolicy(this.#store, key);
    this.#asked.set(key, asked);
    return await asked;
  }
}
