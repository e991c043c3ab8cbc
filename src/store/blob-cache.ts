/**
 * Files that can be made again from others, kept because making them takes time. Each proves what it is: a digest over its
 * key and its content comes first. Nothing is lost with them: what cannot be written is left out, what is damaged is set
 * aside, and the ones that were used longest ago go first.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { nameAside, SET_ASIDE } from './durable.ts';
import type { FileSystem } from './file-system.ts';
import {
  FILE_MODE,
  isFolder,
  isRealFolder,
  isThere,
  makeFolder,
  NODE_FILE_SYSTEM,
  readBytesIfThere,
} from './file-system.ts';

const DIGEST_BYTES = 32;

export class BlobCache {
  readonly #folder: string;
  readonly #report: (line: string) => void;
  readonly #files: FileSystem;

  constructor(folder: string, report: (line: string) => void, files: FileSystem = NODE_FILE_SYSTEM) {
    this.#folder = folder;
    this.#report = report;
    this.#files = files;
  }

  /** undefined where there is none, or one of another key, or a damaged one, which is reported and set aside. */
  read(name: string, key: string): Uint8Array | undefined {
    const path = join(this.#folder, name);
    const file = unlessFails(() => readBytesIfThere(path));
    if (file === undefined) return undefined;
    const content = file.subarray(2 * DIGEST_BYTES);
    if (!isEqual(digestOf(content), file.subarray(DIGEST_BYTES, 2 * DIGEST_BYTES))) {
      this.#setAside(path);
      return undefined;
    }
    if (!isEqual(digestOf(key), file.subarray(0, DIGEST_BYTES))) return undefined;
    this.#touch(path);
    return content;
  }

  /** Throws file errors. Without fsync: a file that a power cut left half written fails its digest. */
  write(name: string, key: string, content: Uint8Array): void {
    if (isThere(this.#folder) && !isFolder(this.#folder)) this.#setAside(this.#folder);
    makeFolder(this.#folder, this.#files);
    const path = join(this.#folder, name);
    if (isRealFolder(path)) this.#setAside(path);
    const fresh = join(this.#folder, `.${name}.${process.pid}.new`);
    const digests = Buffer.concat([digestOf(key), digestOf(content)]);
    this.#files.remove(fresh);
    const fd = this.#files.create(fresh, FILE_MODE);
    try {
      for (const bytes of [digests, content]) {
        for (let at = 0; at < bytes.length; ) at += this.#files.write(fd, bytes, at);
      }
    } finally {
      this.#files.close(fd);
    }
    this.#files.rename(fresh, path);
    this.#touch(path);
  }

  /** Keeps the `count` that were used last. */
  prune(count: number): void {
    const byUse = this.#used().sort((a, b) => b.used - a.used);
    for (const { path } of byUse.slice(count)) this.#files.remove(path);
  }

  #setAside(path: string): void {
    const to = nameAside(path);
    try {
      this.#files.rename(path, to);
      this.#report(`a compiled policy is damaged, set aside as ${to}; the policy is compiled anew`);
    } catch {
      this.#report(`the compiled policy ${path} is damaged; the policy is compiled anew`);
    }
  }

  /**
   * Its modification time is the time of its last use. Never before that of another: after a clock was set back, what was
   * written since would be the first to go.
   */
  #touch(path: string): void {
    const latest = Math.max(0, ...this.#used().map(({ used }) => used));
    // Times of files are read back a fraction of a millisecond earlier.
    const now = new Date(Math.max(Date.now(), Math.ceil(latest) + 1));
    try {
      utimesSync(path, now, now);
    } catch {
      // Read-only: nothing is pruned there either.
    }
  }

  #used(): { readonly path: string; readonly used: number }[] {
    const paths = this.#names().map((name) => join(this.#folder, name));
    return paths.flatMap((path) => {
      const found = lstatSync(path, { throwIfNoEntry: false });
      return found === undefined ? [] : [{ path, used: found.mtimeMs }];
    });
  }

  #names(): readonly string[] {
    try {
      return readdirSync(this.#folder).filter((name) => !name.startsWith('.') && !name.includes(SET_ASIDE));
    } catch {
      return [];
    }
  }
}

function unlessFails<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function digestOf(content: string | Uint8Array): Uint8Array {
  return createHash('sha256').update(content).digest();
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
