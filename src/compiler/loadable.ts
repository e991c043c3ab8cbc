/** What the engine needs of a compiled policy: small enough to be kept in a file, whole enough to be put in force. */

import type { Action } from '../policy/model.ts';
import type { CompiledPolicy, TableName } from './compile.ts';
import type { LiveSetClasses } from './live-classes.ts';
import type { Probe } from './probes.ts';
import { probesOf } from './probes.ts';

/** A policy's names: what counters and the record of a generation are kept by. */
export interface PolicyOutline {
  readonly name: string;
  readonly default: Action;
  readonly rules: readonly RuleOutline[];
}

export interface RuleOutline {
  readonly name: string;
  readonly action: Action;
  readonly filterList: { readonly name: string; readonly filters: { readonly length: number } };
}

/** A compiled policy is one; so is what was read back from a file. */
export interface LoadableTables {
  readonly policy: PolicyOutline;
  /** By rank: the index of the rule whose filter it is. */
  readonly ranked: readonly { readonly ruleIndex: number }[];
  readonly shape: Uint8Array;
  readonly broadcasts: Uint8Array;
  readonly tables: ReadonlyMap<TableName, Uint8Array>;
  /** In the policy's order; none where it has no live sets. */
  readonly live: readonly LiveSetClasses[];
}

export interface LoadablePolicy extends LoadableTables {
  readonly probes: readonly Probe[];
}

/** Time for the packets of one pre-flight: enough for each filter of a policy of hundreds. */
const PROBE_MILLISECONDS = 250;

/** One compiled policy may be for several interfaces. */
const known = new WeakMap<CompiledPolicy, LoadablePolicy>();

/** `clock`: milliseconds from any start. */
export function loadableOf(compiled: CompiledPolicy, clock: () => number): LoadablePolicy {
  const loadable = known.get(compiled) ?? {
    ...compiled,
    probes: probesOf(compiled, { clock, milliseconds: PROBE_MILLISECONDS }),
  };
  known.set(compiled, loadable);
  return loadable;
}
