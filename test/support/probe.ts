/** Real TCP connections between the sides of a pair. */
import { once } from 'node:events';
import { present } from '../../src/base/assert.ts';
import type { NamespacePair, Side } from './namespaces.ts';
import { ownProcess } from './own-process.ts';

/** Accepts connections on every port until the pair is disposed. */
export async function listenOn(pair: NamespacePair, side: Side, ...ports: readonly number[]): Promise<void> {
  const child = pair.spawn(side, ownProcess('probe', 'listen', ...ports.map(String)), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(present(child.stdout), 'data');
}

/** What became of a connection: `connected`, `silence`, or the error. */
export function connectFrom(pair: NamespacePair, side: Side, address: string, port: number): string {
  return pair.exec(side, ownProcess('probe', 'connect', address, String(port))).trim();
}
