/** Asks the agent of a pair by its socket, as any program would. */
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { present } from '../../src/base/assert.ts';
import type { NamespacePair } from './namespaces.ts';

export async function askAgent(
  pair: NamespacePair,
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<unknown> {
  const socketPath = present(pair.env['XDPOL_AGENT_SOCKET']);
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  return await new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, headers, signal }, (answer) => {
      json(answer).then((value) => {
        if (answer.statusCode === 200) resolve(value);
        else reject(new Error(`${method} ${path}: ${answer.statusCode} ${JSON.stringify(value)}`));
      }, reject);
    });
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
