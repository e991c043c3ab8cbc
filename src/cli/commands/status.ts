/** `xdpol status`: what is attached where, and since when. */
import { Command } from 'commander';
import { jsonOption, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { statusJson, statusLines, statusWarnings } from '../render/status.ts';
import { print, printJson, warn } from '../render/terminal.ts';

interface StatusOptions {
  readonly json?: boolean;
}

async function run(options: StatusOptions): Promise<void> {
  const status = await reachHost().status();
  if (options.json === true) {
    printJson(statusJson(status));
    return;
  }
  for (const line of statusLines(status)) print(line);
  for (const warning of statusWarnings(status)) warn(`warning: ${warning}`);
}

export function statusCommand(): Command {
  const command = new Command('status')
    .description('show which policy filters which interface, and since when')
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol status', 'xdpol status --json');
}
