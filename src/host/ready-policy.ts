/** From a policy as it is given to one that can be compiled: read, with its dynamic rules, its names resolved. */

import type { Address } from '../base/ip.ts';
import { PolicyRejected } from '../base/policy-rejected.ts';
import type { HostAddresses, Policy } from '../policy/model.ts';
import type { DynamicRule } from '../store/store.ts';
import type { HostContext } from './context.ts';
import { addDynamicRules, emptyPolicy, hashWith } from './dynamic-policy.ts';
import { resolveHost } from './host-addresses.ts';
import type { PolicyInput, PolicyReading } from './policy-input.ts';
import { readPolicyInput } from './policy-input.ts';

export interface ReadyPolicy extends PolicyReading {
  /** With the dynamic rules. */
  readonly policy: Policy;
  readonly host: HostAddresses;
  /** Names of the rules of the policy that are dynamic. */
  readonly dynamic: readonly string[];
  /** Of the policy and the dynamic rules; without any the same as `hash`. */
  readonly wholeHash: string;
}

export interface KnownAnswers {
  readonly answers: (policy: Policy) => ReadonlyMap<string, readonly Address[]>;
  /** Another name does not have to have an answer. */
  readonly mayLack: boolean;
}

/**
 * Throws PolicyRejected where the policy has errors. Without an input the rules are alone. `addresses` says what `me`
 * stands for; `known` are answers for names that are taken for those of the resolver.
 */
export async function readyPolicy(
  context: HostContext,
  input: PolicyInput | undefined,
  addresses: (policy: Policy) => Promise<readonly Address[]> | readonly Address[],
  rules: readonly DynamicRule[] = [],
  known?: KnownAnswers,
): Promise<ReadyPolicy> {
  const read = input === undefined ? emptyPolicy() : readPolicyInput(context, input);
  const { diags } = read;
  const whole = read.policy === undefined ? undefined : addDynamicRules(read.policy, rules, diags);
  const host =
    whole === undefined
      ? undefined
      : await resolveHost(whole.policy, await addresses(whole.policy), diags, {
          known: known?.answers(whole.policy),
          mayLack: known?.mayLack ?? false,
        });
  if (whole === undefined || host === undefined || diags.failed) throw new PolicyRejected(diags.all);
  return { ...read, ...whole, host, wholeHash: hashWith(read.hash, rules) };
}
