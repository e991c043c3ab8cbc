/** The routes as an OpenAPI document: docs/openapi.json, and what the agent answers to GET /v1/openapi.json. */
import { OPEN_CONSOLE } from './console-session.ts';
import { EVENT_STREAM } from './event-stream.ts';
import { EVENTS, EVENTS_PATH, EVENTS_QUERY, EVENTS_RIGHT } from './events.ts';
import { FLEET_SUMMARY } from './fleet-console.ts';
import { FLEET_LIVE_PATH, FLEET_ROUTES } from './fleet-console-routes.ts';
import { FLEET_PATH, FLEET_RIGHT, FLEET_STANDING } from './fleet-standing.ts';
import { LIVE_PATH, LIVE_RIGHT } from './live-events.ts';
import { ERROR, LIVE as LIVE_EVENTS } from './outcome-schemas.ts';
import type { RouteEntry } from './routes.ts';
import { ROUTES } from './routes.ts';
import type { Schema } from './schema.ts';
import { object, TEXT } from './schema.ts';

const DESCRIPTION =
  "The agent's API over its Unix socket, and over TLS with certificates on both sides where the configuration has " +
  'api.listen; x-role is what who asks over the network must be at least. ' +
  'Errors have the codes of docs/errors.md. A request with a body, and a change, answers ' +
  'with server-sent events where the request accepts text/event-stream: progress, step and warning as they come, then outcome or error. ' +
  'One change runs at a time: a second one gets 409 with who changes the host and since when.';

function content(schema: Schema): Schema {
  return { 'application/json': { schema } };
}

function parametersOf({ path, isChange, query }: RouteEntry): readonly Schema[] {
  const names = [...path.matchAll(/:(?<name>\w+)/gu)].map(({ groups }) => groups?.['name'] ?? '');
  const inPath = names.map((name) => ({ name, in: 'path', required: true, schema: TEXT }));
  const description = 'the same key and request again get the outcome of the first; kept for an hour';
  const key = { name: 'Idempotency-Key', in: 'header', required: false, schema: TEXT, description };
  const inQuery = Object.entries((query?.['properties'] ?? {}) as Readonly<Record<string, Schema>>);
  const asked = inQuery.map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
  return [...inPath, ...asked, ...(isChange ? [key] : [])];
}

function operationOf(name: string, route: RouteEntry): Schema {
  return {
    operationId: name,
    summary: route.summary,
    'x-role': route.role,
    parameters: parametersOf(route),
    ...(route.body === undefined ? {} : { requestBody: { required: true, content: content(route.body) } }),
    responses: {
      200: { description: 'the outcome', content: content(route.outcome) },
      default: { description: 'why not', content: content(ERROR) },
    },
  };
}

const FLEET_DESCRIPTION =
  'The API of xdpol fleet console, on the loopback interface, for whoever is signed in to it: a cookie, and with every ' +
  'change the header xdpol-csrf. Errors have the codes of docs/errors.md.';

const FLEET: Schema = {
  operationId: 'fleet',
  summary: 'what this host knows of the fleet that it takes orders from; null where it takes none',
  'x-role': ROUTES[FLEET_RIGHT].role,
  parameters: [],
  responses: {
    200: { description: 'the standing', content: content(FLEET_STANDING) },
    default: { description: 'why not', content: content(ERROR) },
  },
};

const LIVE: Schema = {
  operationId: 'live',
  summary:
    'what the host is at the moment, as server-sent events: all of it at first, then every second what has changed',
  'x-role': ROUTES[LIVE_RIGHT].role,
  parameters: [],
  responses: {
    200: {
      description: 'events without end; the data of each is what the property of its name says',
      content: { [EVENT_STREAM]: { schema: LIVE_EVENTS } },
    },
    default: { description: 'why not', content: content(ERROR) },
  },
};

const SAMPLES: Schema = {
  operationId: 'events',
  summary: 'sampled packets with who decided them, as server-sent events: drops, and what passes where it is asked for',
  'x-role': ROUTES[EVENTS_RIGHT].role,
  parameters: Object.entries(EVENTS_QUERY['properties'] as Readonly<Record<string, Schema>>).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema,
  })),
  responses: {
    200: {
      description: 'events without end; the data of each is what the property of its name says',
      content: { [EVENT_STREAM]: { schema: EVENTS } },
    },
    default: { description: 'why not', content: content(ERROR) },
  },
};

const FLEET_LIVE: Schema = {
  operationId: 'live',
  summary: 'the summary as server-sent events: at first, then every second where it has changed',
  'x-role': FLEET_ROUTES.summary.role,
  parameters: [],
  responses: {
    200: {
      description: 'events without end; the data of each is what the property of its name says',
      content: { [EVENT_STREAM]: { schema: object({ summary: FLEET_SUMMARY }) } },
    },
    default: { description: 'why not', content: content(ERROR) },
  },
};

type Paths = Record<string, Readonly<Record<string, Schema>>>;

function pathsOf(routes: Readonly<Record<string, RouteEntry>>, streams: Readonly<Record<string, Schema>>): Paths {
  const paths: Paths = Object.fromEntries(Object.entries(streams).map(([path, get]) => [path, { get }]));
  for (const [name, route] of Object.entries(routes)) {
    const path = route.path.replaceAll(/:(\w+)/gu, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(name, route) };
  }
  return paths;
}

export function openApiDocument(): Schema {
  const streams = { [LIVE_PATH]: LIVE, [FLEET_PATH]: FLEET, [EVENTS_PATH]: SAMPLES };
  const paths = pathsOf({ ...ROUTES, openConsole: OPEN_CONSOLE }, streams);
  return { openapi: '3.1.0', info: { title: 'xdpol agent', version: '1', description: DESCRIPTION }, paths };
}

/** docs/openapi-fleet.json. */
export function fleetApiDocument(): Schema {
  const info = { title: 'xdpol fleet console', version: '1', description: FLEET_DESCRIPTION };
  return { openapi: '3.1.0', info, paths: pathsOf(FLEET_ROUTES, { [FLEET_LIVE_PATH]: FLEET_LIVE }) };
}
