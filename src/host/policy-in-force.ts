/** What decides about packets on this host, as it is stored: the policy that waits or is assigned, and dynamic rules. */
import { EnvironmentError } from '../base/environment-error.ts';
import { readAttachments } from '../engine/survey.ts';
import type { DynamicRule, PolicyStore } from '../store/store.ts';
import { findIntendedAssignment } from './intended-assignment.ts';
import { readOverlay } from './overlay.ts';
import type { StoredPolicyInput } from './policy-input.ts';

export interface PolicyInForce {
  /** undefined where dynamic rules are in force alone. */
  readonly stored: StoredPolicyInput | undefined;
  readonly interfaces: readonly string[];
  readonly rules: readonly DynamicRule[];
}

/** Throws EnvironmentError where nothing is filtered. */
export function findPolicyInForce(store: PolicyStore): PolicyInForce {
  const { rules } = readOverlay(store);
  const assignment = findIntendedAssignment(store);
  if (assignment !== undefined) {
    const { policy, version, interfaces } = assignment;
    return { stored: { stored: policy, version }, interfaces, rules };
  }
  if (rules.length > 0) return { stored: undefined, interfaces: readAttachments().map(({ name }) => name), rules };
  throw new EnvironmentError('XDPOL_E_NOT_ASSIGNED', 'no policy is in force on this host, so every packet passes', {
    help: "name a policy: xdpol explain edge.yaml 'tcp 203.0.113.9:40000 -> 192.0.2.1:80'",
  });
}
