/** Backups of a store, and bundles out of it. */
import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { fieldsOf, isText } from '../../store/json-fields.ts';
import { readPacked } from '../blobs.ts';
import type { Bundle } from '../bundle.ts';
import { decodeBundle, unpackBlob } from '../bundle.ts';
import { putOrThrow } from '../check-puts.ts';
import type { FleetStore } from '../fleet-store.ts';
import { isKey, KEYS, ROOT } from '../record-keys.ts';
import { parseRecord, readBlobRecord } from '../records.ts';
import { fleetError } from './change.ts';

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

/** undefined where it is not there, or not whole. */
export async function findBundle(store: FleetStore, sha256: string): Promise<Bundle | undefined> {
  const entry = await store.get(KEYS.blob(sha256));
  const record = entry === undefined ? undefined : readBlobRecord(parseRecord(entry.value));
  const packed = record === undefined ? undefined : await readPacked(store, sha256);
  if (record === undefined || packed === undefined) return undefined;
  const content = unpackBlob(packed, { sha256, size: record.size });
  return content === undefined ? undefined : decodeBundle(content);
}

export async function readBundle(store: FleetStore, sha256: string): Promise<Bundle> {
  const bundle = await findBundle(store, sha256);
  if (bundle !== undefined) return bundle;
  throw fleetError(
    `the bundle ${sha256} is not whole in the store`,
    'publish the policy again: xdpol fleet publish FILE',
  );
}
