/** Names of processes for files that say whose they are: no other process has had the name, in this boot or an earlier one. */
import { readFileSync, readlinkSync } from 'node:fs';

/** Clock ticks after boot at which the process started: distinguishes it from a later one with its id. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** Ids and ticks begin anew with a boot, so the boot is part of the name. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/** `<id> <start> <boot>`. */
function nameOf(pid: number, started: string): string {
  return `${pid} ${started} ${bootId()}`;
}

let own: string | undefined;

export function ownName(): string {
  own ??= nameOf(process.pid, startOf(process.pid) ?? '');
  return own;
}

export function pidOf(name: string): number {
  return Number(name.split(' ')[0]);
}

export function isAlive(name: string): boolean {
  const started = startOf(pidOf(name));
  return started !== undefined && name === nameOf(pidOf(name), started);
}

/** Did the process, which may be gone, start since the last boot? */
export function isOfThisBoot(name: string): boolean {
  return name.split(' ')[2] === bootId();
}

/** The network namespace of this process. */
export function ownNetwork(): string {
  return readlinkSync('/proc/self/ns/net');
}

/** Is the process in the network namespace of this one? */
export function sharesNetwork(name: string): boolean {
  try {
    return readlinkSync(`/proc/${pidOf(name)}/ns/net`) === ownNetwork();
  } catch {
    return false;
  }
}
