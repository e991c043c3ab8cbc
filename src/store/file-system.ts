/**
 * The calls that change files: what a test can make fail or stop at. What root makes in another user's folder belongs to
 * that user, so that an agent without root's rights finds a store that is its own.
 */
import {
  closeSync,
  constants,
  fchownSync,
  fsyncSync,
  linkSync,
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

/** Never through a symbolic link: the folder may belong to a user with fewer rights. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
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
  if (isThere(path)) return;
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

/** Writes a new file to the disk. One that a crash left there goes first. */
export function writeSynced(path: string, content: Uint8Array, files: FileSystem): void {
  files.remove(path);
  const fd = files.create(path, FILE_MODE);
  try {
    for (let at = 0; at < content.length; ) at += files.write(fd, content, at);
    files.fsync(fd);
  } finally {
    files.close(fd);
  }
}

/** undefined where there is no such file. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** existsSync asks access(2), which does not look at the capabilities of a user who is not root. */
export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
