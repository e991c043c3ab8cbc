/** The first time at a hook: XDP for what arrives; for what leaves tcx, and clsact where the kernel has no tcx. */
import { join } from 'node:path';
import type { BpfLink, BpfProgram, NetworkInterface } from 'libbpf-ts-bindings';
import { BpfError, clsactProgram, openProgramById, unlinkPin, xdpAttached } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';
import type { HookPlace } from './hook.ts';
import { CLSACT_PLACE } from './hook.ts';

export type XdpMode = 'native' | 'generic';
export type RequestedMode = XdpMode | 'auto';

/** Puts the program at a hook that is not ours yet; returns what the user should know, such as a mode not to be had. */
export function attachHook(
  { direction, directory }: HookPlace,
  device: NetworkInterface,
  program: BpfProgram,
  mode: RequestedMode,
): string | undefined {
  const path = join(directory, direction);
  unlinkPin(path);
  if (direction === 'ingress') return attachXdp(program, device, mode, path);
  attachEgress(program, device, path);
  return undefined;
}

function keep(created: BpfLink, path: string): void {
  using link = created;
  link.pin(path);
}

/** Errors that another mode would not mend. */
const NOT_ABOUT_THE_MODE: ReadonlySet<string> = new Set(['EBUSY', 'EEXIST', 'EPERM', 'ENODEV']);

function attachXdp(
  program: BpfProgram,
  device: NetworkInterface,
  mode: RequestedMode,
  path: string,
): string | undefined {
  try {
    keep(program.attachXdp(device.index, mode === 'generic' ? 'generic' : 'native'), path);
    return undefined;
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    if (mode !== 'auto' || NOT_ABOUT_THE_MODE.has(error.code)) throw xdpFailure(error, device, mode);
    keep(program.attachXdp(device.index, 'generic'), path);
    return `${device.name}: the driver (${device.driver || 'none'}) refused native XDP (${error.code}): generic mode is slower`;
  }
}

/** Kernels before 6.6, and newer ones built without it, say EINVAL: tcx is an attach type that they do not know. */
function attachEgress(program: BpfProgram, device: NetworkInterface, path: string): void {
  try {
    keep(program.attachTcx(device.index, 'egress'), path);
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    if (error.code !== 'EINVAL') throw egressFailure(error, device);
    attachClsact(program, device);
  }
}

function attachClsact(program: BpfProgram, device: NetworkInterface): void {
  try {
    program.attachClsact(device.index, 'egress', CLSACT_PLACE);
  } catch (error) {
    throw error instanceof BpfError ? clsactFailure(error, device) : error;
  }
}

function egressFailure(cause: BpfError, device: NetworkInterface): EnvironmentError {
  if (cause.code === 'ENODEV') return missingDevice(device, cause);
  return new EnvironmentError(
    'XDPOL_E_EGRESS_REFUSED',
    `${device.name}: the kernel refused the egress filter: ${cause.message}`,
    { cause },
  );
}

/** No qdisc of that kind, no such classifier, no traffic control at all. */
const NO_CLSACT: ReadonlySet<string> = new Set(['ENOENT', 'EOPNOTSUPP']);

function clsactFailure(cause: BpfError, device: NetworkInterface): EnvironmentError {
  const { name } = device;
  if (NO_CLSACT.has(cause.code)) {
    const message = `${name}: this kernel cannot filter what leaves: it has neither tcx (Linux 6.6) nor clsact`;
    const help = 'modprobe sch_ingress, modprobe cls_bpf; or filter arriving packets only: xdpol apply --ingress-only';
    return new EnvironmentError('XDPOL_E_EGRESS_UNAVAILABLE', message, { help, cause });
  }
  if (cause.code === 'EBUSY') {
    return new EnvironmentError(
      'XDPOL_E_EGRESS_TAKEN',
      `${name}: the qdisc "ingress" stands where clsact, which has egress too, must stand`,
      {
        help: `see tc filter show dev ${name} ingress; then: tc qdisc del dev ${name} ingress; tc qdisc add dev ${name} clsact; and its filters again`,
        cause,
      },
    );
  }
  if (cause.code === 'EEXIST' || cause.code === 'EINVAL') return foreignFilter(device, cause);
  return egressFailure(cause, device);
}

export function missingDevice(device: NetworkInterface, cause: BpfError): EnvironmentError {
  return new EnvironmentError('XDPOL_E_INTERFACE_GONE', `${device.name}: the interface went away`, { cause });
}

/** A filter that is not ours is where ours must be. */
export function foreignFilter(device: NetworkInterface, cause?: BpfError): EnvironmentError {
  const { name } = device;
  const { priority } = CLSACT_PLACE;
  return new EnvironmentError(
    'XDPOL_E_EGRESS_TAKEN',
    `${name}: another filter has the place of ours at egress, pref ${priority}: ${occupant(device)}`,
    {
      help: `see tc filter show dev ${name} egress; remove it with: tc filter del dev ${name} egress pref ${priority}, or give it a larger pref`,
      cause,
    },
  );
}

function occupant({ index }: NetworkInterface): string {
  const id = clsactProgram(index, 'egress', CLSACT_PLACE);
  return id === undefined ? 'of another kind or protocol, or classic BPF' : `${programName(id)} (id ${id})`;
}

function xdpFailure(error: BpfError, device: NetworkInterface, mode: RequestedMode): EnvironmentError {
  if (error.code === 'EBUSY' || error.code === 'EEXIST') return foreignXdp(device, error);
  if (error.code === 'ENODEV') return missingDevice(device, error);
  return new EnvironmentError(
    'XDPOL_E_XDP_REFUSED',
    `${device.name}: the driver (${device.driver || 'none'}) refused ${mode} XDP: ${error.code}`,
    {
      help:
        mode === 'native' ? 'use --mode auto or --mode generic' : `see: dmesg | tail; ip -d link show ${device.name}`,
      cause: error,
    },
  );
}

/** Another program holds the interface: its name tells whose it is, and the command differs by how it was attached. */
export function foreignXdp(device: NetworkInterface, cause?: BpfError): EnvironmentError {
  const other = xdpAttached(device.index);
  if (other === undefined) return new EnvironmentError('XDPOL_E_XDP_BUSY', `${device.name}: XDP is busy`, { cause });
  const name = programName(other.programId);
  return new EnvironmentError(
    'XDPOL_E_XDP_BUSY',
    `${device.name}: another XDP program holds the interface: ${name} (id ${other.programId}, ${other.mode})`,
    {
      help: `see bpftool net show dev ${device.name}; remove it with: ip link set dev ${device.name} ${other.mode === 'native' ? 'xdpdrv' : 'xdpgeneric'} off, or end the program that owns its link`,
      cause,
    },
  );
}

function programName(id: number): string {
  try {
    using program = openProgramById(id);
    return program.name;
  } catch (error) {
    if (error instanceof BpfError) return 'unknown';
    throw error;
  }
}
