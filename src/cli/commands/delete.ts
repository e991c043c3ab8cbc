/** `xdpol delete`: a policy out of the store. */
import { Command } from 'commander';
import { UsageError } from '../exit.ts';
import { jsonOption, withExamples } from '../options.ts';
import { storedArgument } from '../policy-argument.ts';
import { reachHost } from '../reach-host.ts';
import { print, printJson } from '../render/terminal.ts';

interface DeleteOptions {
  readonly json?: boolean;
}

async function run(argument: string, options: DeleteOptions): Promise<void> {
  const { stored: name, version } = storedArgument(argument);
  if (version !== undefined) {
    throw new UsageError(`delete removes every version, not version ${version} alone`, `write xdpol delete ${name}`);
  }
  const { versions, unpinned } = await reachHost().delete(name);
  if (options.json === true) printJson({ policy: name, versions, unpinned });
  else {
    const counters = unpinned.length === 0 ? '' : `; counters of ${unpinned.join(', ')} removed`;
    print(`${name}: deleted, ${versions.length} ${versions.length === 1 ? 'version' : 'versions'}${counters}`);
  }
}

export function deleteCommand(): Command {
  const command = new Command('delete')
    .description('remove a policy with all its versions; if nothing is filtered, also the remaining counters')
    .argument('<name>', 'a stored policy that is not assigned')
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol unassign && xdpol delete edge');
}
