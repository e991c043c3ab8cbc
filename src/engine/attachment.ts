/** Putting a program in the place of the one that filters a hook now. */
import { join } from 'node:path';
import type { BpfProgram, NetworkInterface } from 'libbpf-ts-bindings';
import { unlinkPin, xdpAttached } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';
import type { AttachChoice, IngressHook, RequestedMode } from './attach.ts';
import { attachHook } from './attach.ts';
import { removeUnusedGates } from './gate.ts';
import type { HeldHook, HookPlace } from './hook.ts';
import { findHook } from './hook.ts';
import { tidyLiveTables } from './live/live-tables-in-use.ts';

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
  choice: AttachChoice,
): SwapResult {
  using held = findHook(place);
  if (held !== undefined) return replaceProgram(held, place, program);
  const note = attachHook(place, device, program, choice);
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
  const current = held?.kind === 'xdp' ? xdpAttached(device.index)?.mode : undefined;
  if (mode === 'auto' || current === undefined || current === mode) return;
  throw new EnvironmentError(
    'XDPOL_E_MODE_CHANGE',
    `${device.name} is filtered in ${current} mode, and a running filter cannot change to ${mode}`,
    {
      help: 'use --mode auto to keep it; or accept a gap: xdpol unassign, then apply again',
    },
  );
}

/** Where arrivals are filtered: where they are now, else where it is wished, else at XDP. */
export function ingressHookFor(
  directory: string,
  device: NetworkInterface,
  wished: IngressHook | undefined,
): IngressHook {
  using held = findHook({ direction: 'ingress', directory, ifindex: device.index });
  if (held === undefined) return wished ?? 'xdp';
  return held.kind === 'xdp' ? 'xdp' : 'tcx';
}

/** Filtering arrivals only must not open what is filtered: refused before anything is touched. */
export function requireOpenEgress(directory: string, device: NetworkInterface): void {
  using held = findHook({ direction: 'egress', directory, ifindex: device.index });
  if (held === undefined) return;
  throw new EnvironmentError(
    'XDPOL_E_EGRESS_FILTERED',
    `${device.name}: outgoing packets are filtered now, and --ingress-only would let them all pass`,
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
  tidyLiveTables();
}
