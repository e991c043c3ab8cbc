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
export function makeDevice(device: string = DEVICE): NetworkInterface {
  execFileSync('ip', ['link', 'add', device, 'type', 'veth', 'peer', 'name', `${device}-peer`]);
  for (const end of [device, `${device}-peer`]) execFileSync('ip', ['link', 'set', end, 'up']);
  return present(
    interfaces().find(({ name }) => name === device),
    device,
  );
}

export function apply(devices: readonly NetworkInterface[], compiled: CompiledPolicy): void {
  const targets = devices.map((device) => ({ device, compiled }));
  applyPolicy({ targets, hash: HASH, mode: 'native', now: new Date() });
}
