/**
 * Would the kernel attach? It has no trial of that: so what it would refuse is looked for, before anything is touched,
 * and a dry run refuses what a real one would.
 */
import type { NetworkInterface } from 'libbpf-ts-bindings';
import { BpfError, tcxPrograms, tryClsact, xdpAttached, xdpFeatures } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';
import type { IngressHook, RequestedMode } from './attach.ts';
import { clsactFailure, foreignXdp, fullTcx, genericNote, missingDevice, refusedXdp } from './attach.ts';
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

/** The kernel takes no more at one hook of an interface. */
const MOST_TCX_PROGRAMS = 63;

/** Throws where tcx is full or, on a kernel without it, clsact would not take our filter. */
function requireTcPlace(device: NetworkInterface, direction: Direction): void {
  try {
    if (tcxPrograms(device.index, direction).length < MOST_TCX_PROGRAMS) return;
    throw fullTcx(device, direction, MOST_TCX_PROGRAMS);
  } catch (error) {
    if (!(error instanceof BpfError) || error.code !== 'EINVAL') throw error;
  }
  try {
    tryClsact(device.index, direction, CLSACT_PLACE);
  } catch (error) {
    throw error instanceof BpfError ? clsactFailure(error, device, direction) : error;
  }
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

/**
 * What attaching XDP for the first time would come to: throws where the driver would refuse the mode; returns what the user
 * should know. Only for a dry run: a driver that does not declare what it can do is asked by attaching.
 */
export function expectMode(place: HookPlace, device: NetworkInterface, mode: RequestedMode): string | undefined {
  using held = findHook(place);
  if (held !== undefined || mode === 'generic') return undefined;
  const features = xdpFeatures(device.index);
  if (features === undefined || features.includes('basic')) return undefined;
  if (mode === 'native') throw refusedXdp(device, mode, 'it declares none');
  return genericNote(device, 'it declares none');
}
