/** `xdpol unassign`: no policy in force. */
import { Command } from 'commander';
import { PolicyStore } from '../../store/store.ts';
import { endFiltering } from '../end-filtering.ts';
import { jsonOption, withExamples } from '../options.ts';
import { print, printJson } from '../output.ts';
import { requireRoot } from '../privileges.ts';

interface UnassignOptions {
  readonly json?: boolean;
}

function run(options: UnassignOptions): void {
  requireRoot('unassign');
  const store = new PolicyStore();
  using _lock = store.lock();
  const policy = store.assignment()?.policy ?? null;
  const interfaces = endFiltering(store);
  if (options.json === true) printJson({ policy, interfaces });
  else if (policy === null && interfaces.length === 0) print('no policy is assigned');
  else print(`${policy ?? 'policy'}: unassigned, no longer filtered: ${interfaces.join(', ') || 'none'}`);
}

export function unassignCommand(): Command {
  const command = new Command('unassign')
    .description('end filtering on every interface; the policy stays stored, counters go on when it is applied again')
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol unassign');
}
