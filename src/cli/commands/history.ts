/** `xdpol history`: the stored versions of a policy. */
import { Command } from 'commander';
import { PolicyStore } from '../../store/store.ts';
import { jsonOption, withExamples } from '../options.ts';
import { print, printJson, table } from '../output.ts';
import { notStored } from '../put-in-force.ts';

interface HistoryOptions {
  readonly json?: boolean;
}

/** Of a hash, as much as people compare. */
const SHOWN_DIGITS = 12;

function run(name: string, options: HistoryOptions): void {
  const store = new PolicyStore();
  const versions = store.versions(name);
  if (versions.length === 0) throw notStored(store, name);
  const assignment = store.assignment();
  const assigned = assignment?.policy === name ? assignment : undefined;
  if (options.json === true) {
    const plain = versions.map((record) => ({ ...record, assigned: record.version === assigned?.version }));
    printJson({ policy: name, versions: plain });
    return;
  }
  const rows = versions.toReversed().map(({ version, at, who, hash }) => {
    const isAssigned = version === assigned?.version;
    return [String(version), at, who, hash.slice(0, SHOWN_DIGITS), isAssigned ? `since ${assigned.at}` : ''];
  });
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
