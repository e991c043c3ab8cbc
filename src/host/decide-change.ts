/** A change that waits is decided: confirmed, taken back, or what the kernel did meanwhile made permanent. */
import { EnvironmentError } from '../base/environment-error.ts';
import { messageOf } from '../base/message-of.ts';
import { JiffiesClock } from '../engine/jiffies.ts';
import type { Pending, Returned } from '../engine/pending.ts';
import { confirmPending, finishConfirmed, readPending, returnToPrevious } from '../engine/pending.ts';
import type { HostContext } from './context.ts';
import type { PendingChange, PendingDetails } from './pending-change.ts';
import { describePending, detailsOf, readPendingChange, secondsUntil } from './pending-change.ts';
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
  const details = pending === undefined ? undefined : detailsOf(pending);
  if (pending === undefined || details === undefined) {
    const help = went?.kind === 'returned' ? `${went.text}; apply it again` : 'see what is in force: xdpol status';
    throw createNothingPendingError(help);
  }
  confirmPending();
  assignConfirmed(context, details);
  const { policy, version, interfaces } = details.assignment;
  return { policy, version, generation: pending.candidate?.generation ?? null, interfaces, notes: [] };
}

function assignConfirmed({ store }: HostContext, { assignment }: PendingDetails): void {
  try {
    store.assign({ ...assignment, at: new Date().toISOString() });
  } catch (cause) {
    const why = messageOf(cause);
    const { policy, version } = assignment;
    throw new EnvironmentError(
      'XDPOL_E_ASSIGNMENT',
      `${policy} stays, but the assignment could not be written: ${why}`,
      {
        help: `before the next boot, which would bring back what was assigned before: xdpol assign '${policy}' --version ${version}`,
        cause,
      },
    );
  }
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
  readonly kind: 'returned' | 'confirmed';
  /** For the user and the journal. */
  readonly text: string;
}

/**
 * Makes permanent what the kernel has decided: a change whose time has passed, or one whose confirmation was cut short.
 * The caller holds the store's lock.
 */
export function settlePending(context: HostContext): SettledChange | undefined {
  const pending = readPending();
  const details = pending === undefined ? undefined : detailsOf(pending);
  if (pending === undefined || details === undefined) return undefined;
  const what = describePending(details.assignment);
  if (pending.deadline === 0n) {
    finishConfirmed();
    const isUnwritten = (context.store.assignment()?.at ?? null) === details.assignedBefore;
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

function recordReturn(
  context: HostContext,
  { assignment: { policy, version, hash } }: PendingDetails,
  message: string,
): void {
  const assigned = context.store.assignment();
  const to = assigned && { policy: assigned.policy, version: assigned.version, hash: assigned.hash };
  const kernel = { ...context, asker: { who: 'kernel', uid: null, via: 'kernel' } as const };
  recordChange(kernel, { verb: 'return', policy, from: { policy, version, hash }, to: to ?? null, message });
}

/** The same for whoever does not hold the lock, and where there is something to settle; a failure is a warning. */
export function settleOverdue(context: HostContext): SettledChange | undefined {
  try {
    const pending = readPending();
    if (pending === undefined || isWaiting(pending)) return undefined;
    using _lock = context.store.lockIfPossible(0);
    return settlePending(context);
  } catch (error) {
    const why = messageOf(error);
    context.report({ kind: 'warning', text: `what waits to be confirmed cannot be settled: ${why}` });
    return undefined;
  }
}

export interface PendingReport {
  readonly pending: PendingChange | null;
  /** What became of a change while nobody looked, a sentence; null where nothing was settled now. */
  readonly settled: string | null;
}

export function reportPending(context: HostContext): PendingReport {
  const settled = settleOverdue(context)?.text ?? null;
  return { pending: readPendingChange() ?? null, settled };
}
