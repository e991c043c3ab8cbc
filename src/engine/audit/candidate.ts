/** The policy on trial on one interface, found by its programs: what they count and sample by is theirs alone. */
import type { BpfMap, BpfProgramHandle } from 'libbpf-ts-bindings';
import { BpfError, openMapById, openProgramById } from 'libbpf-ts-bindings';
import { ENUMS } from '../../layout/layout.gen.ts';
import type { Generation } from '../generation.ts';
import { generationOf } from '../generation.ts';
import { SamplingMaps } from '../samples/sampling-maps.ts';
import type { Counted } from '../slots.ts';
import { FIXED_SLOTS } from '../slots.ts';
import type { AuditPrograms } from './audit-programs.ts';
import { findAuditPrograms, slotKey } from './audit-programs.ts';

/** Owns a handle of one of its programs. */
export class Candidate implements Disposable {
  readonly generation: Generation;
  readonly #program: BpfProgramHandle;

  constructor(program: BpfProgramHandle, generation: Generation) {
    this.#program = program;
    this.generation = generation;
  }

  /** Of all that it counts in and reads. */
  get mapIds(): readonly number[] {
    return this.#program.mapIds;
  }

  /** What its counter slots stand for. */
  get slots(): ReadonlyMap<number, Counted> {
    const { policy, rules, defaultSlot, default: action } = this.generation;
    return new Map<number, Counted>([
      ...FIXED_SLOTS,
      ...rules.map((rule): [number, Counted] => [
        rule.slot,
        { by: 'rule', policy, rule: rule.name, action: rule.action },
      ]),
      [defaultSlot, { by: 'default', policy, action }],
    ]);
  }

  /** One that its programs use, by name. The caller disposes it. */
  map(name: string): BpfMap | undefined {
    for (const id of this.mapIds) {
      const map = openMapById(id);
      if (map.spec.name === name) return map;
      map[Symbol.dispose]();
    }
    return undefined;
  }

  /** undefined where the trial ends at this moment. The caller disposes them. */
  sampling(): SamplingMaps | undefined {
    const maps = ['xdpol_sampling', 'xdpol_samples', 'xdpol_budgets'].map((name) => this.map(name));
    const [control, ring, budgets] = maps;
    if (control !== undefined && ring !== undefined && budgets !== undefined)
      return new SamplingMaps(control, ring, [budgets]);
    for (const map of maps) map?.[Symbol.dispose]();
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#program[Symbol.dispose]();
  }
}

/** undefined where none is on trial. The caller disposes it. */
export function findCandidate(directory: string): Candidate | undefined {
  using programs = findAuditPrograms(directory);
  if (programs === undefined) return undefined;
  const program = anyProgram(programs);
  if (program === undefined) return undefined;
  const generation = generationOf(program);
  if (generation !== undefined) return new Candidate(program, generation);
  program[Symbol.dispose]();
  return undefined;
}

function anyProgram({ xdp, tc }: AuditPrograms): BpfProgramHandle | undefined {
  for (const map of [xdp, tc]) {
    for (let slot = 0; slot < ENUMS.audit.PROGRAMS; slot++) {
      const id = map.lookup(slotKey(slot));
      if (id === undefined) continue;
      try {
        return openProgramById(new DataView(id.buffer, id.byteOffset).getUint32(0, true));
      } catch (error) {
        if (!(error instanceof BpfError && error.code === 'ENOENT')) throw error;
      }
    }
  }
  return undefined;
}
