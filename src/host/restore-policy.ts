/** What should be in force in force again, after a boot or whatever took it away: from the store alone. */
import { EnvironmentError } from '../base/environment-error.ts';
import { PolicyRejected } from '../base/policy-rejected.ts';
import { readAttachments } from '../engine/survey.ts';
import { LockHeld } from '../store/store.ts';
import { failClosed, failOpen } from './boot-fallback.ts';
import { describeProblems, readHostConfig } from './config.ts';
import type { HostContext } from './context.ts';
import type { SettledChange } from './decide-change.ts';
import { settlePending } from './decide-change.ts';
import { endDynamicRules } from './end-dynamic-rules.ts';
import { findIntendedAssignment } from './intended-assignment.ts';
import type { IntendedPolicy } from './intended-policy.ts';
import { findIntendedPolicy } from './intended-policy.ts';
import type { Overlay } from './overlay.ts';
import { endOrphans, NO_DYNAMIC_RULES, readOverlay, settleOverlay } from './overlay.ts';
import type { RestoredPolicy } from './restore-intended.ts';
import { restoreIntended } from './restore-intended.ts';

export interface RestoreRequest {
  /** Seconds to wait for interfaces that are not there yet. */
  readonly wait: number;
}

export interface RestoreOutcome extends Omit<RestoredPolicy, 'policy'> {
  /** null where none is assigned and no dynamic rule stands. */
  readonly policy: string | null;
  /** Why another policy or version is in force than the assigned one; null where it is the assigned one. */
  readonly degraded: string | null;
}

/**
 * Puts in force what is assigned, from what is left of it: an earlier version where the assigned one is damaged. Where
 * nothing can be put in force and nothing is filtered, the configuration decides whether the host stays open, which
 * throws, or is closed.
 */
export async function restorePolicy(context: HostContext, { wait }: RestoreRequest): Promise<RestoreOutcome> {
  using lock = lockToRestore(context);
  for (;;) {
    const before = readAssignedTime(context);
    const restored = await restoreOrFallBack(context, wait);
    // Without the lock another command may have assigned a policy meanwhile.
    if (lock.isHeld || readAssignedTime(context) === before) return restored;
  }
}

/** undefined also where it cannot be known. */
function readAssignedTime({ store }: HostContext): string | undefined {
  try {
    return store.assignment()?.at;
  } catch (error) {
    if (error instanceof EnvironmentError) return undefined;
    throw error;
  }
}

/** A host that is open does not wait for whoever holds the lock: filtering matters more than the order of two commands. */
function lockToRestore({ store, report }: HostContext): Disposable & { readonly isHeld: boolean } {
  try {
    const lock = store.lockIfPossible();
    return { isHeld: true, [Symbol.dispose]: () => lock[Symbol.dispose]() };
  } catch (error) {
    if (!(error instanceof LockHeld) || readAttachments().length > 0) throw error;
    report({ kind: 'warning', text: `${error.message}; nothing is filtered, so going on without the lock` });
    return { isHeld: false, [Symbol.dispose]: () => undefined };
  }
}

async function restoreOrFallBack(context: HostContext, wait: number): Promise<RestoreOutcome> {
  try {
    return await restoreAssigned(context, wait);
  } catch (error) {
    const isKnown = error instanceof EnvironmentError || error instanceof PolicyRejected;
    if (!isKnown || readAttachments().length > 0) throw error;
    const reading = readHostConfig();
    for (const text of describeProblems(reading)) context.report({ kind: 'warning', text });
    if (reading.config.boot === 'open') throw failOpen(error, reading.path);
    return { ...(await failClosed(context, reading.config, wait)), degraded: error.message };
  }
}

async function restoreAssigned(context: HostContext, wait: number): Promise<RestoreOutcome> {
  const { store } = context;
  const settled = settleIfPossible(context);
  const overlay = endOrphans(readOverlayIfPossible(context));
  const isAssigned = findIntendedAssignment(store) !== undefined;
  if (!isAssigned && overlay.rules.length === 0) return await endWhatIsLeft(context);
  const intended = await findIntendedPolicy(store);
  const { restored, degraded } = await restoreThisOrEarlier(context, intended, overlay, wait);
  const first = settled === undefined ? [] : [settled.text];
  return { ...restored, notes: [...first, ...restored.notes, ...settleOverlay(store, overlay)], degraded };
}

/** A store that cannot be written keeps no policy from coming in force. */
function settleIfPossible(context: HostContext): SettledChange | undefined {
  try {
    return settlePending(context);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    context.report({ kind: 'warning', text: error.message });
    return undefined;
  }
}

/** Dynamic rules that cannot be read keep no policy from coming in force. */
function readOverlayIfPossible({ store, report }: HostContext): Overlay {
  try {
    return readOverlay(store);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    report({ kind: 'warning', text: `no dynamic rules: ${error.message}` });
    return NO_DYNAMIC_RULES;
  }
}

interface Restored {
  readonly restored: RestoredPolicy;
  readonly degraded: string | null;
}

async function restoreThisOrEarlier(
  context: HostContext,
  intended: IntendedPolicy,
  { rules }: Overlay,
  wait: number,
): Promise<Restored> {
  try {
    return { restored: await restoreIntended(context, intended, rules, wait), degraded: null };
  } catch (error) {
    const { policy, stored } = intended;
    if (stored === undefined || !isDamage(error)) throw error;
    const earlier = context.store.readThisOrEarlier(policy, stored.version);
    if (earlier === undefined) throw error;
    const { version, hash } = earlier;
    const restored = await restoreIntended(context, { ...intended, stored: { version, hash } }, rules, wait);
    return { restored, degraded: `${error.message}; version ${version}, an earlier one, is in force` };
  }
}

function isDamage(error: unknown): error is EnvironmentError {
  return error instanceof EnvironmentError && (error.code === 'XDPOL_E_DAMAGED' || error.code === 'XDPOL_E_NOT_STORED');
}

/** Nothing should be in force, and dynamic rules of an agent that was killed may be. */
async function endWhatIsLeft(context: HostContext): Promise<RestoreOutcome> {
  const ended = await endDynamicRules(context);
  const notes = ended === undefined ? [] : [`dynamic rules of an agent that is gone have ended: ${ended}`];
  return { policy: null, version: null, generation: null, interfaces: [], missing: [], notes, degraded: null };
}
