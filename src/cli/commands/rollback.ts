/** `xdpol rollback`: the policy that waits to be confirmed goes, now. */
import { Command } from 'commander';
import { jsonOption, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { print, printJson, warnAll } from '../render/terminal.ts';

interface RollbackOptions {
  readonly json?: boolean;
}

async function run(options: RollbackOptions): Promise<void> {
  const { policy, version, previous, interfaces, notes } = await reachHost().rollBack();
  warnAll(notes);
  if (options.json === true) {
    printJson({ policy, version, previous, interfaces });
    return;
  }
  const now =
    previous === null
      ? 'nothing is filtered, as before'
      : `${previous.policy}, generation ${previous.generation}, is in force again`;
  print(`${policy}: version ${version} is taken back; ${now}, on ${interfaces.join(', ')}`);
}

export function rollbackCommand(): Command {
  const command = new Command('rollback')
    .description('take back a change that waits for confirmation: the policy before it is in force again')
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol rollback');
}
