/** `xdpol check`: everything that can be said about a policy without a kernel. */
import { Command } from 'commander';
import type { Diagnostic } from '../../base/diagnostics.ts';
import { analyse } from '../../compiler/analysis/analyse.ts';
import { resolveHost } from '../../host/host-addresses.ts';
import type { Policy } from '../../policy/model.ts';
import { runPolicyTests } from '../../policy/policy-tests.ts';
import { CheckFailed } from '../exit.ts';
import type { MeOptions } from '../options.ts';
import { jsonOption, meOption, POLICY_ARGUMENT, withExamples } from '../options.ts';
import { policyArgument } from '../policy-argument.ts';
import { meOf, readArgument } from '../read-policy.ts';
import { renderFindings } from '../render/findings.ts';
import { print, printJson, warn, warnsInColor } from '../render/terminal.ts';

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
}

function summaryOf(policy: Policy | undefined, diags: readonly Diagnostic[]): Summary {
  const count = (severity: Diagnostic['severity']): number => diags.filter((d) => d.severity === severity).length;
  return {
    policy: policy?.name ?? null,
    rules: policy?.rules.length ?? 0,
    filters: policy?.rules.reduce((sum, rule) => sum + rule.filterList.filters.length, 0) ?? 0,
    addressSets: policy?.addressSets.size ?? 0,
    errors: count('error'),
    warnings: count('warning'),
  };
}

/** The JSON form of a diagnostic: its place flat, `help` always there. */
function plain({ code, severity, span, message, help }: Diagnostic): Record<string, unknown> {
  return { code, severity, file: span.file, line: span.line, column: span.column, message, help: help ?? null };
}

async function check(argument: string, options: CheckOptions): Promise<void> {
  const { policy, diags } = readArgument(policyArgument(argument));
  const host = policy === undefined ? undefined : await resolveHost(policy, await meOf(policy, options), diags);
  const brief = options.json !== true;
  const isSound = policy !== undefined && host !== undefined && !diags.failed;
  if (isSound) runPolicyTests(policy, host, diags);
  const omitted = isSound ? analyse(policy, host, diags, { brief }) : [];
  const summary = summaryOf(policy, diags.all);
  const ok = !diags.failed && !(options.strict === true && summary.warnings > 0);
  if (options.json === true) {
    printJson({ ok, diagnostics: diags.all.map(plain), summary });
  } else {
    if (diags.all.length > 0) warn(renderFindings(diags.all, omitted, { color: warnsInColor() }));
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
