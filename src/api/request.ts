/** One request to an agent over its socket. */
import { request as httpRequest } from 'node:http';
import { EnvironmentError } from '../base/environment-error.ts';
import type { OperationEvent, Report } from '../host/context.ts';
import { EVENT_STREAM, EventReader } from './event-stream.ts';
import { PLACE_HEADER } from './place.ts';
import type { WireError } from './wire-error.ts';
import { decodeError } from './wire-error.ts';

/** No agent answers there that could speak for this command: nothing was asked of it. */
export class AgentUnreachable extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`no agent to ask: ${code}`);
    this.name = 'AgentUnreachable';
    this.code = code;
  }
}

export interface AgentRequest {
  readonly socketPath: string;
  readonly place: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** A change: sent at most once, however often it arrives. */
  readonly idempotencyKey?: string;
}

/** Milliseconds until an agent says that it took the request. Longer than a scrape, shorter than patience. */
const ANSWER_TIMEOUT = 5000;
const MISDIRECTED = 421;

function headersOf({ place, body, idempotencyKey }: AgentRequest): Record<string, string> {
  return {
    accept: `${EVENT_STREAM}, application/json`,
    [PLACE_HEADER]: place,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
  };
}

/** The outcome. Throws what the operation threw at the agent, or AgentUnreachable; events go to `report`. */
export function askAgent(asked: AgentRequest, report: Report): Promise<unknown> {
  const { socketPath, method, path, body } = asked;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ socketPath, method, path, headers: headersOf(asked), agent: false });
    const late = setTimeout(() => outgoing.destroy(new AgentUnreachable('ETIMEDOUT')), ANSWER_TIMEOUT);
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(late);
      reject(error instanceof AgentUnreachable ? error : new AgentUnreachable(error.code ?? 'unknown'));
    });
    outgoing.once('response', (response) => {
      clearTimeout(late);
      outgoing.removeAllListeners('error').on('error', () => reject(agentGone()));
      if (response.statusCode === MISDIRECTED) {
        response.resume();
        reject(new AgentUnreachable('another host'));
        return;
      }
      const isStream = response.headers['content-type']?.startsWith(EVENT_STREAM) === true;
      const events = new EventReader();
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (isStream) for (const { event, data } of events.read(chunk)) settle(event, data);
        else text += chunk;
      });
      response.once('error', () => reject(agentGone()));
      response.once('close', () => reject(agentGone()));
      response.once('end', () => {
        if (!isStream) settle(response.statusCode === 200 ? 'outcome' : 'error', JSON.parse(text));
      });
    });
    const settle = (event: string, data: unknown): void => {
      if (event === 'outcome') resolve(data);
      else if (event === 'error') reject(decodeError(data as WireError));
      else report(data as OperationEvent);
    };
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function agentGone(): EnvironmentError {
  return new EnvironmentError('XDPOL_E_AGENT_GONE', 'the agent ended before it answered', {
    help: 'see what is in force: xdpol status',
  });
}
