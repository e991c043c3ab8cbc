/** `xdpol check`: everything that can be found in a policy without the kernel. */
import { Command } from 'commander';
import { CheckFailed } from '../exit.ts';
import type { MeOptions } from '../options.ts';
import { jsonOption, meOption, POLICY_ARGUMENT, withExamples } from '../options.ts';
import { policyArgument } from '../policy-argument.ts';
import { reachReader } from '../reach-host.ts';
import { requireMe } from '../read-policy.ts';
import { plainDiagnostic } from '../render/json.ts';
import { print, printFindings, printJson } from '../render/terminal.ts';

interface CheckOptions extends MeOptions {
  readonly json?: boolean;
  readonly strict?: boolean;
}

async function check(argument: string, { me, json, strict }: CheckOptions): Promise<void> {
  requireMe(me);
  const input = policyArgument(argument);
  const outcome = await reachReader(input).check({ input, me, isBrief: json !== true, isThorough: true });
  const { diagnostics, omitted, ...summary } = outcome;
  const { policy, rules, filters, errors, warnings } = summary;
  const ok = errors === 0 && !(strict === true && warnings > 0);
  if (json === true) {
    // Findings that are not among the diagnostics: how many there are beside, at least.
    const beside = omitted.map(({ code, grouped, left, atLeast }) => ({ code, count: grouped + left, atLeast }));
    printJson({ ok, diagnostics: diagnostics.map(plainDiagnostic), summary: { ...summary, omitted: beside } });
  } else {
    printFindings(diagnostics, omitted);
    if (ok) print(`${policy}: ${rules} rules, ${filters} filters, no errors`);
  }
  if (!ok) throw new CheckFailed();
}

export function checkCommand(): Command {
  const command = new Command('check')
    .description(
      'read a policy, resolve its addresses, analyse its filters and report every problem; needs neither root nor the kernel',
    )
    .argument('<policy>', POLICY_ARGUMENT)
    .addOption(meOption())
    .addOption(jsonOption())
    .option('--strict', 'treat warnings as errors')
    .action(check);
  return withExamples(command, 'xdpol check edge.yaml', 'xdpol check --strict --json - < edge.yaml');
}
