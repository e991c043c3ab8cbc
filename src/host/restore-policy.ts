/** What should be in force in force again, after a boot or whatever took it away: from the store alone. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';
import { DIRECTIONS } from '../engine/program.ts';
import { readAttachments } from '../engine/survey.ts';
import type { DynamicRule } from '../store/store.ts';
import type { HostContext } from './context.ts';
import { settlePending } from './decide-change.ts';
import { endDynamicRules } from './end-dynamic-rules.ts';
import type { IntendedPolicy } from './intended-policy.ts';
import { changeTo, findIntendedPolicy, intendedBy } from './intended-policy.ts';
import { presentInterfaces } from './interfaces.ts';
import { readOverlay, settleOverlay } from './overlay.ts';
import { findWaitingAssignment } from './pending-change.ts';
import { putInForce } from './put-in-force.ts';

export interface RestoreRequest {
  /** Seconds to wait for interfaces that are not there yet. */
  readonly wait: number;
}

export interface RestoreOutcome {
  /** null where none is assigned and no dynamic rule stands. */
  readonly policy: string | null;
  /** null where no policy is assigned. */
  readonly version: number | null;
  /** null where no interface was there to be filtered. */
  readonly generation: number | null;
  readonly interfaces: readonly string[];
  /** Of the assignment, and not there. */
  readonly missing: readonly string[];
  readonly notes: readonly string[];
}

const POLL_MS = 100;

/** Errors of a disk that takes no lock file: filtering matters more than a second command at the same time. */
const UNWRITABLE: ReadonlySet<string> = new Set(['EROFS', 'ENOSPC', 'EDQUOT']);

/** The store's lock, or none where the disk takes no file. */
function lockIfWritable({ store, report }: HostContext): Disposable {
  try {
    return store.lock();
  } catch (error) {
    const cause = error instanceof EnvironmentError ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
    if (cause?.code === undefined || !UNWRITABLE.has(cause.code)) throw error;
    report({ kind: 'warning', text: `${(error as Error).message}: going on without the lock` });
    return { [Symbol.dispose]: () => undefined };
  }
}

export async function restorePolicy(context: HostContext, { wait }: RestoreRequest): Promise<RestoreOutcome> {
  const { store } = context;
  using _lock = lockIfWritable(context);
  const settled = settlePending(context);
  const overlay = readOverlay(store);
  const isAssigned = findWaitingAssignment() !== undefined || store.assignment() !== undefined;
  if (!isAssigned && overlay.rules.length === 0) return await endWhatIsLeft(context);
  const restored = await restoreIntended(context, await findIntendedPolicy(store), overlay.rules, wait);
  const first = settled === undefined ? [] : [settled.text];
  return { ...restored, notes: [...first, ...restored.notes, ...settleOverlay(store, overlay)] };
}

/** Nothing should be in force, and dynamic rules of an agent that was killed may be. */
async function endWhatIsLeft(context: HostContext): Promise<RestoreOutcome> {
  const ended = await endDynamicRules(context);
  const notes = ended === undefined ? [] : [`dynamic rules of an agent that is gone have ended: ${ended}`];
  return { policy: null, version: null, generation: null, interfaces: [], missing: [], notes };
}

/**
 * Filters the interfaces that are there at once, and the others as they appear, for up to `wait`
 * seconds. The caller holds the store's lock.
 */
export async function restoreIntended(
  context: HostContext,
  intended: IntendedPolicy,
  rules: readonly DynamicRule[],
  wait: number,
): Promise<RestoreOutcome> {
  const deadline = performance.now() + 1000 * wait;
  const { policy, stored, interfaces: wanted } = intended;
  const nothing = { generation: null, interfaces: [], missing: wanted, notes: [] };
  let done: RestoreOutcome = { policy, version: stored?.version ?? null, ...nothing };
  for (;;) {
    const devices = await presentInterfaces(wanted);
    if (devices.length > done.interfaces.length) {
      if (intended.confirm !== undefined) await putAssignedBehind(context, devices, rules);
      const inForce = await putInForce(context, changeTo(intended, devices, rules));
      const { generation, interfaces, notes } = inForce;
      const addresses = inForce.lacksAddresses ? [noteNoAddresses(interfaces)] : [];
      done = {
        ...done,
        generation,
        interfaces,
        missing: wanted.filter((name) => !interfaces.includes(name)),
        notes: [...new Set([...done.notes, ...notes, ...addresses])],
      };
    }
    if (done.missing.length === 0 || performance.now() >= deadline) return done;
    await sleep(POLL_MS);
  }
}

/**
 * An interface that lost its filter while another policy waits to be confirmed gets the assigned one first: that is what
 * must come back there.
 */
async function putAssignedBehind(
  context: HostContext,
  devices: readonly NetworkInterface[],
  rules: readonly DynamicRule[],
): Promise<void> {
  const assignment = context.store.assignment();
  if (assignment === undefined) return;
  const wanted = assignment.ingressOnly === true ? 1 : DIRECTIONS.length;
  const filtered = readAttachments().filter(({ hooks }) => hooks.length >= wanted);
  const isLost = ({ name }: NetworkInterface): boolean =>
    assignment.interfaces.includes(name) && !filtered.some((attachment) => attachment.name === name);
  const lost = devices.filter(isLost);
  if (lost.length > 0) await putInForce(context, changeTo(intendedBy(assignment), lost, rules));
}

function noteNoAddresses(interfaces: readonly string[]): string {
  return `${interfaces.join(', ')} has no address yet: filters with me match nothing until xdpol restore runs again`;
}
