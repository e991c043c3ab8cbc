/** The web console's own listener: the browser application, signing in, and the API for who is signed in. */

import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ConsoleAddress, ConsoleSession } from '../../api/console-session.ts';
import { CSRF_HEADER, SESSION_PATH } from '../../api/console-session.ts';
import type { RouteName } from '../../api/routes.ts';
import { ROUTES } from '../../api/routes.ts';
import { object, TEXT } from '../../api/schema.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import type { Role } from '../../base/roles.ts';
import { roleCovers } from '../../base/roles.ts';
import type { Asker } from '../../host/context.ts';
import type { Entrance } from '../control/control-server.ts';
import { readAssets } from './assets.ts';
import type { Session } from './sessions.ts';
import { SESSION_LIFE, Sessions } from './sessions.ts';

const LOOPBACK = '127.0.0.1';
const COOKIE = 'xdpol-console';

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

/** An app with the routes of the API behind an entrance. */
export type CreateApi = (entrance: Entrance) => FastifyInstance;

/** Listens from the first address on that is asked for. */
export class ConsoleServer {
  readonly #createApi: CreateApi;
  readonly #sessions = new Sessions();
  #app: Promise<FastifyInstance> | undefined;

  constructor(createApi: CreateApi) {
    this.#createApi = createApi;
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
    const app = this.#createApi({ admit: (request, name) => this.#admit(request, name) });
    app.addHook('onRequest', async (request, reply) => {
      reply.headers(HEADERS);
      requireHost(app, request);
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
      setCookie(reply, id, SESSION_LIFE / 1000);
      return describe(session);
    });
    app.get(SESSION_PATH, (request) => describe(this.#sessionOf(request)));
    app.delete(SESSION_PATH, (request, reply) => {
      requireCsrf(request, this.#sessionOf(request));
      this.#sessions.signOut(cookieOf(request));
      setCookie(reply, '', 0);
      return {};
    });
  }

  #sessionOf(request: FastifyRequest): Session {
    return this.#sessions.require(cookieOf(request));
  }

  /** Who asks, as records have it. Throws EnvironmentError where the session does not give the right. */
  #admit(request: FastifyRequest, name: RouteName | null): Asker {
    const session = this.#sessionOf(request);
    if (request.method !== 'GET') requireCsrf(request, session);
    const needed = name === null ? 'viewer' : ROUTES[name].role;
    if (roleCovers(session.role, needed)) {
      return { who: `${session.who} (console)`, uid: session.uid, via: 'agent' };
    }
    throw new EnvironmentError('XDPOL_E_ROLE', `this session is for a ${session.role}, and ${name} needs ${needed}`, {
      help: `open one that may do it: xdpol console --role ${needed}`,
    });
  }
}

function authorityOf(app: FastifyInstance): string {
  return `${LOOPBACK}:${(app.server.address() as AddressInfo).port}`;
}

/** A page of another site can have its name lead here; the name then stands in the request. */
function requireHost(app: FastifyInstance, request: FastifyRequest): void {
  const port = authorityOf(app).slice(LOOPBACK.length);
  if ([`${LOOPBACK}${port}`, `localhost${port}`].includes(request.headers.host ?? '')) return;
  throw new EnvironmentError('XDPOL_E_FORGED', `the console does not answer as ${request.headers.host ?? 'no host'}`, {
    help: 'use the address that xdpol console prints, with the same port on both ends of a tunnel',
  });
}

function requireCsrf(request: FastifyRequest, session: Session): void {
  if (request.headers[CSRF_HEADER] === session.csrf) return;
  throw new EnvironmentError('XDPOL_E_FORGED', 'the request lacks the secret of the session', {
    help: 'load the page of the console again',
  });
}

function cookieOf(request: FastifyRequest): string | undefined {
  const cookies = (request.headers.cookie ?? '').split('; ').map((text) => text.split('='));
  return cookies.find(([name]) => name === COOKIE)?.[1];
}

function setCookie(reply: FastifyReply, value: string, seconds: number): void {
  reply.header('set-cookie', `${COOKIE}=${value}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${seconds}`);
}

function describe({ who, role, csrf, until }: Session): ConsoleSession {
  return { who, role, csrf, until: new Date(until).toISOString(), hostName: hostname() };
}
