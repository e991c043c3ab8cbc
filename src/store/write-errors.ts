/** Files that an operator names and that cannot be written, each with the next step. */
import { EnvironmentError } from '../base/environment-error.ts';

const HELP: Readonly<Record<string, string>> = {
  ENOENT: 'name a path in a folder that is there',
  ENOTDIR: 'name a path in a folder: a part of this one is a file',
  EISDIR: 'name a file: this is a folder',
  EEXIST: 'name another path: a file is in the way',
  EACCES: 'run the same command as the owner of the path, or with sudo',
  EPERM: 'run the same command as the owner of the path, or with sudo',
  ENOSPC: 'the disk is full: make room, and run the command again',
  EDQUOT: 'the quota is used up: make room, and run the command again',
  EROFS: 'the file system is read-only: name a path on another one, or remount it',
};

/** A file error as one that names what was to be written, and not a file beside it; anything else as it is. */
export function writeFailure(path: string, cause: unknown): unknown {
  const { code, syscall } = cause as NodeJS.ErrnoException;
  if (cause instanceof EnvironmentError || code === undefined || syscall === undefined) return cause;
  const help = HELP[code] ?? 'look at the disk: dmesg; or name a path on another one';
  return new EnvironmentError('XDPOL_E_FILE', `cannot write ${path}: ${code}`, { help, cause });
}

export function withWriteErrors<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw writeFailure(path, error);
  }
}
