/** What is in force, where it is what should be. */
import type { Generation } from '../engine/generation.ts';
import { newestGeneration, readAttachments } from '../engine/survey.ts';
import type { PolicyStore } from '../store/store.ts';
import { findIntendedAssignment } from './intended-assignment.ts';
import { isFilteredForRulesAlone, readOverlay } from './overlay.ts';

export interface IntendedInForce {
  readonly inForce: Generation;
  /** That it is meant for. */
  readonly interfaces: readonly string[];
}

/** undefined where nothing is in force, or another policy than the one that is assigned or waits. */
export function findIntendedInForce(store: PolicyStore): IntendedInForce | undefined {
  const attachments = readAttachments();
  const inForce = newestGeneration(attachments);
  if (inForce === undefined) return undefined;
  const assignment = findIntendedAssignment(store, attachments);
  const isIntended =
    assignment === undefined
      ? isFilteredForRulesAlone(store, attachments) && readOverlay(store).rules.length > 0
      : assignment.policy === inForce.policy;
  if (!isIntended) return undefined;
  return { inForce, interfaces: assignment?.interfaces ?? attachments.map((attachment) => attachment.name) };
}
