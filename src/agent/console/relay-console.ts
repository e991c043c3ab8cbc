/** The console of another host: the browser application here, and everything it asks over TLS from the agent there. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fastify } from 'fastify';
import { EVENT_STREAM } from '../../api/event-stream.ts';
import { EVENTS_PATH, EVENTS_RIGHT } from '../../api/events.ts';
import { FLEET_PATH, FLEET_RIGHT } from '../../api/fleet-standing.ts';
import { LIVE_PATH, LIVE_RIGHT } from '../../api/live-events.ts';
import type { AgentRequest, BegunAnswer } from '../../api/request.ts';
import type { RouteEntry, RouteName } from '../../api/routes.ts';
import { ROUTES } from '../../api/routes.ts';
import { MAX_BODY } from '../control/control-server.ts';
import type { FaultLog } from '../control/replies.ts';
import { answerInJson } from '../control/replies.ts';
import type { Admit, Right } from './console-server.ts';
import { ConsoleServer } from './console-server.ts';

type Asked = Omit<AgentRequest, 'address'>;

export interface RelayOptions {
  /** As its operator knows it. */
  readonly host: string;
  /** The outcome, over a connection of its own. Throws what the agent there threw, or why it cannot be asked. */
  readonly ask: (asked: Asked) => Promise<unknown>;
  /** The same for events without end. */
  readonly listen: (path: string) => Promise<BegunAnswer>;
  readonly log: FaultLog;
}

/** What a session here may do; what the certificate may do, the host decides. */
function rightOf(name: RouteName): Right {
  return { name, role: ROUTES[name].role };
}

/** Listens from the first address on that it gives. */
export function relayConsoleServer(options: RelayOptions): ConsoleServer {
  const { host } = options;
  const kind = {
    command: `xdpol --host ${host} console`,
    subject: 'host',
    hostName: host,
    helpTo: (role: string) => `open one that may do it: xdpol --host ${host} console --role ${role}`,
  } as const;
  return new ConsoleServer((admit) => {
    const app = fastify({ bodyLimit: MAX_BODY, forceCloseConnections: true });
    answerInJson(app, 'the console', options.log);
    for (const name of Object.keys(ROUTES) as RouteName[]) addRoute(app, ROUTES[name], rightOf(name), admit, options);
    const fleet = { ...ROUTES[FLEET_RIGHT], path: FLEET_PATH };
    addRoute(app, fleet, rightOf(FLEET_RIGHT), admit, options);
    addStream(app, LIVE_PATH, rightOf(LIVE_RIGHT), admit, options);
    addStream(app, EVENTS_PATH, rightOf(EVENTS_RIGHT), admit, options);
    return app;
  }, kind);
}

function addRoute(
  app: FastifyInstance,
  { method, path }: RouteEntry,
  right: Right,
  admit: Admit,
  { ask }: RelayOptions,
): void {
  app.route({
    method,
    url: path,
    onRequest: (request, _reply, done) => {
      admit(request, right);
      done();
    },
    handler: async (request, reply) => {
      const key = request.headers['idempotency-key'];
      const outcome = await ask({
        method,
        path: request.url,
        ...(request.body === undefined || request.body === null ? {} : { body: request.body }),
        ...(typeof key === 'string' ? { idempotencyKey: key } : {}),
      });
      // An outcome may be null, which fastify would send as nothing.
      return await reply.type('application/json; charset=utf-8').send(JSON.stringify(outcome));
    },
  });
}

/** Passed on as it comes; the session is looked at while it does. */
function addStream(app: FastifyInstance, path: string, right: Right, admit: Admit, { listen }: RelayOptions): void {
  app.get(path, async (request: FastifyRequest, reply: FastifyReply) => {
    admit(request, right);
    const { response, end } = await listen(request.url);
    reply.raw.once('close', end);
    if (response.headers['content-type']?.startsWith(EVENT_STREAM) !== true) {
      return await reply
        .code(response.statusCode ?? 500)
        .type('application/json')
        .send(response);
    }
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': EVENT_STREAM, 'cache-control': 'no-store' });
    response.on('data', () => {
      try {
        admit(request, right);
      } catch {
        reply.raw.end();
      }
    });
    response.pipe(reply.raw);
    // The page tries again, and is told why it cannot.
    response.once('error', () => reply.raw.end());
    return reply;
  });
}
