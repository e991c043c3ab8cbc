/** Putting a policy in force as the one that is assigned: what `apply`, `assign` and ipsecpol have in common. */
import { present } from '../base/assert.ts';
import { EnvironmentError } from '../base/environment-error.ts';
import { readAttachments } from '../engine/attachment.ts';
import type { Assignment, PolicyStore } from '../store/store.ts';
import type { HostContext } from './context.ts';
import { endFilteringOn } from './end-filtering.ts';
import { findInterfaces } from './interfaces.ts';
import { isFilteredForRulesAlone, readOverlay, settleOverlay } from './overlay.ts';
import type { PolicyInput } from './policy-input.ts';
import type { Attaching, InForce } from './put-in-force.ts';
import { attachingOf, putInForce } from './put-in-force.ts';

export interface AssignedChange {
  readonly input: PolicyInput;
  /** Of the input, where it is a stored version; else it is stored as a new one. */
  readonly stored?: { readonly version: number; readonly hash: string } | undefined;
  readonly interfaces: readonly string[];
  readonly attaching: Attaching;
  readonly isDryRun?: boolean | undefined;
}

export interface AssignedInForce extends InForce {
  /** null after a dry run of a policy that is not stored. */
  readonly version: number | null;
}

type PolicyVersion = Pick<Assignment, 'policy' | 'version' | 'hash'>;

interface Targets {
  readonly names: readonly string[];
  /** Interfaces that nobody named, filtered for the sake of dynamic rules only. */
  readonly released: readonly string[];
}

/** One policy is assigned to a host: interfaces that are filtered already go along. */
function targetsOf(store: PolicyStore, named: readonly string[]): Targets {
  const attachments = readAttachments();
  const filtered = attachments.map((attachment) => attachment.name);
  if (!isFilteredForRulesAlone(store, attachments))
    return { names: [...new Set([...named, ...filtered])], released: [] };
  return { names: [...new Set(named)], released: filtered.filter((name) => !named.includes(name)) };
}

/**
 * The caller holds the store's lock. The store is written before the swap, the assignment after it: a failure leaves the
 * old policy in force and assigned.
 */
export async function putAssignedInForce(context: HostContext, change: AssignedChange): Promise<AssignedInForce> {
  const { store } = context;
  const { input, stored, attaching, isDryRun } = change;
  const { names, released } = targetsOf(store, change.interfaces);
  const overlay = readOverlay(store);
  const devices = await findInterfaces(names);
  let assigned: PolicyVersion | undefined;
  const done = await putInForce(context, {
    policy: { input, hash: stored?.hash, rules: overlay.rules, names: 'asked' },
    devices,
    attaching,
    isDryRun,
    write: ({ policy, textHash: hash, source }) => {
      const version = stored?.version ?? store.write(policy, present(source, policy));
      assigned = { policy, version, hash };
      return undefined;
    },
    settle: () => {
      const at = new Date().toISOString();
      const how = { interfaces: names, ...attachingOf(attaching), at };
      writeAssignment(store, { ...present(assigned, 'a version is written before the swap'), ...how });
      return [...release(released), ...settleOverlay(store, overlay)];
    },
  });
  return { ...done, version: assigned?.version ?? null };
}

/** Dynamic rules go with the policy that is assigned now, so with its interfaces. */
function release(names: readonly string[]): readonly string[] {
  return names.flatMap((name) => [
    ...endFilteringOn(name),
    `${name} was filtered for dynamic rules only, and is no longer`,
  ]);
}

/** What is in force is not taken back for a disk that is full: the next boot may be far. */
function writeAssignment(store: PolicyStore, assignment: Assignment): void {
  try {
    store.assign(assignment);
  } catch (cause) {
    const { policy, version } = assignment;
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `${policy} is in force, but the assignment could not be written: ${why}`;
    throw new EnvironmentError('XDPOL_E_ASSIGNMENT', message, {
      help: `before the next boot, which would bring back what was assigned before: xdpol assign '${policy}' --version ${version}`,
      cause,
    });
  }
}
