/** Packets through the real programs with a policy's tables, attached to nothing. */
import { present } from '../base/assert.ts';
import type { CompiledPolicy } from '../compiler/compile.ts';
import type { Decision } from '../policy/classify.ts';
import type { OwnLiveTables } from './live/own-live-tables.ts';
import type { Entry } from './program.ts';
import type { Counted } from './slots.ts';
import type { LoadedTables, Outcome } from './test-runner.ts';
import { TestRunner } from './test-runner.ts';

export type { LoadedTables } from './test-runner.ts';

/** Owns a loaded program, unless that was lent. */
export class Replayer implements Disposable {
  readonly #compiled: CompiledPolicy;
  readonly #runner: TestRunner;

  /** Through a program of its own, whose live sets have the members of the host, or through that of a `lent` policy. */
  constructor(compiled: CompiledPolicy, entry: Entry, lent?: LoadedTables) {
    this.#compiled = compiled;
    this.#runner = new TestRunner(compiled, entry, lent, compiled.host.members);
  }

  /** The members of its live sets, where the policy has any. */
  get live(): OwnLiveTables | undefined {
    return this.#runner.live;
  }

  /** The kernel program's decision for each frame; undefined for one that is too short to be run. */
  run(frames: readonly Uint8Array[]): readonly (Decision | undefined)[] {
    return this.#runner.run(frames).map((outcome) => (outcome === undefined ? undefined : this.#decision(outcome)));
  }

  [Symbol.dispose](): void {
    this.#runner[Symbol.dispose]();
  }

  #decision({ verdict, counted, rank, fragment }: Outcome): Decision {
    const filter = counted.by === 'rule' ? present(this.#compiled.ranked[rank]).filter.text : null;
    return { verdict, by: counted.by, ...namesOf(counted), filter, fragment };
  }
}

function namesOf(counted: Counted): Pick<Decision, 'rule' | 'reason'> {
  if (counted.by === 'rule') return { rule: counted.rule, reason: null };
  return { rule: null, reason: counted.by === 'default' ? null : counted.reason };
}
