/** `xdpol history`: the stored versions of a policy, and the audit log. */
import { Command, Option } from 'commander';
import { EnvironmentError } from '../../base/environment-error.ts';
import { UsageError } from '../exit.ts';
import { jsonOption, withExamples } from '../options.ts';
import { storedArgument } from '../policy-argument.ts';
import { reachHost } from '../reach-host.ts';
import { renderChanges } from '../render/changes.ts';
import { shortHash } from '../render/short-hash.ts';
import { table } from '../render/table.ts';
import { print, printJson, warn } from '../render/terminal.ts';

interface HistoryOptions {
  readonly changes?: boolean;
  readonly json?: boolean;
}

async function showVersions(argument: string, options: HistoryOptions): Promise<void> {
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
      shortHash(hash),
      assigned ? `since ${assignedSince ?? ''}` : '',
    ]);
  const titles = ['STORED', 'BY', 'HASH', 'ASSIGNED'];
  print(table([{ title: 'VERSION', right: true }, ...titles.map((title) => ({ title }))], rows));
}

async function showChanges(name: string | undefined, options: HistoryOptions): Promise<void> {
  const { changes, damaged } = await reachHost().changes();
  const isMeant = (policy: string | null | undefined): boolean => name === undefined || policy === name;
  const meant = changes.filter(({ policy, from, to }) => [policy, from?.policy, to?.policy].some(isMeant));
  if (damaged > 0) warn(`warning: ${damaged} ${damaged === 1 ? 'line' : 'lines'} of the audit log cannot be read`);
  if (options.json === true) printJson({ changes: meant, damaged });
  else if (meant.length === 0) print(`no change${name === undefined ? '' : ` of ${name}`} is recorded`);
  else print(renderChanges(meant));
}

async function run(name: string | undefined, options: HistoryOptions): Promise<void> {
  if (options.changes === true) return await showChanges(name, options);
  if (name === undefined) throw new UsageError('history: whose?', 'name a stored policy, or ask for --changes');
  await showVersions(name, options);
}

export function historyCommand(): Command {
  const command = new Command('history')
    .description('list the stored versions of a policy (who, when, hash); the last ten and the assigned one are kept')
    .argument('[name]', 'a stored policy, or NAME@VERSION for one version')
    .addOption(
      new Option('--changes', 'show the audit log: every change of this host, or of the policy, and who made it'),
    )
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol history edge', 'xdpol history --changes', 'xdpol diff edge@3 edge@4');
}
