/** The socket as a file: made for root and the group, and never over one that another agent listens on. */
import { once } from 'node:events';
import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { AGENT_GROUP } from '../../api/place.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import { groupId } from './caller.ts';

async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Before listening: the folder is there, and no socket that an agent left which is gone. */
export async function clearSocketPath(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  // Links that lead nowhere too: nobody can listen there.
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (there.isDirectory()) {
    throw new EnvironmentError('XDPOL_E_LISTEN', `${path} is a folder`, {
      help: `remove it, and start the agent again: rmdir ${path}`,
    });
  }
  if (await isAnswered(path)) {
    throw new EnvironmentError('XDPOL_E_LISTEN', `another agent listens on ${path}`, {
      help: 'commands are carried out by that one, or give this one another XDPOL_AGENT_SOCKET',
    });
  }
  rmSync(path, { force: true });
}

/** Root and the members of the group may ask; without such a group root alone. */
export function openToGroup(path: string): void {
  const group = groupId(AGENT_GROUP);
  if (group !== undefined) chownSync(path, 0, group);
  chmodSync(path, group === undefined ? 0o600 : 0o660);
}
