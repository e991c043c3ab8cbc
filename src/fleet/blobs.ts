/** Bundles in the store: packed, in parts, by their SHA-256. */
import { EnvironmentError } from '../base/environment-error.ts';
import { packBlob, unpackBlob } from './bundle.ts';
import type { FleetStore } from './fleet-store.ts';
import { MOST_BUNDLE } from './order.ts';
import { KEYS } from './record-keys.ts';
import { encodeRecord, parseRecord, readBlobRecord } from './records.ts';
import { sha256 } from './signing.ts';

/** Bytes of a part. */
const PART = 524_288;

/** Its digest. What is there whole is not written again; what was cut off before its record, or is damaged, is. */
export async function putBlob(store: FleetStore, content: Uint8Array): Promise<string> {
  if (content.length > MOST_BUNDLE) {
    throw new EnvironmentError(
      'XDPOL_E_FLEET',
      `the bundle has ${content.length} bytes, at most ${MOST_BUNDLE} are taken`,
      {
        help: 'make the lists of addresses smaller',
      },
    );
  }
  const digest = sha256(content);
  if ((await readPacked(store, digest)) !== undefined) return digest;
  const packed = packBlob(content);
  const parts = Math.ceil(packed.length / PART);
  for (let part = 0; part < parts; part += 1) {
    const key = KEYS.blobPart(digest, part);
    const ifRevision = (await store.get(key))?.revision ?? 0;
    // Whoever else writes this part writes the same.
    await store.put([{ key, value: packed.subarray(part * PART, (part + 1) * PART), ifRevision }]);
  }
  const record = encodeRecord({ size: content.length, packed: packed.length, parts });
  const before = await store.get(KEYS.blob(digest));
  await store.put([{ key: KEYS.blob(digest), value: record, ifRevision: before?.revision ?? 0 }]);
  return digest;
}

/** As it is sent to hosts, which check it too; undefined where it is not there, a part is missing or one is damaged. */
export async function readPacked(store: FleetStore, digest: string): Promise<Uint8Array | undefined> {
  const entry = await store.get(KEYS.blob(digest));
  const record = entry === undefined ? undefined : readBlobRecord(parseRecord(entry.value));
  if (record === undefined) return undefined;
  const parts: Uint8Array[] = [];
  for (let part = 0; part < record.parts; part += 1) {
    const found = await store.get(KEYS.blobPart(digest, part));
    if (found === undefined) return undefined;
    parts.push(found.value);
  }
  const packed = Buffer.concat(parts);
  const isWhole =
    packed.length === record.packed && unpackBlob(packed, { sha256: digest, size: record.size }) !== undefined;
  return isWhole ? packed : undefined;
}
