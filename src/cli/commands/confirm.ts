/** `xdpol confirm`: the policy that waits stays. */
import { Command } from 'commander';
import { jsonOption, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { print, printJson, warnAll } from '../render/terminal.ts';

interface ConfirmOptions {
  readonly json?: boolean;
}

async function run(options: ConfirmOptions): Promise<void> {
  const { policy, version, generation, interfaces, notes } = await reachHost().confirm();
  warnAll(notes);
  if (options.json === true) printJson({ policy, version, generation, interfaces });
  else print(`${policy}: version ${version} is confirmed and assigned, on ${interfaces.join(', ')}`);
}

export function confirmCommand(): Command {
  const command = new Command('confirm')
    .description('keep the policy that was put in force with --confirm: it becomes the assigned one')
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol confirm');
}
