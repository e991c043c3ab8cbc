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

/** What `createJsonMap` put in. The caller checks the shape. */
export function readJsonMap(map: BpfMap): unknown {
  return JSON.parse(new TextDecoder().decode(present(map.lookup(KEY))));
}

/** Pins at `path` in place of what is pinned there, in one step. */
export function repin(map: BpfMap, path: string): void {
  const fresh = `${path}-new`;
  unlinkPin(fresh);
  map.pin(fresh);
  renameSync(fresh, path);
}
