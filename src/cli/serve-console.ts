/** A console that this command serves until it is ended, or the session is over. */
import type { ConsoleServer } from '../agent/console/console-server.ts';
import { SESSION_LIFE } from '../agent/console/sessions.ts';
import type { Role } from '../base/roles.ts';
import { commandAsker } from '../host/command-asker.ts';
import type { AnnounceOptions } from './announce-console.ts';
import { announceConsole } from './announce-console.ts';
import { warn } from './render/terminal.ts';

export async function serveConsole(server: ConsoleServer, role: Role, options: AnnounceOptions): Promise<void> {
  const { who, uid } = commandAsker();
  announceConsole(await server.open({ who, uid, via: 'command' }, role), options);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
    setTimeout(() => {
      warn('the session is over: give the command again');
      resolve();
    }, SESSION_LIFE).unref();
  });
  await server.close();
}
