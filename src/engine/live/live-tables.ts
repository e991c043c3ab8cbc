/**
 * The tables of live sets of a network namespace: one of IPv4 and one of IPv6, pinned beside the interfaces' directories.
 * Programs of all interfaces and generations read the same pair, so members stay where a policy is replaced. A policy
 * that needs more room gets a larger pair; until nothing reads the smaller one, members go into both.
 */
import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { BpfMap } from 'libbpf-ts-bindings';
import { createMap, mapFlags, openPinnedMap } from 'libbpf-ts-bindings';
import type { Family } from '../../base/ip.ts';
import type { LiveSetClasses } from '../../compiler/live-classes.ts';
import { ENUMS, STRUCTS } from '../../layout/layout.gen.ts';
import { listDirectory, liveTablesDirectory, removeEmptyDirectory, removePin } from '../bpffs.ts';
import type { JiffiesClock } from '../jiffies.ts';
import { liveGeometry, MOST_MEMBERS } from './live-geometry.ts';
import { LiveTable } from './live-table.ts';

const { fields: HEAD } = STRUCTS.live_head;
const PIN = /^pair-(?<number>\d+)-ipv(?<family>[46])$/u;
/** Ends are exact to a jiffy for 2^31 of them: an older table is made anew by the next policy. */
const OLDEST = 2n ** 30n;

/** Members that each table must have room for. */
export type LiveCapacity = Readonly<Record<Family, number>>;

/** Of the live sets of a policy together. */
export function capacityOf(sets: readonly LiveSetClasses[]): LiveCapacity {
  const total = (family: Family, levelsOf: (set: LiveSetClasses) => readonly number[]): number => {
    const sum = sets.reduce((all, set) => all + (levelsOf(set).length === 0 ? 0 : set.capacity), 0);
    return Math.min(sum, MOST_MEMBERS[family]);
  };
  return { 4: total(4, ({ levels4 }) => levels4), 6: total(6, ({ levels6 }) => levels6) };
}

/** Members are found by the version of xdpol that put them there: nobody else may write to such a table. */
function isOfThisVersion(map: BpfMap): boolean {
  const table = map.mmap();
  return new DataView(table.buffer, table.byteOffset).getUint32(HEAD.version.offset, true) === ENUMS.live.VERSION;
}

/** Owns both maps. */
export class LiveTables implements Disposable {
  readonly maps: Readonly<Record<Family, BpfMap>>;
  readonly byFamily: Readonly<Record<Family, LiveTable>>;

  constructor(maps: Readonly<Record<Family, BpfMap>>, now: () => bigint) {
    this.maps = maps;
    this.byFamily = { 4: new LiveTable(4, maps[4], now), 6: new LiveTable(6, maps[6], now) };
  }

  /** Empty, and pinned nowhere. */
  static create(capacity: LiveCapacity, clock: JiffiesClock): LiveTables {
    const epoch = clock.now();
    const ipv4 = createTable(4, capacity[4], epoch);
    try {
      return new LiveTables({ 4: ipv4, 6: createTable(6, capacity[6], epoch) }, () => clock.now());
    } catch (error) {
      ipv4[Symbol.dispose]();
      throw error;
    }
  }

  hasRoomFor(capacity: LiveCapacity): boolean {
    return this.byFamily[4].capacity >= capacity[4] && this.byFamily[6].capacity >= capacity[6];
  }

  [Symbol.dispose](): void {
    this.maps[4][Symbol.dispose]();
    this.maps[6][Symbol.dispose]();
  }
}

function createTable(family: Family, capacity: number, epoch: bigint): BpfMap {
  const { bytes } = liveGeometry(family, capacity);
  const size = { keySize: 4, valueSize: bytes, maxEntries: 1 };
  const map = createMap({ name: `xdpol_live${family}`, type: 'array', ...size, flags: mapFlags.mmapable });
  const table = map.mmap();
  const head = new DataView(table.buffer, table.byteOffset);
  head.setBigUint64(HEAD.epoch.offset, epoch, true);
  head.setUint32(HEAD.seed.offset, randomInt(2 ** 32), true);
  head.setUint32(HEAD.capacity.offset, capacity, true);
  head.setUint32(HEAD.version.offset, ENUMS.live.VERSION, true);
  return map;
}

interface PinnedPair {
  readonly number: number;
  readonly paths: Readonly<Record<Family, string>>;
}

/** Oldest first. A pair of which one half is missing is none. */
function pinnedPairs(root: string): readonly PinnedPair[] {
  const directory = liveTablesDirectory(root);
  const pins = new Set(listDirectory(directory));
  const numbers = [...pins].map((name) => Number(PIN.exec(name)?.groups?.['number'] ?? Number.NaN));
  const pathOf = (number: number, family: Family): string => join(directory, `pair-${number}-ipv${family}`);
  return [...new Set(numbers)]
    .filter((number) => !Number.isNaN(number))
    .sort((a, b) => a - b)
    .map((number) => ({ number, paths: { 4: pathOf(number, 4), 6: pathOf(number, 6) } }))
    .filter(({ paths }) => pins.has(basename(paths[4])) && pins.has(basename(paths[6])));
}

function openMaps({ paths }: PinnedPair): LiveTables['maps'] {
  const expected = { type: 'array', keySize: 4, maxEntries: 1 } as const;
  const ipv4 = openPinnedMap(paths[4], expected);
  try {
    return { 4: ipv4, 6: openPinnedMap(paths[6], expected) };
  } catch (error) {
    ipv4[Symbol.dispose]();
    throw error;
  }
}

function disposeMaps(maps: LiveTables['maps']): void {
  for (const map of [maps[4], maps[6]]) map[Symbol.dispose]();
}

/** Takes the maps over; undefined where they are of another version. */
function ownTables(maps: LiveTables['maps'], clock: JiffiesClock): LiveTables | undefined {
  return isOfThisVersion(maps[4]) ? new LiveTables(maps, () => clock.now()) : undefined;
}

/** Pairs that this process has mapped, by the numbers of their maps: to map a large one takes longer than a change of it. */
const mapped = new Map<string, LiveTables>();

/** undefined where the pair is of another version. */
function mappedPair(pair: PinnedPair, clock: JiffiesClock): LiveTables | undefined {
  const maps = openMaps(pair);
  const key = `${maps[4].id} ${maps[6].id}`;
  const known = mapped.get(key);
  const tables = known ?? ownTables(maps, clock);
  if (tables !== undefined) mapped.set(key, tables);
  if (tables === undefined || known !== undefined) disposeMaps(maps);
  return tables;
}

export interface OpenedLiveTables {
  /** The oldest first. They stay mapped while they are pinned: nobody disposes them, nor the clock. */
  readonly own: readonly LiveTables[];
  /** There are others, of another version of xdpol. */
  readonly hasOthers: boolean;
}

/** All that are pinned. */
export function openLiveTables(root: string, clock: JiffiesClock): OpenedLiveTables {
  const pairs = pinnedPairs(root).map((pair) => mappedPair(pair, clock));
  const opened = pairs.filter((tables) => tables !== undefined);
  for (const [key, tables] of mapped) {
    if (opened.includes(tables)) continue;
    mapped.delete(key);
    tables[Symbol.dispose]();
  }
  return { own: opened, hasOthers: opened.length < pairs.length };
}

/** The newest pair where it is of this version and has the room, else a new one, pinned. The caller disposes it. */
export function liveTablesFor(root: string, capacity: LiveCapacity, clock: JiffiesClock): LiveTables {
  const newest = pinnedPairs(root).at(-1);
  if (newest !== undefined) {
    const maps = openMaps(newest);
    const tables = ownTables(maps, clock);
    const isYoung = tables !== undefined && clock.now() - tables.byFamily[4].epoch < OLDEST;
    if (isYoung && tables.hasRoomFor(capacity)) return tables;
    disposeMaps(maps);
  }
  const directory = liveTablesDirectory(root);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const tables = LiveTables.create(capacity, clock);
  const number = (newest?.number ?? 0) + 1;
  for (const family of [4, 6] as const) {
    const path = join(directory, `pair-${number}-ipv${family}`);
    removePin(path);
    tables.maps[family].pin(path);
  }
  return tables;
}

/** Unpins tables that no program reads. `used`: numbers of the maps that programs in force have. */
export function removeUnusedLiveTables(root: string, used: ReadonlySet<number>): void {
  const directory = liveTablesDirectory(root);
  const pins = listDirectory(directory);
  if (pins.length === 0) return;
  for (const path of pins.map((name) => join(directory, name))) {
    using map = openPinnedMap(path);
    if (!used.has(map.id)) removePin(path);
  }
  removeEmptyDirectory(directory);
}
