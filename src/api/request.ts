/** One request to an agent: over its socket, or over TLS to one on another host. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { checkServerIdentity } from 'node:tls';
import { EnvironmentError } from '../base/environment-error.ts';
import type { Asker, OperationEvent, Report } from '../host/context.ts';
import { ASKER_HEADER, encodeAsker } from './asker.ts';
import { EVENT_STREAM, EventReader } from './event-stream.ts';
import { PLACE_HEADER } from './place.ts';
import type { WireError } from './wire-error.ts';
import { decodeError } from './wire-error.ts';

/** No agent answers there that could speak for this command: nothing was asked of it. */
export class AgentUnreachable extends Error {
  readonly code: string;
  /** The connection was there, so that the agent may have the request. */
  readonly mayHaveArrived: boolean;

  constructor(code: string, mayHaveArrived = false) {
    super(`no agent to ask: ${code}`);
    this.name = 'AgentUnreachable';
    this.code = code;
    this.mayHaveArrived = mayHaveArrived;
  }
}

export interface SocketAddress {
  readonly socketPath: string;
  /** See ownPlace. */
  readonly place: string;
  /** Who runs the command: believed of root. */
  readonly asker: Pick<Asker, 'who' | 'uid' | 'ssh'>;
}

export interface TlsAddress {
  /** By which the user knows the host. */
  readonly name: string;
  readonly url: URL;
  /** Of the user, and the authority that he trusts: PEM. */
  readonly tls: {
    readonly ca: string | undefined;
    /** Of revoked certificates; undefined: none is looked for. */
    readonly crl: string | undefined;
    readonly cert: string | undefined;
    readonly key: string | undefined;
    readonly minVersion: 'TLSv1.3';
  };
}

export interface AgentRequest {
  readonly address: SocketAddress | TlsAddress;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** A change: sent at most once, however often it arrives. */
  readonly idempotencyKey?: string;
}

/** Milliseconds until an agent says that it took the request. Longer than a scrape, shorter than patience. */
const ANSWER_TIMEOUT = 5000;
/** Milliseconds without a sign of life from another host, which sends one every 2 seconds while it works. */
const SILENCE_TIMEOUT = 12_000;
const MISDIRECTED = 421;
const LATE = { code: 'ETIMEDOUT' } as const;

function headersOf({ address, body, idempotencyKey }: AgentRequest): Record<string, string> {
  return {
    accept: `${EVENT_STREAM}, application/json`,
    ...('place' in address ? { [PLACE_HEADER]: address.place, [ASKER_HEADER]: encodeAsker(address.asker) } : {}),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
  };
}

/** The certificate is for the name in the URL, or for the name by which the user knows the host. */
function isOfHost({ name, url }: TlsAddress, certificate: PeerCertificate): Error | undefined {
  const asReached = checkServerIdentity(hostOf(url), certificate);
  return asReached === undefined ? undefined : checkServerIdentity(name, certificate) && asReached;
}

/** IPv6 addresses without their brackets. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(?<address>.*)\]$/u, '$<address>');
}

function openRequest(asked: AgentRequest): ClientRequest {
  const { address, method, path } = asked;
  const common = { method, path, headers: headersOf(asked) } as const;
  // Without an agent of Node's, which would take the socket for a host and look whether its name is an address.
  if ('socketPath' in address) return httpRequest({ ...common, createConnection: () => connect(address.socketPath) });
  const host = hostOf(address.url);
  return httpsRequest({
    ...common,
    agent: false,
    ...address.tls,
    host,
    port: address.url.port,
    ...(isIP(host) === 0 ? { servername: host } : { servername: '' }),
    checkServerIdentity: (_, certificate) => isOfHost(address, certificate),
  });
}

/** An answer that has begun. */
export interface BegunAnswer {
  readonly response: IncomingMessage;
  /** Hangs up. */
  readonly end: () => void;
}

/** Sends the request. Throws AgentUnreachable. */
export function openResponse(asked: AgentRequest): Promise<BegunAnswer> {
  const { address, body } = asked;
  return new Promise((resolve, reject) => {
    const outgoing = openRequest(asked);
    const late = setTimeout(() => outgoing.destroy(Object.assign(new Error(), LATE)), ANSWER_TIMEOUT);
    let mayHaveArrived = false;
    outgoing.once('finish', () => {
      mayHaveArrived = true;
    });
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(late);
      reject(new AgentUnreachable(error.code ?? 'unknown', mayHaveArrived));
    });
    outgoing.once('response', (response) => {
      clearTimeout(late);
      // What ends the answer is heard of by who reads it.
      outgoing.removeAllListeners('error').on('error', () => undefined);
      const end = (): void => {
        outgoing.destroy();
      };
      if (!('socketPath' in address)) response.setTimeout(SILENCE_TIMEOUT, end);
      if (response.statusCode !== MISDIRECTED) return resolve({ response, end });
      response.resume();
      reject(new AgentUnreachable('another host'));
    });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The outcome. Throws what the operation threw at the agent, or AgentUnreachable; events go to `report`. */
export async function askAgent(asked: AgentRequest, report: Report): Promise<unknown> {
  const { response } = await openResponse(asked);
  const isStream = response.headers['content-type']?.startsWith(EVENT_STREAM) === true;
  return await new Promise((resolve, reject) => {
    const settle = (event: string, data: unknown): void => {
      if (event === 'outcome') resolve(data);
      else if (event === 'error') reject(decodeError(data as WireError));
      else report(data as OperationEvent);
    };
    const events = new EventReader();
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      if (isStream) for (const { event, data } of events.read(chunk)) settle(event, data);
      else text += chunk;
    });
    response.once('error', () => reject(createAgentGoneError()));
    response.once('close', () => reject(createAgentGoneError()));
    response.once('end', () => {
      if (!isStream) settle(response.statusCode === 200 ? 'outcome' : 'error', JSON.parse(text));
    });
  });
}

export function createAgentGoneError(): EnvironmentError {
  return new EnvironmentError('XDPOL_E_AGENT_GONE', 'the agent ended before it answered', {
    help: 'see what is in force: xdpol status',
  });
}
