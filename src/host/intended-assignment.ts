/**
 * Which assignment counts. The store is written after the swap, so that a command which is killed in between, or whose
 * disk takes nothing, leaves a policy in force that the store does not have as assigned. The kernel has its assignment:
 * from the first hook on a change goes forward, because an interface that is new in it has nothing to go back to.
 */
import { EnvironmentError } from '../base/environment-error.ts';
import { messageOf } from '../base/message-of.ts';
import { readPending } from '../engine/pending.ts';
import type { Attachment } from '../engine/survey.ts';
import { newestGeneration, readAttachments } from '../engine/survey.ts';
import type { Assignment, PolicyStore } from '../store/store.ts';
import type { ChangeDetails } from './change-details.ts';
import { decodeDetails } from './change-details.ts';
import { findWaitingAssignment } from './pending-change.ts';

/** When what is assigned, or was last, was assigned; null where nothing ever was. */
export function lastAssignedAt(store: PolicyStore): string | null {
  return store.lastAssignment()?.at ?? null;
}

/**
 * The change that is in force, be it at its first hooks only, and not assigned yet. undefined also where the store cannot
 * say what is assigned.
 */
export function findUnwritten(
  store: PolicyStore,
  attachments: readonly Attachment[] = readAttachments(),
): ChangeDetails | undefined {
  const details = decodeDetails(newestGeneration(attachments)?.details);
  if (details === undefined || details.assignedBefore !== lastAssignedIfKnown(store)) return undefined;
  return readPending() === undefined ? details : undefined;
}

/** undefined where the store is damaged, or of a newer xdpol. */
function lastAssignedIfKnown(store: PolicyStore): string | null | undefined {
  try {
    return lastAssignedAt(store);
  } catch (error) {
    if (error instanceof EnvironmentError) return undefined;
    throw error;
  }
}

/** Of the policy that waits to be confirmed, else of what is in force and not written yet, else what is stored. */
export function findIntendedAssignment(
  store: PolicyStore,
  attachments: readonly Attachment[] = readAttachments(),
): Assignment | undefined {
  return findWaitingAssignment()?.assignment ?? findUnwritten(store, attachments)?.assignment ?? store.assignment();
}

/** What is in force is not taken back for a disk that is full: the next boot may be far. */
export function writeAssignment(store: PolicyStore, assignment: Assignment): void {
  try {
    store.assign(assignment);
  } catch (cause) {
    const { policy, version } = assignment;
    const why = messageOf(cause);
    const message = `${policy} is in force, but the assignment could not be written: ${why}`;
    throw new EnvironmentError('XDPOL_E_ASSIGNMENT', message, {
      help: `before the next boot, which would bring back what was assigned before: xdpol assign '${policy}' --version ${version}`,
      cause,
    });
  }
}
