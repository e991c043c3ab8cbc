/** `xdpol list`: the stored policies. */
import { Command } from 'commander';
import { jsonOption, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { table } from '../render/table.ts';
import { print, printJson, warn } from '../render/terminal.ts';

interface ListOptions {
  readonly json?: boolean;
}

async function run(options: ListOptions): Promise<void> {
  const { policies, setAside } = await reachHost().list();
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
    .description('list the stored policies, and which one is assigned')
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol list', 'xdpol list --json');
}
