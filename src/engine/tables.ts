/** A compiled policy's tables in the kernel: exact-size arrays, filled through their mappings. */
import type { BpfMap } from 'libbpf-ts-bindings';
import { createMap, mapFlags } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import type { TableName } from '../compiler/compile.ts';
import { TABLE_NAMES } from '../compiler/compile.ts';
import type { LoadableTables } from '../compiler/loadable.ts';
import { rankSlotEntries } from '../compiler/table-entries.ts';
import { ENUMS } from '../layout/layout.gen.ts';
import type { PolicySlots } from './slots.ts';

const UNIT = ENUMS.layout.TABLE_UNIT;
const { UNCOUNTED } = ENUMS.slot;
const { PORT_PAGES, PORT_PAGE } = ENUMS.layout;
const PAGES_BYTES = (ENUMS.plane.PORT_NUMBERS + PORT_PAGES * PORT_PAGE) * Uint16Array.BYTES_PER_ELEMENT;

/** Owns the maps; programs loaded over them keep them alive. */
export class PolicyTables implements Disposable {
  readonly maps: ReadonlyMap<TableName, BpfMap>;
  readonly #slots: Uint32Array;

  constructor(compiled: LoadableTables, slots: PolicySlots) {
    this.#slots = rankSlots(compiled, slots);
    const maps = new Map<TableName, BpfMap>();
    this.maps = maps;
    try {
      for (const name of TABLE_NAMES) {
        const content = name === 'rank_slots' ? bytesOf(this.#slots) : present(compiled.tables.get(name), name);
        maps.set(name, createTable(name, content));
      }
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Bytes of each in the kernel. */
  get bytes(): ReadonlyMap<TableName, number> {
    return new Map([...this.maps].map(([name, map]) => [name, map.spec.valueSize]));
  }

  /**
   * Until it is disposed, a program over these tables counts and samples no packet, and records in its trace what
   * decided it: no counter has the slots that it finds. For programs that are attached to nothing.
   */
  pauseCounting(): Disposable {
    this.#writeSlots(this.#slots.map((slot) => slot + UNCOUNTED));
    return { [Symbol.dispose]: () => this.#writeSlots(this.#slots) };
  }

  #writeSlots(slots: Uint32Array): void {
    present(this.maps.get('rank_slots')).mmap().set(bytesOf(slots));
  }

  [Symbol.dispose](): void {
    for (const map of this.maps.values()) map[Symbol.dispose]();
  }
}

const MATCHED = 1 << ENUMS.reference.RANK_MATCHED_BIT;

/** Of an entry of rank_slots: has the filter decided a packet? */
export function hasMatched(entry: number): boolean {
  return (entry & MATCHED) !== 0;
}

/** Of an entry of rank_slots. */
export function slotOf(entry: number): number {
  return (entry & ~MATCHED) >>> 0;
}

/** Rank -> counter slot; behind the last rank the default's, and what is added to slots with a fixed meaning: 0. */
function rankSlots({ ranked }: LoadableTables, slots: PolicySlots): Uint32Array {
  const table = new Uint32Array(rankSlotEntries(ranked.length));
  for (const [rank, { ruleIndex }] of ranked.entries()) table[rank] = present(slots.rules[ruleIndex]);
  table[ranked.length] = slots.default;
  return table;
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Behind an element that begins at the limit there is room for the largest; pages have all that a place can say. */
function kernelBytes(name: TableName, length: number): number {
  const isPages = name === 'dport_pages' || name === 'sport_pages';
  const least = isPages && length > 0 ? Math.max(length, PAGES_BYTES) : length;
  return Math.ceil((least + ENUMS.layout.ELEMENT_MOST) / UNIT) * UNIT;
}

function createTable(name: TableName, content: Uint8Array): BpfMap {
  const valueSize = kernelBytes(name, content.length);
  const map = createMap({ name, type: 'array', keySize: 4, valueSize, maxEntries: 1, flags: mapFlags.mmapable });
  try {
    map.mmap().set(content);
  } catch (error) {
    map[Symbol.dispose]();
    throw error;
  }
  return map;
}
