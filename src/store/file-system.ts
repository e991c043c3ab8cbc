/** The calls that change files, one system call each but for `remove`: what a test can make fail or stop at. */
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';

export interface FileSystem {
  open(path: string, flags: 'r' | 'w' | 'wx', mode: number): number;
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

export const NODE_FILE_SYSTEM: FileSystem = {
  open: openSync,
  write: writeSync,
  fsync: fsyncSync,
  close: closeSync,
  mkdir: mkdirSync,
  link: linkSync,
  rename: renameSync,
  remove: (path) => rmSync(path, { recursive: true, force: true }),
};

/** undefined where there is no such file. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
