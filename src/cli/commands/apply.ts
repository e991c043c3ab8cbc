/** `xdpol apply`: store the policy, put it in force, assign it. */
import { performance } from 'node:perf_hooks';
import { Command, Option } from 'commander';
import type { IngressHook, RequestedMode } from '../../engine/attach.ts';
import type { ConfirmOptions } from '../options.ts';
import {
  collect,
  confirmOption,
  confirmSeconds,
  forceOption,
  hookOption,
  jsonOption,
  POLICY_ARGUMENT,
  withExamples,
} from '../options.ts';
import { policyArgument } from '../policy-argument.ts';
import { reachHost } from '../reach-host.ts';
import { plainDiagnostic } from '../render/json.ts';
import { pendingLine } from '../render/pending.ts';
import { print, printFindings, printJson, warnAll } from '../render/terminal.ts';

interface ApplyOptions extends ConfirmOptions {
  readonly interface: readonly string[];
  readonly mode: RequestedMode;
  readonly hook?: IngressHook;
  readonly ingressOnly?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

async function run(argument: string, options: ApplyOptions): Promise<void> {
  const host = reachHost();
  const started = performance.now();
  const { interface: named, mode, hook, ingressOnly, dryRun } = options;
  const input = policyArgument(argument);
  const outcome = await host.apply({
    input,
    interfaces: named,
    mode,
    hook,
    ingressOnly,
    dryRun,
    confirm: confirmSeconds(options),
    force: options.force,
  });
  const { policy, hash, generation, interfaces, pending } = outcome;
  const applied = dryRun !== true;
  const milliseconds = performance.now() - started;
  printFindings(outcome.diagnostics, outcome.omitted);
  warnAll(outcome.notes);
  if (options.json === true) {
    const diagnostics = outcome.diagnostics.map(plainDiagnostic);
    const inForce = { policy, hash, generation: applied ? generation : null, interfaces, applied, pending };
    printJson({ ...inForce, milliseconds, diagnostics, notes: outcome.notes });
    return;
  }
  const half = ingressOnly === true ? ', arriving packets only' : '';
  const done = applied ? `in force, generation ${generation},` : 'would be in force';
  print(`${policy}: ${done} on ${interfaces.join(', ')}${half} (${milliseconds.toFixed(0)} ms)`);
  if (pending !== null) print(pendingLine(pending));
}

export function applyCommand(): Command {
  const command = new Command('apply')
    .description('store a policy, put it in force on interfaces, assign it; a failure leaves the old one in force')
    .argument('<policy>', POLICY_ARGUMENT)
    .addOption(
      new Option(
        '-i, --interface <name>',
        "filter this interface, or all that match, such as 'veth*', also later ones; repeatable; those already filtered go along",
      )
        .argParser<readonly string[]>(collect)
        .makeOptionMandatory(),
    )
    .addOption(new Option('--mode <mode>', 'where XDP runs').choices(['native', 'generic', 'auto']).default('auto'))
    .option('--ingress-only', 'filter arriving packets only: for kernels that cannot filter outgoing packets')
    .option(
      '--dry-run',
      'everything up to the swap: compile, load, verify, ask whether kernel and disk would take it; change nothing',
    )
    .addOption(hookOption())
    .addOption(confirmOption())
    .addOption(forceOption())
    .addOption(jsonOption())
    .action(run);
  return withExamples(
    command,
    'xdpol apply edge.yaml -i eth0',
    'xdpol apply edge.yaml -i eth0 -i eth1 --dry-run',
    'xdpol apply edge.yaml -i eth0 --confirm 60s',
    'xdpol apply edge.yaml -i br0 --hook tcx',
  );
}
