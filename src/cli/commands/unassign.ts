/** `xdpol unassign`: no policy in force. */
import { Command } from 'commander';
import { PolicyStore } from '../../store/store.ts';
import { endFiltering } from '../end-filtering.ts';
import { jsonOption, withExamples } from '../options.ts';
import { print, printJson, warn } from '../output.ts';
import { endedNotes } from '../overlay.ts';
import { requireRoot } from '../privileges.ts';

interface UnassignOptions {
  readonly json?: boolean;
}

function run(options: UnassignOptions): void {
  requireRoot('unassign');
  const store = new PolicyStore();
  using _lock = store.lock();
  const policy = store.assignment()?.policy ?? null;
  const { interfaces, rules } = endFiltering(store);
  for (const note of endedNotes(rules)) warn(`note: ${note}`);
  const dynamic = rules.map(({ rule }) => rule);
  if (options.json === true) printJson({ policy, interfaces, dynamic });
  else if (policy === null && interfaces.length === 0) print('no policy is assigned');
  else {
    const what = policy === null ? 'no policy is assigned' : `${policy}: unassigned`;
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
