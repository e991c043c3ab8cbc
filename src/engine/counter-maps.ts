/**
 * The pinned counters of one interface. Programs add, nobody else writes. When a policy needs more
 * slots than the newest map has, a larger one is pinned besides: a slot's count is the sum over
 * all of them, exact at any moment, and nothing is ever copied or reset.
 */
import { join } from 'node:path';
import type { BpfMap } from 'libbpf-ts-bindings';
import { openPinnedMap } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import { ENUMS, STRUCTS } from '../layout/layout.gen.ts';
import { listDirectory, removePin } from './bpffs.ts';
import { createJsonMap, readJsonMap, repin } from './json-map.ts';
import type { Direction } from './program.ts';
import { createCounters } from './program.ts';
import type { Named, SlotEra } from './slots.ts';
import { SlotRegistry } from './slots.ts';

const { DIRECTIONS, INGRESS, EGRESS } = ENUMS.direction;
const { counter: COUNTER } = STRUCTS;
const PIN = /^counters-(\d+)$/u;
const SLOTS_PIN = 'slots';
const SMALLEST = 64;
const FIRST = ENUMS.slot.FIRST_NAMED;
const EXPECTED = { type: 'percpu_array', keySize: 4, valueSize: COUNTER.size } as const;

function pinsIn(directory: string): string[] {
  return listDirectory(directory)
    .filter((name) => PIN.test(name))
    .sort((a, b) => Number(PIN.exec(a)?.[1]) - Number(PIN.exec(b)?.[1]))
    .map((name) => join(directory, name));
}

/** Counters without what they count, or the other way round, are none. */
export function hasCounters(directory: string): boolean {
  return listDirectory(directory).includes(SLOTS_PIN) && pinsIn(directory).length > 0;
}

/** The next generation begins new ones. What one half of them was for cannot be known any more. */
export function forgetCounters(directory: string): void {
  const slots = listDirectory(directory).filter((name) => name === SLOTS_PIN);
  for (const pin of [...pinsIn(directory), ...slots.map((name) => join(directory, name))]) removePin(pin);
}

/** What is pinned as `slots`. */
interface SlotRecord {
  /** Where the first of `named` stands in the newest counters. */
  readonly first: number;
  readonly before: readonly SlotEra[];
  readonly named: readonly Named[];
}

/** Versions that knew no eras pinned the names alone; the first of them was in this slot. */
const FIRST_WITHOUT_ERAS = 16;

export function readSlots(directory: string): SlotRegistry {
  if (!listDirectory(directory).includes(SLOTS_PIN)) return new SlotRegistry();
  using map = openPinnedMap(join(directory, SLOTS_PIN));
  const content = readJsonMap(map) as SlotRecord | readonly Named[];
  const record = 'named' in content ? content : { first: FIRST_WITHOUT_ERAS, before: [], named: content };
  if (record.first === FIRST) return new SlotRegistry(record.named, record.before);
  const era = { first: record.first, maps: pinsIn(directory).length };
  return new SlotRegistry(record.named, [...record.before, era], false);
}

/** Must be done before a program counts in the slots. */
export function writeSlots(directory: string, { named, eras }: SlotRegistry): void {
  const record: SlotRecord = { first: FIRST, before: eras, named };
  using map = createJsonMap('xdpol_slots', record);
  repin(map, join(directory, SLOTS_PIN));
}

/**
 * The newest counters if they have room for the slots and number them as this program does, else new ones, pinned. The
 * caller disposes the map.
 */
export function openCountersFor(directory: string, { size: slots, eras }: SlotRegistry): BpfMap {
  const pins = pinsIn(directory);
  const newest = pins.length > (eras.at(-1)?.maps ?? 0) ? pins.at(-1) : undefined;
  if (newest !== undefined) {
    const map = openPinnedMap(newest, EXPECTED);
    if (map.spec.maxEntries >= slots * DIRECTIONS) return map;
    map[Symbol.dispose]();
  }
  let room = SMALLEST;
  while (room < slots) room *= 2;
  const map = createCounters(room);
  map.pin(join(directory, `counters-${pins.length}`));
  return map;
}

export interface Count {
  readonly packets: bigint;
  readonly bytes: bigint;
  /** jiffies64 of the newest packet, 0 where none was counted. */
  readonly jiffies: bigint;
}

/** Most slots of most maps: one object stands for all of them. */
const ZERO: Count = { packets: 0n, bytes: 0n, jiffies: 0n };

export type SlotCounts = Readonly<Record<Direction, readonly Count[]>>;

/**
 * Every slot of an interface, summed over CPUs.
 *
 * Shape   counts by slot for each direction; slots as this program numbers them, whatever version pinned the map.
 * Units   packets; bytes of the frame from the Ethernet header on, without FCS.
 * Exact   each count is a sum of per-CPU u64s, monotonic; slots are read one after another, so two are not one instant.
 * Throws  BpfError where a pin is not a counters map.
 * Cost    one batch call for each counters map: one, unless the policy once outgrew it.
 * Source  kernel Documentation/bpf/map_array.rst (per-CPU arrays).
 */
export function readCounts(directory: string, { eras }: SlotRegistry): SlotCounts {
  const sums: Record<Direction, Count[]> = { ingress: [], egress: [] };
  for (const [number, pin] of pinsIn(directory).entries()) {
    using map = openPinnedMap(pin, EXPECTED);
    addCounts(sums, map, eras.find(({ maps }) => number < maps)?.first);
  }
  return sums;
}

/** The counts of one map. */
export function countsOf(map: BpfMap): SlotCounts {
  const sums: Record<Direction, Count[]> = { ingress: [], egress: [] };
  addCounts(sums, map);
  return sums;
}

/** One slot's count of one map. */
export function countOf(map: BpfMap, slot: number, direction: Direction): Count {
  const key = new Uint8Array(Uint32Array.of(counterIndex(slot, direction)).buffer);
  const values = present(map.lookup(key), `counter slot ${slot}`);
  return sumCpus(new DataView(values.buffer, values.byteOffset, values.byteLength), 0, map.valueStride);
}

/** `first`: the first named slot of the map. */
function addCounts(sums: Record<Direction, Count[]>, map: BpfMap, first: number = FIRST): void {
  const { values, count } = map.lookupBatch();
  const { valueStride: stride } = map; // asks the addon each time
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  for (let index = 0; index < count; index++) {
    const total = sumCpus(view, index * stride, stride);
    const direction = index % DIRECTIONS === INGRESS ? 'ingress' : 'egress';
    const pinned = Math.floor(index / DIRECTIONS);
    const slot = pinned < first ? pinned : pinned - first + FIRST;
    const before = sums[direction][slot];
    if (before === undefined || total !== ZERO) sums[direction][slot] = merge(before ?? ZERO, total);
  }
}

function sumCpus(view: DataView, start: number, stride: number): Count {
  const { packets, bytes, jiffies } = COUNTER.fields;
  let sum = ZERO;
  for (let at = start; at < start + stride; at += COUNTER.size) {
    if (view.getUint32(at, true) === 0 && view.getUint32(at + 4, true) === 0) continue;
    sum = merge(sum, {
      packets: view.getBigUint64(at + packets.offset, true),
      bytes: view.getBigUint64(at + bytes.offset, true),
      jiffies: view.getBigUint64(at + jiffies.offset, true),
    });
  }
  return sum;
}

function merge(a: Count, b: Count): Count {
  if (a === ZERO) return b;
  return {
    packets: a.packets + b.packets,
    bytes: a.bytes + b.bytes,
    jiffies: a.jiffies > b.jiffies ? a.jiffies : b.jiffies,
  };
}

/** Index of a slot's counter in a counters map. */
export function counterIndex(slot: number, direction: Direction): number {
  return slot * DIRECTIONS + (direction === 'ingress' ? INGRESS : EGRESS);
}
