/**
 * The socket of an HTTP/2 connection. Whoever opens the connection ends it by its socket: a session of Node.js 20 that is
 * destroyed before it has sent what it has to send sends empty frames without end, or uses memory that is free again.
 */
import { isIP } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect } from 'node:tls';

const HTTPS_PORT = 443;

export function connectSocket({ hostname, port }: URL, tls: ConnectionOptions): TLSSocket {
  const host = hostname.replace(/^\[(?<address>.*)\]$/u, '$<address>');
  const name = isIP(host) === 0 ? { servername: host } : {};
  return connect({ ...tls, ...name, host, port: Number(port || HTTPS_PORT), ALPNProtocols: ['h2'] });
}
