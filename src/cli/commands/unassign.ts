/** `xdpol unassign`: no policy in force. */
import { Command, Option } from 'commander';
import { present } from '../../base/assert.ts';
import type { HostOperations } from '../../host/operations.ts';
import type { UnassignOutcome } from '../../host/unassign-policy.ts';
import { EXIT } from '../exit.ts';
import { collect, jsonOption, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { print, printJson, warn, warnAll } from '../render/terminal.ts';

interface UnassignOptions {
  readonly interface?: readonly string[];
  readonly json?: boolean;
}

async function run({ interface: named, json }: UnassignOptions): Promise<void> {
  const host = reachHost();
  show(named === undefined ? await host.unassign() : await takeOut(host, new Set(named)), json === true);
}

/** One after the other. Where one cannot be taken out, those before it are reported nevertheless. */
async function takeOut(host: HostOperations, names: ReadonlySet<string>): Promise<UnassignOutcome> {
  let all: UnassignOutcome | undefined;
  for (const name of names) {
    try {
      const next = await host.unassignInterface(name);
      all = all === undefined ? next : joinOutcomes(all, next);
    } catch (error) {
      if (all !== undefined) warn(outcomeText(all));
      throw error;
    }
  }
  return present(all, 'an option that is given has a value');
}

function joinOutcomes(first: UnassignOutcome, next: UnassignOutcome): UnassignOutcome {
  return {
    policy: next.policy ?? first.policy,
    interfaces: [...first.interfaces, ...next.interfaces],
    remaining: next.remaining,
    dynamic: [...first.dynamic, ...next.dynamic],
    notes: [...first.notes, ...next.notes],
    failures: [...first.failures, ...next.failures],
  };
}

function show(outcome: UnassignOutcome, isJson: boolean): void {
  const { policy, interfaces, remaining, dynamic, notes, failures } = outcome;
  warnAll(notes);
  for (const failure of failures) warn(`xdpol: error: ${failure}`);
  if (failures.length > 0) process.exitCode = EXIT.environment;
  if (isJson) printJson({ policy, interfaces, remaining, dynamic });
  else if (policy === null && interfaces.length === 0) print('no policy is assigned');
  else print(outcomeText(outcome));
}

function outcomeText({ policy, interfaces, remaining, failures }: UnassignOutcome): string {
  const ended = `no longer filtered: ${interfaces.join(', ') || 'none'}`;
  if (remaining.length > 0) return `${ended}; still filtered: ${remaining.join(', ')}`;
  if (policy === null) return `no policy is assigned, ${ended}`;
  return `${policy}: ${failures.length > 0 ? 'ended' : 'unassigned'}, ${ended}`;
}

export function unassignCommand(): Command {
  const command = new Command('unassign')
    .description(
      'end filtering on every interface, dynamic rules included; the policy stays stored, and counters go on with the next apply',
    )
    .addOption(
      new Option(
        '-i, --interface <name>',
        'end filtering on this interface only and take it out of the assignment; repeatable; the others stay filtered',
      ).argParser<readonly string[]>(collect),
    )
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol unassign', 'xdpol unassign -i eth1');
}
