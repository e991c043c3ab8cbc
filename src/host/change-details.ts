/** What the kernel keeps of a change for the host: enough to finish it where the process that made it has ended. */
import type { Assignment } from '../store/store.ts';
import { decodeAssignment } from '../store/store.ts';

export interface ChangeDetails {
  /** To be written once the change is in force for good. */
  readonly assignment: Assignment;
  /** When what was assigned last then was assigned: the assignment above is written only over that. */
  readonly assignedBefore: string | null;
}

/** undefined where a program of another version made the change and keeps something else. */
export function decodeDetails(details: unknown): ChangeDetails | undefined {
  if (typeof details !== 'object' || details === null) return undefined;
  const { assignment, assignedBefore } = details as Partial<Record<keyof ChangeDetails, unknown>>;
  const decoded = decodeAssignment(JSON.stringify(assignment) ?? '');
  const isBefore = assignedBefore === null || typeof assignedBefore === 'string';
  return decoded === undefined || !isBefore ? undefined : { assignment: decoded, assignedBefore };
}
