/** `xdpol check`: everything that can be said about a policy without a kernel. */
import { Command } from 'commander';
import type { Diagnostic, Diagnostics } from '../../base/diagnostics.ts';
import type { HostFacts } from '../../compiler/analysis/facts.ts';
import type { Omitted } from '../../compiler/analysis/warnings.ts';
import { CHECK_EFFORT, warningsOf } from '../../compiler/analysis/warnings.ts';
import { printFilter } from '../../formats/yaml/print.ts';
import { factsOfHost } from '../../host/analysis-facts.ts';
import { resolveHost } from '../../host/host-addresses.ts';
import { listInterfaces } from '../../host/interfaces.ts';
import type { Policy } from '../../policy/model.ts';
import { runPolicyTests } from '../../policy/policy-tests.ts';
import { CheckFailed } from '../exit.ts';
import type { MeOptions } from '../options.ts';
import { jsonOption, meOption, POLICY_ARGUMENT, withExamples } from '../options.ts';
import { policyArgument } from '../policy-argument.ts';
import { meOf, readArgument } from '../read-policy.ts';
import { plainDiagnostic } from '../render/json.ts';
import { print, printFindings, printJson } from '../render/terminal.ts';

interface CheckOptions extends MeOptions {
  readonly json?: boolean;
  readonly strict?: boolean;
}

interface Summary {
  readonly policy: string | null;
  readonly rules: number;
  readonly filters: number;
  readonly addressSets: number;
  readonly errors: number;
  readonly warnings: number;
  /** Findings that are not among the diagnostics: by code, how many there are beside, at least. */
  readonly omitted: readonly { readonly code: string; readonly count: number; readonly atLeast: boolean }[];
}

function summaryOf(policy: Policy | undefined, diags: readonly Diagnostic[], omitted: readonly Omitted[]): Summary {
  const count = (severity: Diagnostic['severity']): number =>
    diags.filter((d) => d.severity === severity).length +
    omitted.reduce((sum, one) => sum + (one.severity === severity ? one.grouped + one.left : 0), 0);
  return {
    policy: policy?.name ?? null,
    rules: policy?.rules.length ?? 0,
    filters: policy?.rules.reduce((sum, rule) => sum + rule.filterList.filters.length, 0) ?? 0,
    addressSets: policy?.addressSets.size ?? 0,
    errors: count('error'),
    warnings: count('warning'),
    omitted: omitted.map(({ code, grouped, left, atLeast }) => ({ code, count: grouped + left, atLeast })),
  };
}

/** What the host of the policy is known to be: its addresses by `--me`, or this host. */
async function factsFor(policy: Policy, options: CheckOptions, diags: Diagnostics): Promise<HostFacts> {
  const host = await resolveHost(policy, await meOf(policy, options), diags);
  return options.me === undefined ? factsOfHost(host, await listInterfaces(), undefined) : host;
}

async function check(argument: string, options: CheckOptions): Promise<void> {
  const { policy, diags } = readArgument(policyArgument(argument));
  const facts = policy === undefined ? undefined : await factsFor(policy, options, diags);
  const isSound = policy !== undefined && facts !== undefined && !diags.failed;
  if (isSound) runPolicyTests(policy, facts, diags);
  const warnings = isSound
    ? warningsOf(policy, facts, {
        isBrief: options.json !== true,
        reported: diags.all,
        effort: CHECK_EFFORT,
        writeFilter: printFilter,
      })
    : undefined;
  const all = warnings === undefined ? diags.all : [...warnings.reported, ...warnings.findings];
  const omitted = warnings?.omitted ?? [];
  const summary = summaryOf(policy, all, omitted);
  const ok = summary.errors === 0 && !(options.strict === true && summary.warnings > 0);
  if (options.json === true) {
    printJson({ ok, diagnostics: all.map(plainDiagnostic), summary });
  } else {
    printFindings(all, omitted);
    if (ok) print(`${summary.policy}: ${summary.rules} rules, ${summary.filters} filters, no errors`);
  }
  if (!ok) throw new CheckFailed();
}

export function checkCommand(): Command {
  const command = new Command('check')
    .description(
      'read a policy, resolve its addresses, analyse its filters, tell every mistake; needs no root and no kernel',
    )
    .argument('<policy>', POLICY_ARGUMENT)
    .addOption(meOption())
    .addOption(jsonOption())
    .option('--strict', 'warnings are errors')
    .action(check);
  return withExamples(command, 'xdpol check edge.yaml', 'xdpol check --strict --json - < edge.yaml');
}
