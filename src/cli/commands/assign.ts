/** `xdpol assign`: a stored policy in force. */
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
  parseVersion,
  withExamples,
} from '../options.ts';
import { storedArgument } from '../policy-argument.ts';
import { reachHost } from '../reach-host.ts';
import { plainDiagnostic } from '../render/json.ts';
import { pendingLine } from '../render/pending.ts';
import { print, printDiagnostics, printJson, warnAll } from '../render/terminal.ts';

interface AssignOptions extends ConfirmOptions {
  readonly interface?: readonly string[];
  readonly version?: number;
  readonly mode?: RequestedMode;
  readonly hook?: IngressHook;
  readonly force?: boolean;
  readonly json?: boolean;
}

async function run(argument: string, options: AssignOptions): Promise<void> {
  const host = reachHost();
  const started = performance.now();
  const { interface: named, mode, hook } = options;
  const { stored: name, version: wanted } = storedArgument(argument, options.version);
  const outcome = await host.assign({
    name,
    version: wanted,
    interfaces: named,
    mode,
    hook,
    confirm: confirmSeconds(options),
    force: options.force,
  });
  const { version, hash, generation, interfaces, pending } = outcome;
  const milliseconds = performance.now() - started;
  printDiagnostics(outcome.diagnostics);
  warnAll(outcome.notes);
  if (options.json === true) {
    const diagnostics = outcome.diagnostics.map(plainDiagnostic);
    const inForce = { policy: name, version, hash, generation, interfaces, pending };
    printJson({ ...inForce, milliseconds, diagnostics, notes: outcome.notes });
    return;
  }
  print(
    `${name}: version ${version} in force, generation ${generation}, on ${interfaces.join(', ')} (${milliseconds.toFixed(0)} ms)`,
  );
  if (pending !== null) print(pendingLine(pending));
}

export function assignCommand(): Command {
  const command = new Command('assign')
    .description('put a stored policy in force, in place of the current one')
    .argument('<name>', 'a stored policy, or NAME@VERSION')
    .addOption(
      new Option(
        '-i, --interface <name>',
        'filter this interface; repeatable (default: those of the last assignment, or if there was none, those of the configuration); interfaces that are filtered already get the policy too',
      ).argParser<readonly string[]>(collect),
    )
    .addOption(new Option('--version <number>', 'which version (default: the newest)').argParser(parseVersion))
    .addOption(
      new Option('--mode <mode>', 'where XDP runs (default: as last time)').choices(['native', 'generic', 'auto']),
    )
    .addOption(hookOption())
    .addOption(confirmOption())
    .addOption(forceOption())
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol assign edge', 'xdpol assign edge@3 -i eth0', 'xdpol assign edge --confirm 60s');
}
