/** Test packets through the programs that go live, before they do: what was verified and filled must also decide rightly. */
import { EnvironmentError } from '../base/environment-error.ts';
import type { LoadablePolicy } from '../compiler/loadable.ts';
import { OwnLiveTables } from './live/own-live-tables.ts';
import type { Entry } from './program.ts';
import { createCounters, loadPolicy } from './program.ts';
import type { LoadedTables } from './test-runner.ts';
import { TestRunner } from './test-runner.ts';

/**
 * Throws where a program decides a packet otherwise than the reference classifier does. No counter counts these packets.
 * They are judged without members of live sets: a policy that has such sets is tried by programs of its own over the
 * same tables, whose sets are empty.
 */
export function preflight(compiled: LoadablePolicy, inKernel: LoadedTables, entries: readonly Entry[]): void {
  using live = OwnLiveTables.of(compiled.live);
  if (live === undefined) {
    requireRightDecisions(compiled, inKernel, entries);
    return;
  }
  using counters = createCounters(1);
  const { tables, slots } = inKernel;
  using loaded = loadPolicy({ compiled, tables, counters, live: live.program, entries });
  requireRightDecisions(compiled, { tables, slots, loaded }, entries);
}

function requireRightDecisions(compiled: LoadablePolicy, inKernel: LoadedTables, entries: readonly Entry[]): void {
  const frames = compiled.probes.map((probe) => probe.frame);
  for (const entry of entries) {
    using runner = new TestRunner(compiled, entry, inKernel);
    for (const [i, outcome] of runner.run(frames).entries()) {
      const probe = compiled.probes[i];
      if (probe === undefined) continue;
      const rule = outcome?.counted.by === 'rule' ? outcome.counted.rule : null;
      const by = outcome?.counted.by;
      if (outcome?.verdict === probe.verdict && by === probe.by && rule === probe.rule) continue;
      const found = `${outcome?.verdict ?? 'nothing'} by ${rule ?? by ?? 'nothing'}`;
      throw new EnvironmentError(
        'XDPOL_E_PREFLIGHT',
        `pre-flight failed at ${entry}: for ${probe.text} the program says ${found}, the policy ${probe.verdict} by ${probe.rule ?? probe.by}`,
        { help: 'the new program was not attached; please report this with the policy' },
      );
    }
  }
}
