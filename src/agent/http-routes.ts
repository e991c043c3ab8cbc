/** What the agent answers over HTTP. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Encoding } from '../exporter/exposition.ts';

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
  /** Of the body; `identity` where it is left out. */
  readonly encoding?: Encoding;
}

export type Route = (headers: IncomingHttpHeaders) => Reply | Promise<Reply>;

const TEXT = 'text/plain; charset=utf-8';
const READING = new Set(['GET', 'HEAD']);

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
  if (route === undefined) return send(response, text(404, 'not found: there are /metrics and /healthz'));
  if (!READING.has(request.method ?? '')) {
    response.setHeader('Allow', [...READING].join(', '));
    return send(response, text(405, 'only GET and HEAD'));
  }
  send(response, await route(request.headers));
}

/** Node leaves out the body of an answer to HEAD. */
function send(response: ServerResponse, { status, type, body, encoding = 'identity' }: Reply): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    Vary: 'Accept, Accept-Encoding',
    ...(encoding === 'identity' ? {} : { 'Content-Encoding': encoding }),
  });
  response.end(body);
}
