/** `xdpol delete`: a policy out of the store. */
import { Command } from 'commander';
import { jsonOption, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { print, printJson } from '../render/terminal.ts';

interface DeleteOptions {
  readonly json?: boolean;
}

async function run(name: string, options: DeleteOptions): Promise<void> {
  const { versions, unpinned } = await reachHost().delete(name);
  if (options.json === true) printJson({ policy: name, versions, unpinned });
  else {
    const counters = unpinned.length === 0 ? '' : `; counters of ${unpinned.join(', ')} removed`;
    print(`${name}: deleted, ${versions.length} ${versions.length === 1 ? 'version' : 'versions'}${counters}`);
  }
}

export function deleteCommand(): Command {
  const command = new Command('delete')
    .description('remove a policy with all its versions; where nothing is filtered, also the counters that are left')
    .argument('<name>', 'a stored policy that is not assigned')
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol unassign && xdpol delete edge');
}
