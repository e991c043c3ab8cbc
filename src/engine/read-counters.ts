/** Every counter of every filtered interface, by what it counts. */

import type { Count } from './counter-maps.ts';
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
}

/** Of policies, rules and actions that are no longer in force: their counts stand still and still belong to the sum. */
export interface RetiredSum {
  readonly action: Counted['action'];
  /** How many have counted anything. */
  readonly counters: number;
  readonly packets: bigint;
  readonly bytes: bigint;
}

export interface InterfaceCounters {
  readonly name: string;
  readonly direction: Direction;
  /** Rules first, in policy order, then the default. With what is retired their sum is every packet seen. */
  readonly counters: readonly CounterReading[];
  /** By action, where any has counted. */
  readonly retired: readonly RetiredSum[];
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

function generationOf({ hooks }: Attachment): Generation | undefined {
  return hooks.find((hook) => hook.generation !== undefined)?.generation;
}

export function readInterfaceCounters(attachment: Attachment): readonly InterfaceCounters[] {
  const registry = readSlots(attachment.directory);
  const counts = readCounts(attachment.directory, registry);
  const inForce = slotsInForce(registry, generationOf(attachment));
  const isKnown = knownSlots(inForce);
  return DIRECTIONS.map((direction) => ({
    name: attachment.name,
    direction,
    counters: readings([...inForce, ...FIXED_SLOTS.keys()], registry, counts[direction]),
    retired: sumsOf(readings(retiredSlots(isKnown, counts[direction]), registry, counts[direction])),
    fragments: counts[direction][FRAGMENT_SLOT] ?? ZERO,
  }));
}

export interface RetiredCounters {
  readonly name: string;
  readonly direction: Direction;
  /** Those that have counted anything, the oldest first. */
  readonly counters: readonly CounterReading[];
}

export function readRetiredCounters(attachment: Attachment): readonly RetiredCounters[] {
  const registry = readSlots(attachment.directory);
  const counts = readCounts(attachment.directory, registry);
  const isKnown = knownSlots(slotsInForce(registry, generationOf(attachment)));
  return DIRECTIONS.map((direction) => ({
    name: attachment.name,
    direction,
    counters: readings(retiredSlots(isKnown, counts[direction]), registry, counts[direction]),
  }));
}

/** Every rule and default that has ever counted, in force or not. */
export function readNamedCounters(attachment: Attachment): readonly Omit<RetiredCounters, 'name'>[] {
  const registry = readSlots(attachment.directory);
  const counts = readCounts(attachment.directory, registry);
  const slots = registry.named.map((_, i) => registry.size - registry.named.length + i);
  return DIRECTIONS.map((direction) => ({ direction, counters: readings(slots, registry, counts[direction]) }));
}

/** Slots that are not retired. */
function knownSlots(inForce: readonly number[]): ReadonlySet<number> {
  return new Set([...inForce, ...FIXED_SLOTS.keys(), FRAGMENT_SLOT]);
}

/** What never counted is worth a line only where it is in force or is a fixed reason. */
function retiredSlots(isKnown: ReadonlySet<number>, counts: readonly Count[]): readonly number[] {
  return counts.flatMap(({ packets }, slot) => (packets === 0n || isKnown.has(slot) ? [] : [slot]));
}

function sumsOf(retired: readonly CounterReading[]): readonly RetiredSum[] {
  return (['permit', 'block'] as const).flatMap((action) => {
    const mine = retired.filter(({ counted }) => counted.action === action);
    let packets = 0n;
    let bytes = 0n;
    for (const { count } of mine) {
      packets += count.packets;
      bytes += count.bytes;
    }
    return mine.length === 0 ? [] : [{ action, counters: mine.length, packets, bytes }];
  });
}

function readings(
  slots: readonly number[],
  registry: SlotRegistry,
  counts: readonly Count[],
): readonly CounterReading[] {
  return slots.flatMap((slot) => {
    const counted = registry.counted(slot);
    return counted === undefined ? [] : [{ counted, count: counts[slot] ?? ZERO }];
  });
}
