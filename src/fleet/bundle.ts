/** What an order's policy is made of: its text and the files that the text names. Its SHA-256 is in the order. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { fieldsOf, isText } from '../store/json-fields.ts';
import { MOST_BUNDLE } from './order.ts';
import { parseRecord } from './records.ts';
import { sha256 } from './signing.ts';

export interface Bundle {
  readonly text: string;
  /** By the paths that the text names. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The same bundle is always the same bytes. */
export function encodeBundle({ text, files }: Bundle): Uint8Array {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  const entries = sorted.map(([path, content]) => [path, Buffer.from(content).toString('base64')] as const);
  return Buffer.from(JSON.stringify({ text, files: entries }));
}

/** undefined where the bytes are no bundle. */
export function decodeBundle(bytes: Uint8Array): Bundle | undefined {
  const { text, files } = fieldsOf<Bundle>(parseRecord(bytes));
  if (!isText(text) || !Array.isArray(files)) return undefined;
  const entries = (files as readonly unknown[]).filter(
    (entry): entry is readonly [string, string] => Array.isArray(entry) && entry.length === 2 && entry.every(isText),
  );
  if (entries.length !== files.length) return undefined;
  return { text, files: new Map(entries.map(([path, content]) => [path, Buffer.from(content, 'base64')])) };
}

export function packBlob(content: Uint8Array): Uint8Array {
  return gzipSync(content, { level: 6 });
}

/** The content with this digest; undefined where the bytes are damaged, of another blob, or larger than said. */
export function unpackBlob(packed: Uint8Array, wanted: { sha256: string; size: number }): Uint8Array | undefined {
  try {
    const content = gunzipSync(packed, { maxOutputLength: Math.min(wanted.size, MOST_BUNDLE) + 1 });
    return content.length === wanted.size && sha256(content) === wanted.sha256 ? content : undefined;
  } catch {
    return undefined;
  }
}
