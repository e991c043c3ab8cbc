/** The agent's socket: the operations of this host over HTTP, for commands, the console and whoever is in the group. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { fastify } from 'fastify';
import { ASKER_HEADER } from '../../api/asker.ts';
import { OPEN_CONSOLE } from '../../api/console-session.ts';
import { EVENT_STREAM, formatEvent } from '../../api/event-stream.ts';
import { EVENTS_PATH, EVENTS_QUERY, EVENTS_RIGHT } from '../../api/events.ts';
import type { FleetStanding } from '../../api/fleet-standing.ts';
import { FLEET_PATH, FLEET_RIGHT } from '../../api/fleet-standing.ts';
import type { HostLiveEvent } from '../../api/live-events.ts';
import { LIVE_PATH, LIVE_RIGHT } from '../../api/live-events.ts';
import { openApiDocument } from '../../api/openapi.ts';
import { PLACE_HEADER } from '../../api/place.ts';
import type { RouteEntry, RouteName } from '../../api/routes.ts';
import { ROUTES } from '../../api/routes.ts';
import { toJson } from '../../api/wire.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import type { Role } from '../../base/roles.ts';
import type { Asker, OperationEvent } from '../../host/context.ts';
import { openContext } from '../../host/context.ts';
import type { EventsRequest } from '../../host/events.ts';
import { OwnNetworkCache } from '../../host/live-sets/own-network.ts';
import { localOperations } from '../../host/operations.ts';
import type { CreateApi } from '../console/console-server.ts';
import { ConsoleServer, HOST_CONSOLE, READING } from '../console/console-server.ts';
import type { AgentLog } from '../log.ts';
import type { Questions } from '../questions/questions.ts';
import { NoThread, ThreadLost } from '../questions/thread-lane.ts';
import { callerOf, NOBODY_KNOWN } from './caller.ts';
import type { ChangeTurns } from './change-turn.ts';
import type { Asked } from './handlers.ts';
import { HANDLERS } from './handlers.ts';
import type { LiveFeed } from './live-feed.ts';
import { answerInJson, endStream, NO_BODY, openStream, sendOutcome, serveLive, wireError } from './replies.ts';
import type { SampleFeed, SampleListener } from './sample-feed.ts';
import { clearSocketPath, openToGroup } from './socket-file.ts';

export interface ControlOptions extends OperationOptions {
  readonly socketPath: string;
  /** See ownPlace. */
  readonly place: string;
}

/** Bytes of a request: a policy with a list of some million addresses. */
export const MAX_BODY: number = 128 << 20;
/** Seconds that a change waits for a command that works by itself. Waiting blocks the agent. */
const LOCK_PATIENCE = 0;
const ownNetwork = new OwnNetworkCache();

/** A way to the operations: who comes by it, and what he may ask for. */
export interface Entrance {
  /** The one who asks, as records have it. Throws where he may not ask for the route; null: the routes themselves. */
  admit(request: FastifyRequest, name: RouteName | null): Asker;
  /** Those who come by it are commands of this host: where one is ended, so is the change it asked for, if it has changed nothing. */
  readonly endsWithAsker?: boolean | undefined;
}

/** Listens until closed. Throws EnvironmentError where another agent does. */
export async function startControlServer(options: ControlOptions): Promise<FastifyInstance> {
  await clearSocketPath(options.socketPath);
  const createApi = (entrance: Entrance): FastifyInstance => {
    const api = fastify({ bodyLimit: MAX_BODY, forceCloseConnections: true });
    serveOperations(api, entrance, options);
    return api;
  };
  /** By the role of a session. */
  const createConsoleApi: CreateApi = (admitRole) =>
    createApi({ admit: (request, name) => admitRole(request, name === null ? READING : { name, ...ROUTES[name] }) });
  const admit: Entrance['admit'] = (request, name) => {
    if (name !== null) requirePlace(request, options.place);
    return askerOf(request);
  };
  const app = createApi({ admit, endsWithAsker: true });
  addConsole(app, new ConsoleServer(createConsoleApi, HOST_CONSOLE));
  const mask = process.umask(0o177);
  try {
    await app.listen({ path: options.socketPath });
  } finally {
    process.umask(mask);
  }
  openToGroup(options.socketPath);
  return app;
}

function askerOf({ raw, headers }: Pick<FastifyRequest, 'raw' | 'headers'>): Asker {
  const header = headers[ASKER_HEADER];
  return callerOf(raw.socket, typeof header === 'string' ? header : undefined);
}

/** Its addresses are given out on this socket. It ends with it. */
function addConsole(app: FastifyInstance, webConsole: ConsoleServer): void {
  const { method, path, body } = OPEN_CONSOLE;
  const open = (request: FastifyRequest): Promise<unknown> =>
    webConsole.open(askerOf(request), (request.body as { readonly role: Role }).role);
  app.route({ method, url: path, schema: { body }, handler: open });
  app.addHook('onClose', () => webConsole.close());
}

export interface OperationOptions {
  readonly log: AgentLog;
  /** Of every entrance. */
  readonly turns: ChangeTurns;
  readonly live: LiveFeed<HostLiveEvent>;
  readonly samples: SampleFeed;
  readonly questions: Questions;
  /** null where this host takes no orders. */
  readonly fleet: () => FleetStanding | null;
  /** Brings what is observed of the traffic up to date. */
  readonly observe: () => Promise<void>;
}

/** Every route, behind an entrance. */
export function serveOperations(app: FastifyInstance, entrance: Entrance, options: OperationOptions): void {
  answerInJson(app, 'the agent', options.log);
  for (const name of Object.keys(ROUTES) as RouteName[]) addRoute(app, name, entrance, options);
  const admit = (request: FastifyRequest): unknown => entrance.admit(request, LIVE_RIGHT);
  serveLive(app, { path: LIVE_PATH, feed: options.live, admit }, options.log);
  addSamples(app, entrance, options);
  app.get(FLEET_PATH, { bodyLimit: NO_BODY }, (request, reply) => {
    entrance.admit(request, FLEET_RIGHT);
    return reply.type('application/json; charset=utf-8').send(toJson(options.fleet()));
  });
  const document = openApiDocument();
  app.get('/v1/openapi.json', (request) => {
    entrance.admit(request, null);
    return document;
  });
}

function addRoute(app: FastifyInstance, name: RouteName, entrance: Entrance, options: OperationOptions): void {
  const { method, path, body, query }: RouteEntry = ROUTES[name];
  const callers = new WeakMap<FastifyRequest, Asker>();
  app.route({
    method,
    url: path,
    ...(body === undefined ? { bodyLimit: NO_BODY } : {}),
    schema: { ...(body === undefined ? {} : { body }), ...(query === undefined ? {} : { querystring: query }) },
    // Before the body is read.
    onRequest: (request, _reply, done) => {
      callers.set(request, entrance.admit(request, name));
      done();
    },
    handler: async (request, reply) => {
      const gone = new AbortController();
      reply.raw.once('close', () => {
        if (!reply.raw.writableFinished) gone.abort();
      });
      const asker = callers.get(request) ?? NOBODY_KNOWN;
      const asked = { name, request, asker, gone: gone.signal, endsWithAsker: entrance.endsWithAsker, ...options };
      const report = wantsEvents(request, name) ? openStream(reply) : () => undefined;
      if (!wantsEvents(request, name)) return sendOutcome(reply, await carryOut(asked, report));
      await carryOut(asked, report).then(
        (outcome) => endStream(reply, 'outcome', outcome),
        (error: unknown) => endStream(reply, 'error', wireError(error, options.log)),
      );
      return reply;
    },
  });
}

/** Sampled packets until the listener goes, may listen no longer, or the agent ends. */
function addSamples(app: FastifyInstance, entrance: Entrance, options: OperationOptions): void {
  const { samples } = options;
  app.get(EVENTS_PATH, { bodyLimit: NO_BODY, schema: { querystring: EVENTS_QUERY } }, (request, reply) => {
    const admit = (): unknown => entrance.admit(request, EVENTS_RIGHT);
    admit();
    const { raw } = reply;
    const listener: SampleListener = {
      request: request.query as EventsRequest,
      admit,
      waiting: () => raw.writableLength,
      send: (event) => raw.write(formatEvent(event.kind, toJson(event))),
      end: (error) => (error === undefined ? raw.end() : endStream(reply, 'error', wireError(error, options.log))),
    };
    samples.add(listener);
    raw.once('close', () => samples.remove(listener));
    openStream(reply);
    return reply;
  });
}

/** A command that speaks of another host than this one works by itself. */
function requirePlace(request: FastifyRequest, place: string): void {
  const meant = request.headers[PLACE_HEADER];
  if (meant === undefined || meant === place) return;
  throw new EnvironmentError('XDPOL_E_OTHER_HOST', 'this agent serves another network namespace, store or version');
}

/** Answered from what is observed of the traffic. */
const OBSERVED: ReadonlySet<RouteName> = new Set(['report', 'reportTraffic', 'suggestPermits']);

interface AskedBy {
  readonly name: RouteName;
  readonly request: FastifyRequest;
  readonly asker: Asker;
  readonly turns: ChangeTurns;
  readonly questions: Questions;
  readonly observe: OperationOptions['observe'];
  /** Aborted where whoever asked has gone. */
  readonly gone: AbortSignal;
  readonly endsWithAsker: Entrance['endsWithAsker'];
}

async function carryOut(by: AskedBy, report: (event: OperationEvent) => void): Promise<unknown> {
  const { name, request, asker, turns, observe } = by;
  const { name: policy = '', version = '' } = request.params as Partial<Asked>;
  const asked = { body: request.body, name: policy, version, query: request.query };
  const work = (): Promise<unknown> => {
    const context = openContext(report, undefined, { asker, patience: LOCK_PATIENCE });
    const host = localOperations({ ...context, ownNetwork });
    return HANDLERS[name](host, asked);
  };
  // Where it cannot be, the report says when the last look was.
  const look = (): Promise<unknown> => observe().catch(() => undefined);
  if (OBSERVED.has(name)) await look();
  if (!ROUTES[name].isChange) return await answerBeside(by, asked, report, work);
  const key = request.headers['idempotency-key'];
  const digested = `${request.method} ${request.url} ${toJson(request.body ?? null)}`;
  const outcome = await turns.once(typeof key === 'string' ? key : undefined, digested, () =>
    turns.take(asker.who, name, () => changeBeside(by, asked, report, work)),
  );
  // Samples of what it would drop begin with the trial.
  if (name === 'startAudit') await look();
  return outcome;
}

/** By a thread, where the change may take long and there is one. */
async function changeBeside(
  { name, asker, questions, gone, endsWithAsker }: AskedBy,
  asked: Asked,
  report: (event: OperationEvent) => void,
  changeHere: () => Promise<unknown>,
): Promise<unknown> {
  try {
    return await (questions.change({ name, asker, asked }, report, endsWithAsker === true ? gone : undefined) ??
      changeHere());
  } catch (error) {
    if (error instanceof NoThread) return await changeHere();
    if (error instanceof ThreadLost) openContext(report).store.releaseLock();
    throw error;
  }
}

/** By a thread, where the question may take long and there is one. */
async function answerBeside(
  { name, asker, questions, gone }: AskedBy,
  asked: Asked,
  report: (event: OperationEvent) => void,
  answerHere: () => Promise<unknown>,
): Promise<unknown> {
  try {
    return await (questions.ask({ name, asker, asked }, report, gone) ?? answerHere());
  } catch (error) {
    if (error instanceof NoThread) return await answerHere();
    throw error;
  }
}

function wantsEvents(request: FastifyRequest, name: RouteName): boolean {
  // What has a body may take long.
  const { isChange, body }: RouteEntry = ROUTES[name];
  return (isChange || body !== undefined) && request.headers.accept?.includes(EVENT_STREAM) === true;
}
