/**
 * A change that waits to be confirmed. All of it is in the kernel: the gates at the hooks, their deadline, and what they
 * lead to. Deciding is one store, after which every gate leads where it shall; taking the gates away comes after it and
 * can be done by whoever comes next.
 */
import { endHook } from './attachment.ts';
import type { HeldGate } from './gate.ts';
import { gateOf, removeUnusedGates } from './gate.ts';
import type { Generation } from './generation.ts';
import { generationOf } from './generation.ts';
import type { HeldHook, HookPlace } from './hook.ts';
import { findHook } from './hook.ts';
import { readAttachments } from './survey.ts';

export interface PendingHook {
  readonly device: string;
  readonly place: HookPlace;
  readonly openBefore: boolean;
}

export interface Pending {
  /** As they were given to applyPolicy. */
  readonly details: unknown;
  /** How long a confirmation was to have come. */
  readonly seconds: number;
  /** jiffies64; 0 where the change is confirmed and its gates still stand. */
  readonly deadline: bigint;
  /** What the gates lead to before the deadline. */
  readonly candidate: Generation | undefined;
  /** And after it; undefined where nothing was in force before. */
  readonly previous: Generation | undefined;
  readonly hooks: readonly PendingHook[];
}

interface OpenGate {
  readonly hook: PendingHook;
  readonly held: HeldHook;
  readonly gate: HeldGate;
}

/** Calls `use` with every gate that is in force, one after another; collects what it returns. */
function eachGate<T>(use: (open: OpenGate) => T): T[] {
  const results: T[] = [];
  for (const { name: device, directory, ifindex, hooks } of readAttachments()) {
    for (const { direction } of hooks) {
      const place = { direction, directory, ifindex };
      using held = findHook(place);
      if (held === undefined) continue;
      using program = held.program();
      using gate = gateOf(program);
      if (gate === undefined) continue;
      results.push(use({ hook: { device, place, openBefore: gate.record.openBefore }, held, gate }));
    }
  }
  return results;
}

/** The change that waits; undefined where none does. */
export function readPending(): Pending | undefined {
  const all = eachGate(({ hook, gate }) => {
    using candidate = gate.candidate();
    using previous = gate.previous();
    return {
      ...gate.record,
      hook,
      deadline: gate.deadline.get(),
      candidate: candidate === undefined ? undefined : generationOf(candidate),
      previous: previous === undefined ? undefined : generationOf(previous),
    };
  });
  const newest = all.reduce<(typeof all)[number] | undefined>(
    (a, b) => ((a?.candidate?.generation ?? 0) >= (b.candidate?.generation ?? 0) && a !== undefined ? a : b),
    undefined,
  );
  if (newest === undefined) return undefined;
  const { details, seconds, deadline, candidate } = newest;
  const previous = all.find((one) => one.previous !== undefined)?.previous;
  return { details, seconds, deadline, candidate, previous, hooks: all.map(({ hook }) => hook) };
}

/** Every gate of the change closes at `jiffies` instead. */
export function setDeadline(jiffies: bigint): void {
  eachGate(({ gate }) => {
    gate.deadline.set(jiffies);
  });
}

/** The change stays: its gates lead to it for good, and then its programs stand at the hooks themselves. */
export function confirmPending(): void {
  setDeadline(0n);
  finishConfirmed();
}

/** What is left to do of a change that is confirmed. */
export function finishConfirmed(): void {
  const hooks = eachGate(({ hook, held, gate }) => {
    using candidate = gate.candidate();
    if (gate.deadline.get() === 0n && candidate !== undefined) held.replace(candidate);
    return hook;
  });
  for (const { place } of hooks) removeUnusedGates(place);
}

export interface Returned {
  /** Interfaces where what was in force before is in force again. */
  readonly restored: readonly string[];
  /** Interfaces that are not filtered any more, as they were not before. */
  readonly opened: readonly string[];
  /** Interfaces with a hook whose program from before is lost: its gate stands and drops. */
  readonly lost: readonly string[];
}

/** Everything is as it was before the change: at once, at every hook; then without the gates. */
export function returnToPrevious(): Returned {
  eachGate(({ gate }) => {
    gate.deadline.pass();
  });
  const outcomes = eachGate(({ hook, held, gate }) => {
    using previous = gate.previous();
    if (previous !== undefined) held.replace(previous);
    else if (hook.openBefore) endHook(hook.place);
    else return { hook, outcome: 'lost' as const };
    return { hook, outcome: hook.openBefore ? ('opened' as const) : ('restored' as const) };
  });
  for (const { hook, outcome } of outcomes) if (outcome !== 'lost') removeUnusedGates(hook.place);
  const devices = (wanted: string): readonly string[] => [
    ...new Set(outcomes.filter(({ outcome }) => outcome === wanted).map(({ hook }) => hook.device)),
  ];
  return { restored: devices('restored'), opened: devices('opened'), lost: devices('lost') };
}
