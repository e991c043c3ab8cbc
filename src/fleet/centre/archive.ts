/** Backups of a store, and an export of what it says for a git tree. */
import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { fieldsOf, isText } from '../../store/json-fields.ts';
import { readPacked } from '../blobs.ts';
import { decodeBundle, unpackBlob } from '../bundle.ts';
import { putOrThrow } from '../check-puts.ts';
import type { FleetStore } from '../fleet-store.ts';
import { isKey, KEYS, PREFIXES, ROOT } from '../record-keys.ts';
import { encodeRecord, parseRecord, readPolicyRecord } from '../records.ts';
import { fleetError } from './change.ts';
import type { Snapshot } from './snapshot.ts';
import { takeSnapshot } from './snapshot.ts';

const FORMAT = 1;
/** Bytes of a backup that is not packed. */
const MOST = 2_000_000_000;

export interface BackupEntry {
  readonly key: string;
  readonly value: string;
}

/** Everything: gzip of a line of JSON for each key, behind a line that says what it is. */
export async function makeBackup(store: FleetStore): Promise<{ readonly content: Uint8Array; readonly keys: number }> {
  const { entries } = await store.list(ROOT);
  const head = JSON.stringify({ format: FORMAT, keys: entries.length });
  const lines = entries.map(({ key, value }) => JSON.stringify({ key, value: Buffer.from(value).toString('base64') }));
  return { content: gzipSync([head, ...lines, ''].join('\n')), keys: entries.length };
}

function unpack(content: Uint8Array): readonly string[] {
  try {
    return gunzipSync(content, { maxOutputLength: MOST }).toString('utf8').split('\n');
  } catch {
    return [];
  }
}

/** `path` is named where the content is no whole backup. */
export function readBackup(path: string, content: Uint8Array): readonly BackupEntry[] {
  const [head = '', ...lines] = unpack(content);
  const { format, keys } = fieldsOf<{ format: number; keys: number }>(parseRecord(Buffer.from(head)));
  const entries = lines.slice(0, -1).map((line) => fieldsOf<BackupEntry>(parseRecord(Buffer.from(line))));
  const isWhole = (entry: Partial<Record<keyof BackupEntry, unknown>>): entry is BackupEntry =>
    isText(entry.key) && isKey(entry.key) && isText(entry.value);
  if (format === FORMAT && keys === entries.length && entries.every(isWhole)) return entries;
  throw fleetError(`${path} is no whole backup of a fleet`, 'take another one; each is checked when it is restored');
}

/**
 * Into a store that has no fleet. The epoch is a new one, written last: revisions that hosts and fronts remember mean
 * nothing here.
 */
export async function restoreBackup(store: FleetStore, entries: readonly BackupEntry[]): Promise<number> {
  const { entries: present } = await store.list(ROOT);
  if (present.some(({ key }) => key !== KEYS.epoch)) {
    throw fleetError('the store has records already', 'restore into an empty one: --store FOLDER');
  }
  for (const { key, value } of entries) {
    if (key !== KEYS.epoch) await putOrThrow(store, [{ key, value: Buffer.from(value, 'base64'), ifRevision: 0 }]);
  }
  const epoch = Buffer.from(randomBytes(16).toString('hex'));
  await putOrThrow(store, [
    { key: KEYS.epoch, value: epoch, ifRevision: (await store.get(KEYS.epoch))?.revision ?? 0 },
  ]);
  return entries.length;
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function recordFiles({ hosts, groups, orders }: Snapshot): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [name, { value }] of hosts) files.set(`hosts/${name}.json`, json(value));
  for (const [name, { value }] of groups) files.set(`groups/${name}.json`, json(value));
  for (const lane of ['policy', 'bans'] as const) {
    for (const [target, { value }] of orders[lane]) files.set(`orders/${lane}/${target}.json`, json(value.order));
  }
  return files;
}

/** Files by their paths: hosts, groups, orders as they read, and the text of the newest version of each policy. */
export async function exportFiles(store: FleetStore): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const files = new Map<string, string | Uint8Array>(recordFiles(await takeSnapshot(store)));
  const { entries } = await store.list(PREFIXES.policies);
  for (const { key, value } of entries.filter((entry) => entry.key.endsWith('/head'))) {
    const record = readPolicyRecord(parseRecord(value));
    if (record === undefined) throw fleetError(`${key} cannot be read`, 'restore a backup');
    const bundle = await readBundle(store, record);
    files.set(`policies/${record.name}/policy.yaml`, bundle.text);
    files.set(`policies/${record.name}/version.json`, Buffer.from(encodeRecord(record)));
    for (const [path, content] of bundle.files) files.set(`policies/${record.name}/${safePath(path)}`, content);
  }
  return files;
}

/** A file that a policy names never ends up outside its folder. */
function safePath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  return ['files', ...parts].join('/');
}

export async function readBundle(
  store: FleetStore,
  wanted: { readonly sha256: string; readonly size: number },
): Promise<NonNullable<ReturnType<typeof decodeBundle>>> {
  const packed = await readPacked(store, wanted.sha256);
  const content = packed === undefined ? undefined : unpackBlob(packed, wanted);
  const bundle = content === undefined ? undefined : decodeBundle(content);
  if (bundle !== undefined) return bundle;
  throw fleetError(
    `the bundle ${wanted.sha256} is not whole in the store`,
    'publish the policy again: xdpol fleet publish FILE',
  );
}
