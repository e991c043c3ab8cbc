/** `xdpol --host NAME console`: the page is served here, and asks the agent there with this user's certificate. */
import { X509Certificate } from 'node:crypto';
import { relayConsoleServer } from '../agent/console/relay-console.ts';
import { roleOf } from '../api/credentials.ts';
import type { TlsAddress } from '../api/request.ts';
import { AgentUnreachable, askAgent, openResponse } from '../api/request.ts';
import type { Role } from '../base/roles.ts';
import { roleCovers } from '../base/roles.ts';
import { remoteTarget } from '../remote/target.ts';
import { describeUnreachable } from '../remote/unreachable.ts';
import type { AnnounceOptions } from './announce-console.ts';
import { warn } from './render/terminal.ts';
import { serveConsole } from './serve-console.ts';

async function orUnreachable<T>(address: TlsAddress, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    throw error instanceof AgentUnreachable ? describeUnreachable(address, error.code) : error;
  }
}

/** What the certificate lets a session do, and no more than is asked for. */
function sessionRole({ tls: { cert } }: TlsAddress, asked: Role): Role {
  const own = roleOf(new X509Certificate(cert ?? '').subjectAltName ?? '') ?? 'viewer';
  return roleCovers(own, asked) ? asked : own;
}

export async function consoleOfHost(
  name: string,
  { role, ...options }: AnnounceOptions & { role: Role },
): Promise<void> {
  const address = remoteTarget(name);
  const silent = (): void => undefined;
  const ask = (asked: Parameters<Parameters<typeof relayConsoleServer>[0]['ask']>[0]): Promise<unknown> =>
    orUnreachable(address, askAgent({ ...asked, address }, silent));
  // Before anything is printed: a host that cannot be reached says so.
  await ask({ method: 'GET', path: '/v1/pending' });
  const server = relayConsoleServer({
    host: name,
    ask,
    listen: (path) => orUnreachable(address, openResponse({ address, method: 'GET', path })),
    log: { error: (message) => warn(`warning: ${message}`) },
  });
  await serveConsole(server, sessionRole(address, role), options);
}
