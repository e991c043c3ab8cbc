/**
 * A policy on trial beside the one in force: its programs stand in the interface's program arrays, are handed every packet
 * after it was decided, and count what they would have decided otherwise. All of it is kept by the arrays: who takes the
 * programs out ends the audit.
 */
import type { BpfMap } from 'libbpf-ts-bindings';
import type { LoadablePolicy } from '../../compiler/loadable.ts';
import { ENUMS } from '../../layout/layout.gen.ts';
import { countsOf } from '../counter-maps.ts';
import type { Count } from '../counts.ts';
import type { Generation } from '../generation.ts';
import { createGenerationMap } from '../generation.ts';
import type { LiveProgram } from '../live/live-program.ts';
import type { AuditEntry, Direction } from '../program.ts';
import { createCounters, DIRECTIONS, loadAudit } from '../program.ts';
import { createSampling } from '../samples/sampling-maps.ts';
import type { Counted } from '../slots.ts';
import { policySlots, SlotRegistry } from '../slots.ts';
import type { Attachment } from '../survey.ts';
import { PolicyTables } from '../tables.ts';
import type { AuditPrograms } from './audit-programs.ts';
import { findAuditPrograms, slotKey } from './audit-programs.ts';
import { findCandidate } from './candidate.ts';

const { DROPPED, PASSED, VERDICTS } = ENUMS.audit;

/** What a rule of the policy on trial, its default or a reason of its own would change. */
export interface AuditChange {
  readonly counted: Counted;
  readonly count: Count;
}

export interface AuditSide {
  readonly direction: Direction;
  /** Packets that both policies decided alike. */
  readonly agreed: bigint;
  readonly changes: readonly AuditChange[];
}

/** The policy on trial on one interface. */
export interface InterfaceAudit {
  readonly name: string;
  /** Its generation is that of the policy in force when it began. */
  readonly candidate: Generation;
  readonly sides: readonly AuditSide[];
}

export interface AuditTarget {
  readonly attachment: Attachment;
  readonly compiled: LoadablePolicy;
  /** Lent; where it has live sets. */
  readonly live?: LiveProgram | undefined;
  /** What is to be said of it; rules and slots are filled in. */
  readonly about: Pick<Generation, 'policy' | 'hash' | 'generation' | 'appliedAt'>;
}

interface Place {
  readonly map: BpfMap;
  readonly slot: number;
}

/** Where the programs of a direction stand: those of dropped and of passed packets. */
function placesOf(programs: AuditPrograms, direction: Direction, isXdp: boolean): readonly [Place, Place] {
  const map = isXdp ? programs.xdp : programs.tc;
  const first = VERDICTS * (direction === 'ingress' ? 0 : 1);
  return [
    { map, slot: first + DROPPED },
    { map, slot: first + PASSED },
  ];
}

/** Loads it, then lets it see packets. One that was on trial before on this interface ends. */
export function startAudit({ attachment, compiled, live, about }: AuditTarget): void {
  using programs = findAuditPrograms(attachment.directory);
  if (programs === undefined) throw new Error(`bug: ${attachment.name} has no audit programs`);
  const registry = new SlotRegistry();
  const slots = policySlots(registry, compiled.policy);
  using counters = createCounters(registry.size);
  using sampling = createSampling(counters.spec.maxEntries);
  using tables = new PolicyTables(compiled, slots);
  const sides = attachment.hooks.map(({ direction, kind }) => ({ direction, isXdp: kind === 'xdp' }));
  const entries = sides.flatMap(({ direction, isXdp }) => entriesOf(direction, isXdp));
  using loaded = loadAudit({ compiled, tables, counters, sampling, live, entries });
  using record = createGenerationMap({
    ...about,
    default: compiled.policy.default,
    defaultSlot: slots.default,
    rules: compiled.policy.rules.map(({ name, action, filterList }, i) => ({
      name,
      action,
      filterList: filterList.name,
      filters: filterList.filters.length,
      slot: slots.rules[i] ?? slots.default,
    })),
    tables: [],
  });
  for (const entry of entries) loaded.program(entry).bindMap(record);
  endAudit(attachment);
  for (const { direction, isXdp } of sides) {
    const names = entriesOf(direction, isXdp);
    for (const [i, { map, slot }] of placesOf(programs, direction, isXdp).entries()) {
      map.update(slotKey(slot), loaded.program(names[i] as AuditEntry));
    }
  }
}

function entriesOf(direction: Direction, isXdp: boolean): readonly [AuditEntry, AuditEntry] {
  if (isXdp) return ['xdp_dropped', 'xdp_passed'];
  return direction === 'ingress' ? ['in_dropped', 'in_passed'] : ['out_dropped', 'out_passed'];
}

/** True where one was on trial. */
export function endAudit({ directory }: Pick<Attachment, 'directory'>): boolean {
  using programs = findAuditPrograms(directory);
  if (programs === undefined) return false;
  let ended = false;
  for (const map of [programs.xdp, programs.tc]) {
    for (let slot = 0; slot < ENUMS.audit.PROGRAMS; slot++) {
      if (map.lookup(slotKey(slot)) === undefined) continue;
      map.delete(slotKey(slot));
      ended = true;
    }
  }
  return ended;
}

/** undefined where none is on trial. */
export function readAudit({ name, directory }: Attachment): InterfaceAudit | undefined {
  using candidate = findCandidate(directory);
  using counters = candidate?.map('xdpol_counters');
  if (candidate === undefined || counters === undefined) return undefined;
  const counts = countsOf(counters);
  const sides = DIRECTIONS.map((direction): AuditSide => {
    const changes = [...candidate.slots].flatMap(([slot, counted]) => {
      const count = counts[direction].at(slot);
      return count.packets === 0n ? [] : [{ counted, count }];
    });
    return { direction, agreed: counts[direction].at(ENUMS.slot.AGREED).packets, changes };
  });
  return { name, candidate: candidate.generation, sides };
}
