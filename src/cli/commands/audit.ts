/** `xdpol audit`: what the policy that is on trial would change. */
import { Command, Option } from 'commander';
import { findClosest } from '../../base/suggest.ts';
import { jsonOption, withExamples } from '../options.ts';
import { reachHost } from '../reach-host.ts';
import { renderAudit } from '../render/audit.ts';
import { print, printJson } from '../render/terminal.ts';

interface AuditOptions {
  readonly end?: boolean;
  readonly json?: boolean;
}

async function suggest(_own: AuditOptions, command: Command): Promise<void> {
  // The verb has the same option, and takes it wherever it stands.
  const { json } = command.optsWithGlobals<AuditOptions>();
  const suggested = await reachHost().suggestPermits();
  if (json === true) printJson(suggested);
  else print(suggested.fragment.trimEnd());
}

/** A verb that does something by itself has its words taken for arguments: then the answer is that of other verbs. */
function refuseUnknown(command: Command): void {
  const [word] = command.args;
  if (word === undefined) return;
  const closest = findClosest(
    word,
    command.commands.map((one) => one.name()),
  );
  const guess = closest === undefined ? '' : `\n(Did you mean ${closest}?)`;
  command.error(`error: unknown command '${word}'${guess}`, { code: 'commander.unknownCommand' });
}

async function run({ end, json }: AuditOptions, command: Command): Promise<void> {
  refuseUnknown(command);
  const host = reachHost();
  const audit = await host.audit();
  if (end === true) await host.endAudit();
  if (json === true) printJson(audit);
  else print(renderAudit(audit));
  if (end === true && audit.policy !== null && json !== true) print(`${audit.policy} is no longer on trial`);
}

function suggestCommand(): Command {
  const command = new Command('suggest')
    .description(
      'print permits for what the policy on trial would drop, as a fragment of a policy file; the agent samples what it is made from',
    )
    .addOption(jsonOption())
    .action(suggest);
  return withExamples(command, 'xdpol audit suggest', 'xdpol audit suggest > permits.yaml');
}

export function auditCommand(): Command {
  const command = new Command('audit')
    .description('show what the policy that apply --audit has put on trial would drop or pass otherwise')
    .addOption(new Option('--end', 'end the trial; what it counted is shown for the last time'))
    .addOption(jsonOption())
    .allowExcessArguments()
    .action(run)
    .addCommand(suggestCommand());
  return withExamples(
    command,
    'xdpol apply new.yaml --audit',
    'xdpol audit',
    'xdpol audit suggest',
    'xdpol promote',
    'xdpol audit --end',
  );
}
