/** Everything that can be found in a policy without the kernel. */
import type { Diagnostic, Diagnostics } from '../base/diagnostics.ts';
import type { HostFacts } from '../compiler/analysis/facts.ts';
import type { Omitted } from '../compiler/analysis/warnings.ts';
import { APPLY_EFFORT, CHECK_EFFORT, warningsOf } from '../compiler/analysis/warnings.ts';
import { refuseTooManyFilters } from '../compiler/too-large.ts';
import { printFilter } from '../formats/yaml/print.ts';
import type { Policy } from '../policy/model.ts';
import { runPolicyTests } from '../policy/policy-tests.ts';
import { factsOfHost } from './analysis-facts.ts';
import type { HostContext } from './context.ts';
import { resolveHost } from './host-addresses.ts';
import { listInterfaces } from './interfaces.ts';
import type { PolicyInput } from './policy-input.ts';
import { readPolicyInput } from './policy-input.ts';
import { addressesForMe } from './read-ready.ts';
import { withProgress } from './report-progress.ts';

export interface CheckRequest {
  readonly input: PolicyInput;
  /** Addresses that `me` stands for; else this host's. */
  readonly me?: readonly string[] | undefined;
  /** For people: a few findings of each kind. */
  readonly isBrief?: boolean | undefined;
  /** Some seconds of analysis in place of half a second. */
  readonly isThorough?: boolean | undefined;
}

export interface CheckOutcome {
  /** The policy's name; null where it cannot be read. */
  readonly policy: string | null;
  readonly rules: number;
  readonly filters: number;
  readonly addressSets: number;
  /** With those that are omitted. */
  readonly errors: number;
  readonly warnings: number;
  /** Of reading the policy, of its tests, then the findings of the analysis. */
  readonly diagnostics: readonly Diagnostic[];
  readonly omitted: readonly Omitted[];
}

export async function checkPolicy(context: HostContext, request: CheckRequest): Promise<CheckOutcome> {
  const { policy, diags } = readPolicyInput(context, request.input);
  const facts = policy === undefined ? undefined : await factsFor(policy, request.me, diags);
  if (policy === undefined || facts === undefined || diags.failed) return outcomeOf(policy, diags.all, []);
  if (refuseTooManyFilters(policy, facts, diags)) return outcomeOf(policy, diags.all, []);
  runPolicyTests(policy, facts, diags, { takesMe: true });
  const { reported, findings, omitted } = withProgress(context.report, `analysing ${policy.name}`, (progress) =>
    warningsOf(policy, facts, {
      isBrief: request.isBrief === true,
      reported: diags.all,
      effort: request.isThorough === true ? CHECK_EFFORT : APPLY_EFFORT,
      progress,
      writeFilter: printFilter,
    }),
  );
  return outcomeOf(policy, [...reported, ...findings], omitted);
}

/** What the host of the policy is known to be: its addresses as given, or this host. */
async function factsFor(policy: Policy, me: readonly string[] | undefined, diags: Diagnostics): Promise<HostFacts> {
  const host = await resolveHost(policy, await addressesForMe(policy, me), diags);
  return me === undefined ? factsOfHost(host, await listInterfaces(), undefined) : host;
}

function outcomeOf(
  policy: Policy | undefined,
  diagnostics: readonly Diagnostic[],
  omitted: readonly Omitted[],
): CheckOutcome {
  const count = (severity: Diagnostic['severity']): number =>
    diagnostics.filter((one) => one.severity === severity).length +
    omitted.reduce((sum, one) => sum + (one.severity === severity ? one.grouped + one.left : 0), 0);
  return {
    policy: policy?.name ?? null,
    rules: policy?.rules.length ?? 0,
    filters: policy?.rules.reduce((sum, rule) => sum + rule.filterList.filters.length, 0) ?? 0,
    addressSets: policy?.addressSets.size ?? 0,
    errors: count('error'),
    warnings: count('warning'),
    diagnostics,
    omitted,
  };
}
