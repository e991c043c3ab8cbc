/** `xdpol delete`: a policy out of the store. */
import { Command } from 'commander';
import { removeUnusedPins } from '../../engine/leftovers.ts';
import { PolicyStore } from '../../store/store.ts';
import { jsonOption, withExamples } from '../options.ts';
import { print, printJson } from '../output.ts';
import { requireRoot } from '../privileges.ts';
import { notStored } from '../put-in-force.ts';

interface DeleteOptions {
  readonly json?: boolean;
}

function run(name: string, options: DeleteOptions): void {
  requireRoot('delete');
  const store = new PolicyStore();
  using _lock = store.lock();
  const versions = store.versions(name);
  if (!store.list().includes(name)) throw notStored(store, name);
  store.delete(name);
  const unpinned = store.assignment() === undefined ? removeUnusedPins() : [];
  if (options.json === true) printJson({ policy: name, versions: versions.map(({ version }) => version), unpinned });
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
