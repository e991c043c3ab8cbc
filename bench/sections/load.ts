/** What loading a compiled policy takes: creating and filling the tables, and verifying the program over them. */
import { createCounters, loadPolicy } from '../../src/engine/program.ts';
import { policySlots, SlotRegistry } from '../../src/engine/slots.ts';
import { PolicyTables } from '../../src/engine/tables.ts';
import { spreadOf } from '../../src/measure/statistics.ts';
import type { Effort } from '../effort.ts';
import type { Figure } from '../figure.ts';
import { figure, MIB, single } from '../figure.ts';
import { benchPolicy, compiledPolicy } from '../policies.ts';

export function measureLoad(policy: string, effort: Effort): readonly Figure[] {
  const bench = benchPolicy(policy);
  const compiled = compiledPolicy(bench.policy);
  const registry = new SlotRegistry();
  const slots = policySlots(registry, compiled.policy);
  using counters = createCounters(registry.size);
  const times = { tables: [] as number[], program: [] as number[] };
  let bytes = 0;
  let size = { instructions: 0, verified: 0 };
  for (let round = 0; round <= effort.rounds; round++) {
    const started = performance.now();
    using tables = new PolicyTables(compiled, slots);
    const filled = performance.now();
    using loaded = loadPolicy({ compiled, tables, counters, entries: ['ingress'] });
    const done = performance.now();
    bytes = [...tables.bytes.values()].reduce((sum, table) => sum + table, 0);
    const { insnCount, verifiedInsns } = loaded.program('ingress');
    size = { instructions: insnCount, verified: verifiedInsns };
    if (round === 0) continue;
    times.tables.push(filled - started);
    times.program.push(done - filled);
  }
  const about = { section: 'load', policy, size: bench.size, traffic: '', subject: 'xdpol' } as const;
  const { rounds } = effort;
  return [
    figure(about, { quantity: 'tables', unit: 'ms' }, spreadOf(times.tables), rounds),
    figure(about, { quantity: 'ingress program', unit: 'ms' }, spreadOf(times.program), rounds),
    single(about, { quantity: 'tables in the kernel', unit: 'MiB' }, bytes / MIB),
    single(about, { quantity: 'instructions', unit: 'count' }, size.instructions),
    single(about, { quantity: 'verified', unit: 'count' }, size.verified),
  ];
}
