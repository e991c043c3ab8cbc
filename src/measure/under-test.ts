/** A policy in the kernel, with counters of its own, attached to nothing. */
import type { BpfMap, BpfProgram } from 'libbpf-ts-bindings';
import type { CompiledPolicy } from '../compiler/compile.ts';
import { countOf, countsOf } from '../engine/counter-maps.ts';
import type { LoadedPolicy } from '../engine/program.ts';
import { createCounters, loadPolicy } from '../engine/program.ts';
import type { FilledTables } from '../engine/replay.ts';
import type { SamplingMaps } from '../engine/samples/sampling-maps.ts';
import { policySlots, SlotRegistry } from '../engine/slots.ts';
import { PolicyTables } from '../engine/tables.ts';

/** Owns tables, counters and program. */
export class UnderTest implements Disposable {
  readonly filled: FilledTables;
  readonly #counters: BpfMap;
  readonly #loaded: LoadedPolicy;

  /** `sampling` is lent; without it nobody can turn samples on. */
  constructor(compiled: CompiledPolicy, sampling?: SamplingMaps) {
    const registry = new SlotRegistry();
    const slots = policySlots(registry, compiled.policy);
    const tables = new PolicyTables(compiled, slots);
    this.filled = { tables, slots };
    this.#counters = createCounters(registry.size);
    this.#loaded = loadPolicy({ compiled, tables, counters: this.#counters, sampling, entries: ['ingress'] });
  }

  /** The ingress program. */
  get program(): BpfProgram {
    return this.#loaded.program('ingress');
  }

  /** Packets that the program has counted in a slot so far. */
  counted(slot: number): number {
    return Number(countOf(this.#counters, slot, 'ingress').packets);
  }

  /** In all of them: every packet so far, as long as none was a later fragment. */
  countedInAll(): number {
    return countsOf(this.#counters).ingress.reduce((sum, { packets }) => sum + Number(packets), 0);
  }

  [Symbol.dispose](): void {
    this.#loaded[Symbol.dispose]();
    this.#counters[Symbol.dispose]();
    this.filled.tables[Symbol.dispose]();
  }
}
