/** The operations of a host, carried out by its agent. */
import { randomUUID } from 'node:crypto';
import type { HostOperations } from '../host/operations.ts';
import type { AgentRequest } from './request.ts';
import type { CollectFiles, WireStored } from './wire.ts';
import { decodeStored, encodeInput } from './wire.ts';

/** Gives the outcome of a request; throws what the operation threw at the agent. */
export type Ask = (asked: Omit<AgentRequest, 'address'>) => Promise<unknown>;

/** Each throws what `ask` throws where no agent takes a request. */
export function agentOperations(ask: Ask, collect: CollectFiles): HostOperations {
  const read = async <T>(path: string): Promise<T> => (await ask({ method: 'GET', path })) as T;
  const change = async <T>(method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> => {
    const asked = { method, path, idempotencyKey: randomUUID(), ...(body === undefined ? {} : { body }) };
    return (await ask(asked)) as T;
  };
  const policy = (name: string): string => `/v1/policies/${encodeURIComponent(name)}`;
  return {
    async apply({ input, ...request }) {
      return await change('POST', '/v1/apply', { ...request, input: await encodeInput(input, collect) });
    },
    assign: (request) => change('POST', '/v1/assign', request),
    confirm: () => change('POST', '/v1/confirm'),
    rollBack: () => change('POST', '/v1/rollback'),
    pending: () => read('/v1/pending'),
    unassign: () => change('POST', '/v1/unassign'),
    restore: (request) => change('POST', '/v1/restore', request),
    delete: (name) => change('DELETE', policy(name)),
    changeStored: (request) => change('POST', '/v1/stored-change', request),
    changeDynamic: (request) => change('POST', '/v1/dynamic-change', request),
    status: () => read('/v1/status'),
    counters: () => read('/v1/counters'),
    assignment: () => read('/v1/assignment'),
    list: () => read('/v1/policies'),
    history: (name) => read(`${policy(name)}/versions`),
    changes: () => read('/v1/changes'),
    async readStored(name, version) {
      return decodeStored(await read<WireStored>(`${policy(name)}/versions/${version ?? 'newest'}`));
    },
  };
}
