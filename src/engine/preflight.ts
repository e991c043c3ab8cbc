/** Test packets through new programs before they go live: what was verified and filled must also decide rightly. */
import { EnvironmentError } from '../base/environment-error.ts';
import type { LoadablePolicy } from '../compiler/loadable.ts';
import type { Entry } from './program.ts';
import type { PolicySlots } from './slots.ts';
import type { PolicyTables } from './tables.ts';
import { TestRunner } from './test-runner.ts';

/** Throws where a program over these tables decides a packet otherwise than the reference classifier does. Touches no live counter. */
export function preflight(
  compiled: LoadablePolicy,
  tables: PolicyTables,
  slots: PolicySlots,
  entries: readonly Entry[],
): void {
  const frames = compiled.probes.map((probe) => probe.frame);
  for (const entry of entries) {
    using runner = new TestRunner(compiled, entry, { tables, slots });
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
