/** A fleet as files, for a version control system: what export writes is what import reads. */
import { fieldsOf } from '../../store/json-fields.ts';
import type { Target } from '../fleet-names.ts';
import { isName, isTarget } from '../fleet-names.ts';
import type { FleetStore } from '../fleet-store.ts';
import { PREFIXES } from '../record-keys.ts';
import type { GroupRecord, HostRecord, PolicyRecord } from '../records.ts';
import { encodeRecord, parseRecord, readGroup, readHost, readPolicyRecord } from '../records.ts';
import { isDigest } from '../signing.ts';
import { readBundle } from './archive.ts';
import { fleetError } from './change.ts';
import type { Snapshot } from './snapshot.ts';
import { takeSnapshot } from './snapshot.ts';

export type TreeFiles = ReadonlyMap<string, Uint8Array>;

/** What the newest order of a policy for a target says; null: the order was taken back. */
export interface TreeOrder {
  readonly path: string;
  readonly target: Target;
  readonly policy: { readonly name: string; readonly version: number; readonly sha256: string | null } | null;
}

export interface Tree {
  readonly groups: readonly GroupRecord[];
  readonly hosts: readonly HostRecord[];
  /** Names of those that have a policy.yaml. */
  readonly policies: readonly string[];
  /** Of the fleet that the tree came from: the newest version of each policy. */
  readonly versions: ReadonlyMap<string, PolicyRecord>;
  readonly orders: readonly TreeOrder[];
}

function json(value: object): Uint8Array {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}

function recordFiles({ hosts, groups, orders }: Snapshot): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [name, { value }] of hosts) files.set(`hosts/${name}.json`, json(value));
  for (const [name, { value }] of groups) files.set(`groups/${name}.json`, json(value));
  for (const lane of ['policy', 'bans'] as const) {
    for (const [target, { value }] of orders[lane]) files.set(`orders/${lane}/${target}.json`, json(value.order));
  }
  return files;
}

/** Files by their paths: hosts, groups, orders as they read, and the text of the newest version of each policy. */
export async function exportFiles(store: FleetStore): Promise<TreeFiles> {
  const files = recordFiles(await takeSnapshot(store));
  const { entries } = await store.list(PREFIXES.policies);
  for (const { key, value } of entries.filter((entry) => entry.key.endsWith('/head'))) {
    const record = readPolicyRecord(parseRecord(value));
    if (record === undefined) throw fleetError(`${key} cannot be read`, 'restore a backup');
    const bundle = await readBundle(store, record.sha256);
    files.set(`policies/${record.name}/policy.yaml`, Buffer.from(bundle.text));
    files.set(`policies/${record.name}/version.json`, encodeRecord(record));
    for (const [path, content] of bundle.files) files.set(pathInTree(record.name, path), content);
  }
  return files;
}

/** A file that a policy names never ends up outside its folder. */
export function pathInTree(policy: string, path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  return ['policies', policy, 'files', ...parts].join('/');
}

function readOne<T>(path: string, bytes: Uint8Array, read: (value: unknown) => T | undefined, what: string): T {
  const help = 'correct it, or take the file that xdpol fleet export wrote';
  const json = parseRecord(bytes);
  if (json === undefined) throw fleetError(`${path} is not JSON`, help);
  const value = read(json);
  if (value !== undefined) return value;
  throw fleetError(`${path} is no ${what}`, help);
}

function readOrderFile(path: string, bytes: Uint8Array): TreeOrder {
  const target = path.slice('orders/policy/'.length, -'.json'.length);
  const read = (value: unknown): TreeOrder | undefined => {
    const order = fieldsOf<{ kind: string; target: string; policy: object }>(value);
    const { name, version, sha256 } = fieldsOf<{ name: string; version: number; sha256: string }>(order.policy);
    if (!isTarget(target) || order.target !== target) return undefined;
    if (order.kind === 'unassign') return { path, target, policy: null };
    if (order.kind !== 'policy' || !isName(name) || !Number.isSafeInteger(version)) return undefined;
    if (sha256 !== undefined && !isDigest(sha256)) return undefined;
    return { path, target, policy: { name, version: Number(version), sha256: sha256 ?? null } };
  };
  return readOne(path, bytes, read, `order of a policy for ${target}`);
}

function ofPolicy(record: PolicyRecord | undefined, name: string): PolicyRecord | undefined {
  return record?.name === name ? record : undefined;
}

/** Throws where a file is none of its place. Bans have ends, and are not read. */
export function readTree(files: TreeFiles): Tree {
  const of = (prefix: string): (readonly [string, Uint8Array])[] =>
    [...files].filter(([path]) => path.startsWith(prefix) && path.endsWith('.json'));
  const named = <T extends { readonly name: string }>(value: T | undefined, path: string): T | undefined =>
    path.endsWith(`/${value?.name}.json`) ? value : undefined;
  return {
    groups: of('groups/').map(([path, bytes]) =>
      readOne(path, bytes, (value) => named(readGroup(value), path), 'group of that name'),
    ),
    hosts: of('hosts/').map(([path, bytes]) =>
      readOne(path, bytes, (value) => named(readHost(value), path), 'host of that name'),
    ),
    policies: [...files.keys()].flatMap(
      (path) => /^policies\/(?<name>[^/]+)\/policy\.yaml$/u.exec(path)?.groups?.['name'] ?? [],
    ),
    versions: new Map(
      of('policies/').flatMap(([path, bytes]) => {
        const name = /^policies\/(?<name>[^/]+)\/version\.json$/u.exec(path)?.groups?.['name'];
        if (name === undefined) return [];
        const read = (value: unknown): PolicyRecord | undefined => ofPolicy(readPolicyRecord(value), name);
        return [[name, readOne(path, bytes, read, 'version of that policy')] as const];
      }),
    ),
    orders: of('orders/policy/').map(([path, bytes]) => readOrderFile(path, bytes)),
  };
}
