/** What should be in force on this host, by its store: the assigned policy, or dynamic rules alone. */
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';
import type { ConfirmRequest } from '../engine/apply.ts';
import { newestGeneration, readAttachments } from '../engine/survey.ts';
import { isInterfacePattern, matchesInterface } from '../policy/interface-pattern.ts';
import type { Assignment, DynamicRule, PolicyStore } from '../store/store.ts';
import { DYNAMIC_POLICY } from '../store/store.ts';
import type { ChangeDetails } from './change-details.ts';
import { configPath, requireHostConfig } from './config.ts';
import { findUnwritten } from './intended-assignment.ts';
import { ethernetInterfaces } from './interfaces.ts';
import { isFilteredForRulesAlone } from './overlay.ts';
import { findWaitingAssignment } from './pending-change.ts';
import type { WantedPolicy } from './prepare-policy.ts';
import type { Attaching, Change } from './put-in-force.ts';
import { attachingOf } from './put-in-force.ts';

/** Without its dynamic rules. Where no policy is assigned it is an empty one, for those to be added to. */
export interface IntendedPolicy {
  readonly policy: string;
  /** undefined where none is assigned. */
  readonly stored: { readonly version: number; readonly hash: string } | undefined;
  readonly interfaces: readonly string[];
  /** As it was attached last. */
  readonly attaching: Attaching;
  /** Of a policy that waits to be confirmed: it goes on waiting. */
  readonly confirm?: ConfirmRequest | undefined;
  /** Of one whose assignment is not written yet. */
  readonly details?: ChangeDetails | undefined;
}

/** Those of the last assignment, else those that are filtered, else those that the configuration names; no others. */
export async function usualInterfaces(store: PolicyStore): Promise<readonly string[]> {
  const last = store.lastAssignment()?.interfaces ?? readAttachments().map((attachment) => attachment.name);
  if (last.length > 0) return last;
  const { interfaces: patterns } = requireHostConfig();
  const all = await ethernetInterfaces();
  const isMeant = (pattern: string): boolean => all.some((name) => matchesInterface(pattern, name));
  // The other patterns are for interfaces that appear later.
  if (patterns.some(isMeant)) return patterns.filter((one) => isInterfacePattern(one) || isMeant(one));
  const what =
    patterns.length === 0
      ? 'no policy was assigned here before, and the configuration names no interfaces'
      : `no policy was assigned here before, and none of the interfaces of the configuration is there: ${patterns.join(', ')}`;
  throw new EnvironmentError('XDPOL_E_WHICH_INTERFACES', `${what}: which ones?`, {
    help: `name them: xdpol assign NAME -i ${all[0] ?? 'eth0'}; or in ${configPath()}: interfaces: [${all[0] ?? 'eth0'}]; there are: ${all.join(', ') || 'none'}`,
  });
}

/** How filtering was attached last; native where the driver has it where it never was. */
export function lastAttaching(store: PolicyStore): Attaching {
  return attachingOf(store.lastAssignment() ?? { mode: 'auto' });
}

/** What an assignment says. */
export function readIntended(assignment: Assignment): IntendedPolicy {
  const { policy, version, hash, interfaces } = assignment;
  return { policy, stored: { version, hash }, interfaces, attaching: attachingOf(assignment) };
}

/** Throws where another policy is in force than could be known from the store. */
export async function findIntendedPolicy(store: PolicyStore): Promise<IntendedPolicy> {
  const waiting = findWaitingAssignment();
  if (waiting !== undefined) {
    const { assignment, confirm, details } = waiting;
    return { ...readIntended(assignment), confirm, details };
  }
  const attachments = readAttachments();
  const unwritten = findUnwritten(store, attachments);
  if (unwritten !== undefined) return { ...readIntended(unwritten.assignment), details: unwritten };
  const assignment = store.assignment();
  if (assignment !== undefined) return readIntended(assignment);
  const inForce = newestGeneration(attachments)?.policy;
  // An empty policy in the place of one that is in force would open the host.
  if (inForce !== undefined && !isFilteredForRulesAlone(store, attachments)) {
    throw new EnvironmentError('XDPOL_E_NOT_ASSIGNED', `${inForce} is in force, and no policy is assigned`, {
      help: `assign it, or end it: xdpol assign '${inForce}', xdpol unassign`,
    });
  }
  const filtered = attachments.map((attachment) => attachment.name);
  const interfaces = filtered.length > 0 ? filtered : await usualInterfaces(store);
  return { policy: DYNAMIC_POLICY, stored: undefined, interfaces, attaching: lastAttaching(store) };
}

/** Puts it in force with these rules. DNS names keep the answers they had: a resolver may not be there yet. */
export function changeTo(
  { policy, stored, interfaces, attaching, confirm, details }: IntendedPolicy,
  devices: readonly NetworkInterface[],
  rules: readonly DynamicRule[],
): Pick<Change, 'policy' | 'devices' | 'attaching' | 'expected' | 'confirm' | 'details'> {
  const input = stored === undefined ? undefined : { stored: policy, version: stored.version };
  const wanted: WantedPolicy = { input, hash: stored?.hash, rules, names: 'remembered' };
  const kept = confirm === undefined ? undefined : ({ kind: 'keep', request: confirm } as const);
  const unwritten = details === undefined ? undefined : () => details;
  return { policy: wanted, devices, attaching, expected: interfaces, confirm: kept, details: unwritten };
}
