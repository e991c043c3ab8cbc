/** Small records kept in the kernel, next to what they describe: a one-element array that holds JSON. */
import { renameSync } from 'node:fs';
import type { BpfMap } from 'libbpf-ts-bindings';
import { createMap, unlinkPin } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';

const KEY = new Uint8Array(4);

export function createJsonMap(name: string, value: unknown): BpfMap {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const map = createMap({ name, type: 'array', keySize: 4, valueSize: bytes.length, maxEntries: 1 });
  map.update(KEY, bytes);
  return map;
}

/** Values that are kept: of each of a host's interfaces two, and those of the generation before. */
const MOST_KEPT = 64;

/**
 * By the map's number, the one that was asked for last at the end. A record is written once, when its map is made, and
 * the kernel gives no number twice before it has given two thousand million: what was read is still what is there.
 */
const kept = new Map<number, unknown>();

/** What `createJsonMap` put in, the same object each time. The caller checks the shape, and changes nothing. */
export function readJsonMap(map: BpfMap): unknown {
  const { id } = map;
  const value: unknown = kept.has(id) ? kept.get(id) : JSON.parse(new TextDecoder().decode(present(map.lookup(KEY))));
  kept.delete(id);
  kept.set(id, value);
  for (const oldest of kept.keys()) {
    if (kept.size <= MOST_KEPT) break;
    kept.delete(oldest);
  }
  return value;
}

/** Pins at `path` in place of what is pinned there, in one step. */
export function repin(map: BpfMap, path: string): void {
  const fresh = `${path}-new`;
  unlinkPin(fresh);
  map.pin(fresh);
  renameSync(fresh, path);
}
