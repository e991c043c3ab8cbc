/** `xdpol history`: the stored versions of a policy. */
import { Command } from 'commander';
import { EnvironmentError } from '../../base/environment-error.ts';
import { jsonOption, withExamples } from '../options.ts';
import { storedArgument } from '../policy-argument.ts';
import { reachHost } from '../reach-host.ts';
import { table } from '../render/table.ts';
import { print, printJson } from '../render/terminal.ts';

interface HistoryOptions {
  readonly json?: boolean;
}

/** Of a hash, as much as people compare. */
const SHOWN_DIGITS = 12;

async function run(argument: string, options: HistoryOptions): Promise<void> {
  const { stored: name, version: wanted } = storedArgument(argument);
  const { versions: all, assignedSince } = await reachHost().history(name);
  const versions = all.filter(({ version }) => wanted === undefined || version === wanted);
  if (versions.length === 0 && wanted !== undefined) {
    const help = `stored are: ${all.map(({ version }) => version).join(', ')}`;
    throw new EnvironmentError('XDPOL_E_NOT_STORED', `${name} has no version ${wanted}`, { help });
  }
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
    .argument('<name>', 'a stored policy; NAME@VERSION: this version alone')
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol history edge', 'xdpol diff edge@3 edge@4');
}
