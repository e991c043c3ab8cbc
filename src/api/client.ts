/** The operations of a host, carried out by its agent. */
import { randomUUID } from 'node:crypto';
import type { EventsRequest, HostEvent } from '../host/events.ts';
import type { HostOperations } from '../host/operations.ts';
import type { PolicyInput } from '../host/policy-input.ts';
import { eventsPath } from './events.ts';
import type { AgentRequest } from './request.ts';
import type { CollectFiles, WireInput, WireStored } from './wire.ts';
import { decodeStored, encodeInput } from './wire.ts';

/** Gives the outcome of a request; throws what the operation threw at the agent. */
export type Ask = (asked: Omit<AgentRequest, 'address'>) => Promise<unknown>;

/** Follows a route of events. */
export type Listen = (path: string, stop?: AbortSignal) => Promise<AsyncIterable<HostEvent>>;

/** Each throws what `ask` and `listen` throw where no agent takes a request. */
export function agentOperations(ask: Ask, listen: Listen, collect: CollectFiles): HostOperations {
  const read = async <T>(path: string): Promise<T> => (await ask({ method: 'GET', path })) as T;
  const change = async <T>(method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> => {
    const asked = { method, path, idempotencyKey: randomUUID(), ...(body === undefined ? {} : { body }) };
    return (await ask(asked)) as T;
  };
  const question = async <T>(path: string, body: unknown): Promise<T> =>
    (await ask({ method: 'POST', path, body })) as T;
  const encode = (input: PolicyInput): Promise<WireInput> => encodeInput(input, collect);
  const encodeMaybe = async (input: PolicyInput | undefined): Promise<WireInput | undefined> =>
    input === undefined ? undefined : await encode(input);
  const policy = (name: string): string => `/v1/policies/${encodeURIComponent(name)}`;
  return {
    async apply({ input, ...request }) {
      return await change('POST', '/v1/apply', { ...request, input: await encode(input) });
    },
    assign: (request) => change('POST', '/v1/assign', request),
    confirm: () => change('POST', '/v1/confirm'),
    rollBack: () => change('POST', '/v1/rollback'),
    pending: () => read('/v1/pending'),
    unassign: () => change('POST', '/v1/unassign'),
    unassignInterface: (name) => change('DELETE', `/v1/interfaces/${encodeURIComponent(name)}`),
    restore: (request) => change('POST', '/v1/restore', request),
    delete: (name) => change('DELETE', policy(name)),
    changeStored: (request) => change('POST', '/v1/stored-change', request),
    changeDynamic: (request) => change('POST', '/v1/dynamic-change', request),
    status: () => read('/v1/status'),
    counters: ({ dropping } = {}) =>
      read(dropping === undefined ? '/v1/counters' : `/v1/counters?${queryOf({ dropping })}`),
    ruleCounters: (rules) => question('/v1/counters', { rules }),
    retiredCounters: ({ page, limit }) => read(`/v1/counters/retired?${queryOf({ page, limit })}`),
    async startAudit({ input }) {
      return await change('POST', '/v1/audit', { input: await encode(input) });
    },
    audit: () => read('/v1/audit'),
    suggestPermits: () => read('/v1/audit/suggestions'),
    endAudit: () => change('DELETE', '/v1/audit'),
    report: ({ unusedFor }) => read(`/v1/report?${queryOf({ unusedFor })}`),
    reportTraffic: ({ unusedFor }) => read(`/v1/report/traffic?${queryOf({ unusedFor })}`),
    events: (request: EventsRequest, stop) => listen(eventsPath(request), stop),
    assignment: () => read('/v1/assignment'),
    list: () => read('/v1/policies'),
    history: (name) => read(`${policy(name)}/versions`),
    changes: () => read('/v1/changes'),
    async readStored(name, version) {
      return decodeStored(await read<WireStored>(`${policy(name)}/versions/${version ?? 'newest'}`));
    },
    async check({ input, ...request }) {
      return await question('/v1/check', { ...request, input: await encode(input) });
    },
    async explain({ input, ...request }) {
      return await question('/v1/explain', { ...request, input: await encodeMaybe(input) });
    },
    async diff({ from, to, ...request }) {
      return await question('/v1/diff', { ...request, from: await encodeMaybe(from), to: await encode(to) });
    },
    doctor({ interfaces = [] }) {
      const query = new URLSearchParams(interfaces.map((name): [string, string] => ['interfaces', name])).toString();
      return read(`/v1/doctor${query === '' ? '' : `?${query}`}`);
    },
    mend: (request) => change('POST', '/v1/doctor/mend', request),
    changeSet: (request) => change('POST', '/v1/sets', request),
    listSets: () => read('/v1/sets'),
    readSet: ({ set, ...asked }) => read(`/v1/sets/${encodeURIComponent(set)}?${queryOf({ ...asked })}`),
    testSet({ set, address }) {
      const query = new URLSearchParams({ address }).toString();
      return read(`/v1/sets/${encodeURIComponent(set)}/test?${query}`);
    },
    async store({ input }) {
      return await change('POST', '/v1/policies', { input: await encode(input) });
    },
    async edit({ input, rule }) {
      return await question('/v1/edit', { input: await encode(input), rule });
    },
    chart: (request) => question('/v1/chart', request),
    async format(request) {
      return await question('/v1/format', request);
    },
    async outline({ input, ...asked }) {
      return await question('/v1/outline', { ...asked, input: await encode(input) });
    },
  };
}

/** Leaves out what is undefined. */
function queryOf(asked: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(asked).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  return new URLSearchParams(given.map(([key, value]): [string, string] => [key, String(value)])).toString();
}
