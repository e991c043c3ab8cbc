/** What filters an interface now, and putting another program in its place. */
import { join } from 'node:path';
import type { BpfProgram, NetworkInterface } from 'libbpf-ts-bindings';
import { interfaceIndex, unlinkPin, xdpAttached } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';
import type { RequestedMode, XdpMode } from './attach.ts';
import { attachHook } from './attach.ts';
import { findPinRoot, interfaceDirectory, pinnedInterfaces } from './bpffs.ts';
import { removeUnusedGates } from './gate.ts';
import type { Generation } from './generation.ts';
import { generationOf } from './generation.ts';
import type { HeldHook, HookKind, HookPlace } from './hook.ts';
import { askAgain, findHook } from './hook.ts';
import type { Direction } from './program.ts';

export interface AttachedHook {
  readonly direction: Direction;
  readonly kind: HookKind;
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

type ReadHook = AttachedHook & { readonly ifindex: number };

function readHook(place: HookPlace): ReadHook | undefined {
  using held = findHook(place);
  if (held === undefined) return undefined;
  using program = held.program();
  return {
    direction: place.direction,
    kind: held.kind,
    ifindex: held.ifindex,
    programId: program.id,
    programTag: program.tag,
    generation: generationOf(program),
  };
}

/** What is in force on an interface; undefined where nothing of ours is. */
export function readAttachment(root: string, name: string): Attachment | undefined {
  const directory = interfaceDirectory(root, name);
  const read = (direction: Direction, ifindex: number | undefined): ReadHook | undefined =>
    askAgain(() => readHook({ direction, directory, ifindex }));
  const ingress = read('ingress', undefined);
  // A link knows its interface, whatever its name is now.
  const egress = read('egress', ingress?.ifindex ?? interfaceIndex(name));
  const hooks = [ingress, egress].filter((hook) => hook !== undefined);
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
  /** The hook was not filtered before. */
  readonly isFirst: boolean;
  /** What the user should know, such as a mode that was not to be had. */
  readonly note?: string;
}

/** Puts `program` in force at one hook: in one step where it is ours already. */
export function swapHook(
  place: HookPlace,
  device: NetworkInterface,
  program: BpfProgram,
  mode: RequestedMode,
): SwapResult {
  using held = findHook(place);
  if (held !== undefined) return replaceProgram(held, place, program);
  const note = attachHook(place, device, program, mode);
  const undo = (): void => endHook(place);
  return { undo, isFirst: true, [Symbol.dispose]: () => undefined, ...(note === undefined ? {} : { note }) };
}

function replaceProgram(held: HeldHook, place: HookPlace, program: BpfProgram): SwapResult {
  const before = held.program();
  try {
    held.replace(program);
  } catch (error) {
    before[Symbol.dispose]();
    throw error;
  }
  const undo = (): void => {
    using again = findHook(place);
    again?.replace(before);
  };
  return { undo, isFirst: false, [Symbol.dispose]: () => before[Symbol.dispose]() };
}

/** A link keeps its mode for life, and changing it would leave a gap: refused before anything is touched. */
export function requireMode(directory: string, device: NetworkInterface, mode: RequestedMode): void {
  using held = findHook({ direction: 'ingress', directory, ifindex: device.index });
  const current = held === undefined ? undefined : xdpAttached(device.index)?.mode;
  if (mode === 'auto' || current === undefined || current === mode) return;
  throw new EnvironmentError(
    'XDPOL_E_MODE_CHANGE',
    `${device.name} is filtered in ${current} mode, and a running filter cannot change to ${mode}`,
    {
      help: 'use --mode auto to keep it; or accept a gap: xdpol unassign, then apply again',
    },
  );
}

/** Filtering arrivals only must not open what is filtered: refused before anything is touched. */
export function requireOpenEgress(directory: string, device: NetworkInterface): void {
  using held = findHook({ direction: 'egress', directory, ifindex: device.index });
  if (held === undefined) return;
  throw new EnvironmentError(
    'XDPOL_E_EGRESS_FILTERED',
    `${device.name}: what leaves is filtered now, and --ingress-only would open it`,
    {
      help: 'leave --ingress-only out; or open both directions first: xdpol unassign',
    },
  );
}

/** Ends filtering at one hook. */
export function endHook(place: HookPlace): void {
  using held = findHook(place);
  held?.end();
  unlinkPin(join(place.directory, place.direction));
  removeUnusedGates(place);
}
