/** `xdpol assign`: a stored policy in force. */
import { performance } from 'node:perf_hooks';
import { Command, Option } from 'commander';
import type { RequestedMode } from '../../engine/attach.ts';
import { readAttachments } from '../../engine/attachment.ts';
import { PolicyStore } from '../../store/store.ts';
import { UsageError } from '../exit.ts';
import { collect, jsonOption, parseVersion, withExamples } from '../options.ts';
import { print, printJson, warn } from '../output.ts';
import { requireRoot } from '../privileges.ts';
import { assignStored } from '../put-in-force.ts';

interface AssignOptions {
  readonly interface?: readonly string[];
  readonly version?: number;
  readonly mode?: RequestedMode;
  readonly json?: boolean;
}

/** Those named, else those of the last assignment, else those that are filtered. */
function interfacesFor(given: readonly string[] | undefined, last: readonly string[] | undefined): readonly string[] {
  const filtered = (): readonly string[] => readAttachments().map((attachment) => attachment.name);
  const names = given ?? last ?? filtered();
  if (names.length > 0) return names;
  throw new UsageError('no policy was assigned here before: which interfaces?', 'name them: xdpol assign NAME -i eth0');
}

async function run(name: string, options: AssignOptions): Promise<void> {
  requireRoot('assign');
  const started = performance.now();
  const store = new PolicyStore();
  using _lock = store.lock();
  const last = store.lastAssignment();
  const names = interfacesFor(options.interface, last?.interfaces);
  const mode = options.mode ?? last?.mode ?? 'auto';
  const done = await assignStored(store, { name, version: options.version }, names, {
    mode,
    ingressOnly: last?.ingressOnly,
  });
  const { version, hash, generation, interfaces, notes } = done;
  const milliseconds = performance.now() - started;
  for (const note of notes) warn(`note: ${note}`);
  if (options.json === true) printJson({ policy: name, version, hash, generation, interfaces, milliseconds });
  else
    print(
      `${name}: version ${version} in force, generation ${generation}, on ${interfaces.join(', ')} (${milliseconds.toFixed(0)} ms)`,
    );
}

export function assignCommand(): Command {
  const command = new Command('assign')
    .description('put a stored policy in force, in place of the one that is')
    .argument('<name>', 'a stored policy')
    .addOption(
      new Option(
        '-i, --interface <name>',
        'filter this interface, repeatable; else those of the last assignment; those already filtered go along',
      ).argParser<readonly string[]>(collect),
    )
    .addOption(new Option('--version <number>', 'this version, else the newest').argParser(parseVersion))
    .addOption(new Option('--mode <mode>', 'where XDP runs, else as last time').choices(['native', 'generic', 'auto']))
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol assign edge', 'xdpol assign edge --version 3 -i eth0');
}
