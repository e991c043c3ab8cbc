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
import type { Count } from './counts.ts';
import { Counts, counterIndex, wordsOf } from './counts.ts';
import { createJsonMap, readJsonMap, repin } from './json-map.ts';
import type { Direction } from './program.ts';
import { createCounters } from './program.ts';
import type { Named, SlotEra } from './slots.ts';
import { SlotRegistry } from './slots.ts';

const { DIRECTIONS } = ENUMS.direction;
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

export type SlotCounts = Readonly<Record<Direction, Counts>>;

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
export function readCounts(directory: string, { eras, size, named }: SlotRegistry): SlotCounts {
  const counts = { ingress: new Counts(size), egress: new Counts(size) };
  for (const [number, pin] of pinsIn(directory).entries()) {
    using map = openPinnedMap(pin, EXPECTED);
    const first = eras.find(({ maps }) => number < maps)?.first ?? FIRST;
    // The kernel copies value by value: room that no slot uses yet is left out.
    addCounts(counts, map, first, (first + named.length) * DIRECTIONS);
  }
  return counts;
}

/** The counts of one map. */
export function countsOf(map: BpfMap): SlotCounts {
  const slots = map.spec.maxEntries / DIRECTIONS;
  const counts = { ingress: new Counts(slots), egress: new Counts(slots) };
  addCounts(counts, map, FIRST, map.spec.maxEntries);
  return counts;
}

/** One slot's count of one map. */
export function countOf(map: BpfMap, slot: number, direction: Direction): Count {
  const key = new Uint8Array(Uint32Array.of(counterIndex(slot, direction)).buffer);
  const words = wordsOf(present(map.lookup(key), `counter slot ${slot}`));
  const counts = new Counts(1);
  counts.addCpus(0, words, 0, words.length);
  return counts.at(0);
}

/** `first`: the first named slot of the map; `most`: so many of its entries. */
function addCounts(counts: SlotCounts, map: BpfMap, first: number, most: number): void {
  const { values, count } = map.lookupBatch(most);
  const words = wordsOf(values);
  const read = { words, wordsOfIndex: words.length / count, first };
  counts.ingress.add(read, 'ingress');
  counts.egress.add(read, 'egress');
}
