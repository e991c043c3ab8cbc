/** A change that waits is decided: confirmed, taken back, or what the kernel did meanwhile made permanent. */
import { EnvironmentError } from '../base/environment-error.ts';
import { messageOf } from '../base/message-of.ts';
import { JiffiesClock } from '../engine/jiffies.ts';
import type { Pending, Returned } from '../engine/pending.ts';
import { confirmPending, finishConfirmed, readPending, returnToPrevious } from '../engine/pending.ts';
import type { Assignment, PolicyAt } from '../store/store.ts';
import { LockHeld } from '../store/store.ts';
import type { ChangeDetails } from './change-details.ts';
import { decodeDetails } from './change-details.ts';
import type { HostContext } from './context.ts';
import { findUnwritten, lastAssignedAt, writeAssignment } from './intended-assignment.ts';
import type { PendingChange } from './pending-change.ts';
import { describePending, readPendingChange, secondsUntil } from './pending-change.ts';
import { recordChange } from './record-changes.ts';
import { tally } from './tally.ts';

function createNothingPendingError(help: string): EnvironmentError {
  return new EnvironmentError('XDPOL_E_NOTHING_PENDING', 'no policy waits to be confirmed', { help });
}

export interface ConfirmOutcome {
  readonly policy: string;
  readonly version: number;
  readonly generation: number | null;
  readonly interfaces: readonly string[];
  readonly notes: readonly string[];
}

/** Keeps the policy that waits: it is in force for good, and assigned. */
export function confirmChange(context: HostContext): ConfirmOutcome {
  using _lock = context.store.lock();
  const went = settlePending(context);
  const pending = readPending();
  const details = decodeDetails(pending?.details);
  if (pending === undefined || details === undefined) {
    const help = went?.kind === 'returned' ? `${went.text}; apply it again` : 'see what is in force: xdpol status';
    throw createNothingPendingError(help);
  }
  confirmPending();
  assignConfirmed(context, details);
  const { policy, version, interfaces } = details.assignment;
  return { policy, version, generation: pending.candidate?.generation ?? null, interfaces, notes: [] };
}

function assignConfirmed({ store }: HostContext, { assignment }: ChangeDetails): void {
  writeAssignment(store, { ...assignment, at: new Date().toISOString() });
}

export interface RollbackOutcome {
  /** What waited. */
  readonly policy: string;
  readonly version: number;
  /** What is in force again; null where nothing was before. */
  readonly previous: PendingChange['previous'];
  /** Where it is in force again, or where nothing is filtered any more. */
  readonly interfaces: readonly string[];
  readonly notes: readonly string[];
}

/** Goes back to what was confirmed last, now. */
export function rollBackChange(context: HostContext): RollbackOutcome {
  using _lock = context.store.lockIfPossible();
  const went = settlePending(context);
  const waiting = readPendingChange();
  if (waiting === undefined) {
    const earlier = 'to put an earlier version in force: xdpol history NAME, xdpol assign NAME --version NUMBER';
    throw createNothingPendingError(went?.kind === 'returned' ? went.text : earlier);
  }
  const returned = returnToPrevious();
  tally(context, { kind: 'rollback', reason: 'requested' });
  const { policy, version, previous } = waiting;
  const interfaces = [...returned.restored, ...returned.opened];
  return { policy, version, previous, interfaces, notes: noteLost(returned) };
}

function noteLost({ lost }: Returned): readonly string[] {
  if (lost.length === 0) return [];
  return [`${lost.join(', ')}: the program from before is lost, and everything is dropped: xdpol restore`];
}

function isWaiting({ deadline }: Pending): boolean {
  if (deadline === 0n) return false;
  using clock = new JiffiesClock();
  return secondsUntil(clock, deadline) > 0;
}

/** What became of a change while nobody looked. */
export interface SettledChange {
  readonly kind: 'returned' | 'confirmed' | 'assigned';
  /** For the user and the journal. */
  readonly text: string;
}

/**
 * Makes permanent what the kernel has decided: a change whose time has passed, one whose confirmation was cut short, or one
 * that is in force and could not be assigned. The caller holds the store's lock.
 */
export function settlePending(context: HostContext): SettledChange | undefined {
  const pending = readPending();
  if (pending === undefined) return assignUnwritten(context);
  const details = decodeDetails(pending.details);
  if (details === undefined) return undefined;
  const what = describePending(details.assignment);
  if (pending.deadline === 0n) {
    finishConfirmed();
    const isUnwritten = lastAssignedAt(context.store) === details.assignedBefore;
    if (isUnwritten) assignConfirmed(context, details);
    return { kind: 'confirmed', text: `${what} was confirmed, and is assigned` };
  }
  if (isWaiting(pending)) return undefined;
  const returned = returnToPrevious();
  tally(context, { kind: 'rollback', reason: 'unconfirmed' });
  const { previous } = pending;
  const now =
    previous === undefined
      ? 'nothing is filtered'
      : `${previous.policy}, generation ${previous.generation}, is in force again`;
  const text = [`${what} was not confirmed in time: ${now}`, ...noteLost(returned)].join('; ');
  recordReturn(context, details, text);
  return { kind: 'returned', text };
}

function assignUnwritten(context: HostContext): SettledChange | undefined {
  const unwritten = findUnwritten(context.store);
  if (unwritten === undefined) return undefined;
  const { assignment } = unwritten;
  const before = context.store.assignment() ?? null;
  writeAssignment(context.store, assignment);
  const text = `${describePending(assignment)} is in force, and its assignment was not written: it is assigned now`;
  const { policy } = assignment;
  recordChange(context, { verb: 'assign', policy, from: policyAt(before), to: policyAt(assignment), message: text });
  return { kind: 'assigned', text };
}

function policyAt(assignment: Assignment | null): PolicyAt | null {
  return assignment && { policy: assignment.policy, version: assignment.version, hash: assignment.hash };
}

function recordReturn(
  context: HostContext,
  { assignment: { policy, version, hash } }: ChangeDetails,
  message: string,
): void {
  const to = policyAt(context.store.assignment() ?? null);
  const kernel = { ...context, asker: { who: 'kernel', uid: null, via: 'kernel' } as const };
  recordChange(kernel, { verb: 'return', policy, from: { policy, version, hash }, to, message });
}

/** The same for whoever does not hold the lock, and where there is something to settle. */
export function settleOverdue(context: HostContext): SettledChange | undefined {
  const pending = readPending();
  if (pending === undefined ? findUnwritten(context.store) === undefined : isWaiting(pending)) return undefined;
  try {
    using _lock = context.store.lockIfPossible(0);
    return settlePending(context);
  } catch (error) {
    // Who holds the lock may be about to write it.
    if (pending === undefined && error instanceof LockHeld) return undefined;
    throw error;
  }
}

export interface PendingReport {
  readonly pending: PendingChange | null;
  /** What became of a change while nobody looked, a sentence; null where nothing was settled now. */
  readonly settled: string | null;
}

/** A change that cannot be settled is a warning. */
export function reportPending(context: HostContext): PendingReport {
  let settled: SettledChange | undefined;
  try {
    settled = settleOverdue(context);
  } catch (error) {
    const why = messageOf(error);
    context.report({ kind: 'warning', text: `the last change cannot be settled: ${why}` });
  }
  return { pending: readPendingChange() ?? null, settled: settled?.text ?? null };
}
