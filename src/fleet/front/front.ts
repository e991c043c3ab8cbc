/** The front: HTTP/2 with certificates on both sides. What a peer may see comes from its certificate and the store. */
import { once } from 'node:events';
import type { Http2SecureServer, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { createServer } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import type { FleetStore } from '../fleet-store.ts';
import type { FrontRoute } from '../front-routes.ts';
import { HOST_ROUTES, OPERATOR_ROUTES } from '../front-routes.ts';
import type { Exchange } from './exchange.ts';
import { answerError, Refused } from './exchange.ts';
import { FollowStreams } from './follow-streams.ts';
import { HandshakeTurns } from './handshake-turns.ts';
import type { HostParts } from './host-handlers.ts';
import { follow, sendBlob, takeStatus } from './host-handlers.ts';
import { Hub } from './hub.ts';
import type { Admit } from './join-request.ts';
import { join } from './join-request.ts';
import { KeptBlobs } from './kept-blobs.ts';
import type { HostPeer, Peer } from './peer.ts';
import { identifyPeer } from './peer.ts';
import { PolicyLines } from './policy-lines.ts';
import { followRecords, readMany, readOne, write } from './record-handlers.ts';
import { Statuses } from './statuses.ts';
import { Tellings } from './tellings.ts';

export interface FrontOptions {
  readonly store: FleetStore;
  /** The front's key and certificate, and the authority with its list of revoked certificates. */
  readonly tls: SecureContextOptions;
  readonly listen: { readonly host: string | undefined; readonly port: number };
  /** undefined: nobody can join at this front. */
  readonly admit: Admit | undefined;
  /** Something is wrong that goes on by itself. */
  readonly warn: (message: string) => void;
}

/** Milliseconds for a handshake; seconds that a session can be resumed. */
const HANDSHAKE_TIMEOUT = 20_000;
const SESSION_LIFETIME = 3600;
/** Connections that the kernel keeps while all hosts come back at once. */
const BACKLOG = 4096;
/**
 * A host waits 15 seconds for its handshake. So many at once cost less than a second of CPU, and keep the front busy also
 * where each of them takes 300 ms on the way.
 */
const TURNS = { atOnce: 256, longest: 1000, patience: 10_000 } as const;
const SETTINGS = { enablePush: false, maxConcurrentStreams: 16, maxHeaderListSize: 8192 } as const;
/**
 * Megabytes that wait for a peer, above which its requests are refused. What 10,000 hosts say of themselves has 8, and an
 * operator goes on asking while it comes.
 */
const SESSION_MEMORY = 64;

type Handler = (peer: Peer, exchange: Exchange) => void | Promise<void>;

interface HandledRoute {
  readonly route: FrontRoute;
  readonly handle: Handler;
  /** The path up to its name. */
  readonly start: string;
  readonly isNamed: boolean;
}

export class Front {
  readonly #listener: Server;
  readonly #turns: HandshakeTurns;
  /** Gets each connection when its turn has come. */
  readonly #server: Http2SecureServer;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #sockets = new Set<TLSSocket>();
  readonly #parts: HostParts;
  readonly #routes: readonly HandledRoute[];

  private constructor({ store, tls, admit, warn }: FrontOptions) {
    const lost = (error: unknown): void => warn(`the store: ${error instanceof Error ? error.message : String(error)}`);
    const blobs = new KeptBlobs(store);
    const streams: FollowStreams = new FollowStreams(() => this.#parts.hub, new Tellings(new PolicyLines(blobs)));
    const hub = new Hub(store, (host) => streams.changed(host), lost);
    this.#parts = { store, hub, streams, statuses: new Statuses(store, lost), blobs };
    this.#routes = this.#listRoutes(store, admit);
    this.#server = createSecureServer({
      ...tls,
      requestCert: true,
      // A host that joins has none; every other route asks for one.
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_TIMEOUT,
      sessionTimeout: SESSION_LIFETIME,
      settings: SETTINGS,
      maxSessionMemory: SESSION_MEMORY,
    });
    this.#turns = new HandshakeTurns(TURNS, (socket) => this.#server.emit('connection', socket));
    this.#listener = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#turns.add(socket));
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      this.#turns.done(socket);
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('session', (session) => {
      this.#sessions.add(session);
      session.on('error', () => undefined);
      session.once('close', () => this.#sessions.delete(session));
    });
    this.#server.on('sessionError', () => undefined);
    this.#server.on('stream', (stream, headers) => void this.#answer(stream, headers));
  }

  /** Listens when everything that hosts are told is known. */
  static async start(options: FrontOptions): Promise<Front> {
    const front = new Front(options);
    await front.#parts.hub.ready();
    front.#listener.listen({ ...options.listen, backlog: BACKLOG });
    try {
      await once(front.#listener, 'listening');
    } catch (error) {
      await front[Symbol.asyncDispose]();
      throw error;
    }
    front.#listener.on('error', (error) => options.warn(String(error)));
    return front;
  }

  get address(): AddressInfo {
    return this.#listener.address() as AddressInfo;
  }

  /** Hosts that follow now. */
  get following(): number {
    return this.#parts.streams.count;
  }

  /** New keys, certificates and revocations: every peer proves anew who it is. */
  useCredentials(tls: SecureContextOptions): void {
    this.#server.setSecureContext(tls);
    for (const session of this.#sessions) session.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.streams.endAll();
    this.#turns[Symbol.dispose]();
    // As in connect-socket.ts.
    for (const socket of this.#sockets) socket.destroy();
    if (this.#listener.listening) await new Promise((resolve) => this.#listener.close(resolve));
    this.#parts.hub[Symbol.dispose]();
    await this.#parts.statuses[Symbol.asyncDispose]();
  }

  async #answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    stream.on('error', () => undefined);
    try {
      const peer = identifyPeer(stream.session?.socket as TLSSocket);
      if (peer === undefined) throw new Refused(403, 'the certificate is none that this front accepts');
      const [path = '', query = ''] = String(headers[':path']).split('?', 2);
      const found = this.#find(String(headers[':method']), path);
      this.#require(peer, found?.route);
      if (found === undefined) throw new Refused(404, 'there is no such route');
      const name = path.slice(found.start.length);
      await found.handle(peer, { stream, headers, name, query: new URLSearchParams(query) });
    } catch (error) {
      answerError(stream, error);
    }
  }

  #find(method: string, path: string): HandledRoute | undefined {
    return this.#routes.find(
      ({ route, start, isNamed }) => route.method === method && (isNamed ? path.startsWith(start) : path === start),
    );
  }

  /** Whoever has no certificate learns of no route but the one to join. */
  #require(peer: Peer, route: FrontRoute | undefined): void {
    if (route?.peer === 'anyone') return;
    if (peer.kind === 'anyone') throw new Refused(401, 'a certificate is needed');
    if (route !== undefined && route.peer !== peer.kind) throw new Refused(403, `this is not for a ${peer.kind}`);
    if (peer.kind !== 'host') return;
    const known = this.#parts.hub.hosts.known.get(peer.name)?.value;
    if (known?.fingerprint === peer.fingerprint) return;
    throw new Refused(403, `${peer.name} is no host of the fleet, or has another certificate by now`);
  }

  #listRoutes(store: FleetStore, admit: Admit | undefined): readonly HandledRoute[] {
    const parts = this.#parts;
    const asHost = (
      handle: (parts: HostParts, host: HostPeer, exchange: Exchange) => void | Promise<void>,
    ): Handler => {
      return (peer, exchange) => (peer.kind === 'host' ? handle(parts, peer, exchange) : undefined);
    };
    const all: readonly (readonly [FrontRoute, Handler])[] = [
      [HOST_ROUTES.follow, asHost(follow)],
      [HOST_ROUTES.blob, asHost(sendBlob)],
      [HOST_ROUTES.status, asHost(takeStatus)],
      [HOST_ROUTES.join, (_, exchange) => join(store, admit, exchange)],
      [OPERATOR_ROUTES.record, (_, exchange) => readOne(store, exchange)],
      [OPERATOR_ROUTES.records, (_, exchange) => readMany(store, exchange)],
      [OPERATOR_ROUTES.changes, (_, exchange) => followRecords(store, exchange)],
      [
        OPERATOR_ROUTES.write,
        (peer, exchange) => (peer.kind === 'operator' ? write(store, peer, exchange) : undefined),
      ],
    ];
    return all.map(([route, handle]) => {
      const [start = '', name] = route.path.split(':');
      return { route, handle, start, isNamed: name !== undefined };
    });
  }
}
