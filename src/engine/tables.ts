/** A compiled policy's tables in the kernel: exact-size arrays, filled through their mappings. */
import type { BpfMap } from 'libbpf-ts-bindings';
import { createMap, mapFlags } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import type { TableName } from '../compiler/compile.ts';
import { TABLE_NAMES } from '../compiler/compile.ts';
import type { LoadableTables } from '../compiler/loadable.ts';
import { ENUMS } from '../layout/layout.gen.ts';
import type { PolicySlots } from './slots.ts';

const UNIT = ENUMS.layout.TABLE_UNIT;

/** Owns the maps; programs loaded over them keep them alive. */
export class PolicyTables implements Disposable {
  readonly maps: ReadonlyMap<TableName, BpfMap>;

  constructor(compiled: LoadableTables, slots: PolicySlots) {
    const maps = new Map<TableName, BpfMap>();
    this.maps = maps;
    try {
      for (const name of TABLE_NAMES) {
        const content = name === 'rank_slots' ? rankSlots(compiled, slots) : present(compiled.tables.get(name), name);
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

  [Symbol.dispose](): void {
    for (const map of this.maps.values()) map[Symbol.dispose]();
  }
}

/** Rank -> counter slot; the last is the default's. */
function rankSlots({ ranked }: LoadableTables, slots: PolicySlots): Uint8Array {
  const table = new Uint32Array(ranked.length + 1);
  for (const [rank, { ruleIndex }] of ranked.entries()) table[rank] = present(slots.rules[ruleIndex]);
  table[ranked.length] = slots.default;
  return new Uint8Array(table.buffer);
}

function createTable(name: TableName, content: Uint8Array): BpfMap {
  const valueSize = Math.max(UNIT, Math.ceil(content.length / UNIT) * UNIT);
  const map = createMap({ name, type: 'array', keySize: 4, valueSize, maxEntries: 1, flags: mapFlags.mmapable });
  try {
    map.mmap().set(content);
  } catch (error) {
    map[Symbol.dispose]();
    throw error;
  }
  return map;
}
