/** Putting a policy in force as the one that is assigned: what `apply`, `assign` and ipsecpol have in common. */
import { present } from '../base/assert.ts';
import { messageOf } from '../base/message-of.ts';
import type { IngressHook } from '../engine/attach.ts';
import { surveyAttachments } from '../engine/survey.ts';
import { isInterfacePattern } from '../policy/interface-pattern.ts';
import type { AddedVersion, Assignment, PolicyStore } from '../store/store.ts';
import type { ChangeDetails } from './change-details.ts';
import { requireHostConfig } from './config.ts';
import type { HostContext } from './context.ts';
import type { SettledChange } from './decide-change.ts';
import { settlePending } from './decide-change.ts';
import { endFilteringOn } from './end-filtering.ts';
import { namesAtTcx } from './ingress-hook.ts';
import { lastAssignedAt, writeAssignment } from './intended-assignment.ts';
import { devicesMeantBy, findInterfaces, namesNotThere } from './interfaces.ts';
import { isFilteredForRulesAlone, readOverlay, settleOverlay } from './overlay.ts';
import type { PendingChange } from './pending-change.ts';
import { describePending, readPendingChange } from './pending-change.ts';
import type { PolicyInput } from './policy-input.ts';
import type { Attaching, InForce } from './put-in-force.ts';
import { attachingOf, putInForce } from './put-in-force.ts';
import { requireNoLeaks } from './require-no-leaks.ts';
import { failureReason, tally } from './tally.ts';

export interface AssignedChange {
  readonly input: PolicyInput;
  /** Of the input, where it is a stored version; else it is stored as a new one. */
  readonly stored?: { readonly version: number; readonly hash: string } | undefined;
  /** Named for this change: each must be there. */
  readonly interfaces: readonly string[];
  /** Those of the last assignment, where none is named: they go along where they are there. */
  readonly usual?: readonly string[] | undefined;
  readonly attaching: Attaching;
  /** Where what arrives at the named interfaces is filtered; else as it is. */
  readonly hook?: IngressHook | undefined;
  readonly isDryRun?: boolean | undefined;
  /** Seconds: it is assigned when it is confirmed, and goes back unless that comes in time. */
  readonly confirm?: number | undefined;
  /** Also where it ends what the host does now, or cuts the host off from itself. */
  readonly isForced?: boolean | undefined;
  /** What the analysis says of the policy is wanted. */
  readonly isAnalysed?: boolean | undefined;
}

export interface AssignedInForce extends InForce {
  /** null after a dry run of a policy that is not stored. */
  readonly version: number | null;
  /** What waits to be confirmed now; null where nothing does. */
  readonly pending: PendingChange | null;
}

type PolicyVersion = Pick<Assignment, 'policy' | 'version' | 'hash'>;

interface Targets {
  /** Filtered with this change. */
  readonly names: readonly string[];
  /** Assigned and not there: they stay assigned. */
  readonly missing: readonly string[];
  /** Interfaces that nobody named, filtered for the sake of dynamic rules only. */
  readonly released: readonly string[];
}

/** One policy is assigned to a host: interfaces that are filtered or assigned already go along. */
function targetsOf(store: PolicyStore, { interfaces: named, usual = [], confirm }: AssignedChange): Targets {
  const { attachments, devices } = surveyAttachments();
  const filtered = attachments.map((attachment) => attachment.name);
  // A change that may go back ends nothing.
  if (confirm === undefined && isFilteredForRulesAlone(store, attachments)) {
    const names = [...new Set([...named, ...usual])];
    const meant = new Set(devicesMeantBy(names, devices).map(({ name }) => name));
    return { names, missing: [], released: filtered.filter((name) => !meant.has(name)) };
  }
  const assigned = [...new Set([...usual, ...(store.assignment()?.interfaces ?? [])])];
  const missing = namesNotThere(assigned, devices);
  // What a pattern means stays meant by it: in the assignment it would be missed when it is gone.
  const patterns = [...named, ...assigned].filter(isInterfacePattern);
  const byPattern = new Set(devicesMeantBy(patterns, devices).map(({ name }) => name));
  const along = [
    ...filtered.filter((name) => !byPattern.has(name)),
    ...assigned.filter((name) => !missing.includes(name)),
  ];
  const names = [...new Set([...named, ...along])];
  return { names, missing: missing.filter((name) => !names.includes(name)), released: [] };
}

function noteMissing(names: readonly string[]): readonly string[] {
  return names.map(
    (name) =>
      `${name} is not there: it stays assigned, and is filtered when it is back, by the agent or xdpol restore; to take it out: xdpol unassign -i ${name}`,
  );
}

function noteUnmatched(patterns: readonly string[]): readonly string[] {
  return patterns.map(
    (pattern) =>
      `${pattern} matches no interface now: those that appear are filtered by the agent, or by xdpol restore`,
  );
}

/**
 * The caller holds the store's lock. The store is written before the swap, the assignment after it: a failure leaves the
 * old policy in force and assigned.
 */
export async function putAssignedInForce(context: HostContext, change: AssignedChange): Promise<AssignedInForce> {
  const settled = settlePending(context);
  const waited = readPendingChange();
  try {
    const done = await putOrLeave(context, change);
    if (change.isDryRun === true) return done;
    tally(context, { kind: 'apply' });
    const notes = [...noteSettled(settled), ...noteReplaced(waited, done)];
    return { ...done, notes: [...notes, ...done.notes] };
  } catch (error) {
    if (change.isDryRun !== true) tally(context, { kind: 'apply-failure', reason: failureReason(error) });
    throw error;
  }
}

function noteSettled(settled: SettledChange | undefined): readonly string[] {
  return settled === undefined ? [] : [settled.text];
}

/** Of what waited before this change. */
function noteReplaced(waited: PendingChange | undefined, { pending }: AssignedInForce): readonly string[] {
  if (waited === undefined) return [];
  const back = waited.previous === null ? 'an open host' : waited.previous.policy;
  if (pending !== null) return [`${describePending(waited)} was not confirmed: ${back} is still what comes back`];
  return [`${describePending(waited)} was not confirmed, and is replaced for good`];
}

async function putOrLeave(context: HostContext, change: AssignedChange): Promise<AssignedInForce> {
  const { store } = context;
  const { input, stored, isDryRun, confirm, isForced = false, isAnalysed } = change;
  const { names, missing, released } = targetsOf(store, change);
  const attaching = { ...change.attaching, tcx: namesAtTcx([...names, ...missing], change) };
  const overlay = readOverlay(store);
  // Where not one is there, the error names those that should be.
  const devices = await findInterfaces(names.length > 0 ? names : missing);
  const unmatched = change.interfaces.filter(
    (name) => isInterfacePattern(name) && devicesMeantBy([name], devices).length === 0,
  );
  await requireNoLeaks(context, { names: devices.map(({ name }) => name), isForced });
  let assigned: PolicyVersion | undefined;
  const assignment = (): Assignment => {
    const how = { interfaces: [...names, ...missing], ...attachingOf(attaching), at: new Date().toISOString() };
    return { ...present(assigned, 'a version is written before the swap'), ...how };
  };
  const details = (): ChangeDetails => ({ assignment: assignment(), assignedBefore: lastAssignedAt(store) });
  const done = await putInForce(context, {
    policy: {
      input,
      hash: stored?.hash,
      rules: overlay.rules,
      names: 'asked',
      isAnalysed,
      keepsLoopback: !isForced,
      tests: { ingressOnly: attaching.ingressOnly },
      protect: { filters: requireHostConfig().protect, ingressOnly: attaching.ingressOnly },
      guard: { ingressOnly: attaching.ingressOnly, mayCut: confirm !== undefined || isForced },
    },
    devices,
    attaching,
    expected: missing,
    isDryRun,
    confirm: confirm === undefined ? undefined : { kind: 'begin', seconds: confirm },
    details,
    write: ({ policy, textHash: hash, source }) => {
      const add = (into: PolicyStore): AddedVersion => {
        const added = stored ?? into.add(policy, present(source, policy));
        assigned = { policy, version: added.version, hash };
        return { isNew: false, ...added };
      };
      if (isDryRun === true) {
        store.rehearse((trial) => {
          add(trial);
          trial.assign(assignment());
        });
        return undefined;
      }
      const { version, isNew } = add(store);
      return isNew ? () => store.takeBack(policy, version) : undefined;
    },
    settle: () => {
      const notes = pruneVersions(store, assigned);
      if (confirm === undefined) writeAssignment(store, assignment());
      return [...notes, ...release(released), ...settleOverlay(store, overlay)];
    },
  });
  const pending = (confirm === undefined || isDryRun === true ? undefined : readPendingChange()) ?? null;
  return {
    ...done,
    version: isDryRun === true ? null : (assigned?.version ?? null),
    pending,
    notes: [...noteMissing(missing), ...noteUnmatched(unmatched), ...done.notes],
  };
}

/** Housekeeping: what cannot be removed now is left to the next version. */
function pruneVersions(store: PolicyStore, assigned: PolicyVersion | undefined): readonly string[] {
  if (assigned === undefined) return [];
  try {
    store.prune(assigned.policy);
    return [];
  } catch (error) {
    return [`old versions of ${assigned.policy} are kept: ${messageOf(error)}`];
  }
}

/** Dynamic rules go with the policy that is assigned now, so with its interfaces. */
function release(names: readonly string[]): readonly string[] {
  return names.flatMap((name) => [
    ...endFilteringOn(name),
    `${name} was filtered for dynamic rules only, and is no longer`,
  ]);
}
