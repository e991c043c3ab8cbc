/** File errors of the store, each with the next step. */
import { EnvironmentError } from '../base/environment-error.ts';

const HELP: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space and try again; what is in force stays in force',
  EDQUOT: 'the quota is used up: free some space and try again; what is in force stays in force',
  EROFS: 'the file system is read-only: remount it, or set XDPOL_STATE_DIR to a folder that can be written',
  EIO: 'the disk reports errors: see dmesg; a copy of the folder elsewhere can be used with XDPOL_STATE_DIR',
};

/** Runs `action`; a file error becomes one that says which store and what to do. */
export function withStoreErrors<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (error instanceof EnvironmentError || code === undefined) throw error;
    throw new EnvironmentError('XDPOL_E_STORE', `the policy store ${path} cannot be used: ${code}`, {
      help: HELP[code] ?? 'run as root, or set XDPOL_STATE_DIR to a folder that can be written',
      cause: error,
    });
  }
}
