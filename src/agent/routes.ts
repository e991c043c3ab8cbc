/** What the agent answers over HTTP. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { acceptsGzip } from '../exporter/exposition.ts';

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export type Route = (headers: IncomingHttpHeaders) => Reply | Promise<Reply>;

const TEXT = 'text/plain; charset=utf-8';
const READING = new Set(['GET', 'HEAD']);
/** Bytes; a shorter answer fits a packet or two as it is. */
const WORTH_COMPRESSING = 2048;

const compress = promisify(gzip);

export function text(status: number, body: string): Reply {
  return { status, type: TEXT, body: `${body}\n` };
}

const LANDING = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>xdpol</title></head>
<body>
<h1>xdpol</h1>
<p>The packet-filter agent of this host.</p>
<ul>
<li><a href="/metrics">/metrics</a>: for Prometheus</li>
<li><a href="/healthz">/healthz</a>: does the agent answer?</li>
</ul>
</body>
</html>
`;

/** The pages that need nothing from the kernel, and the one that does. */
export function routesOf(metrics: Route): ReadonlyMap<string, Route> {
  return new Map<string, Route>([
    ['/', (): Reply => ({ status: 200, type: 'text/html; charset=utf-8', body: LANDING })],
    ['/healthz', (): Reply => text(200, 'ok')],
    ['/metrics', metrics],
  ]);
}

/** Answers one request. Without a route: 404; with one, by a method that would change something: 405. */
export async function answer(
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const route = routes.get(request.url?.split('?')[0] ?? '');
  if (route === undefined)
    return await send(request, response, text(404, 'not found: there are /metrics and /healthz'));
  if (!READING.has(request.method ?? '')) {
    response.setHeader('Allow', [...READING].join(', '));
    return await send(request, response, text(405, 'only GET and HEAD'));
  }
  await send(request, response, await route(request.headers));
}

/** Node leaves out the body of an answer to HEAD. */
async function send(request: IncomingMessage, response: ServerResponse, reply: Reply): Promise<void> {
  const plain = Buffer.from(reply.body);
  const encoding = request.headers['accept-encoding'];
  const packed = plain.length >= WORTH_COMPRESSING && acceptsGzip(typeof encoding === 'string' ? encoding : undefined);
  const body = packed ? await compress(plain) : plain;
  response.writeHead(reply.status, {
    'Content-Type': reply.type,
    'Content-Length': body.length,
    Vary: 'Accept, Accept-Encoding',
    ...(packed ? { 'Content-Encoding': 'gzip' } : {}),
  });
  response.end(body);
}
