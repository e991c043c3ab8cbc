/** Where an object comes from, and whether a child process has to try it first. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { BpfError } from './error.ts';
import type { KnownObject } from './types.ts';

/** What was done with which bytes and ended no child: `OP SHA-256`. */
const survived = new Set<string>();

interface ObjectBytes {
  readonly bytes: Uint8Array;
  readonly name: string;
  /** SHA-256, in hex. */
  readonly digest: string;
}

/** Files that were read last, by path: a program is inspected and then loaded, often for many interfaces. */
const files = new Map<string, ObjectBytes & { readonly stamp: string }>();
const MOST_FILES = 4;

/** Another one where the file has been written or replaced. */
function stampOf(path: string): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

function readFile(path: string): ObjectBytes {
  const stamp = stampOf(path);
  const known = files.get(path);
  if (known?.stamp === stamp) return known;
  const bytes = readFileSync(path);
  const file = { bytes, name: basename(path).replace(/\.o$/u, ''), digest: digestOf(bytes), stamp };
  files.delete(path);
  files.set(path, file);
  for (const oldest of [...files.keys()].slice(0, -MOST_FILES)) files.delete(oldest);
  return file;
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function read(source: string | Uint8Array, op: string): ObjectBytes {
  if (typeof source !== 'string') {
    // Anything but bytes is refused by the addon.
    return { bytes: source, name: 'object', digest: source instanceof Uint8Array ? digestOf(source) : '' };
  }
  try {
    return readFile(source);
  } catch (cause) {
    const { code = 'EIO', errno = 0 } = cause as NodeJS.ErrnoException;
    const fields = { code, errno: Math.abs(errno), op, target: source, cause };
    throw new BpfError(`${op} ${source}: cannot read the object file (${code})`, fields);
  }
}

function checkDigest(op: string, target: string, found: string, wanted: string): void {
  if (found === wanted) return;
  const message = `${op} ${target}: the SHA-256 of the object is ${found}, wanted ${wanted} (EDIGEST)`;
  throw new BpfError(message, { code: 'EDIGEST', errno: 0, op, target });
}

/**
 * Reads the object and gives it to `use`. Where nobody knows its bytes, and no child process has done with them what
 * `use` does, `untried` is true.
 */
export function withObject<T>(
  source: string | Uint8Array,
  op: string,
  known: KnownObject,
  use: (bytes: Uint8Array, name: string, untried: boolean, digest: string) => T,
): T {
  const { bytes, name, digest } = read(source, op);
  if (digest === '') return use(bytes, name, false, digest);
  if (known.sha256 !== undefined) {
    checkDigest(op, typeof source === 'string' ? source : name, digest, known.sha256);
    return use(bytes, name, false, digest);
  }
  const trial = `${op} ${digest}`;
  const result = use(bytes, name, !survived.has(trial), digest);
  survived.add(trial);
  return result;
}
