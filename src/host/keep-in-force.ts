/**
 * What is assigned stays in force: an interface that was deleted and made again, a link that somebody detached, pins that
 * somebody removed and hooks that a killed command did not reach are found here, and the policy is put in force there
 * again. Pins of renamed interfaces move along.
 */
import { isEndedOnPurpose, nameOfDirectory } from '../engine/bpffs.ts';
import { forgetCounters, hasCounters } from '../engine/counter-maps.ts';
import { readPending } from '../engine/pending.ts';
import type { Direction } from '../engine/program.ts';
import { DIRECTIONS } from '../engine/program.ts';
import type { Attachment, Survey } from '../engine/survey.ts';
import { fateText, surveyAttachments } from '../engine/survey.ts';
import { tidyPins } from '../engine/tidy-pins.ts';
import { matchesInterface } from '../policy/interface-pattern.ts';
import type { Assignment, PolicyStore } from '../store/store.ts';
import type { HostContext } from './context.ts';
import { findOldHooks } from './cut-off-change.ts';
import { findIntendedAssignment } from './intended-assignment.ts';
import { devicesMeantBy } from './interfaces.ts';
import { restoreNow } from './restore-now.ts';

export interface KeptInForce {
  /** What was found, a sentence each. */
  readonly found: readonly string[];
  readonly policy: string;
  /** null where nothing had to be put in force anew. */
  readonly generation: number | null;
}

interface Losses {
  /** What has to be put in force anew, a sentence each. */
  readonly lost: readonly string[];
  /** Interfaces whose pins have another name. */
  readonly renamed: readonly string[];
}

const NO_LOSSES: Losses = { lost: [], renamed: [] };

/**
 * One look; a second one with the lock, before which another command may have changed what is in force. undefined where
 * all is as it should be. After unassign nothing is put in force, also where the store could not be written.
 */
export async function keepInForce(context: HostContext): Promise<KeptInForce | undefined> {
  if (isWhole(findLosses(context.store))) return undefined;
  using _lock = context.store.lockIfPossible();
  const { lost, renamed } = findLosses(context.store);
  const assignment = findIntendedAssignment(context.store);
  if (assignment === undefined || isWhole({ lost, renamed })) return undefined;
  if (lost.length === 0) {
    tidyPins((name) => assignment.interfaces.some((one) => matchesInterface(one, name)));
    return { found: renamed, policy: assignment.policy, generation: null };
  }
  for (const { directory } of surveyAttachments().attachments) if (!hasCounters(directory)) forgetCounters(directory);
  const { policy, generation } = await restoreNow(context);
  return { found: [...renamed, ...lost], policy, generation };
}

function isWhole({ lost, renamed }: Losses): boolean {
  return lost.length === 0 && renamed.length === 0;
}

function findLosses(store: PolicyStore): Losses {
  if (isEndedOnPurpose()) return NO_LOSSES;
  const survey = surveyAttachments();
  const assignment = findIntendedAssignment(store, survey.attachments);
  if (assignment === undefined) return NO_LOSSES;
  const meant = devicesMeantBy(assignment.interfaces, survey.devices).map(({ name }) => name);
  const lost = [...meant.flatMap((name) => lossOf(name, assignment, survey)), ...findOldHooksOf(meant, survey)];
  return { lost, renamed: survey.attachments.flatMap(noteRenaming) };
}

/** While a change waits to be confirmed the kernel is to go back, or the operator. */
function findOldHooksOf(names: readonly string[], { attachments }: Survey): readonly string[] {
  const found = findOldHooks(attachments.filter(({ name }) => names.includes(name)));
  return found.length > 0 && readPending() === undefined ? found : [];
}

function noteRenaming({ name, directory }: Attachment): readonly string[] {
  const before = nameOfDirectory(directory);
  return before === name ? [] : [`${before} is now ${name}, and is filtered as it was`];
}

/** At most one sentence. */
function lossOf(name: string, { ingressOnly }: Assignment, { attachments, strays }: Survey): readonly string[] {
  const wanted: readonly Direction[] = ingressOnly === true ? ['ingress'] : DIRECTIONS;
  const attachment = attachments.find((one) => one.name === name);
  const open = wanted.filter((direction) => !attachment?.hooks.some((hook) => hook.direction === direction));
  if (attachment !== undefined && open.length === 0)
    return hasCounters(attachment.directory) ? [] : [noteCounters(name)];
  const fate = strays.find((stray) => stray.name === name && stray.fate !== 'moved');
  if (fate !== undefined) return [fateText(fate)];
  return [`${name} ${open.join(' and ')} was not filtered: the interface is new, or its pins were removed`];
}

function noteCounters(name: string): string {
  return `the pins of the counters of ${name} were removed: they begin anew`;
}
