/** What a policy consists of, for whoever shows it. */
import type { Diagnostic } from '../base/diagnostics.ts';
import { PolicyRejected } from '../base/policy-rejected.ts';
import type { Action } from '../policy/model.ts';
import type { HostContext } from './context.ts';
import type { PolicyInput } from './policy-input.ts';
import { readPolicyInput } from './policy-input.ts';

export interface OutlineRequest {
  readonly input: PolicyInput;
}

export interface OutlinedRule {
  readonly name: string;
  readonly action: Action;
  readonly filterList: string;
  /** As written. */
  readonly filters: readonly string[];
  /** null: every interface. */
  readonly interfaces: readonly string[] | null;
  /** Where it stands in its file. */
  readonly line: number;
}

export interface OutlineOutcome {
  readonly policy: string;
  readonly description: string;
  readonly default: Action;
  readonly exemptions: readonly string[];
  readonly rules: readonly OutlinedRule[];
  /** With how many prefixes. */
  readonly addressSets: readonly { readonly name: string; readonly prefixes: number }[];
  readonly tests: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** Throws PolicyRejected where the policy has errors. */
export function outlinePolicy(context: HostContext, { input }: OutlineRequest): OutlineOutcome {
  const { policy, diags } = readPolicyInput(context, input);
  if (policy === undefined || diags.failed) throw new PolicyRejected(diags.all);
  return {
    policy: policy.name,
    description: policy.description,
    default: policy.default,
    exemptions: policy.exemptions,
    rules: policy.rules.map(({ name, action, filterList, interfaces, span }) => ({
      name,
      action,
      filterList: filterList.name,
      filters: filterList.filters.map((filter) => filter.text),
      interfaces: interfaces ?? null,
      line: span.line,
    })),
    addressSets: [...policy.addressSets.values()].map(({ name, prefixes }) => ({
      name,
      prefixes: prefixes.v4.count + prefixes.v6.count,
    })),
    tests: policy.tests.length,
    diagnostics: diags.all,
  };
}
