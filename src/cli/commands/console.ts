/** `xdpol console`: the address of the web console. */
import { Command, Option } from 'commander';
import type { ConsoleAddress } from '../../api/console-session.ts';
import { OPEN_CONSOLE } from '../../api/console-session.ts';
import { agentSocketPath, ownPlace } from '../../api/place.ts';
import { AgentUnreachable, askAgent } from '../../api/request.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import type { Role } from '../../base/roles.ts';
import { ROLES } from '../../base/roles.ts';
import { commandAsker } from '../../host/command-asker.ts';
import type { AnnounceOptions } from '../announce-console.ts';
import { announceConsole } from '../announce-console.ts';
import { jsonOption, withExamples } from '../options.ts';
import { chosenHost } from '../reach-host.ts';
import { showEvents } from '../render/terminal.ts';

interface ConsoleOptions extends AnnounceOptions {
  readonly role: Role;
}

async function askForAddress(role: Role): Promise<ConsoleAddress> {
  const socketPath = agentSocketPath();
  const { method, path } = OPEN_CONSOLE;
  try {
    if (socketPath === undefined) throw new AgentUnreachable('XDPOL_AGENT_SOCKET is empty');
    const asked = { address: { socketPath, place: ownPlace(), asker: commandAsker() }, method, path, body: { role } };
    return (await askAgent(asked, showEvents())) as ConsoleAddress;
  } catch (error) {
    if (!(error instanceof AgentUnreachable)) throw error;
    throw new EnvironmentError('XDPOL_E_NO_AGENT', `the agent serves the console, and none answers (${error.code})`, {
      help: 'start it: systemctl start xdpol-agent',
      cause: error,
    });
  }
}

async function run(options: ConsoleOptions): Promise<void> {
  const other = chosenHost();
  if (other === undefined) return announceConsole(await askForAddress(options.role), options);
  const { consoleOfHost } = await import('../console-of-host.ts');
  await consoleOfHost(other, options);
}

export function consoleCommand(): Command {
  const command = new Command('console')
    .description(
      'print a one-time address of the web console, and open it if there is a desktop; needs the agent. For another host (xdpol --host NAME console) the page is served here until Ctrl-C',
    )
    .addOption(
      new Option(
        '--role <role>',
        'a viewer may look, an operator may also confirm or take back a change, an administrator may change everything',
      )
        .choices(ROLES)
        .default('administrator'),
    )
    .option('--no-open', 'do not open a browser')
    .addOption(jsonOption())
    .action(run);
  return withExamples(command, 'xdpol console', 'xdpol console --role viewer --no-open', 'xdpol --host web1 console');
}
