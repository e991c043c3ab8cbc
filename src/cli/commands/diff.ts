/** `xdpol diff`: what another version of a policy changes, as written and for packets. */
import { Command } from 'commander';
import { UsageError } from '../exit.ts';
import type { MeOptions } from '../options.ts';
import { jsonOption, meOption, withExamples } from '../options.ts';
import { policyArgument } from '../policy-argument.ts';
import { reachReader } from '../reach-host.ts';
import { requireMe } from '../read-policy.ts';
import { renderDiff } from '../render/diff.ts';
import { print, printDiagnostics, printJson } from '../render/terminal.ts';

interface DiffOptions extends MeOptions {
  readonly json?: boolean;
}

async function run(first: string, second: string | undefined, { me, json }: DiffOptions): Promise<void> {
  requireMe(me);
  const from = second === undefined ? undefined : policyArgument(first);
  const to = policyArgument(second ?? first);
  const host = reachReader(from, to);
  if (from === undefined && (await host.assignment()) === null) {
    throw new UsageError('no policy is assigned to compare with', 'name both: xdpol diff edge@3 edge.yaml');
  }
  const { diagnostics, ...difference } = await host.diff({ from, to, me });
  printDiagnostics(diagnostics.from);
  printDiagnostics(diagnostics.to);
  if (json === true) printJson(difference);
  else print(renderDiff(difference));
}

export function diffCommand(): Command {
  const command = new Command('diff')
    .description('compare two policies: rules, filters, addresses, and packets whose verdict changes')
    .argument(
      '<from>',
      'NAME@VERSION, a file, or a stored policy; without a second policy, the assigned one is compared with it',
    )
    .argument('[to]', 'the same')
    .addOption(meOption())
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol diff edge@3 edge@4', 'xdpol diff edge.yaml        # against what is assigned');
}
