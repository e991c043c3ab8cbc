/** What compiling a policy takes, from the model to the tables' bytes: once and cold, as the agent does it. */
import { present } from '../../src/base/assert.ts';
import { spreadOf } from '../../src/measure/statistics.ts';
import type { Effort } from '../effort.ts';
import type { Figure, Quantity } from '../figure.ts';
import { figure, MIB, single } from '../figure.ts';
import { benchPolicy, compiledPolicy } from '../policies.ts';

/** `main.ts` starts a process for each cold compilation and joins their figures. */
export function measureCompile(policy: string, _effort: Effort): readonly Figure[] {
  const bench = benchPolicy(policy);
  const about = { section: 'compile', policy, size: bench.size, traffic: '', subject: 'xdpol' } as const;
  const residentBefore = process.memoryUsage().rss;
  const started = performance.now();
  const { statistics, tables } = compiledPolicy(bench.policy, () => performance.now());
  const total = performance.now() - started;
  const peak = process.resourceUsage().maxRSS * 1024;
  const bytes = [...tables.values()].reduce((sum, table) => sum + table.length, 0);
  const value = (what: Quantity, amount: number): Figure => single(about, what, amount);
  const note = `${statistics.directedFilters} directed filters, ${statistics.mode4}/${statistics.mode6}`;
  return [
    value({ quantity: 'total', unit: 'ms', note }, total),
    ...(['expand', 'classes', 'rules', 'encode'] as const).map((pass) =>
      value({ quantity: pass, unit: 'ms' }, statistics.milliseconds[pass]),
    ),
    value({ quantity: 'tables', unit: 'MiB' }, bytes / MIB),
    value({ quantity: 'resident at most', unit: 'MiB' }, peak / MIB),
    value({ quantity: 'more than before', unit: 'MiB' }, (peak - residentBefore) / MIB),
  ];
}

/** The same figures of several runs as one figure each. */
export function joinFigures(runs: readonly (readonly Figure[])[]): readonly Figure[] {
  return (runs[0] ?? []).map((first, i) => {
    const spread = spreadOf(runs.map((run) => present(run[i]?.spread).median));
    return figure(first, first, spread, runs.length);
  });
}
