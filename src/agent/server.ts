/** The agent's HTTP server: listening, and stopping without cutting off an answer. */
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { EnvironmentError } from '../base/environment-error.ts';
import type { ListenAddress } from '../formats/listen-address.ts';
import type { Route } from './http-routes.ts';
import { answer } from './http-routes.ts';

/** Milliseconds a client has to send its request. */
const REQUEST_TIMEOUT = 10_000;
/** Milliseconds a client has to take its answer, once it is ready. */
const ANSWER_TIMEOUT = 10_000;
/** Milliseconds that a connection without a request stays open: longer than Prometheus' usual interval. */
const IDLE_TIMEOUT = 90_000;
/** At once; further ones are refused until one is free. */
const MOST_CONNECTIONS = 64;
/** Bytes of all headers of a request. */
const MOST_HEADERS = 8192;
/** Milliseconds that running answers have once the agent is to stop. */
const STOP_TIMEOUT = 2_000;
/** Milliseconds between looks for connections without a request, meanwhile. */
const IDLE_INTERVAL = 50;

/** Why a server cannot listen, with the next step; anything else as it is. */
export function listenFailure(cause: unknown, { host, port }: ListenAddress): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  const where = `${host ?? ''}:${port}`;
  switch (code) {
    case 'EADDRINUSE':
      return new EnvironmentError('XDPOL_E_LISTEN', `cannot listen on ${where}: another program does`, {
        help: `see which: ss -ltnp 'sport = :${port}'; or choose another port: --listen ${host ?? ''}:${port + 1}`,
        cause,
      });
    case 'EACCES':
      return new EnvironmentError('XDPOL_E_LISTEN', `cannot listen on ${where}: not permitted`, {
        help: 'choose a port from 1024 on',
        cause,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new EnvironmentError('XDPOL_E_LISTEN', `cannot listen on ${where}: this host has no such address`, {
        help: 'see: ip address; or leave the address out to listen on all of them',
        cause,
      });
    default:
      return cause;
  }
}

/**
 * A connection has one request at a time: a client that sends the next before it has the answer to the
 * last could make the agent hold any number of answers, so its connection is ended. So is that of a
 * client that does not take its answer in time.
 */
function serveOneAtATime(
  server: Server,
  answerTimeout: number,
  serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): void {
  const busy = new WeakSet<Socket>();
  server.on('request', (request, response) => {
    const { socket } = request;
    if (busy.has(socket)) {
      socket.destroy();
      return;
    }
    busy.add(socket);
    response.once('close', () => busy.delete(socket));
    // A request body means nothing here; unread, it would hold up the connection.
    request.resume();
    void serve(request, response)
      .catch(() => socket.destroy())
      .finally(() => endSlowReader(response, socket, answerTimeout));
  });
}

function endSlowReader(response: ServerResponse, socket: Socket, answerTimeout: number): void {
  if (response.writableFinished || response.destroyed) return;
  const late = setTimeout(() => socket.destroy(), answerTimeout);
  response.once('close', () => clearTimeout(late));
}

/** Resolves once the server listens. */
export async function startServer(
  routes: ReadonlyMap<string, Route>,
  listen: ListenAddress,
  answerTimeout: number = ANSWER_TIMEOUT,
): Promise<Server> {
  const server = createServer({
    requestTimeout: REQUEST_TIMEOUT,
    headersTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: IDLE_TIMEOUT,
    maxHeaderSize: MOST_HEADERS,
  });
  server.maxConnections = MOST_CONNECTIONS;
  serveOneAtATime(server, answerTimeout, (request, response) => answer(routes, request, response));
  try {
    server.listen({ port: listen.port, ...(listen.host === undefined ? {} : { host: listen.host }) });
    await once(server, 'listening');
  } catch (error) {
    throw listenFailure(error, listen);
  }
  return server;
}

export function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Takes no more connections, lets running answers finish, cuts off what is left. */
export async function stopServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // A client that keeps its connection open would hold up the end after its answer.
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_INTERVAL);
  const late = setTimeout(() => server.closeAllConnections(), STOP_TIMEOUT);
  await closed;
  clearInterval(idle);
  clearTimeout(late);
}
