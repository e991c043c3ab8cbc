/** Writes that are whole or not there at all, also after a crash or a power cut. */
import { basename, dirname, join } from 'node:path';
import type { FileSystem } from './file-system.ts';
import {
  FILE_MODE,
  FOLDER_MODE,
  isFolder,
  isNoFile,
  isRealFolder,
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
  readonly #report: (line: string) => void;

  /** `report` takes a line about what was in the way of a write and is set aside. */
  constructor(files: FileSystem = NODE_FILE_SYSTEM, report: (line: string) => void = () => undefined) {
    this.#files = files;
    this.#report = report;
  }

  /** Replaces a file: temp file, fsync, rename, fsync of the folder. */
  write(path: string, content: Uint8Array): void {
    const fresh = hiddenBeside(path, 'new');
    try {
      writeSynced(fresh, content, this.#files);
      this.#clear(path, isRealFolder);
      this.#files.rename(fresh, path);
      syncFolder(dirname(path), this.#files);
    } catch (error) {
      this.#discard(fresh);
      throw error;
    }
  }

  /**
   * Writes at the end of a file. What a crash cuts off is seen: the last line has no end. Where `isSynced` is false it does
   * not wait for the disk.
   */
  append(path: string, content: Uint8Array, isSynced = true): void {
    this.#clear(path, isNoFile);
    const fd = this.#files.append(path, FILE_MODE);
    try {
      for (let at = 0; at < content.length; ) at += this.#files.write(fd, content, at);
      if (isSynced) this.#files.fsync(fd);
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

  /** Makes a folder in one that is there. What has its name and is no folder is set aside. */
  makeSubfolder(path: string): void {
    if (isThere(path) && !isFolder(path)) this.#report(`${path} is no folder: ${this.setAside(path)}`);
    makeFolder(path, this.#files);
  }

  /** Gives a file another name in its own folder, in one step. */
  rename(path: string, to: string): void {
    this.#clear(to, isRealFolder);
    this.#move(path, to);
  }

  #move(path: string, to: string): void {
    this.#files.rename(path, to);
    syncFolder(dirname(to), this.#files);
  }

  /** Gives what is damaged a name that nothing looks at; says where it is now. */
  setAside(path: string): string {
    const to = nameAside(path);
    try {
      this.#move(path, to);
      return `set aside as ${to}`;
    } catch (error) {
      return `${path} could not be set aside (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
    }
  }

  /** Removes a file or folder in one step, as a reader sees it. */
  remove(path: string): void {
    const old = hiddenBeside(path, 'old');
    this.#files.remove(old);
    this.#move(path, old);
    this.#files.remove(old);
  }

  /** Without a promise: what a crash left. */
  sweep(path: string): void {
    this.#files.remove(path);
  }

  /** Sets aside what is in the way of a file: a folder is not replaced by one, and nothing is written through a link. */
  #clear(path: string, isInTheWay: (path: string) => boolean): void {
    if (isInTheWay(path)) this.#report(`${path} is no file: ${this.setAside(path)}`);
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

/** For what is damaged. */
export function nameAside(path: string): string {
  return `${path}${SET_ASIDE}${new Date().toISOString().replaceAll(/[:.]/gu, '-')}`;
}

/** A name next to `path` that no reader looks at. */
function hiddenBeside(path: string, suffix: 'new' | 'old'): string {
  return join(dirname(path), `.${basename(path).slice(0, 200)}.${process.pid}.${suffix}`);
}

const HIDDEN = /^\..+\.(?<pid>\d+)(?<thread>-\d+)?(?:\.(?:new|old|moved))?$|^lock\.after-/u;

/**
 * Is it the name of something hidden whose maker is dead, or of the right to a lock that was given? The caller holds the
 * lock, so whatever this process hid without a thread's name is left over; another thread of it may wait with its ticket.
 */
export function isLeftover(name: string): boolean {
  const found = HIDDEN.exec(name);
  if (found === null) return false;
  const { pid, thread } = found.groups ?? {};
  if (pid === undefined) return true;
  if (pid === String(process.pid)) return thread === undefined;
  return !isThere(`/proc/${pid}`);
}

/** Replaces a file outside the store as durably. */
export function writeDurably(path: string, content: Uint8Array): void {
  new DurableFiles().write(path, content);
}
