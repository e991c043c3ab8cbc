/**
 * What each part of the program costs a packet, over a build of the same sources without all of them: counters, the time of
 * the last match, marks of filters, samples, a policy on trial, and the gate of a policy that waits to be confirmed.
 */
import { RingBuffer } from 'libbpf-ts-bindings';
import { present } from '../../src/base/assert.ts';
import { Generator } from '../../src/measure/generator.ts';
import { spreadOf } from '../../src/measure/statistics.ts';
import type { Effort } from '../effort.ts';
import type { Figure, Subject } from '../figure.ts';
import { figure } from '../figure.ts';
import { benchPolicy, compiledPolicy } from '../policies.ts';
import type { Checked, Contestant } from './part-contestants.ts';
import { NONE, PartContestants } from './part-contestants.ts';
import { checkContestant, expectedOf } from './part-verdicts.ts';

const SEED = 42;
/** Packets of a round: as samples they fit into the ring. */
const PACKETS = 1 << 18;
/** A round is short: there are more of them. */
const ROUNDS_FACTOR = 3;
const BARE = 'bare';

export function measureParts(policy: string, effort: Effort): readonly Figure[] {
  const bench = benchPolicy(policy);
  const compiled = compiledPolicy(bench.policy);
  using generator = new Generator(bench.family, effort.cpus[0] ?? 0);
  using all = new PartContestants(compiled);
  const { contestants } = all;
  return bench.traffic.flatMap((traffic) => {
    generator.fill(traffic, SEED);
    const checked: Checked = { generator, expected: expectedOf(generator, bench.policy, effort.sample), compiled };
    const check = (): void => {
      for (const one of contestants) checkContestant(one, checked);
    };
    check();
    const times = timesOf(generator, all, ROUNDS_FACTOR * effort.rounds);
    check();
    return figuresOf({ policy, size: bench.size, traffic: traffic.name }, times);
  });
}

type Times = ReadonlyMap<string, readonly number[]>;

function figuresOf(where: Pick<Subject, 'policy' | 'size' | 'traffic'>, times: Times): readonly Figure[] {
  return [...times.keys()].flatMap((subject) => {
    if (subject === BARE) return [];
    const baseline = subject === NONE ? BARE : NONE;
    const base = present(times.get(baseline));
    const differences = present(times.get(subject)).map((time, i) => time - present(base[i]));
    const about = { ...where, section: 'parts', subject } as const;
    const quantity = { quantity: `over ${baseline}`, unit: 'ns', baseline } as const;
    return [figure(about, quantity, spreadOf(differences), differences.length)];
  });
}

/** Nanoseconds a packet, round by round, each in turn. */
function timesOf(generator: Generator, { contestants, sampling }: PartContestants, rounds: number): Times {
  using ring = new RingBuffer(sampling.ring, () => undefined);
  const times = new Map<string, number[]>([BARE, ...contestants.map(({ name }) => name)].map((name) => [name, []]));
  // The first round fills caches and empties buckets.
  for (let round = 0; round <= rounds; round++) {
    const keep = (name: string, time: number): void => {
      if (round > 0) times.get(name)?.push(time);
    };
    keep(BARE, generator.time(generator.baseline('bare'), PACKETS));
    for (const one of contestants) {
      keep(one.name, timeOf(generator, one));
      ring.consume();
    }
  }
  return times;
}

function timeOf(generator: Generator, { program, prepare, lost }: Contestant): number {
  prepare();
  const before = lost();
  const time = generator.time(program, PACKETS);
  if (lost() !== before) throw new Error('samples were lost: the ring is too small for a round');
  return time;
}
