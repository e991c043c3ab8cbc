/** The same routes as at the socket, for other hosts: over TLS, with a certificate of whoever asks. */
import { constants } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { ServerOptions } from 'node:https';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { fastify } from 'fastify';
import type { HostConfig } from '../../host/config.ts';
import type { Asker } from '../../host/context.ts';
import type { OperationOptions } from '../control/control-server.ts';
import { MAX_BODY, serveOperations } from '../control/control-server.ts';
import { describeFailure, failureFields } from '../failure-text.ts';
import { remoteCaller, requireRole } from './admission.ts';
import { credentialsStamp, readHostCredentials } from './credential-files.ts';

export interface RemoteOptions extends OperationOptions {
  readonly api: HostConfig['api'];
}

/** At once; further ones are refused until one is free. */
const MOST_CONNECTIONS = 64;
/** Bytes of all headers of a request. */
const MOST_HEADERS = 8192;
/** Milliseconds for a handshake, and for the headers. */
const GREETING_TIMEOUT = 5000;
/** Milliseconds for a whole request: the largest policy over a slow line. */
const REQUEST_TIMEOUT = 120_000;
/** Milliseconds without a byte either way after which a connection is ended; a running change sends signs of life. */
const SILENCE_TIMEOUT = 30_000;
/** Milliseconds between looks for new credentials and for certificates that have ended. */
const LOOK_INTERVAL = 5000;

/**
 * Every connection has a handshake of its own, in which the certificate is checked: none is resumed, and each carries one
 * request.
 */
const HTTPS: ServerOptions = {
  requestCert: true,
  rejectUnauthorized: true,
  secureOptions: constants.SSL_OP_NO_TICKET,
  handshakeTimeout: GREETING_TIMEOUT,
  headersTimeout: GREETING_TIMEOUT,
  requestTimeout: REQUEST_TIMEOUT,
  maxHeaderSize: MOST_HEADERS,
};

/** Listens until closed. Throws EnvironmentError where a file is missing, and what the system says of the address. */
export async function startRemoteServer({ api, ...options }: RemoteOptions): Promise<FastifyInstance> {
  const { tls } = readHostCredentials(api.credentials);
  const connections = new Set<TLSSocket>();
  const app = fastify({
    bodyLimit: MAX_BODY,
    forceCloseConnections: true,
    serverFactory: (handler) => {
      const server = createServer({ ...HTTPS, ...tls }, handler);
      server.maxConnections = MOST_CONNECTIONS;
      server.maxRequestsPerSocket = 1;
      server.setTimeout(SILENCE_TIMEOUT, (socket: Socket) => socket.destroy());
      server.on('secureConnection', (socket) => {
        connections.add(socket);
        socket.once('close', () => connections.delete(socket));
      });
      const look = followCredentials(api.credentials, options.log, (fresh) => {
        server.setSecureContext({ ...HTTPS, ...fresh });
        for (const socket of connections) socket.destroy();
      });
      // Before TLS begins on it, so that the new files count for this connection.
      server.prependListener('connection', look);
      const timer = setInterval(() => {
        look();
        for (const socket of connections) endExpired(socket);
      }, LOOK_INTERVAL);
      server.once('close', () => clearInterval(timer));
      return server;
    },
  });
  const admit = (
    request: { readonly raw: { readonly socket: Socket } },
    name: Parameters<typeof requireRole>[1],
  ): Asker => {
    const caller = remoteCaller(request.raw.socket as TLSSocket, api.roles);
    requireRole(caller, name);
    return { who: `certificate ${caller.name}`, uid: null, via: 'remote' };
  };
  serveOperations(app, { admit }, options);
  await app.listen({ port: api.listen?.port ?? 0, host: api.listen?.host ?? everyAddress() });
  return app;
}

/** IPv6 and IPv4, or IPv4 where the kernel has nothing else. */
function everyAddress(): string {
  return existsSync('/proc/net/if_inet6') ? '::' : '0.0.0.0';
}

/** Files that cannot be used leave the old ones in use, which is logged once. */
function followCredentials(
  folder: string,
  log: OperationOptions['log'],
  use: (tls: ReturnType<typeof readHostCredentials>['tls']) => void,
): () => void {
  let stamp = credentialsStamp(folder);
  return () => {
    const now = credentialsStamp(folder);
    if (now === stamp) return;
    stamp = now;
    try {
      use(readHostCredentials(folder).tls);
      log.info(`${folder}: the new keys and certificates are in use`);
    } catch (error) {
      log.warning(
        `${folder}: the old keys, certificates and revocations stay in use: ${describeFailure(error)}`,
        failureFields(error),
      );
    }
  };
}

function endExpired(socket: TLSSocket): void {
  if (Date.parse(socket.getPeerCertificate().valid_to) <= Date.now()) socket.destroy();
}

export function remoteUrl(app: FastifyInstance): string {
  const { address, family, port } = app.server.address() as AddressInfo;
  return `https://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
