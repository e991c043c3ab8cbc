/** Every counter of every filtered interface, by what it counts. */

import { readCounts, readSlots } from './counter-maps.ts';
import type { Count, Counts } from './counts.ts';
import type { Generation } from './generation.ts';
import type { Direction } from './program.ts';
import { DIRECTIONS } from './program.ts';
import type { Counted, Named, SlotRegistry } from './slots.ts';
import { FIXED_SLOTS, FRAGMENT_SLOT } from './slots.ts';
import type { Attachment } from './survey.ts';

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

/** One direction of an interface. With what is retired the sum of all counters is every packet seen. */
export interface InterfaceCounters {
  readonly name: string;
  readonly direction: Direction;
  /** Rules in policy order, then the default. The same array at each reading until another generation is in force. */
  readonly named: readonly Named[];
  /** Of each of them. */
  readonly slots: readonly number[];
  /** By slot. */
  readonly counts: Counts;
  /** By action, where any has counted. */
  readonly retired: readonly RetiredSum[];
  /** Later fragments, each also counted by what decided it. */
  readonly fragments: Count;
}

/** No counters have it. */
const NO_SLOT = -1;

const namedOfGenerations = new WeakMap<Generation, readonly Named[]>();

function namedOf(generation: Generation | undefined): readonly Named[] {
  if (generation === undefined) return [];
  const known = namedOfGenerations.get(generation);
  if (known !== undefined) return known;
  const { policy } = generation;
  const named = [
    ...generation.rules.map(({ name, action }): Named => ({ by: 'rule', policy, rule: name, action })),
    { by: 'default', policy, action: generation.default } as const,
  ];
  namedOfGenerations.set(generation, named);
  return named;
}

/** Slots of the generation in force, in its order. The program of another version has other numbers: then by name. */
function slotsInForce(registry: SlotRegistry, generation: Generation | undefined): readonly number[] {
  if (generation === undefined) return [];
  if (registry.eras.length === 0) return [...generation.rules.map((rule) => rule.slot), generation.defaultSlot];
  return namedOf(generation).map((named) => registry.slotOf(named) ?? NO_SLOT);
}

function generationOf({ hooks }: Attachment): Generation | undefined {
  return hooks.find((hook) => hook.generation !== undefined)?.generation;
}

export function readInterfaceCounters(attachment: Attachment): readonly InterfaceCounters[] {
  const registry = readSlots(attachment.directory);
  const counts = readCounts(attachment.directory, registry);
  const generation = generationOf(attachment);
  const slots = slotsInForce(registry, generation);
  const isRetired = retirement(registry, slots);
  return DIRECTIONS.map((direction) => ({
    name: attachment.name,
    direction,
    named: namedOf(generation),
    slots,
    counts: counts[direction],
    retired: sumsOf(readings(retiredSlots(isRetired, counts[direction]), registry, counts[direction])),
    fragments: counts[direction].at(FRAGMENT_SLOT),
  }));
}

/** What is in force, then what has a slot of fixed meaning. */
export function readingsOf({ named, slots, counts }: InterfaceCounters): readonly CounterReading[] {
  return [
    ...named.map((counted, i) => ({ counted, count: counts.at(slots[i] ?? NO_SLOT) })),
    ...[...FIXED_SLOTS].map(([slot, counted]) => ({ counted, count: counts.at(slot) })),
  ];
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
  const isRetired = retirement(registry, slotsInForce(registry, generationOf(attachment)));
  return DIRECTIONS.map((direction) => ({
    name: attachment.name,
    direction,
    counters: readings(retiredSlots(isRetired, counts[direction]), registry, counts[direction]),
  }));
}

/** Every rule and default that has ever counted, in force or not. */
export function readNamedCounters(attachment: Attachment): readonly Omit<RetiredCounters, 'name'>[] {
  const registry = readSlots(attachment.directory);
  const counts = readCounts(attachment.directory, registry);
  const slots = registry.named.map((_, i) => registry.size - registry.named.length + i);
  return DIRECTIONS.map((direction) => ({ direction, counters: readings(slots, registry, counts[direction]) }));
}

/** By slot: 1 where its name is no longer in force. */
function retirement(registry: SlotRegistry, inForce: readonly number[]): Uint8Array {
  const isRetired = new Uint8Array(registry.size).fill(1);
  for (const slot of [...inForce, ...FIXED_SLOTS.keys(), FRAGMENT_SLOT]) isRetired[slot] = 0;
  return isRetired;
}

/** What never counted is worth a line only where it is in force or is a fixed reason. */
function retiredSlots(isRetired: Uint8Array, { packets }: Counts): readonly number[] {
  const slots: number[] = [];
  for (const [slot, retired] of isRetired.entries()) {
    if (retired === 1 && packets[slot] !== 0n) slots.push(slot);
  }
  return slots;
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

function readings(slots: readonly number[], registry: SlotRegistry, counts: Counts): readonly CounterReading[] {
  return slots.flatMap((slot) => {
    const counted = registry.counted(slot);
    return counted === undefined ? [] : [{ counted, count: counts.at(slot) }];
  });
}
