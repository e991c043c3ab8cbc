/** What should be in force in force again, after a boot or whatever took it away: from the store alone. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';
import { newestGeneration, readAttachments } from '../engine/attachment.ts';
import type { DynamicRule, PolicyStore } from '../store/store.ts';
import { DYNAMIC_POLICY } from '../store/store.ts';
import type { CompiledCache } from './compiled-cache.ts';
import { ethernetInterfaces, interfaceAddresses, presentInterfaces } from './host.ts';
import { readyPolicy } from './options.ts';
import { filteredForRulesAlone } from './overlay.ts';
import type { PreparedPolicy, PutInForceOptions } from './put-in-force.ts';
import { attachingOf, openCache, prepared, preparedFromCache, remember, swapIn } from './put-in-force.ts';

/** What should be in force, without its dynamic rules: the assigned policy, or an empty one for those to be added to. */
export interface Standing {
  readonly policy: string;
  /** undefined where none is assigned. */
  readonly stored: { readonly version: number; readonly hash: string } | undefined;
  readonly interfaces: readonly string[];
  /** As it was attached last. */
  readonly attaching: PutInForceOptions;
}

export interface Restored {
  readonly policy: string;
  /** undefined where no policy is assigned. */
  readonly version: number | undefined;
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

/** On the interfaces where filtering was last, else on all: the original knew no interfaces. */
export async function usualInterfaces(store: PolicyStore): Promise<readonly string[]> {
  const last = store.lastAssignment()?.interfaces ?? [];
  const interfaces = last.length > 0 ? last : await ethernetInterfaces();
  if (interfaces.length > 0) return interfaces;
  throw new EnvironmentError('XDPOL_E_NO_INTERFACE', 'this network namespace has no Ethernet interface', {
    help: 'ip link',
  });
}

/** How filtering was attached last; native where the driver has it where it never was. */
export function lastAttaching(store: PolicyStore): PutInForceOptions {
  return attachingOf(store.lastAssignment() ?? { mode: 'auto' });
}

/** Throws where another policy is in force than could be known from the store. */
export async function standingPolicy(store: PolicyStore): Promise<Standing> {
  const assignment = store.assignment();
  if (assignment !== undefined) {
    const { policy, version, hash, interfaces } = assignment;
    return { policy, stored: { version, hash }, interfaces, attaching: attachingOf(assignment) };
  }
  const attachments = readAttachments();
  const inForce = newestGeneration(attachments)?.policy;
  // An empty policy in the place of one that is in force would open the host.
  if (inForce !== undefined && !filteredForRulesAlone(store, attachments)) {
    throw new EnvironmentError('XDPOL_E_NOT_ASSIGNED', `${inForce} is in force, and no policy is assigned`, {
      help: `assign it, or end it: xdpol assign '${inForce}', xdpol unassign`,
    });
  }
  const filtered = attachments.map((attachment) => attachment.name);
  const interfaces = filtered.length > 0 ? filtered : await usualInterfaces(store);
  return { policy: DYNAMIC_POLICY, stored: undefined, interfaces, attaching: lastAttaching(store) };
}

/** From the cache, DNS names with the answers they had; from the text only where the cache has no answer. */
export async function prepareStanding(
  cache: CompiledCache,
  { policy, stored }: Standing,
  devices: readonly NetworkInterface[],
  rules: readonly DynamicRule[],
): Promise<PreparedPolicy> {
  const kept = stored !== undefined && rules.length === 0 ? preparedFromCache(cache, stored.hash, devices) : undefined;
  if (kept !== undefined) return kept;
  const reference = stored === undefined ? undefined : { stored: policy, version: stored.version };
  const ready = await readyPolicy(reference, () => interfaceAddresses(devices), rules);
  const names = devices.map((device) => device.name);
  return prepared(cache, ready, names);
}

/**
 * Filters the interfaces that are there at once, and the others as they appear, for up to `wait`
 * seconds. The caller holds the store's lock.
 */
export async function restoreStanding(
  store: PolicyStore,
  standing: Standing,
  rules: readonly DynamicRule[],
  wait: number,
): Promise<Restored> {
  const cache = openCache(store);
  const deadline = performance.now() + 1000 * wait;
  const { policy, stored, interfaces } = standing;
  const version = stored?.version;
  let done: Restored = { policy, version, generation: undefined, interfaces: [], missing: interfaces, notes: [] };
  for (;;) {
    const devices = await presentInterfaces(interfaces);
    if (devices.length > done.interfaces.length) {
      const found = await prepareStanding(cache, standing, devices, rules);
      const { generation, notes } = swapIn(found, devices, standing.attaching);
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
