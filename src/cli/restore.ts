/** The assigned policy in force again, after a boot or whatever took it away: from the store alone. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';
import type { Assignment, PolicyStore } from '../store/store.ts';
import type { CompiledCache } from './compiled-cache.ts';
import { interfaceAddresses, presentInterfaces } from './host.ts';
import { readyPolicy } from './options.ts';
import type { PreparedPolicy } from './put-in-force.ts';
import { openCache, prepared, preparedFromCache, remember, swapIn } from './put-in-force.ts';

export interface Restored {
  readonly policy: string;
  readonly version: number;
  /** undefined where no interface was there to be filtered. */
  readonly generation: number | undefined;
  readonly interfaces: readonly string[];
  /** Of the assignment, and not there. */
  readonly missing: readonly string[];
  readonly notes: readonly string[];
}

const POLL_MS = 100;

/** Errors of a disk that takes no lock file: filtering matters more than a second command at the same time. */
const UNWRITABLE: ReadonlySet<string> = new Set(['EROFS', 'ENOSPC', 'EDQUOT']);

/** The store's lock, or none where the disk takes no file. */
export function lockIfWritable(store: PolicyStore, report: (line: string) => void): Disposable {
  try {
    return store.lock();
  } catch (error) {
    const cause = error instanceof EnvironmentError ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
    if (cause?.code === undefined || !UNWRITABLE.has(cause.code)) throw error;
    report(`${(error as Error).message}: going on without the lock`);
    return { [Symbol.dispose]: () => undefined };
  }
}

/** From the cache, DNS names with the answers they had; from the text only where the cache has no answer. */
async function prepareStored(
  cache: CompiledCache,
  { policy, version, hash }: Assignment,
  devices: readonly NetworkInterface[],
): Promise<PreparedPolicy> {
  const kept = preparedFromCache(cache, hash, devices);
  if (kept !== undefined) return kept;
  const ready = await readyPolicy({ stored: policy, version }, () => interfaceAddresses(devices));
  const names = devices.map((device) => device.name);
  return prepared(cache, ready, names);
}

/**
 * Filters the interfaces that are there at once, and the others as they appear, for up to `wait`
 * seconds. The caller holds the store's lock.
 */
export async function restoreAssigned(store: PolicyStore, assignment: Assignment, wait: number): Promise<Restored> {
  const cache = openCache(store);
  const deadline = performance.now() + 1000 * wait;
  const { policy, version, interfaces } = assignment;
  let done: Restored = { policy, version, generation: undefined, interfaces: [], missing: interfaces, notes: [] };
  for (;;) {
    const devices = await presentInterfaces(interfaces);
    if (devices.length > done.interfaces.length) {
      const found = await prepareStored(cache, assignment, devices);
      const { generation, notes } = swapIn(found, devices, assignment);
      remember(cache, found);
      const names = devices.map((device) => device.name);
      const addresses = found.facts.usesMe && found.host.me.length === 0 ? [noAddresses(names)] : [];
      done = {
        ...done,
        generation,
        interfaces: names,
        missing: interfaces.filter((name) => !names.includes(name)),
        notes: [...new Set([...done.notes, ...notes, ...addresses])],
      };
    }
    if (done.missing.length === 0 || performance.now() >= deadline) return done;
    await sleep(POLL_MS);
  }
}

function noAddresses(names: readonly string[]): string {
  return `${names.join(', ')} has no address yet: filters with me match nothing until xdpol restore runs again`;
}
