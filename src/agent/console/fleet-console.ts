/** The console of a fleet: the browser application with the fleet's screen, and the fleet's operations for who is signed in. */
import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { fastify } from 'fastify';
import type { FleetHostsQuery, FleetPreviewRequest, FleetRolloutRequest } from '../../api/fleet-console.ts';
import type { FleetLiveEvent, FleetRouteName } from '../../api/fleet-console-routes.ts';
import { FLEET_LIVE_PATH, FLEET_ROUTES } from '../../api/fleet-console-routes.ts';
import { fleetApiDocument } from '../../api/openapi.ts';
import type { WireText } from '../../api/wire.ts';
import { toJson } from '../../api/wire.ts';
import type { FleetDesk } from '../../fleet/centre/desk.ts';
import { recentChanges } from '../../fleet/centre/recent-changes.ts';
import type { FleetStore } from '../../fleet/fleet-store.ts';
import type { PolicyRecord } from '../../fleet/records.ts';
import { ChangeTurns } from '../control/change-turn.ts';
import { LiveFeed } from '../control/live-feed.ts';
import type { FaultLog } from '../control/replies.ts';
import { answerInJson, NO_BODY, serveLive } from '../control/replies.ts';
import type { Admit, ConsoleKind } from './console-server.ts';
import { ConsoleServer, READING } from './console-server.ts';

/** Bytes of a request: a policy with the files that it names. */
const MAX_BODY = 128 << 20;

export const FLEET_CONSOLE: ConsoleKind = {
  command: 'xdpol fleet console',
  subject: 'fleet',
  hostName: hostname(),
  helpTo: (role) => `use the folder of an operator whose certificate has the role ${role}: xdpol fleet console --dir`,
};

export interface FleetConsoleOptions {
  readonly desk: FleetDesk;
  readonly store: FleetStore;
  /** Checks a policy and stores it as a new version. */
  readonly publish: (policy: WireText) => Promise<PolicyRecord>;
  readonly log: FaultLog;
}

interface Asked {
  readonly body: unknown;
  readonly query: unknown;
  /** Of the path. */
  readonly id: string;
}

type Handler = (options: FleetConsoleOptions, asked: Asked) => Promise<unknown>;

const HANDLERS: Readonly<Record<FleetRouteName, Handler>> = {
  summary: ({ desk }) => desk.summary(),
  hosts: ({ desk }, { query }) => desk.hosts(query as FleetHostsQuery),
  policies: ({ desk }) => desk.policies(),
  changes: async ({ store }) => ({ changes: await recentChanges(store) }),
  preview: ({ desk }, { body }) => desk.preview(body as FleetPreviewRequest),
  publish: async ({ publish }, { body }) => {
    const { name, version } = await publish(body as WireText);
    return { name, version };
  },
  rollOut: ({ desk }, { body }) => desk.rollOut(body as FleetRolloutRequest),
  stop: ({ desk }, { id }) => desk.stop(id),
  resume: ({ desk }, { id }) => desk.resume(id),
  rollBack: ({ desk }, { body }) => desk.rollBack(body as { readonly target: string }),
};

/** Listens from the first address on that it gives. */
export function fleetConsoleServer(options: FleetConsoleOptions): ConsoleServer {
  const turns = new ChangeTurns();
  return new ConsoleServer((admit) => {
    const app = fastify({ bodyLimit: MAX_BODY, forceCloseConnections: true });
    answerInJson(app, 'the console of the fleet', options.log);
    for (const name of Object.keys(FLEET_ROUTES) as FleetRouteName[]) addRoute(app, name, { admit, turns, ...options });
    const feed = new LiveFeed<FleetLiveEvent>({ summary: () => options.desk.summary() });
    const listen = { path: FLEET_LIVE_PATH, feed, admit: (request: Parameters<Admit>[0]) => admit(request, READING) };
    serveLive(app, listen, options.log);
    app.addHook('preClose', (done) => {
      feed.close();
      done();
    });
    const document = fleetApiDocument();
    app.get('/v1/openapi.json', (request) => {
      admit(request, READING);
      return document;
    });
    return app;
  }, FLEET_CONSOLE);
}

interface Serving extends FleetConsoleOptions {
  readonly admit: Admit;
  readonly turns: ChangeTurns;
}

function addRoute(app: FastifyInstance, name: FleetRouteName, { admit, turns, ...options }: Serving): void {
  const { method, path, body, query, role, isChange } = FLEET_ROUTES[name];
  app.route({
    method,
    url: path,
    ...(body === undefined ? { bodyLimit: NO_BODY } : {}),
    schema: { ...(body === undefined ? {} : { body }), ...(query === undefined ? {} : { querystring: query }) },
    // Before the body is read.
    onRequest: (request, _reply, done) => {
      admit(request, { name, role });
      done();
    },
    handler: async (request) => {
      const { who } = admit(request, { name, role });
      const { id = '' } = request.params as { readonly id?: string };
      const work = (): Promise<unknown> => HANDLERS[name](options, { body: request.body, query: request.query, id });
      if (!isChange) return await work();
      const key = request.headers['idempotency-key'];
      const digested = `${method} ${request.url} ${toJson(request.body ?? null)}`;
      return await turns.once(typeof key === 'string' ? key : undefined, digested, () => turns.take(who, name, work));
    },
  });
}
