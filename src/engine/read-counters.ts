/** Every counter of every filtered interface, by what it counts. */

import type { Count, SlotCounts } from './counter-maps.ts';
import { readCounts, readSlots } from './counter-maps.ts';
import type { Generation } from './generation.ts';
import type { Direction } from './program.ts';
import { DIRECTIONS } from './program.ts';
import type { Counted, Named, SlotRegistry } from './slots.ts';
import { FIXED_SLOTS, FRAGMENT_SLOT } from './slots.ts';
import type { Attachment } from './survey.ts';

const ZERO: Count = { packets: 0n, bytes: 0n, jiffies: 0n };

export interface CounterReading {
  readonly counted: Counted;
  readonly count: Count;
  /** Of a policy, a rule or an action that is no longer in force: its count stands still and still belongs to the sum. */
  readonly retired: boolean;
}

export interface InterfaceCounters {
  readonly name: string;
  readonly direction: Direction;
  /** Their sum is every packet seen. Rules first, in policy order, then the default; retired ones last. */
  readonly counters: readonly CounterReading[];
  /** Later fragments, each also counted above by what decided it. */
  readonly fragments: Count;
}

/** Slots of the generation in force, in its order. The program of another version has other numbers: then by name. */
function slotsInForce(registry: SlotRegistry, generation: Generation | undefined): readonly number[] {
  if (generation === undefined) return [];
  if (registry.eras.length === 0) return [...generation.rules.map((rule) => rule.slot), generation.defaultSlot];
  const { policy } = generation;
  const named = [
    ...generation.rules.map(({ name, action }): Named => ({ by: 'rule', policy, rule: name, action })),
    { by: 'default', policy, action: generation.default } as const,
  ];
  return named.flatMap((one) => registry.slotOf(one) ?? []);
}

export function readInterfaceCounters(attachment: Attachment): readonly InterfaceCounters[] {
  const registry = readSlots(attachment.directory);
  const counts = readCounts(attachment.directory, registry);
  const generation = attachment.hooks.find((hook) => hook.generation !== undefined)?.generation;
  return DIRECTIONS.map((direction) => ({
    name: attachment.name,
    direction,
    counters: readings(registry, counts, direction, generation),
    fragments: counts[direction][FRAGMENT_SLOT] ?? ZERO,
  }));
}

function readings(
  registry: SlotRegistry,
  counts: SlotCounts,
  direction: Direction,
  generation: Generation | undefined,
): CounterReading[] {
  const inForce = slotsInForce(registry, generation);
  const known = new Set([...inForce, ...FIXED_SLOTS.keys(), FRAGMENT_SLOT]);
  const others = Array.from({ length: registry.size }, (_, slot) => slot).filter((slot) => !known.has(slot));
  const order = [...inForce, ...FIXED_SLOTS.keys(), ...others];
  return order.flatMap((slot) => {
    const counted = registry.counted(slot);
    const count = counts[direction][slot] ?? ZERO;
    const retired = !known.has(slot);
    // What never counted is worth a line only where it is in force or is a fixed reason.
    return counted === undefined || (retired && count.packets === 0n) ? [] : [{ counted, count, retired }];
  });
}
