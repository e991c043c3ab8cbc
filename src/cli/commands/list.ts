/** `xdpol list`: the stored policies. */
import { Command } from 'commander';
import { PolicyStore } from '../../store/store.ts';
import { jsonOption, withExamples } from '../options.ts';
import { print, printJson, table, warn } from '../output.ts';

interface ListOptions {
  readonly json?: boolean;
}

function run(options: ListOptions): void {
  const store = new PolicyStore();
  const assigned = store.assignment();
  const policies = store.list().map((name) => {
    const newest = store.versions(name).at(-1);
    return {
      name,
      version: newest?.version ?? null,
      who: newest?.who ?? null,
      at: newest?.at ?? null,
      hash: newest?.hash ?? null,
      assigned: assigned?.policy === name ? assigned.version : null,
    };
  });
  const setAside = store.setAside();
  for (const path of setAside) warn(`warning: damaged, set aside: ${path}`);
  if (options.json === true) {
    printJson({ policies, setAside });
    return;
  }
  if (policies.length === 0) {
    print('no policy is stored');
    return;
  }
  const titles = ['POLICY', 'VERSION', 'ASSIGNED', 'STORED', 'BY'];
  print(
    table(
      titles.map((title) => ({ title })),
      policies.map(({ name, version, assigned: inForce, at, who }) => [
        name,
        String(version ?? '?'),
        inForce === null ? '' : `version ${inForce}`,
        at ?? '',
        who ?? '',
      ]),
    ),
  );
}

export function listCommand(): Command {
  const command = new Command('list')
    .description('the stored policies, and which one is assigned')
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol list', 'xdpol list --json');
}
