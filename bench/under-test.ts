/** A bench policy in the kernel, with counters of its own, attached to nothing. */
import type { BpfProgram } from 'libbpf-ts-bindings';
import { Diagnostics } from '../src/base/diagnostics.ts';
import type { CompiledPolicy } from '../src/compiler/compile.ts';
import { compile } from '../src/compiler/compile.ts';
import type { LoadedPolicy } from '../src/engine/program.ts';
import { createCounters, loadPolicy } from '../src/engine/program.ts';
import type { FilledTables } from '../src/engine/replay.ts';
import { policySlots, SlotRegistry } from '../src/engine/slots.ts';
import { PolicyTables } from '../src/engine/tables.ts';
import type { Policy } from '../src/policy/model.ts';
import { HOST } from './policies.ts';

/** `clock`: milliseconds from any start, for the statistics. */
export function compiledPolicy(policy: Policy, clock?: () => number): CompiledPolicy {
  const diags = new Diagnostics();
  const compiled = compile(policy, HOST, diags, clock === undefined ? {} : { clock });
  if (compiled === undefined) throw new Error(diags.all.map((d) => d.message).join('; '));
  return compiled;
}

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
