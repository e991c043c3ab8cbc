/**
 * Would the kernel attach? It has no trial of that: so what it would refuse is looked for, before anything is touched,
 * and a dry run refuses what a real one would.
 */
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { BpfError, clsactProgram, tcxPrograms, xdpAttached } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';
import type { IngressHook } from './attach.ts';
import { foreignFilter, foreignXdp, missingDevice } from './attach.ts';
import type { HookPlace } from './hook.ts';
import { CLSACT_PLACE, findHook } from './hook.ts';
import type { Direction } from './program.ts';

/** Devices that stand on another one and see its frames first. The peer of a veth is none of them. */
export const STANDS_ON: ReadonlySet<string> = new Set(['vlan', 'macvlan', 'macvtap', 'ipvlan', 'ipvtap', 'macsec']);

/** Devices whose XDP program the kernel does not let one below have, too, and the other way round. */
function relatives(device: NetworkInterface, devices: readonly NetworkInterface[]): readonly NetworkInterface[] {
  const above = devices.filter(
    ({ index, kind, peer, peerElsewhere }) =>
      index === device.master || (STANDS_ON.has(kind) && peer === device.index && !peerElsewhere),
  );
  const ports = device.kind === 'bond' ? devices.filter(({ master }) => master === device.index) : [];
  return [...above, ...ports];
}

/** Throws where the XDP program of somebody else, on this device or one that stands on it, would be in the way. */
function requireXdpPlace(device: NetworkInterface, devices: readonly NetworkInterface[]): void {
  if (xdpAttached(device.index) !== undefined) throw foreignXdp(device);
  const other = relatives(device, devices).find(({ index }) => xdpAttached(index) !== undefined);
  if (other === undefined) return;
  const { programId = 0, mode = 'unknown' } = xdpAttached(other.index) ?? {};
  throw new EnvironmentError(
    'XDPOL_E_XDP_BUSY',
    `${device.name}: ${other.name} has an XDP program (id ${programId}, ${mode}), and the kernel lets only one of the two have any`,
    {
      help: `filter ${other.name} instead, or ${device.name} at tcx: xdpol apply --hook tcx; or end its program: bpftool net show dev ${other.name}`,
    },
  );
}

/** On a kernel without tcx: throws where a filter that is not ours has our place in clsact. */
function requireTcPlace(device: NetworkInterface, direction: Direction): void {
  try {
    tcxPrograms(device.index, direction);
    return;
  } catch (error) {
    if (!(error instanceof BpfError) || error.code !== 'EINVAL') throw error;
  }
  if (clsactProgram(device.index, direction, CLSACT_PLACE) !== undefined) throw foreignFilter(device, direction);
}

/** Throws where the hook is not ours and could not be attached either. */
export function requirePlace(
  place: HookPlace,
  device: NetworkInterface,
  devices: readonly NetworkInterface[],
  ingress: IngressHook,
): void {
  using held = findHook(place);
  if (held !== undefined) return;
  try {
    if (place.direction === 'ingress' && ingress === 'xdp') requireXdpPlace(device, devices);
    else requireTcPlace(device, place.direction);
  } catch (error) {
    throw error instanceof BpfError && error.code === 'ENODEV' ? missingDevice(device, error) : error;
  }
}
