/** Writes that are whole or not there at all, also after a crash or a power cut. */
import { basename, dirname, join } from 'node:path';
import type { FileSystem } from './file-system.ts';
import {
  FILE_MODE,
  FOLDER_MODE,
  isThere,
  makeFolder,
  NODE_FILE_SYSTEM,
  syncFolder,
  writeSynced,
} from './file-system.ts';

/** Between the name of what was damaged and the time it was found. */
export const SET_ASIDE = '.damaged-';

export class DurableFiles {
  readonly #files: FileSystem;

  constructor(files: FileSystem = NODE_FILE_SYSTEM) {
    this.#files = files;
  }

  /** Replaces a file: temp file, fsync, rename, fsync of the folder. */
  write(path: string, content: Uint8Array): void {
    const fresh = hiddenBeside(path, 'new');
    try {
      writeSynced(fresh, content, this.#files);
      this.#files.rename(fresh, path);
      syncFolder(dirname(path), this.#files);
    } catch (error) {
      this.#discard(fresh);
      throw error;
    }
  }

  /** Writes at the end of a file. What a crash cuts off is seen: the last line has no end. */
  append(path: string, content: Uint8Array): void {
    const fd = this.#files.append(path, FILE_MODE);
    try {
      for (let at = 0; at < content.length; ) at += this.#files.write(fd, content, at);
      this.#files.fsync(fd);
    } finally {
      this.#files.close(fd);
    }
  }

  /** Makes a folder with files appear at `path`, which must not be there, in one step. */
  writeFolder(path: string, contents: ReadonlyMap<string, Uint8Array>): void {
    const fresh = hiddenBeside(path, 'new');
    try {
      this.#files.remove(fresh);
      this.#files.mkdir(fresh, FOLDER_MODE);
      for (const [name, content] of contents) writeSynced(join(fresh, name), content, this.#files);
      syncFolder(fresh, this.#files);
      this.#files.rename(fresh, path);
      syncFolder(dirname(path), this.#files);
    } catch (error) {
      this.#discard(fresh);
      throw error;
    }
  }

  /** Makes a folder and those above it that are missing. */
  makeFolder(path: string): void {
    makeFolder(path, this.#files);
  }

  /** Gives a file or folder another name in its own folder, in one step. */
  rename(path: string, to: string): void {
    this.#files.rename(path, to);
    syncFolder(dirname(to), this.#files);
  }

  /** Gives what is damaged a name that nothing looks at; says where it is now. */
  setAside(path: string): string {
    const to = `${path}${SET_ASIDE}${new Date().toISOString().replaceAll(/[:.]/gu, '-')}`;
    try {
      this.rename(path, to);
      return `set aside as ${to}`;
    } catch (error) {
      return `${path} could not be set aside (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
    }
  }

  /** Removes a file or folder in one step, as a reader sees it. */
  remove(path: string): void {
    const old = hiddenBeside(path, 'old');
    this.#files.remove(old);
    this.rename(path, old);
    this.#files.remove(old);
  }

  /** Without a promise: what a crash left. */
  sweep(path: string): void {
    this.#files.remove(path);
  }

  /** The first failure is the one to report; no reader looks at what stays. */
  #discard(path: string): void {
    try {
      this.#files.remove(path);
    } catch {
      // Swept by the next command that writes there.
    }
  }
}

/** A name next to `path` that no reader looks at. */
function hiddenBeside(path: string, suffix: 'new' | 'old'): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.${suffix}`);
}

const HIDDEN = /^\..+\.(?<pid>\d+)(?:\.(?:new|old|moved))?$|^lock\.after-/u;

/** Is it the name of something hidden whose maker is dead, or of the right to a lock that was given? */
export function isLeftover(name: string): boolean {
  const found = HIDDEN.exec(name);
  if (found === null) return false;
  const pid = found.groups?.['pid'];
  return pid === undefined || pid === String(process.pid) || !isThere(`/proc/${pid}`);
}

/** Replaces a file outside the store as durably. */
export function writeDurably(path: string, content: Uint8Array): void {
  new DurableFiles().write(path, content);
}
