/** A policy in the kernel, with counters of its own, attached to nothing. */
import type { BpfMap, BpfProgram } from 'libbpf-ts-bindings';
import type { CompiledPolicy } from '../compiler/compile.ts';
import { countOf, countsOf } from '../engine/counter-maps.ts';
import { OwnLiveTables } from '../engine/live/own-live-tables.ts';
import type { LoadRequest } from '../engine/program.ts';
import { createCounters, loadPolicy } from '../engine/program.ts';
import type { LoadedTables } from '../engine/replay.ts';
import { policySlots, SlotRegistry } from '../engine/slots.ts';
import { PolicyTables } from '../engine/tables.ts';

/** Owns tables, counters and program. */
export class UnderTest implements Disposable {
  readonly inKernel: LoadedTables;
  readonly #counters: BpfMap;

  /** What is lent is as `loadPolicy` has it. */
  constructor(compiled: CompiledPolicy, lent: Pick<LoadRequest, 'sampling' | 'audit' | 'object'> = {}) {
    const registry = new SlotRegistry();
    const slots = policySlots(registry, compiled.policy);
    const tables = new PolicyTables(compiled, slots);
    this.#counters = createCounters(registry.size);
    const live = OwnLiveTables.of(compiled.live, compiled.host.members);
    const request = { ...lent, compiled, tables, counters: this.#counters, live: live?.program };
    this.inKernel = { tables, slots, loaded: loadPolicy({ ...request, entries: ['ingress'] }), live };
  }

  /** The ingress program. */
  get program(): BpfProgram {
    return this.inKernel.loaded.program('ingress');
  }

  /** Packets that the program has counted in a slot so far. */
  counted(slot: number): number {
    return Number(countOf(this.#counters, slot, 'ingress').packets);
  }

  /** In all of them: every packet so far, as long as none was a later fragment. */
  countedInAll(): number {
    return countsOf(this.#counters).ingress.packets.reduce((sum, packets) => sum + Number(packets), 0);
  }

  [Symbol.dispose](): void {
    this.inKernel.loaded[Symbol.dispose]();
    this.#counters[Symbol.dispose]();
    this.inKernel.tables[Symbol.dispose]();
    this.inKernel.live?.[Symbol.dispose]();
  }
}
