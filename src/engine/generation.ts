/**
 * What is in force, read from the kernel itself: the record of a generation is a map bound to its
 * programs. It appears and goes with them, so nothing can be out of step with the kernel.
 */
import type { BpfMap, BpfProgramHandle } from 'libbpf-ts-bindings';
import { openMapById, openProgramById } from 'libbpf-ts-bindings';
import type { Action } from '../policy/model.ts';
import { createJsonMap, readJsonMap } from './json-map.ts';

const MAP_NAME = 'xdpol_policy';

export interface GenerationRule {
  readonly name: string;
  readonly action: Action;
  readonly filterList: string;
  readonly filters: number;
  readonly slot: number;
}

export interface GenerationTable {
  readonly name: string;
  readonly entries: number;
  readonly bytes: number;
}

export interface Generation {
  readonly policy: string;
  /** SHA-256 of the policy's canonical text, hex. */
  readonly hash: string;
  /** Counts applies while the host is filtered, from 1. */
  readonly generation: number;
  /** ISO 8601, UTC. */
  readonly appliedAt: string;
  /** What `me` stands for, sorted; left out where the policy does not use it. */
  readonly me?: readonly string[];
  /** What each DNS name of the policy stands for, sorted; left out where it has none. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  /** Names of the rules that are dynamic; left out where none is. */
  readonly dynamic?: readonly string[];
  readonly default: Action;
  readonly defaultSlot: number;
  readonly rules: readonly GenerationRule[];
  readonly tables: readonly GenerationTable[];
  /** JSON, as it was given to applyPolicy: what is left to do where that process ends before it has done it. */
  readonly details?: unknown;
}

export function createGenerationMap(generation: Generation): BpfMap {
  return createJsonMap(MAP_NAME, generation);
}

/** The record bound to a program, or undefined where the program is not one of ours. */
export function generationOf(program: BpfProgramHandle): Generation | undefined {
  // It was bound last, after the maps that the program uses.
  for (const id of program.mapIds.toReversed()) {
    using map = openMapById(id);
    if (map.spec.name === MAP_NAME) return readJsonMap(map) as Generation;
  }
  return undefined;
}

export function generationOfProgramId(id: number): Generation | undefined {
  using program = openProgramById(id);
  return generationOf(program);
}
