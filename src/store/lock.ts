/**
 * One command at a time changes the store and what is in force.
 *
 * The lock is a file that names its holder. It appears whole, by link(2), and its content is on the disk before, so it is
 * never without a name. What names no process that lives is replaced by rename(2), never removed first; the right to do so
 * is itself a lock, named after the dead holder: whoever gets it late finds another holder and leaves.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { EnvironmentError } from '../base/environment-error.ts';
import { nameAside } from './durable.ts';
import type { FileSystem } from './file-system.ts';
import { isRealFolder, makeFolder, NODE_FILE_SYSTEM, readIfThere, writeNew, writeSynced } from './file-system.ts';
import { isAlive, ownName, pidOf } from './process-name.ts';

function writeTicket(path: string, files: FileSystem, isSynced = true): void {
  const content = new TextEncoder().encode(ownName());
  if (isSynced) writeSynced(path, content, files);
  else writeNew(path, content, files);
}

function tryLink(ticket: string, path: string, files: FileSystem): boolean {
  try {
    files.link(ticket, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** What a power cut left may be anything, so the name is a digest. */
function nameSuccessor(path: string, holder: string): string {
  return `${path}.after-${createHash('sha256').update(holder).digest('hex').slice(0, 16)}`;
}

/** One try. False where another process holds the lock, or did a moment ago. */
function acquire(ticket: string, path: string, files: FileSystem): boolean {
  if (tryLink(ticket, path, files)) return true;
  const holder = readIfThere(path);
  if (holder === undefined || isAlive(holder)) return false;
  const right = nameSuccessor(path, holder);
  if (!acquire(ticket, right, files)) return false;
  try {
    if (readIfThere(path) !== holder) return false;
    if (isRealFolder(path)) {
      // Not replaced by rename(2), and nobody else may have taken its place: they lack the right.
      files.rename(path, nameAside(path));
      return tryLink(ticket, path, files);
    }
    // A second link of its own, for rename(2) to move: the ticket stays for the caller.
    const moved = `${ticket}.moved`;
    writeTicket(moved, files);
    files.rename(moved, path);
    return true;
  } finally {
    files.remove(right);
  }
}

const PAUSE_MS = 50;
/** Seconds that a command waits. */
const PATIENCE = 5;

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

/** Another process has held the lock for as long as the caller would wait. */
export class LockHeld extends EnvironmentError {
  readonly pid: number;
  /** undefined where it has just gone. */
  readonly since: Date | undefined;

  constructor(path: string) {
    const pid = pidOf(readIfThere(path) ?? '');
    const since = statSync(path, { throwIfNoEntry: false })?.mtime;
    const holder = `process ${pid}${since === undefined ? '' : `, since ${since.toISOString()}`}`;
    super('XDPOL_E_LOCKED', `another command is changing the policy (${holder})`, {
      help: `wait for it to end; if there is no such process, remove ${path}`,
    });
    this.name = 'LockHeld';
    this.pid = pid;
    this.since = since;
  }
}

export interface LockOptions {
  /** Seconds to wait for a holder that lives. */
  readonly patience?: number | undefined;
  readonly files?: FileSystem;
  /** False: it does not wait for the disk. What a power cut leaves of it may name nobody, and is taken over. */
  readonly isSynced?: boolean;
}

/** Holds the lock until disposed. Takes over from a holder that does not live. Throws LockHeld. */
export function lockStore(
  directory: string,
  { patience = PATIENCE, files = NODE_FILE_SYSTEM, isSynced = true }: LockOptions = {},
): Disposable {
  makeFolder(directory, files);
  const path = join(directory, 'lock');
  const ticket = join(directory, `.lock.${process.pid}-${threadId}`);
  try {
    writeTicket(ticket, files, isSynced);
    for (let waited = 0; ; waited += PAUSE_MS) {
      if (acquire(ticket, path, files)) return { [Symbol.dispose]: () => files.remove(path) };
      if (waited >= 1000 * patience) throw new LockHeld(path);
      pause();
    }
  } finally {
    files.remove(ticket);
  }
}

/** After a thread of this process ended that may have held it. */
export function releaseLockOfThread(directory: string, files: FileSystem = NODE_FILE_SYSTEM): void {
  const path = join(directory, 'lock');
  if (readIfThere(path) === ownName()) files.remove(path);
}
