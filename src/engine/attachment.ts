/** One interface's pinned links: what filters it now, and putting another program in their place. */
import { join } from 'node:path';
import type { BpfLink, BpfProgram, NetworkInterface } from 'libbpf-ts-bindings';
import { BpfError, openPinnedLink, openProgramById, unlinkPin, xdpAttached } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';
import { findPinRoot, interfaceDirectory, listDirectory, pinnedInterfaces } from './bpffs.ts';
import type { Generation } from './generation.ts';
import { generationOf } from './generation.ts';
import type { Direction } from './program.ts';
import { DIRECTIONS } from './program.ts';

export type XdpMode = 'native' | 'generic';
export type RequestedMode = XdpMode | 'auto';

export interface AttachedHook {
  readonly direction: Direction;
  readonly programId: number;
  readonly programTag: string;
  readonly generation: Generation | undefined;
}

export interface Attachment {
  readonly name: string;
  readonly ifindex: number;
  readonly mode: XdpMode | undefined;
  readonly hooks: readonly AttachedHook[];
  readonly directory: string;
}

/** The pinned link of a hook, or undefined where there is none that still has its interface. */
export function openLink(directory: string, direction: Direction): BpfLink | undefined {
  if (!listDirectory(directory).includes(direction)) return undefined;
  const link = openPinnedLink(join(directory, direction));
  if (link.ifindex !== 0) return link;
  link[Symbol.dispose]();
  return undefined;
}

type ReadHook = AttachedHook & { readonly ifindex: number };

function readHook(directory: string, direction: Direction): ReadHook | undefined {
  using link = openLink(directory, direction);
  if (link === undefined) return undefined;
  const { programId, ifindex } = link.query();
  using program = openProgramById(programId);
  return { direction, programId, programTag: program.tag, generation: generationOf(program), ifindex };
}

/** Between two questions another command may swap the program or unpin the link: then they are asked again. */
const ATTEMPTS = 3;

function hookOf(directory: string, direction: Direction): ReadHook | undefined {
  for (let attempt = 1; ; attempt++) {
    try {
      return readHook(directory, direction);
    } catch (error) {
      if (!(error instanceof BpfError && error.code === 'ENOENT') || attempt === ATTEMPTS) throw error;
    }
  }
}

/** What is in force on an interface; undefined where nothing of ours is. */
export function readAttachment(root: string, name: string): Attachment | undefined {
  const directory = interfaceDirectory(root, name);
  const hooks = DIRECTIONS.map((direction) => hookOf(directory, direction)).filter((hook) => hook !== undefined);
  const ifindex = hooks[0]?.ifindex;
  if (ifindex === undefined) return undefined;
  const mode = xdpAttached(ifindex)?.mode;
  return { name, ifindex, directory, hooks, mode: mode === 'native' || mode === 'generic' ? mode : undefined };
}

/** Every interface of this network namespace that is filtered now. */
export function readAttachments(): readonly Attachment[] {
  const root = findPinRoot();
  if (root === undefined) return [];
  return pinnedInterfaces(root)
    .map((name) => readAttachment(root, name))
    .filter((attachment) => attachment !== undefined);
}

/** The newest generation on any of the interfaces. */
export function newestGeneration(attachments: readonly Attachment[]): Generation | undefined {
  return attachments
    .flatMap((attachment) => attachment.hooks)
    .map((hook) => hook.generation)
    .reduce<Generation | undefined>((a, b) => ((a?.generation ?? 0) >= (b?.generation ?? 0) ? a : b), undefined);
}

/** Holds what was in force before, until disposed. */
export interface SwapResult extends Disposable {
  /** Puts back what was there before; for when a later swap fails. */
  readonly undo: () => void;
  /** What the user should know, such as a mode that was not to be had. */
  readonly note?: string;
}

/** Puts `program` in force at one hook: in one step where a link is there, else through a new pinned link. */
export function swapHook(
  directory: string,
  direction: Direction,
  device: NetworkInterface,
  program: BpfProgram,
  mode: RequestedMode,
): SwapResult {
  using link = openLink(directory, direction);
  if (link !== undefined) return updateLink(link, join(directory, direction), program);
  unlinkPin(join(directory, direction));
  const { link: created, note } =
    direction === 'ingress' ? attachXdp(program, device, mode) : attachEgress(program, device);
  using fresh = created;
  fresh.pin(join(directory, direction));
  const undo = (): void => detachHook(directory, direction);
  return { undo, [Symbol.dispose]: () => undefined, ...(note === undefined ? {} : { note }) };
}

function updateLink(link: BpfLink, path: string, program: BpfProgram): SwapResult {
  const before = openProgramById(link.programId);
  try {
    link.update(program);
  } catch (error) {
    before[Symbol.dispose]();
    throw error;
  }
  const undo = (): void => {
    using again = openPinnedLink(path);
    again.update(before);
  };
  return { undo, [Symbol.dispose]: () => before[Symbol.dispose]() };
}

/** A link keeps its mode for life, and changing it would leave a gap: refused before anything is touched. */
export function requireMode(directory: string, device: NetworkInterface, mode: RequestedMode): void {
  using link = openLink(directory, 'ingress');
  const current = link === undefined ? undefined : xdpAttached(device.index)?.mode;
  if (mode === 'auto' || current === undefined || current === mode) return;
  throw new EnvironmentError(
    `${device.name} is filtered in ${current} mode, and a running filter cannot change to ${mode}`,
    {
      help: 'use --mode auto to keep it; or accept a gap: xdpol unassign, then apply again',
    },
  );
}

/** Ends filtering at one hook. */
export function detachHook(directory: string, direction: Direction): void {
  const path = join(directory, direction);
  if (!listDirectory(directory).includes(direction)) return;
  {
    using link = openPinnedLink(path);
    if (link.ifindex !== 0) link.detach();
  }
  unlinkPin(path);
}

interface NewLink {
  readonly link: BpfLink;
  readonly note?: string;
}

/** Errors that another mode would not mend. */
const NOT_ABOUT_THE_MODE: ReadonlySet<string> = new Set(['EBUSY', 'EEXIST', 'EPERM', 'ENODEV']);

function attachXdp(program: BpfProgram, device: NetworkInterface, mode: RequestedMode): NewLink {
  try {
    return { link: program.attachXdp(device.index, mode === 'generic' ? 'generic' : 'native') };
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    if (mode !== 'auto' || NOT_ABOUT_THE_MODE.has(error.code)) throw attachFailure(error, device, mode);
    const link = program.attachXdp(device.index, 'generic');
    return {
      link,
      note: `${device.name}: the driver (${device.driver || 'none'}) refused native XDP (${error.code}): generic mode is slower`,
    };
  }
}

function attachEgress(program: BpfProgram, device: NetworkInterface): NewLink {
  try {
    return { link: program.attachTcx(device.index, 'egress') };
  } catch (cause) {
    if (!(cause instanceof BpfError)) throw cause;
    throw new EnvironmentError(`${device.name}: the kernel refused the egress filter (tcx): ${cause.code}`, {
      help: 'tcx needs Linux 6.6 or newer: uname -r',
      cause,
    });
  }
}

function attachFailure(error: BpfError, device: NetworkInterface, mode: RequestedMode): EnvironmentError {
  if (error.code === 'EBUSY' || error.code === 'EEXIST') return busy(error, device);
  if (error.code === 'ENODEV') return new EnvironmentError(`${device.name}: the interface went away`, { cause: error });
  return new EnvironmentError(
    `${device.name}: the driver (${device.driver || 'none'}) refused ${mode} XDP: ${error.code}`,
    {
      help:
        mode === 'native' ? 'use --mode auto or --mode generic' : `see: dmesg | tail; ip -d link show ${device.name}`,
      cause: error,
    },
  );
}

/** Another program holds the interface: its name tells whose it is, and the command differs by how it was attached. */
function busy(error: BpfError, device: NetworkInterface): EnvironmentError {
  const other = xdpAttached(device.index);
  if (other === undefined) return new EnvironmentError(`${device.name}: XDP is busy`, { cause: error });
  const name = programName(other.programId);
  return new EnvironmentError(
    `${device.name}: another XDP program holds the interface: ${name} (id ${other.programId}, ${other.mode})`,
    {
      help: `see bpftool net show dev ${device.name}; remove it with: ip link set dev ${device.name} ${other.mode === 'native' ? 'xdpdrv' : 'xdpgeneric'} off, or end the program that owns its link`,
      cause: error,
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
