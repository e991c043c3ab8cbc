/** `xdpol apply`: store the policy, put it in force, assign it. */
import { performance } from 'node:perf_hooks';
import { Command, Option } from 'commander';
import type { RequestedMode } from '../../engine/attach.ts';
import { collect, jsonOption, POLICY_ARGUMENT, withExamples } from '../options.ts';
import { policyArgument } from '../policy-argument.ts';
import { reachHost } from '../reach-host.ts';
import { print, printDiagnostics, printJson, warnAll } from '../render/terminal.ts';

interface ApplyOptions {
  readonly interface: readonly string[];
  readonly mode: RequestedMode;
  readonly ingressOnly?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

async function run(argument: string, options: ApplyOptions): Promise<void> {
  const host = reachHost('apply');
  const started = performance.now();
  const { interface: named, mode, ingressOnly, dryRun } = options;
  const input = policyArgument(argument);
  const outcome = await host.apply({ input, interfaces: named, mode, ingressOnly, dryRun });
  const { policy, hash, generation, interfaces } = outcome;
  const applied = dryRun !== true;
  const milliseconds = performance.now() - started;
  printDiagnostics(outcome.diagnostics);
  warnAll(outcome.notes);
  if (options.json === true) {
    printJson({ policy, hash, generation: applied ? generation : null, interfaces, applied, milliseconds });
    return;
  }
  const half = ingressOnly === true ? ', arriving packets only' : '';
  const done = applied ? `in force, generation ${generation},` : 'would be in force';
  print(`${policy}: ${done} on ${interfaces.join(', ')}${half} (${milliseconds.toFixed(0)} ms)`);
}

export function applyCommand(): Command {
  const command = new Command('apply')
    .description('store a policy, put it in force on interfaces, assign it; a failure leaves the old one in force')
    .argument('<policy>', POLICY_ARGUMENT)
    .addOption(
      new Option('-i, --interface <name>', 'filter this interface, repeatable; those already filtered go along')
        .argParser<readonly string[]>(collect)
        .makeOptionMandatory(),
    )
    .addOption(new Option('--mode <mode>', 'where XDP runs').choices(['native', 'generic', 'auto']).default('auto'))
    .option('--ingress-only', 'filter arriving packets only: for kernels that cannot filter what leaves')
    .option('--dry-run', 'everything up to the swap: compile, load, verify; change nothing')
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol apply edge.yaml -i eth0', 'xdpol apply edge.yaml -i eth0 -i eth1 --dry-run');
}
