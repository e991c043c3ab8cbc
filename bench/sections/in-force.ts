/** Putting compiled policies in force on a veth device of the private namespace. */
import { execFileSync } from 'node:child_process';
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { interfaces } from 'libbpf-ts-bindings';
import { present } from '../../src/base/assert.ts';
import type { CompiledPolicy } from '../../src/compiler/compile.ts';
import { applyPolicy } from '../../src/engine/apply.ts';

const DEVICE = 'edge';
const HASH = '0'.repeat(64);

/** Goes with the namespace. */
export function makeDevice(): NetworkInterface {
  execFileSync('ip', ['link', 'add', DEVICE, 'type', 'veth', 'peer', 'name', `${DEVICE}-peer`]);
  for (const device of [DEVICE, `${DEVICE}-peer`]) execFileSync('ip', ['link', 'set', device, 'up']);
  return present(
    interfaces().find(({ name }) => name === DEVICE),
    DEVICE,
  );
}

export function apply(device: NetworkInterface, compiled: CompiledPolicy): void {
  applyPolicy({ targets: [{ device, compiled }], hash: HASH, mode: 'native', now: new Date() });
}
