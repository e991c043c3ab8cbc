/** What the engine needs of a compiled policy: small enough to be kept in a file, whole enough to be put in force. */

import type { Action } from '../policy/model.ts';
import type { CompiledPolicy, Shape, TableName } from './compile.ts';
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

/** The numbers of a shape, without its tables. */
export interface ShapeNumbers
  extends Pick<Shape, Exclude<keyof Shape, 'common' | 'src4' | 'dst4' | 'src6' | 'dst6' | 'rules4' | 'rules6'>> {
  readonly src4: Pick<Shape['src4'], 'indexed' | 'rootBounds' | 'filtered'>;
  readonly dst4: ShapeNumbers['src4'];
  readonly src6: Pick<Shape['src6'], 'lines' | 'rootBounds'> & {
    readonly blocks: Pick<Shape['src6']['blocks'], 'levels' | 'filterShift' | 'bucketShift'>;
  };
  readonly dst6: ShapeNumbers['src6'];
  readonly common: Omit<Shape['common'], 'roots' | 'nodes' | 'leaves'>;
  readonly rules4: Pick<Shape['rules4'], 'modeNumber' | 'dstClasses' | 'bucketMask'>;
  readonly rules6: ShapeNumbers['rules4'];
}

/** A compiled policy is one; so is what was read back from a file. */
export interface LoadableTables {
  readonly policy: PolicyOutline;
  /** By rank: the index of the rule whose filter it is. */
  readonly ranked: readonly { readonly ruleIndex: number }[];
  readonly shape: ShapeNumbers;
  readonly tables: ReadonlyMap<TableName, Uint8Array>;
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
