/** A policy in the kernel, with counters of its own, attached to nothing. */
import type { BpfProgram } from 'libbpf-ts-bindings';
import type { CompiledPolicy } from '../compiler/compile.ts';
import type { LoadedPolicy } from '../engine/program.ts';
import { createCounters, loadPolicy } from '../engine/program.ts';
import type { FilledTables } from '../engine/replay.ts';
import { policySlots, SlotRegistry } from '../engine/slots.ts';
import { PolicyTables } from '../engine/tables.ts';

/** Owns tables and program. */
export class UnderTest implements Disposable {
  readonly filled: FilledTables;
  readonly #loaded: LoadedPolicy;

  constructor(compiled: CompiledPolicy) {
    const registry = new SlotRegistry();
    const slots = policySlots(registry, compiled.policy);
    using counters = createCounters(registry.size);
    const tables = new PolicyTables(compiled, slots);
    this.filled = { tables, slots };
    this.#loaded = loadPolicy({ compiled, tables, counters, directions: ['ingress'] });
  }

  /** The ingress program. */
  get program(): BpfProgram {
    return this.#loaded.program('ingress');
  }

  [Symbol.dispose](): void {
    this.#loaded[Symbol.dispose]();
    this.filled.tables[Symbol.dispose]();
  }
}
