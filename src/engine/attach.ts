/**
 * The first time at a hook: XDP or, where it was asked for, tcx for arriving packets; tcx for outgoing packets. clsact takes tcx's
 * place where the kernel has none.
 */
import { join } from 'node:path';
import type { BpfLink, BpfProgram, NetworkInterface } from 'libbpf-ts-bindings';
import { BpfError, clsactProgram, openProgramById, unlinkPin, xdpAttached } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';
import type { HookPlace } from './hook.ts';
import { CLSACT_PLACE } from './hook.ts';
import type { Direction } from './program.ts';

export type XdpMode = 'native' | 'generic';
export type RequestedMode = XdpMode | 'auto';
/** Where arriving packets are filtered. */
export type IngressHook = 'xdp' | 'tcx';
/** How a hook is attached that is not ours yet. */
export interface AttachChoice {
  readonly mode: RequestedMode;
  readonly ingress: IngressHook;
}

/** Puts the program at a hook that is not ours yet; returns what the user should know, such as a mode not to be had. */
export function attachHook(
  { direction, directory }: HookPlace,
  device: NetworkInterface,
  program: BpfProgram,
  { mode, ingress }: AttachChoice,
): string | undefined {
  const path = join(directory, direction);
  unlinkPin(path);
  if (direction === 'ingress' && ingress === 'xdp') return attachXdp(program, device, mode, path);
  return attachTc(program, device, direction, path);
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
    return genericNote(device, error.code);
  }
}

export function genericNote(device: NetworkInterface, why: string): string {
  return `${device.name}: the driver (${device.driver || 'none'}) refused native XDP (${why}): generic mode is slower`;
}

/** Kernels before 6.6, and newer ones built without it, say EINVAL: tcx is an attach type that they do not know. */
function attachTc(
  program: BpfProgram,
  device: NetworkInterface,
  direction: Direction,
  path: string,
): string | undefined {
  try {
    keep(program.attachTcx(device.index, direction), path);
    return undefined;
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    if (error.code !== 'EINVAL') throw tcFailure(error, device, direction);
    attachClsact(program, device, direction);
    // At egress nobody asked for tcx by name.
    return direction === 'egress'
      ? undefined
      : `${device.name}: this kernel has no tcx (Linux 6.6): a clsact filter takes its place`;
  }
}

function attachClsact(program: BpfProgram, device: NetworkInterface, direction: Direction): void {
  try {
    program.attachClsact(device.index, direction, CLSACT_PLACE);
  } catch (error) {
    throw error instanceof BpfError ? clsactFailure(error, device, direction) : error;
  }
}

const REFUSED = { ingress: 'XDPOL_E_TCX_REFUSED', egress: 'XDPOL_E_EGRESS_REFUSED' } as const;
const TAKEN = { ingress: 'XDPOL_E_TCX_TAKEN', egress: 'XDPOL_E_EGRESS_TAKEN' } as const;

function tcFailure(cause: BpfError, device: NetworkInterface, direction: Direction): EnvironmentError {
  if (cause.code === 'ENODEV') return missingDevice(device, cause);
  return new EnvironmentError(
    REFUSED[direction],
    `${device.name}: the kernel refused the ${direction} filter: ${cause.message}`,
    { cause },
  );
}

/** `most` programs of others are there, and the kernel takes no more. */
export function fullTcx({ name }: NetworkInterface, direction: Direction, most: number): EnvironmentError {
  const message = `${name}: ${most} programs are attached at tcx ${direction}, and the kernel takes no more`;
  return new EnvironmentError(REFUSED[direction], message, { help: `see: bpftool net show dev ${name}` });
}

function lacksBoth(device: NetworkInterface, direction: Direction, cause: BpfError): EnvironmentError {
  const both = 'it has neither tcx (Linux 6.6) nor clsact';
  const modules = 'modprobe sch_ingress, modprobe cls_bpf';
  if (direction === 'ingress') {
    const message = `${device.name}: this kernel cannot filter what arrives at tcx: ${both}`;
    const help = `${modules}; or filter at XDP: leave --hook tcx out`;
    return new EnvironmentError('XDPOL_E_TCX_UNAVAILABLE', message, { help, cause });
  }
  const message = `${device.name}: this kernel cannot filter outgoing packets: ${both}`;
  const help = `${modules}; or filter arriving packets only: xdpol apply --ingress-only`;
  return new EnvironmentError('XDPOL_E_EGRESS_UNAVAILABLE', message, { help, cause });
}

/** No qdisc of that kind, no such classifier, no traffic control at all. */
const NO_CLSACT: ReadonlySet<string> = new Set(['ENOENT', 'EOPNOTSUPP']);

export function clsactFailure(cause: BpfError, device: NetworkInterface, direction: Direction): EnvironmentError {
  const { name } = device;
  if (NO_CLSACT.has(cause.code)) return lacksBoth(device, direction, cause);
  if (cause.code === 'EBUSY') {
    return new EnvironmentError(
      TAKEN[direction],
      `${name}: the qdisc "ingress" stands where clsact, which has egress too, must stand`,
      {
        help: `see tc filter show dev ${name} ingress; then: tc qdisc del dev ${name} ingress; tc qdisc add dev ${name} clsact; and its filters again`,
        cause,
      },
    );
  }
  if (cause.code === 'EEXIST' || cause.code === 'EINVAL') return foreignFilter(device, direction, cause);
  return tcFailure(cause, device, direction);
}

export function missingDevice(device: NetworkInterface, cause: BpfError): EnvironmentError {
  return new EnvironmentError('XDPOL_E_INTERFACE_GONE', `${device.name}: the interface went away`, { cause });
}

/** A filter that is not ours is where ours must be. */
export function foreignFilter(device: NetworkInterface, direction: Direction, cause?: BpfError): EnvironmentError {
  const { name } = device;
  const { priority } = CLSACT_PLACE;
  return new EnvironmentError(
    TAKEN[direction],
    `${name}: another filter has the place of ours at ${direction}, pref ${priority}: ${occupant(device, direction)}`,
    {
      help: `see tc filter show dev ${name} ${direction}; remove it with: tc filter del dev ${name} ${direction} pref ${priority}, or give it a larger pref`,
      cause,
    },
  );
}

function occupant({ index }: NetworkInterface, direction: Direction): string {
  const id = clsactProgram(index, direction, CLSACT_PLACE);
  return id === undefined ? 'of another kind or protocol, or classic BPF' : `${programName(id)} (id ${id})`;
}

function xdpFailure(error: BpfError, device: NetworkInterface, mode: RequestedMode): EnvironmentError {
  if (error.code === 'EBUSY' || error.code === 'EEXIST') return foreignXdp(device, error);
  if (error.code === 'ENODEV') return missingDevice(device, error);
  return refusedXdp(device, mode, error.code, error);
}

export function refusedXdp(
  { name, driver }: NetworkInterface,
  mode: RequestedMode,
  why: string,
  cause?: BpfError,
): EnvironmentError {
  const message = `${name}: the driver (${driver || 'none'}) refused ${mode} XDP: ${why}`;
  const help =
    mode === 'native'
      ? 'apply or assign it with --mode auto or --mode generic'
      : `see: dmesg | tail; ip -d link show ${name}`;
  return new EnvironmentError('XDPOL_E_XDP_REFUSED', message, { help, cause });
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
      help: `see bpftool net show dev ${device.name}; filter after it, at tcx: xdpol apply --hook tcx; or remove it with: ip link set dev ${device.name} ${other.mode === 'native' ? 'xdpdrv' : 'xdpgeneric'} off, or end the program that owns its link`,
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
