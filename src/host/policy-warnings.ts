/** What the analysis says of a policy that is about to be put in force, what the policy in force does not have first. */
import type { NetworkInterface } from 'libbpf-ts-bindings';
import type { Diagnostic } from '../base/diagnostics.ts';
import type { HostFacts } from '../compiler/analysis/facts.ts';
import type { Omitted, Warnings } from '../compiler/analysis/warnings.ts';
import { APPLY_EFFORT, warningsOf } from '../compiler/analysis/warnings.ts';
import { printFilter } from '../formats/yaml/print.ts';
import type { HostAddresses, Policy } from '../policy/model.ts';
import { factsOfHost } from './analysis-facts.ts';
import type { HostContext } from './context.ts';
import { namesOf } from './host-addresses.ts';
import { listInterfaces } from './interfaces.ts';
import { readPolicyInput } from './policy-input.ts';
import type { ReadyPolicy } from './ready-policy.ts';
import { withProgress } from './report-progress.ts';

export interface PolicyWarnings {
  /** Of reading the policy and of the analysis, but for those that the policy accepts. */
  readonly diagnostics: readonly Diagnostic[];
  readonly omitted: readonly Omitted[];
}

export async function warnOfPolicy(
  context: HostContext,
  { policy, host, diags }: ReadyPolicy,
  devices: readonly NetworkInterface[],
): Promise<PolicyWarnings> {
  const filtered = devices.map(({ name }) => name);
  const facts = factsOfHost(host, await listInterfaces(), filtered);
  const known = knownFindings(context, facts);
  const warnings = withProgress(context.report, `analysing ${policy.name}`, (progress) =>
    warningsOf(policy, facts, {
      isBrief: true,
      reported: diags.all,
      known,
      effort: APPLY_EFFORT,
      progress,
      writeFilter: printFilter,
    }),
  );
  return { diagnostics: allOf(warnings), omitted: warnings.omitted };
}

function allOf({ reported, findings }: Warnings): readonly Diagnostic[] {
  return [...reported, ...findings];
}

/** Of the policy that is assigned now, on the interfaces that the new one is for; undefined where none is, or cannot be read. */
function knownFindings(context: HostContext, facts: HostFacts): ReadonlySet<string> | undefined {
  const policy = assignedPolicy(context);
  if (policy === undefined) return undefined;
  return warningsOf(policy, { ...facts, ...selectAnsweredNames(policy, facts) }, { effort: APPLY_EFFORT }).identities;
}

function assignedPolicy(host: HostContext): Policy | undefined {
  try {
    const assignment = host.store.assignment();
    if (assignment === undefined) return undefined;
    const context: HostContext = { ...host, report: () => undefined };
    return readPolicyInput(context, { stored: assignment.policy, version: assignment.version }).policy;
  } catch {
    return undefined;
  }
}

/** Names that only the old policy has are not asked again: they match nothing for the comparison. */
function selectAnsweredNames(policy: Policy, { names }: HostAddresses): Pick<HostAddresses, 'names'> {
  return { names: new Map([...namesOf(policy).keys()].map((name) => [name, names.get(name) ?? []])) };
}
