/** The agent's API as the browser asks it. */
import type { ConsoleSession } from '../api/console-session.ts';
import { CSRF_HEADER, SESSION_PATH } from '../api/console-session.ts';
import type { WireError } from '../api/wire-error.ts';

/** What the API answered in place of an outcome, with the next step. */
export class ApiError extends Error {
  readonly error: WireError;
  readonly status: number;

  constructor(error: WireError, status: number) {
    super(error.message);
    this.name = 'ApiError';
    this.error = error;
    this.status = status;
  }
}

/** The agent does not answer. */
export class AgentGone extends Error {}

let session: ConsoleSession | undefined;

async function ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (method !== 'GET' && session !== undefined) {
    headers[CSRF_HEADER] = session.csrf;
    headers['idempotency-key'] = Array.from(crypto.getRandomValues(new Uint32Array(4)), String).join('-');
  }
  const sent = { ...(body === undefined ? {} : { body: JSON.stringify(body) }), signal: signal ?? null };
  const response = await fetch(path, { method, headers, credentials: 'same-origin', ...sent }).catch((error: Error) => {
    throw error.name === 'AbortError' ? error : new AgentGone('the agent does not answer');
  });
  const answer = (await response.json()) as unknown;
  if (!response.ok) throw new ApiError(answer as WireError, response.status);
  return answer;
}

export async function read<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await ask('GET', path, undefined, signal)) as T;
}

/** A question that takes more than fits into an address. It changes nothing. */
export async function question<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return (await ask('POST', path, body, signal)) as T;
}

export async function change<T>(method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
  return (await ask(method, path, body)) as T;
}

export function policyPath(name: string): string {
  return `/v1/policies/${encodeURIComponent(name)}`;
}

/** With the token of the address, which is used up; else the session of the cookie. */
export async function signIn(token: string | null): Promise<ConsoleSession> {
  const answer = token === null ? ask('GET', SESSION_PATH) : ask('POST', SESSION_PATH, { token });
  session = (await answer) as ConsoleSession;
  return session;
}

export async function signOut(): Promise<void> {
  await ask('DELETE', SESSION_PATH);
  session = undefined;
}
