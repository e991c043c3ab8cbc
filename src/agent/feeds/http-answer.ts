/** Fetches what a server has, within bounds of size and time. */
import { BadFeed } from '../../host/live-sets/load-feed.ts';

const MOST_BYTES = 64 << 20;
const PATIENCE_MS = 60_000;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Empty where nothing has changed. */
  readonly bytes: Uint8Array;
}

export interface Asked {
  readonly headers: Readonly<Record<string, string>>;
  /** `error` where a header is a secret: another server would be told it. */
  readonly redirect: 'follow' | 'error';
}

/** Throws BadFeed where there is no answer, or one that is no success and not 304, or not over TLS all the way. */
export async function fetchBounded(url: string, asked: Asked, stop: AbortSignal): Promise<HttpAnswer> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    const headers = { 'user-agent': 'xdpol', ...asked.headers };
    const signal = AbortSignal.any([stop, patience]);
    const response = await fetch(url, { headers, redirect: asked.redirect, signal });
    if (url.startsWith('https:') && !response.url.startsWith('https:')) {
      await response.body?.cancel();
      throw new BadFeed(`the server leads on to ${response.url}, which is not protected by TLS`);
    }
    if (!response.ok && response.status !== 304) {
      await response.body?.cancel();
      throw new BadFeed(`the server answered ${response.status} ${response.statusText}`.trimEnd());
    }
    return { status: response.status, headers: response.headers, bytes: await readBody(response) };
  } catch (error) {
    if (error instanceof BadFeed || stop.aborted) throw error;
    if (patience.aborted) throw new BadFeed(`the server has not answered whole within ${PATIENCE_MS / 1000} s`);
    throw new BadFeed(reasonOf(error));
  }
}

async function readBody({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    total += chunk.length;
    if (total > MOST_BYTES) throw new BadFeed(`it has more than ${MOST_BYTES >> 20} MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** fetch() has the reason in what caused its error. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  const { code, message: inner } = (cause ?? {}) as NodeJS.ErrnoException;
  if (inner === 'unexpected redirect') return 'the server leads on to another address: name that one in the policy';
  if (message === 'terminated') return 'the connection ended before the list did';
  return `the server cannot be reached: ${code?.startsWith('UND_') === false ? code : (inner ?? message)}`;
}
