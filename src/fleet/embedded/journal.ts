/**
 * The file of an embedded store: a line for each put, with a check in front. A crash can only cut the last line off. Large
 * values are files of their own, written before the line that names them.
 */
import { readFileSync } from 'node:fs';
import { EnvironmentError } from '../../base/environment-error.ts';
import { fieldsOf, isText, parseJson } from '../../store/json-fields.ts';
import { isDigest, sha256 } from '../signing.ts';

/** A value, or the digest that names the file with it. */
export type Kept = { readonly value: Uint8Array } | { readonly file: string };

export interface JournalPut {
  readonly revision: number;
  /** undefined: removed. */
  readonly keys: readonly (readonly [key: string, kept: Kept | undefined])[];
}

const CHECK = 16;

function checkOf(text: string): string {
  return sha256(Buffer.from(text)).slice(0, CHECK);
}

export function encodePut({ revision, keys }: JournalPut): Uint8Array {
  const entries = keys.map(([key, kept]) => {
    if (kept === undefined) return [key, null];
    return [key, 'file' in kept ? { file: kept.file } : Buffer.from(kept.value).toString('base64')];
  });
  const text = JSON.stringify({ revision, keys: entries });
  return Buffer.from(`${checkOf(text)} ${text}\n`);
}

function decodeKept(value: unknown): Kept | undefined {
  if (isText(value)) return { value: Buffer.from(value, 'base64') };
  const { file } = fieldsOf<{ file: string }>(value);
  return isDigest(file) ? { file } : undefined;
}

/** undefined where the line is not as it was written. */
function decodePut(line: string): JournalPut | undefined {
  const text = line.slice(CHECK + 1);
  if (checkOf(text) !== line.slice(0, CHECK)) return undefined;
  const { revision, keys } = fieldsOf<JournalPut>(parseJson(text));
  if (typeof revision !== 'number' || !Array.isArray(keys)) return undefined;
  return {
    revision,
    keys: (keys as readonly (readonly [string, unknown])[]).map(([key, value]) => [key, decodeKept(value)]),
  };
}

export interface JournalReading {
  readonly puts: readonly JournalPut[];
  /** Bytes of whole lines: what follows was cut off by a crash and never acknowledged. */
  readonly length: number;
}

/** Throws where a line in the middle is damaged: what follows it may be meant for a state that is not there. */
export function readJournal(path: string): JournalReading {
  const content = readFileSync(path);
  const puts: JournalPut[] = [];
  let at = 0;
  for (let end = content.indexOf(10); end >= 0; end = content.indexOf(10, at)) {
    const put = decodePut(content.toString('utf8', at, end));
    if (put === undefined) {
      throw new EnvironmentError('XDPOL_E_FLEET_STORE', `${path}: line ${puts.length + 1} is damaged`, {
        help: 'restore the newest backup into another folder and use that',
      });
    }
    puts.push(put);
    at = end + 1;
  }
  return { puts, length: at };
}
