/** `xdpol apply`: store the policy, put it in force, assign it. */
import { performance } from 'node:perf_hooks';
import { Command, Option } from 'commander';
import type { IngressHook, RequestedMode } from '../../engine/attach.ts';
import { UsageError } from '../exit.ts';
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
  readonly interface?: readonly string[];
  readonly audit?: boolean;
  readonly mode: RequestedMode;
  readonly hook?: IngressHook;
  readonly ingressOnly?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** On trial beside the policy in force, which alone decides. */
async function runAudit(argument: string, { json, ...options }: ApplyOptions): Promise<void> {
  const other = (['interface', 'hook', 'ingressOnly', 'dryRun', 'confirm', 'force'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (other !== undefined) {
    throw new UsageError('--audit takes no option about putting a policy in force', 'give them to xdpol promote');
  }
  const started = await reachHost().startAudit({ input: policyArgument(argument) });
  printFindings(started.diagnostics, started.omitted);
  const { policy, version, hash, interfaces } = started;
  const diagnostics = started.diagnostics.map(plainDiagnostic);
  if (json === true) printJson({ policy, version, hash, interfaces, audit: true, diagnostics });
  else print(`${policy}: version ${version} is on trial on ${interfaces.join(', ')}: see xdpol audit`);
}

async function run(argument: string, options: ApplyOptions): Promise<void> {
  if (options.audit === true) {
    await runAudit(argument, options);
    return;
  }
  if (options.interface === undefined) throw new UsageError('which interfaces?', 'name them: -i eth0');
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
    .description(
      'store a policy, put it in force on interfaces, and assign it; after a failure the old policy stays in force',
    )
    .argument('<policy>', POLICY_ARGUMENT)
    .addOption(
      new Option(
        '-i, --interface <name>',
        "filter this interface, or every interface that matches a pattern such as 'veth*', now or later; repeatable; interfaces that are filtered already get the policy too",
      ).argParser<readonly string[]>(collect),
    )
    .addOption(new Option('--mode <mode>', 'where XDP runs').choices(['native', 'generic', 'auto']).default('auto'))
    .option('--ingress-only', 'filter arriving packets only, on kernels that cannot filter outgoing packets')
    .option(
      '--dry-run',
      'do everything up to the swap (compile, load, verify, ask the kernel, the driver and the disk) and change nothing',
    )
    .option('--audit', 'put it on trial beside the policy in force, which alone decides: see xdpol audit')
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
    'xdpol apply edge.yaml --audit',
  );
}
