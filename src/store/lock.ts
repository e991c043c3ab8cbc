/** One command at a time changes the store and what is in force. */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentError } from '../base/environment-error.ts';

interface Holder {
  readonly pid: number;
  /** Clock ticks after boot at which the process started: tells it from a later one with its id. */
  readonly started: string;
}

function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    const [pid, started] = readFileSync(path, 'utf8').split(' ');
    return pid === undefined || started === undefined ? undefined : { pid: Number(pid), started };
  } catch {
    return undefined;
  }
}

function create(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  writeSync(fd, `${process.pid} ${startOf(process.pid) ?? ''}`);
  closeSync(fd);
  return true;
}

const ATTEMPTS = 100;
const PAUSE_MS = 50;

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

/** Holds the lock until disposed. Waits up to five seconds for a holder that lives, takes over from one that does not. */
export function lockStore(directory: string): Disposable {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'lock');
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (create(path)) return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
    const holder = readHolder(path);
    if (holder !== undefined && startOf(holder.pid) !== holder.started) rmSync(path, { force: true });
    else pause();
  }
  const holder = readHolder(path);
  throw new EnvironmentError(`another command is changing the policy (process ${holder?.pid ?? 'unknown'})`, {
    help: `wait for it to end; if there is no such process, remove ${path}`,
  });
}
