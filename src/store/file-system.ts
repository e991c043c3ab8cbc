/**
 * The calls that change files: what a test can make fail or stop at. What root makes in another user's folder belongs to
 * that user, so that an agent without root's rights finds a store that is its own.
 */
import type { BigIntStats } from 'node:fs';
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

export interface FileSystem {
  /** A new file for writing, which must not be there. */
  create(path: string, mode: number): number;
  /** A file for writing at its end, made where it is missing. */
  append(path: string, mode: number): number;
  /** A folder, to be synced. */
  openFolder(path: string): number;
  /** Writes from `offset` on; returns how many bytes it took. */
  write(fd: number, content: Uint8Array, offset: number): number;
  fsync(fd: number): void;
  close(fd: number): void;
  mkdir(path: string, mode: number): void;
  link(from: string, to: string): void;
  rename(from: string, to: string): void;
  /** A file, or a folder with all that is in it; fine where there is none. */
  remove(path: string): void;
}

/** Never through a symbolic link: the folder may belong to a user with fewer rights. Opening a FIFO would wait for a reader. */
const APPEND =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

function giveToOwnerOfFolder(fd: number, path: string): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(path));
  if (uid !== 0 || gid !== 0) fchownSync(fd, uid, gid);
}

export const NODE_FILE_SYSTEM: FileSystem = {
  create: (path, mode) => {
    const fd = openSync(path, 'wx', mode);
    giveToOwnerOfFolder(fd, path);
    return fd;
  },
  append: (path, mode) => {
    const fd = openSync(path, APPEND, mode);
    giveToOwnerOfFolder(fd, path);
    return fd;
  },
  openFolder: (path) => openSync(path, FOLDER),
  write: writeSync,
  fsync: fsyncSync,
  close: closeSync,
  mkdir: (path, mode) => {
    mkdirSync(path, mode);
    const fd = openSync(path, FOLDER);
    try {
      giveToOwnerOfFolder(fd, path);
    } finally {
      closeSync(fd);
    }
  },
  link: linkSync,
  rename: renameSync,
  remove: (path) => rmSync(path, { recursive: true, force: true }),
};

export const FILE_MODE = 0o600;
export const FOLDER_MODE = 0o700;

/**
 * Makes a folder and those above it that are missing. One call for each: `mkdir` with `recursive` never ends where a
 * folder is there and takes no entry, as in /proc.
 */
export function makeFolder(path: string, files: FileSystem): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return;
  makeFolder(dirname(path), files);
  try {
    files.mkdir(path, FOLDER_MODE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  syncFolder(dirname(path), files);
}

export function syncFolder(path: string, files: FileSystem): void {
  const fd = files.openFolder(path);
  try {
    files.fsync(fd);
  } finally {
    files.close(fd);
  }
}

/** Writes a new file. One that a crash left there goes first. */
export function writeNew(
  path: string,
  content: Uint8Array,
  files: FileSystem,
  finish: (fd: number) => void = () => undefined,
): void {
  files.remove(path);
  const fd = files.create(path, FILE_MODE);
  try {
    for (let at = 0; at < content.length; ) at += files.write(fd, content, at);
    finish(fd);
  } finally {
    files.close(fd);
  }
}

/** The same, and it is on the disk when this returns. */
export function writeSynced(path: string, content: Uint8Array, files: FileSystem): void {
  writeNew(path, content, files, (fd) => files.fsync(fd));
}

/** What keeps the content of a name from being read and is no matter of rights: a folder, links that lead nowhere, a bad disk. */
const UNREADABLE: ReadonlySet<string> = new Set([
  ...['EISDIR', 'ENOTDIR', 'ELOOP', 'ENXIO', 'ENODEV', 'EIO'],
  ...['ERR_FS_FILE_TOO_LARGE', 'ERR_STRING_TOO_LONG'],
]);

/**
 * undefined where nothing has the name. No content where what has it is no file, as a FIFO, or cannot be read: to all
 * who read the store that is a damaged file.
 */
export function readIfThere(path: string, encoding: 'utf8' | 'latin1' = 'utf8'): string | undefined {
  return readFile(path, (fd) => readFileSync(fd, encoding), '');
}

export function readBytesIfThere(path: string): Uint8Array | undefined {
  return readFile<Uint8Array>(path, (fd) => readFileSync(fd), new Uint8Array());
}

function readFile<T>(path: string, read: (fd: number) => T, nothing: T): T | undefined {
  let fd: number | undefined;
  try {
    // Without a writer a FIFO would keep open() waiting.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return fstatSync(fd).isFile() ? read(fd) : nothing;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (UNREADABLE.has(code) || (code === 'ENOENT' && isLink(path))) return nothing;
    if (code === 'ENOENT') return undefined;
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

const NOTHING_THERE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

/** Of what has the name itself, be it a link; undefined where nothing can have it. Times are in nanoseconds. */
export function statusOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    if (NOTHING_THERE.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function isLink(path: string): boolean {
  return statusOf(path)?.isSymbolicLink() === true;
}

/**
 * Has anything the name, be it a link that leads nowhere? existsSync asks access(2), which does not look at the
 * capabilities of a user who is not root.
 */
export function isThere(path: string): boolean {
  return statusOf(path) !== undefined;
}

/** A folder, or a link to one. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // A link that leads nowhere, or to itself, too.
  }
}

/** A folder itself, which rename(2) puts no file in the place of. */
export function isRealFolder(path: string): boolean {
  return statusOf(path)?.isDirectory() === true;
}

/** Is there something that is no file? A link is none: nothing is written through it. */
export function isNoFile(path: string): boolean {
  return statusOf(path)?.isFile() === false;
}
