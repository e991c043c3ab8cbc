/**
 * One command at a time changes the store and what is in force.
 *
 * The lock is a file that names its holder. It appears whole, by link(2), so it is never without a
 * name. A holder that died is replaced by rename(2), never removed first; the right to do so is
 * itself a lock, named after the dead holder: whoever gets it late finds another holder and leaves.
 */
import { closeSync, linkSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentError } from '../base/environment-error.ts';
import { readIfThere } from './file-system.ts';
import { isAlive, ownName } from './process-name.ts';

function writeTicket(path: string): void {
  const fd = openSync(path, 'w', 0o600);
  try {
    writeSync(fd, ownName());
  } finally {
    closeSync(fd);
  }
}

function linked(ticket: string, path: string): boolean {
  try {
    linkSync(ticket, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** One try. False where another process holds the lock, or did a moment ago. */
function acquire(ticket: string, path: string): boolean {
  if (linked(ticket, path)) return true;
  const holder = readIfThere(path);
  if (holder === undefined || isAlive(holder)) return false;
  const right = `${path}.after-${holder.split(' ').slice(0, 2).join('-')}`;
  if (!acquire(ticket, right)) return false;
  try {
    if (readIfThere(path) !== holder) return false;
    // A second link of its own, for rename(2) to move: the ticket stays for the caller.
    const moved = `${ticket}.moved`;
    rmSync(moved, { force: true });
    writeTicket(moved);
    renameSync(moved, path);
    return true;
  } finally {
    rmSync(right, { force: true });
  }
}

const PAUSE_MS = 50;
/** Seconds that a command waits. */
const PATIENCE = 5;

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

/** Holds the lock until disposed. Waits up to `patience` seconds for a holder that lives, takes over from one that does not. */
export function lockStore(directory: string, patience: number = PATIENCE): Disposable {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'lock');
  const ticket = join(directory, `.lock.${process.pid}`);
  try {
    writeTicket(ticket);
    for (let waited = 0; waited < 1000 * patience; waited += PAUSE_MS) {
      if (acquire(ticket, path)) return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
      pause();
    }
  } finally {
    rmSync(ticket, { force: true });
  }
  throw new EnvironmentError(
    'XDPOL_E_LOCKED',
    `another command is changing the policy (process ${readIfThere(path)?.split(' ')[0] ?? 'unknown'})`,
    { help: `wait for it to end; if there is no such process, remove ${path}` },
  );
}
