/** `xdpol history`: the stored versions of a policy. */
import { Command } from 'commander';
import { jsonOption, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { table } from '../render/table.ts';
import { print, printJson } from '../render/terminal.ts';

interface HistoryOptions {
  readonly json?: boolean;
}

/** Of a hash, as much as people compare. */
const SHOWN_DIGITS = 12;

async function run(name: string, options: HistoryOptions): Promise<void> {
  const { versions, assignedSince } = await reachHost().history(name);
  if (options.json === true) {
    printJson({ policy: name, versions });
    return;
  }
  const rows = versions
    .toReversed()
    .map(({ version, at, who, hash, assigned }) => [
      String(version),
      at,
      who,
      hash.slice(0, SHOWN_DIGITS),
      assigned ? `since ${assignedSince ?? ''}` : '',
    ]);
  const titles = ['STORED', 'BY', 'HASH', 'ASSIGNED'];
  print(table([{ title: 'VERSION', right: true }, ...titles.map((title) => ({ title }))], rows));
}

export function historyCommand(): Command {
  const command = new Command('history')
    .description('the stored versions of a policy: who, when, hash; the last ten are kept, and the assigned one')
    .argument('<name>', 'a stored policy')
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol history edge', 'xdpol diff edge@3 edge@4');
}
