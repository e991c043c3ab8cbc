/** `xdpol unassign`: no policy in force. */
import { Command } from 'commander';
import { EXIT } from '../exit.ts';
import { jsonOption, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { print, printJson, warn, warnAll } from '../render/terminal.ts';

interface UnassignOptions {
  readonly json?: boolean;
}

async function run(options: UnassignOptions): Promise<void> {
  const { policy, interfaces, dynamic, notes, failures } = await reachHost().unassign();
  warnAll(notes);
  for (const failure of failures) warn(`xdpol: error: ${failure}`);
  if (failures.length > 0) process.exitCode = EXIT.environment;
  if (options.json === true) printJson({ policy, interfaces, dynamic });
  else if (policy === null && interfaces.length === 0) print('no policy is assigned');
  else {
    const what =
      policy === null ? 'no policy is assigned' : `${policy}: ${failures.length > 0 ? 'ended' : 'unassigned'}`;
    print(`${what}, no longer filtered: ${interfaces.join(', ') || 'none'}`);
  }
}

export function unassignCommand(): Command {
  const command = new Command('unassign')
    .description(
      'end filtering on every interface, dynamic rules included; the policy stays stored, counters go on with the next apply',
    )
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol unassign');
}
