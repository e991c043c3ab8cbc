/** A compiled policy in the kernel: programs verified over its tables, attached to nothing. */
import type { BpfMap, BpfObject, BpfProgram, LoadOptions } from 'libbpf-ts-bindings';
import { createMap } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import type { LoadableTables } from '../compiler/loadable.ts';
import { ENUMS, STRUCTS } from '../layout/layout.gen.ts';
import type { AuditPrograms } from './audit/audit-programs.ts';
import { completeShape } from './complete-shape.ts';
import type { LiveProgram } from './live/live-program.ts';
import { checkObject, loadBuilt, objectPath } from './object.ts';
import type { SamplingMaps } from './samples/sampling-maps.ts';
import type { PolicyTables } from './tables.ts';

export type Direction = 'ingress' | 'egress';
export const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];
/** What runs for a direction: `tcx` is for what arrives, where XDP cannot or must not be used. */
export type Entry = Direction | 'tcx';
export const PROGRAM_NAMES = { ingress: 'xdpol_ingress', egress: 'xdpol_egress', tcx: 'xdpol_tcx' } as const;

/** Of a policy on trial: by where a packet was met, and what the policy in force has decided. */
export type AuditEntry = `${'xdp' | 'in' | 'out'}_${'dropped' | 'passed'}`;

export interface LoadRequest {
  readonly compiled: Pick<LoadableTables, 'shape' | 'broadcasts'>;
  /** Lent, as the counters are: the programs keep both alive. */
  readonly tables: PolicyTables;
  readonly counters: BpfMap;
  /** Lent too; without it nobody can turn samples on. */
  readonly sampling?: SamplingMaps | undefined;
  /** Lent too; without it, filters that ask for live sets find no members. */
  readonly live?: LiveProgram | undefined;
  /** Lent too; without it nobody can put a policy on trial beside this one. */
  readonly audit?: AuditPrograms | undefined;
  readonly entries?: readonly Entry[];
  /** Another build of the object, for measuring. */
  readonly object?: string | undefined;
}

/** The programs of a policy on trial. Owns the object; programs live on in the arrays that have them. */
export class LoadedAudit implements Disposable {
  readonly #object: BpfObject;

  constructor(object: BpfObject) {
    this.#object = object;
  }

  program(entry: AuditEntry): BpfProgram {
    return present(this.#object.programs.get(auditName(entry)), `program ${entry}`);
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
  }
}

function auditName(entry: AuditEntry): string {
  return `xdpol_audit_${entry}`;
}

/** Owns the object and with it the programs. Attached programs live on when it is disposed. */
export class LoadedPolicy implements Disposable {
  readonly #object: BpfObject;
  /** Where the trace stands in `traceMap`. */
  readonly traceOffset: number;

  constructor(object: BpfObject, traceOffset: number) {
    this.#object = object;
    this.traceOffset = traceOffset;
  }

  program(entry: Entry): BpfProgram {
    return present(this.#object.programs.get(PROGRAM_NAMES[entry]), `program ${entry}`);
  }

  /** The programs were made for this policy, and not only loaded over its tables. */
  get specialized(): boolean {
    return this.#object.specialized;
  }

  /** Where a program whose tables are not counting says what decided the last packet: struct xdpol_trace. */
  get traceMap(): BpfMap {
    return present(this.#object.maps.get('.bss'), '.bss');
  }

  [Symbol.dispose](): void {
    this.#object[Symbol.dispose]();
  }
}

/** An empty counters map for `slots` slots. */
export function createCounters(slots: number): BpfMap {
  return createMap({
    name: 'xdpol_counters',
    type: 'percpu_array',
    keySize: 4,
    valueSize: STRUCTS.counter.size,
    maxEntries: slots * ENUMS.direction.DIRECTIONS,
  });
}

/** Loads the programs over the tables: all or nothing. */
export function loadPolicy(request: LoadRequest): LoadedPolicy {
  const { entries = DIRECTIONS, object: path = objectPath('xdpol') } = request;
  const spec = checkObject(path);
  const object = load(
    request,
    entries.map((entry) => PROGRAM_NAMES[entry]),
  );
  return new LoadedPolicy(object, present(spec.variables.find((v) => v.name === 'trace')).offset);
}

/** The same for a policy on trial. */
export function loadAudit(
  request: Omit<LoadRequest, 'audit' | 'entries'> & { readonly entries: readonly AuditEntry[] },
): LoadedAudit {
  checkObject(objectPath('xdpol'));
  return new LoadedAudit(load(request, request.entries.map(auditName)));
}

function load(
  { compiled, tables, counters, sampling, live, audit, object }: Omit<LoadRequest, 'entries'>,
  programs: readonly string[],
): BpfObject {
  const options: LoadOptions = {
    rodata: {
      shape: completeShape(compiled.shape, tables.bytes),
      broadcasts: compiled.broadcasts,
      ...(live === undefined ? {} : { live_shape: live.shape }),
    },
    maps: {
      counters,
      ...sampling?.byName,
      ...live?.maps,
      ...audit?.byName,
      ...Object.fromEntries([...tables.maps].map(([name, map]) => [`.data.${name}`, map])),
    },
    programs: [...programs],
  };
  return loadBuilt('xdpol', options, object);
}
