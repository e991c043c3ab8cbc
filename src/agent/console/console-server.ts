/** A web console's own listener: the browser application, signing in, and an API for who is signed in. */
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ConsoleAddress, ConsoleSession } from '../../api/console-session.ts';
import { CSRF_HEADER, SESSION_PATH } from '../../api/console-session.ts';
import { object, TEXT } from '../../api/schema.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import type { Role } from '../../base/roles.ts';
import { roleCovers } from '../../base/roles.ts';
import type { Asker } from '../../host/context.ts';
import { readAssets } from './assets.ts';
import type { Session } from './sessions.ts';
import { SESSION_LIFE, Sessions } from './sessions.ts';

const LOOPBACK = '127.0.0.1';

/** No script, style, picture or request from elsewhere, and none of them in line. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/** What is asked for, and what a session must be for it at least. */
export interface Right {
  readonly name: string;
  readonly role: Role;
}

/** Of what says nothing of the host. */
export const READING: Right = { name: 'reading', role: 'viewer' };

/** Who asks, as records have it. Throws EnvironmentError where the session does not give the right. */
export type Admit = (request: FastifyRequest, right: Right) => Asker;

/** An app with the routes of an API, for who is admitted. */
export type CreateApi = (admit: Admit) => FastifyInstance;

/** One of the consoles: the command that gives its addresses, and what its pages are about. */
export interface ConsoleKind {
  readonly command: string;
  readonly subject: ConsoleSession['subject'];
  /** Whose console it is, on every screen. */
  readonly hostName: string;
  /** How to get a session of that role. */
  readonly helpTo: (role: Role) => string;
}

export const HOST_CONSOLE: ConsoleKind = {
  command: 'xdpol console',
  subject: 'host',
  hostName: hostname(),
  helpTo: (role) => `open one that may do it: xdpol console --role ${role}`,
};

/** Listens from the first address on that is asked for. */
export class ConsoleServer {
  readonly #createApi: CreateApi;
  readonly #kind: ConsoleKind;
  readonly #sessions: Sessions;
  #app: Promise<FastifyInstance> | undefined;

  constructor(createApi: CreateApi, kind: ConsoleKind) {
    this.#createApi = createApi;
    this.#kind = kind;
    this.#sessions = new Sessions(kind.command);
  }

  /** Throws EnvironmentError where it cannot listen. */
  async open({ who, uid }: Asker, role: Role): Promise<ConsoleAddress> {
    this.#app ??= this.#start();
    const app = await this.#app.catch((error: unknown) => {
      this.#app = undefined;
      throw error;
    });
    const { token, until } = this.#sessions.issueToken({ who, uid, role });
    return { address: `http://${authorityOf(app)}/console/#token=${token}`, until: new Date(until).toISOString() };
  }

  async close(): Promise<void> {
    const app = await this.#app?.catch(() => undefined);
    await app?.close();
  }

  async #start(): Promise<FastifyInstance> {
    const assets = readAssets();
    const app = this.#createApi((request, right) => this.#admit(request, right));
    app.addHook('onRequest', async (request, reply) => {
      reply.headers(HEADERS);
      requireHost(app, request, this.#kind);
    });
    for (const { name, type, content } of assets) {
      const path = name === 'index.html' ? '/console/' : `/console/${name}`;
      app.get(path, (_, reply) => reply.type(type).send(content));
    }
    for (const path of ['/', '/console']) app.get(path, (_, reply) => reply.redirect('/console/'));
    this.#addSignIn(app);
    try {
      await app.listen({ host: LOOPBACK, port: 0 });
    } catch (cause) {
      throw new EnvironmentError('XDPOL_E_LISTEN', `the console cannot listen on ${LOOPBACK}`, {
        help: 'see that the loopback interface is up: ip link set lo up',
        cause,
      });
    }
    return app;
  }

  #addSignIn(app: FastifyInstance): void {
    app.post(SESSION_PATH, { schema: { body: object({ token: TEXT }) } }, (request, reply) => {
      const { id, session } = this.#sessions.signIn((request.body as { readonly token: string }).token);
      setCookie(reply, cookieName(app), id, SESSION_LIFE / 1000);
      return this.#describe(session);
    });
    app.get(SESSION_PATH, (request) => this.#describe(this.#sessionOf(request)));
    app.delete(SESSION_PATH, (request, reply) => {
      requireCsrf(request, this.#sessionOf(request));
      this.#sessions.signOut(cookieOf(request));
      setCookie(reply, cookieName(app), '', 0);
      return {};
    });
  }

  #sessionOf(request: FastifyRequest): Session {
    return this.#sessions.require(cookieOf(request));
  }

  #admit(request: FastifyRequest, { name, role }: Right): Asker {
    const session = this.#sessionOf(request);
    if (request.method !== 'GET') requireCsrf(request, session);
    if (roleCovers(session.role, role)) {
      return { who: `${session.who} (console)`, uid: session.uid, via: 'agent' };
    }
    throw new EnvironmentError('XDPOL_E_ROLE', `this session is for a ${session.role}, and ${name} needs ${role}`, {
      help: this.#kind.helpTo(role),
    });
  }

  #describe({ who, role, csrf, until }: Session): ConsoleSession {
    const { subject, hostName } = this.#kind;
    return { who, role, csrf, until: new Date(until).toISOString(), hostName, subject };
  }
}

function authorityOf(app: FastifyInstance): string {
  return `${LOOPBACK}:${(app.server.address() as AddressInfo).port}`;
}

/** A page of another site can have its name lead here; the name then stands in the request. */
function requireHost(app: FastifyInstance, request: FastifyRequest, { command }: ConsoleKind): void {
  const port = authorityOf(app).slice(LOOPBACK.length);
  if ([`${LOOPBACK}${port}`, `localhost${port}`].includes(request.headers.host ?? '')) return;
  throw new EnvironmentError('XDPOL_E_FORGED', `the console does not answer as ${request.headers.host ?? 'no host'}`, {
    help: `use the address that ${command} prints, with the same port on both ends of a tunnel`,
  });
}

function requireCsrf(request: FastifyRequest, session: Session): void {
  if (request.headers[CSRF_HEADER] === session.csrf) return;
  throw new EnvironmentError('XDPOL_E_FORGED', 'the request lacks the secret of the session', {
    help: 'load the page of the console again',
  });
}

/** Browsers keep cookies of an address apart by their names alone, whatever the port: one may show several consoles. */
function cookieName(app: FastifyInstance): string {
  return `xdpol-console-${(app.server.address() as AddressInfo).port}`;
}

function cookieOf({ headers, server }: FastifyRequest): string | undefined {
  const cookies = (headers.cookie ?? '').split('; ').map((text) => text.split('='));
  return cookies.find(([name]) => name === cookieName(server))?.[1];
}

function setCookie(reply: FastifyReply, name: string, value: string, seconds: number): void {
  reply.header('set-cookie', `${name}=${value}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${seconds}`);
}
