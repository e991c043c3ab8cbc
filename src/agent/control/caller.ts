/** Who asks, by the socket and not by what a request says. */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { decodeAsker } from '../../api/asker.ts';
import { socketPeer } from '../../engine/socket-peer.ts';
import type { Asker } from '../../host/context.ts';

/** Of a connection that is gone. */
export const NOBODY_KNOWN: Asker = { who: 'unknown', uid: null, via: 'agent' };

/** Node keeps the descriptor to itself; undefined where the connection is gone. */
function descriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd;
}

/**
 * The user's name, or `uid 1000` where the host has none. `header` is whom the command was started for behind sudo: root
 * is believed that, nobody else. The SSH connection of its session only makes changes more careful, so everybody is
 * believed that.
 */
export function callerOf(socket: Socket, header: string | undefined): Asker {
  const fd = descriptorOf(socket);
  if (fd === undefined || fd < 0) return NOBODY_KNOWN;
  const { uid } = socketPeer(fd);
  const claimed = decodeAsker(header);
  const behindSudo = uid === 0 && claimed !== undefined ? { who: claimed.who, uid: claimed.uid } : undefined;
  return { who: nameOf('/etc/passwd', uid) ?? `uid ${uid}`, uid, ...behindSudo, via: 'agent', ssh: claimed?.ssh };
}

/** Of a user or a group, by its number. */
function nameOf(path: string, id: number): string | undefined {
  const entry = entriesOf(path).find((fields) => fields[2] === String(id));
  return entry?.[0];
}

/** undefined where the host has no such group. */
export function groupId(name: string): number | undefined {
  const entry = entriesOf('/etc/group').find((fields) => fields[0] === name);
  return entry === undefined ? undefined : Number(entry[2]);
}

function entriesOf(path: string): readonly (readonly string[])[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return [];
  }
}
