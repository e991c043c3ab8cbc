/** A compiled policy in the kernel: tables filled, programs verified, attached to nothing. */
import type { BpfMap, BpfObject, BpfProgram } from 'libbpf-ts-bindings';
import { createMap, loadObject, mapFlags } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import type { CompiledPolicy, TableName } from '../compiler/compile.ts';
import { TABLE_NAMES } from '../compiler/compile.ts';
import { ENUMS, STRUCTS } from '../layout/layout.gen.ts';
import { checkedObject, objectPath } from './object.ts';
import { encodeShape } from './shape.ts';
import type { PolicySlots } from './slots.ts';

export type Direction = 'ingress' | 'egress';
export const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];
export const PROGRAM_NAMES = { ingress: 'xdpol_ingress', egress: 'xdpol_egress' } as const;

const UNIT = ENUMS.layout.TABLE_UNIT;

export interface LoadRequest {
  readonly compiled: CompiledPolicy;
  readonly slots: PolicySlots;
  /** Lent: the programs keep it alive. */
  readonly counters: BpfMap;
  /** Record what decided the last packet, for replay and tests. */
  readonly trace?: boolean;
  readonly directions?: readonly Direction[];
}

/** Owns the object and with it programs and maps. Attached programs live on when it is disposed. */
export class LoadedPolicy implements Disposable {
  readonly #object: BpfObject;
  readonly tableBytes: ReadonlyMap<TableName, number>;
  /** Where the trace stands in `traceMap`. */
  readonly traceOffset: number;

  constructor(object: BpfObject, tableBytes: ReadonlyMap<TableName, number>, traceOffset: number) {
    this.#object = object;
    this.tableBytes = tableBytes;
    this.traceOffset = traceOffset;
  }

  program(direction: Direction): BpfProgram {
    return present(this.#object.programs.get(PROGRAM_NAMES[direction]), `program ${direction}`);
  }

  /** Where a tracing program says what decided the last packet: struct xdpol_trace. */
  get traceMap(): BpfMap {
    return present(this.#object.maps.get('.bss'), '.bss');
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
  }
}

/** An empty counters map for `slots` slots. */
export function createCounters(slots: number): BpfMap {
  return createMap({
    name: 'xdpol_counters',
    type: 'percpu_array',
    keySize: 4,
    valueSize: STRUCTS.counter.size,
    maxEntries: slots * ENUMS.direction.DIRECTIONS,
  });
}

function paddedSize(bytes: number): number {
  return Math.max(UNIT, Math.ceil(bytes / UNIT) * UNIT);
}

/** Rank -> counter slot; the last is the default's. */
function rankSlots({ ranked }: CompiledPolicy, slots: PolicySlots): Uint8Array {
  const table = new Uint32Array(ranked.length + 1);
  for (const [rank, { ruleIndex }] of ranked.entries()) table[rank] = present(slots.rules[ruleIndex]);
  table[ranked.length] = slots.default;
  return new Uint8Array(table.buffer);
}

function createTable(name: TableName, content: Uint8Array): BpfMap {
  const valueSize = paddedSize(content.length);
  const map = createMap({ name, type: 'array', keySize: 4, valueSize, maxEntries: 1, flags: mapFlags.mmapable });
  try {
    map.mmap().set(content);
  } catch (error) {
    map[Symbol.dispose]();
    throw error;
  }
  return map;
}

/** Creates and fills the tables and loads the programs over them: all or nothing. */
export function loadPolicy({
  compiled,
  slots,
  counters,
  trace = false,
  directions = DIRECTIONS,
}: LoadRequest): LoadedPolicy {
  const path = objectPath();
  const spec = checkedObject(path);
  const tables = new Map<TableName, BpfMap>();
  try {
    for (const name of TABLE_NAMES) {
      const content = name === 'rank_slots' ? rankSlots(compiled, slots) : present(compiled.tables.get(name), name);
      tables.set(name, createTable(name, content));
    }
    const tableBytes = new Map([...tables].map(([name, map]) => [name, map.spec.valueSize]));
    const object = loadObject(path, {
      rodata: { shape: encodeShape(compiled.shape, trace, tableBytes) },
      maps: { counters, ...Object.fromEntries([...tables].map(([name, map]) => [`.data.${name}`, map])) },
      programs: directions.map((direction) => PROGRAM_NAMES[direction]),
    });
    return new LoadedPolicy(object, tableBytes, present(spec.variables.find((v) => v.name === 'trace')).offset);
  } finally {
    for (const map of tables.values()) map[Symbol.dispose]();
  }
}
