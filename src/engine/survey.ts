/**
 * What filters which device. Pins are found by name, and a link knows its device by number: a name can change, go to
 * another device, or leave the network namespace with its device. So no pin is believed by its name: a link filters a
 * device of this namespace if the device's number is the link's and the kernel says that its program runs there.
 */
import { basename, join } from 'node:path';
import type { BpfLink, NetworkInterface } from 'libbpf-ts-bindings';
import { BpfError, interfaces, openPinnedLink, openProgramById, tcxPrograms, xdpAttached } from 'libbpf-ts-bindings';
import type { XdpMode } from './attach.ts';
import { findPinRoot, listDirectory, nameOfDirectory } from './bpffs.ts';
import type { Generation } from './generation.ts';
import { generationOf } from './generation.ts';
import type { HookKind } from './hook.ts';
import { askAgain, findClsact } from './hook.ts';
import type { Direction } from './program.ts';
import { DIRECTIONS } from './program.ts';

export interface AttachedHook {
  readonly direction: Direction;
  readonly kind: HookKind;
  readonly programId: number;
  readonly programTag: string;
  readonly generation: Generation | undefined;
}

/** A device of this network namespace that is filtered, by its name of now. */
export interface Attachment {
  readonly name: string;
  readonly ifindex: number;
  readonly mode: XdpMode | undefined;
  readonly hooks: readonly AttachedHook[];
  /** Of its pins: called after another name until they are moved along. */
  readonly directory: string;
}

/**
 * `moved`: its device is in another network namespace now and is filtered there. `gone`: no device has the name any
 * more. `detached`: a device has the name, but the link has ended: by hand, or with a device that was deleted and made
 * anew. `unreadable`: the pin cannot be asked.
 */
export type Fate = 'moved' | 'gone' | 'detached' | 'unreadable';

/** Pins that filter nothing here. */
export interface StrayPins {
  /** Of the interface when it was pinned. */
  readonly name: string;
  readonly fate: Fate;
  readonly directory: string;
  readonly direction: Direction;
  /** Why it is unreadable. */
  readonly why?: string;
}

export interface Survey {
  /** By name. */
  readonly attachments: readonly Attachment[];
  readonly strays: readonly StrayPins[];
  /** Every interface of this network namespace. */
  readonly devices: readonly NetworkInterface[];
}

/** Where one pinned link is: on a device of this namespace, or nowhere here. */
type Whereabouts =
  | { readonly device: NetworkInterface; readonly hook: AttachedHook }
  | { readonly fate: Fate; readonly why?: string };

interface Namespace {
  readonly devices: readonly NetworkInterface[];
  readonly byIndex: ReadonlyMap<number, NetworkInterface>;
  readonly names: ReadonlySet<string>;
}

/** A swap between two questions makes them disagree: they are asked again before the device is looked for elsewhere. */
const ATTEMPTS = 3;

function runsAt(kind: HookKind, direction: Direction, ifindex: number, programId: number): boolean {
  if (kind === 'xdp') return xdpAttached(ifindex)?.programId === programId;
  return tcxPrograms(ifindex, direction).includes(programId);
}

/** The program that the link has on this device; undefined where the link's number is that of a device elsewhere. */
function programAt(link: BpfLink, kind: HookKind, direction: Direction, ifindex: number): number | undefined {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { programId } = link.query();
    if (runsAt(kind, direction, ifindex, programId)) return programId;
  }
  return undefined;
}

function hookOf(kind: HookKind, direction: Direction, programId: number): AttachedHook {
  using program = openProgramById(programId);
  return { direction, kind, programId, programTag: program.tag, generation: generationOf(program) };
}

function locate(path: string, direction: Direction, name: string, { byIndex, names }: Namespace): Whereabouts {
  using link = openPinnedLink(path);
  const { ifindex, type } = link;
  if (ifindex === 0) return { fate: names.has(name) ? 'detached' : 'gone' };
  const device = byIndex.get(ifindex);
  const kind = type === 'tcx' ? 'tcx' : 'xdp';
  const programId = device === undefined ? undefined : programAt(link, kind, direction, ifindex);
  if (device === undefined || programId === undefined) return { fate: 'moved' };
  return { device, hook: hookOf(kind, direction, programId) };
}

/** undefined where nothing is pinned. */
function whereIs(directory: string, direction: Direction, namespace: Namespace): Whereabouts | undefined {
  if (!listDirectory(directory).includes(direction)) return undefined;
  const name = nameOfDirectory(directory);
  try {
    return askAgain(() => locate(join(directory, direction), direction, name, namespace));
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    // It was pinned a moment ago: a command that ends filtering is at work.
    if (error.code === 'ENOENT' && !listDirectory(directory).includes(direction)) return undefined;
    return { fate: 'unreadable', why: error.message };
  }
}

/** Our filter in clsact, which has no pin. */
function clsactHook(device: NetworkInterface, direction: Direction): AttachedHook | undefined {
  try {
    return askAgain(() => {
      using held = findClsact({ direction, ifindex: device.index });
      if (held === undefined) return undefined;
      using program = held.program();
      return hookOf('clsact', direction, program.id);
    });
  } catch (error) {
    if (error instanceof BpfError) return undefined; // the device went away meanwhile
    throw error;
  }
}

function modeOf(ifindex: number, hooks: readonly AttachedHook[]): XdpMode | undefined {
  if (!hooks.some(({ kind }) => kind === 'xdp')) return undefined;
  try {
    const mode = xdpAttached(ifindex)?.mode;
    return mode === 'native' || mode === 'generic' ? mode : undefined;
  } catch (error) {
    if (error instanceof BpfError) return undefined;
    throw error;
  }
}

interface DirectorySurvey {
  readonly attachment: Attachment | undefined;
  readonly strays: readonly StrayPins[];
}

function surveyDirectory(directory: string, namespace: Namespace): DirectorySurvey {
  const name = nameOfDirectory(directory);
  const hooks: AttachedHook[] = [];
  const strays: StrayPins[] = [];
  let device: NetworkInterface | undefined;
  for (const direction of DIRECTIONS) {
    const found = whereIs(directory, direction, namespace);
    if (found === undefined) continue;
    if ('fate' in found) strays.push({ name, directory, direction, ...found });
    else if (device !== undefined && device.index !== found.device.index)
      strays.push({ name, directory, direction, fate: 'unreadable', why: `its link filters ${found.device.name}` });
    else {
      device = found.device;
      hooks.push(found.hook);
    }
  }
  const isElsewhere = strays.some(({ fate }) => fate === 'moved');
  device ??= isElsewhere ? undefined : namespace.devices.find((one) => one.name === name);
  for (const direction of DIRECTIONS) {
    if (device === undefined || hooks.some((hook) => hook.direction === direction)) continue;
    const clsact = clsactHook(device, direction);
    if (clsact !== undefined) hooks.push(clsact);
  }
  if (device === undefined || hooks.length === 0) return { attachment: undefined, strays };
  const mode = modeOf(device.index, hooks);
  return { attachment: { name: device.name, ifindex: device.index, mode, hooks, directory }, strays };
}

/** A clsact filter is found by its device, whatever directories there are: the one with a link owns it. */
function onePerDevice(attachments: readonly Attachment[]): readonly Attachment[] {
  const byDevice = new Map<number, Attachment>();
  for (const attachment of attachments) {
    const before = byDevice.get(attachment.ifindex);
    if (before === undefined || before.hooks.length < attachment.hooks.length) {
      byDevice.set(attachment.ifindex, attachment);
    }
  }
  return [...byDevice.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function namespaceNow(): Namespace {
  const devices = interfaces();
  const names = devices.map(({ name }) => name);
  return { devices, byIndex: new Map(devices.map((device) => [device.index, device])), names: new Set(names) };
}

/** Pins are moved along while this reads: then it reads again. */
function directoriesOf(root: string): readonly string[] {
  return listDirectory(root).map((entry) => join(root, entry));
}

/** What is in force in this network namespace. One pin that cannot be read takes no other with it. */
export function surveyAttachments(): Survey {
  const root = findPinRoot();
  const namespace = namespaceNow();
  if (root === undefined) return { attachments: [], strays: [], devices: namespace.devices };
  for (let attempt = 1; ; attempt++) {
    const directories = directoriesOf(root);
    const found = directories.map((directory) => surveyDirectory(directory, namespace));
    if (directories.join() !== directoriesOf(root).join() && attempt < ATTEMPTS) continue;
    return {
      attachments: onePerDevice(found.map(({ attachment }) => attachment).filter((one) => one !== undefined)),
      strays: found.flatMap(({ strays }) => strays),
      devices: namespace.devices,
    };
  }
}

/** Every interface of this network namespace that is filtered now. */
export function readAttachments(): readonly Attachment[] {
  return surveyAttachments().attachments;
}

/** The newest generation on any of the interfaces. */
export function newestGeneration(attachments: readonly Attachment[]): Generation | undefined {
  return attachments
    .flatMap((attachment) => attachment.hooks)
    .map((hook) => hook.generation)
    .reduce<Generation | undefined>((a, b) => ((a?.generation ?? 0) >= (b?.generation ?? 0) ? a : b), undefined);
}

/** What became of pins that filter nothing here, as a sentence about the interface. */
export function fateText({ name, directory, direction, fate, why }: StrayPins): string {
  switch (fate) {
    case 'moved':
      return `${name} moved to another network namespace, where it is still filtered as it was`;
    case 'gone':
      return `${name} is gone`;
    case 'detached':
      return `${name} ${direction} is not filtered: its link has ended, detached by hand or with a device of that name that was deleted`;
    case 'unreadable':
      return `${name} ${direction}: the pin ${join(basename(directory), direction)} cannot be read: ${why ?? 'unknown'}`;
  }
}
