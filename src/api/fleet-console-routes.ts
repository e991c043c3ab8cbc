/** Every route of the console of a fleet: what it does, what it takes, what it answers. */
import * as wire from './fleet-console.ts';
import { WIRE_TEXT } from './request-schemas.ts';
import type { RouteEntry } from './routes.ts';
import type { Schema } from './schema.ts';
import { object, TEXT } from './schema.ts';

export type FleetRouteName =
  | 'summary'
  | 'hosts'
  | 'policies'
  | 'changes'
  | 'preview'
  | 'publish'
  | 'rollOut'
  | 'stop'
  | 'resume'
  | 'rollBack';

/** The summary as server-sent events: at first, and then each second where it has changed. */
export const FLEET_LIVE_PATH = '/v1/fleet/live';
export type FleetLiveEvent = 'summary';

function read(path: string, summary: string, outcome: Schema): RouteEntry {
  return { method: 'GET', path, summary, isChange: false, role: 'viewer', outcome };
}

function change(path: string, summary: string, outcome: Schema, body?: Schema): RouteEntry {
  const administrator = { isChange: true, role: 'administrator' } as const;
  return { method: 'POST', path, summary, ...administrator, outcome, ...(body === undefined ? {} : { body }) };
}

export const FLEET_ROUTES: Readonly<Record<FleetRouteName, RouteEntry>> = {
  summary: read('/v1/fleet/summary', 'hosts by state, groups, rollouts', wire.FLEET_SUMMARY),
  hosts: {
    ...read('/v1/fleet/hosts', 'hosts, a page of those that a search finds', wire.FLEET_HOST_PAGE),
    query: wire.FLEET_HOSTS_QUERY,
  },
  policies: read('/v1/fleet/policies', 'published policies with their versions', wire.FLEET_POLICIES),
  changes: read('/v1/fleet/changes', 'who changed what last', wire.FLEET_CHANGES),
  preview: {
    ...change(
      '/v1/fleet/preview',
      'which hosts a rollout with these rings, or the way back, would reach; it changes nothing',
      wire.FLEET_PREVIEW,
      wire.FLEET_PREVIEW_REQUEST,
    ),
    isChange: false,
  },
  publish: change(
    '/v1/fleet/policies',
    'check a policy and store it as a new version, as fleet publish does',
    wire.FLEET_PUBLISHED,
    WIRE_TEXT,
  ),
  rollOut: change(
    '/v1/fleet/rollouts',
    'begin a rollout, which the server of the console drives',
    wire.FLEET_DONE,
    wire.FLEET_ROLLOUT_REQUEST,
  ),
  stop: change('/v1/fleet/rollouts/:id/stop', 'release no further ring, as fleet stop does', wire.FLEET_DONE),
  resume: change('/v1/fleet/rollouts/:id/resume', 'go on with a rollout, as rollout --resume does', wire.FLEET_DONE),
  rollBack: change(
    '/v1/fleet/rollback',
    'take a rollout back that is not over, else order again what was ordered before',
    wire.FLEET_DONE,
    object({ target: TEXT }),
  ),
};
