/** Programs timed in turn: what slows the machine down slows all of a round alike. */
import type { BpfProgram } from 'libbpf-ts-bindings';
import { present } from '../base/assert.ts';
import type { Generator } from './generator.ts';
import type { Spread } from './statistics.ts';
import { spreadOf } from './statistics.ts';

export interface Rounds {
  readonly rounds: number;
  /** Packets in one round of one program. */
  readonly repeat: number;
}

/** Nanoseconds a packet, generator included. */
export interface Times<Name> {
  readonly of: (name: Name) => Spread;
  /** How much more than `base`, round by round. */
  readonly over: (name: Name, base: Name) => Spread;
}

/** Behind the generator's ring, after a warm-up of a tenth of a round. */
export function timeInTurn<Name>(
  generator: Generator,
  programs: ReadonlyMap<Name, BpfProgram>,
  { rounds, repeat }: Rounds,
): Times<Name> {
  const times = new Map([...programs.keys()].map((name) => [name, [] as number[]]));
  for (const program of programs.values()) generator.time(program, Math.ceil(repeat / 10));
  for (let round = 0; round < rounds; round++) {
    for (const [name, program] of programs) times.get(name)?.push(generator.time(program, repeat));
  }
  const timesOf = (name: Name): readonly number[] => present(times.get(name));
  return {
    of: (name) => spreadOf(timesOf(name)),
    over: (name, base) => spreadOf(timesOf(name).map((time, i) => time - present(timesOf(base)[i]))),
  };
}
