/** A compiled policy in the kernel: programs verified over its tables, attached to nothing. */
import type { BpfMap, BpfObject, BpfProgram } from 'libbpf-ts-bindings';
import { createMap, loadObject } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import type { LoadableTables } from '../compiler/loadable.ts';
import { ENUMS, STRUCTS } from '../layout/layout.gen.ts';
import { completeShape } from './complete-shape.ts';
import { checkObject, objectPath } from './object.ts';
import type { SamplingMaps } from './samples/sampling-maps.ts';
import type { PolicyTables } from './tables.ts';

export type Direction = 'ingress' | 'egress';
export const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];
/** What runs for a direction: `tcx` is for what arrives, where XDP cannot or must not be used. */
export type Entry = Direction | 'tcx';
export const PROGRAM_NAMES = { ingress: 'xdpol_ingress', egress: 'xdpol_egress', tcx: 'xdpol_tcx' } as const;

export interface LoadRequest {
  readonly compiled: Pick<LoadableTables, 'shape' | 'broadcasts'>;
  /** Lent, as the counters are: the programs keep both alive. */
  readonly tables: PolicyTables;
  readonly counters: BpfMap;
  /** Lent too; without it nobody can turn samples on. */
  readonly sampling?: SamplingMaps | undefined;
  /** Record what decided the last packet, for replay and tests. */
  readonly trace?: boolean;
  readonly entries?: readonly Entry[];
}

/** Owns the object and with it the programs. Attached programs live on when it is disposed. */
export class LoadedPolicy implements Disposable {
  readonly #object: BpfObject;
  /** Where the trace stands in `traceMap`. */
  readonly traceOffset: number;

  constructor(object: BpfObject, traceOffset: number) {
    this.#object = object;
    this.traceOffset = traceOffset;
  }

  program(entry: Entry): BpfProgram {
    return present(this.#object.programs.get(PROGRAM_NAMES[entry]), `program ${entry}`);
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

/** Loads the programs over the tables: all or nothing. */
export function loadPolicy(request: LoadRequest): LoadedPolicy {
  const { compiled, tables, counters, sampling, trace = false, entries = DIRECTIONS } = request;
  const path = objectPath('xdpol');
  const spec = checkObject(path);
  const object = loadObject(path, {
    rodata: {
      shape: completeShape(compiled.shape, trace, tables.bytes),
      broadcasts: compiled.broadcasts,
    },
    maps: {
      counters,
      ...sampling?.byName,
      ...Object.fromEntries([...tables.maps].map(([name, map]) => [`.data.${name}`, map])),
    },
    programs: entries.map((entry) => PROGRAM_NAMES[entry]),
  });
  return new LoadedPolicy(object, present(spec.variables.find((v) => v.name === 'trace')).offset);
}
