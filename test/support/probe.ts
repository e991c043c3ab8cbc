/** Real TCP connections between the sides of a pair. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { present } from '../../src/base/assert.ts';
import type { NamespacePair, Side } from './namespaces.ts';

const PROBE = fileURLToPath(new URL('../../demo/probe.ts', import.meta.url));

function probe(...args: readonly string[]): readonly string[] {
  return [process.execPath, '--import', 'tsx', PROBE, ...args];
}

/** Accepts connections on every port until the pair is disposed. */
export async function listenOn(pair: NamespacePair, side: Side, ...ports: readonly number[]): Promise<void> {
  const child = pair.spawn(side, probe('listen', ...ports.map(String)), { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(present(child.stdout), 'data');
}

/** What became of a connection: `connected`, `silence`, or the error. */
export function connectFrom(pair: NamespacePair, side: Side, address: string, port: number): string {
  return pair.exec(side, probe('connect', address, String(port))).trim();
}
