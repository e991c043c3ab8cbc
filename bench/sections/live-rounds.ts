/** Rates of live frames, one contestant after the other in each round. */
import { present } from '../../src/base/assert.ts';
import type { Generator } from '../../src/measure/generator.ts';
import { spreadOf } from '../../src/measure/statistics.ts';
import type { Effort } from '../effort.ts';
import type { Figure, Subject } from '../figure.ts';
import { figure } from '../figure.ts';
import type { Lane } from './lanes.ts';
import { countHandled } from './lanes.ts';
import type { SecondSender } from './second-sender.ts';

export interface Contestant {
  readonly name: string;
  readonly lanes: readonly Lane[];
  /** Called before frames are sent to it. */
  readonly enter: () => void;
  /** Begins to count; the answer is told how many frames came since, and throws where not all were dropped. */
  readonly watch?: () => (frames: number) => void;
  readonly note?: string;
}

/** Million frames a second, round by round. */
interface Rates {
  readonly contestant: Contestant;
  readonly one: number[];
  readonly two: number[];
}

const WARM_UP_FRAMES = 10_000;
const MOST_FRAMES = 2_000_000;
const LEAST_FRAMES = 2000;

interface LiveRequest {
  readonly generator: Generator;
  readonly second: SecondSender | undefined;
  readonly contestants: readonly Contestant[];
  readonly effort: Effort;
}

export function liveRounds({ generator, second, contestants, effort }: LiveRequest): readonly Rates[] {
  const watched = contestants.map(({ lanes, watch }) => ({ lanes, before: countHandledByAll(lanes), done: watch?.() }));
  const frames = contestants.map((contestant) => framesFor(generator, contestant, effort));
  const all = contestants.map((contestant): Rates => ({ contestant, one: [], two: [] }));
  for (let round = 0; round < effort.rounds; round++) {
    for (const [i, { contestant, one, two }] of all.entries()) {
      contestant.enter();
      one.push(rateOfOne(generator, contestant, present(frames[i])));
      if (second !== undefined) two.push(rateOfTwo(generator, second, contestant, present(frames[i])));
    }
  }
  for (const { lanes, before, done } of watched) done?.(countHandledByAll(lanes) - before);
  return all;
}

function countHandledByAll(lanes: readonly Lane[]): number {
  return lanes.reduce((sum, lane) => sum + countHandled(lane), 0);
}

/** As many as take about the wanted time. */
function framesFor(generator: Generator, contestant: Contestant, { liveMs }: Effort): number {
  contestant.enter();
  const perMs = rateOfOne(generator, contestant, WARM_UP_FRAMES) * 1000;
  return Math.round(Math.min(MOST_FRAMES, Math.max(LEAST_FRAMES, perMs * liveMs)));
}

function rateOfOne(generator: Generator, { lanes }: Contestant, frames: number): number {
  const lane = present(lanes[0]);
  const before = countHandled(lane);
  const nanoseconds = generator.sendTo(lane.ifindex, frames) * frames;
  return ((countHandled(lane) - before) / nanoseconds) * 1000;
}

function rateOfTwo(generator: Generator, second: SecondSender, { lanes }: Contestant, frames: number): number {
  const [a, b] = [present(lanes[0]), present(lanes[1])];
  const before = [countHandled(a), countHandled(b)] as const;
  second.start(b.ifindex, frames);
  const ours = generator.sendTo(a.ifindex, frames) * frames;
  const theirs = second.finish();
  return ((countHandled(a) - before[0]) / ours + (countHandled(b) - before[1]) / theirs) * 1000;
}

/** The first contestant is the bare drop. */
export function liveFigures(
  about: Omit<Subject, 'subject'>,
  all: readonly Rates[],
  { rounds }: Effort,
): readonly Figure[] {
  const bare = present(all[0]);
  return all.flatMap(({ contestant: { name: subject, note = '' }, one, two }) => {
    const rated = (rates: readonly number[], base: readonly number[], cpus: string): readonly Figure[] => {
      if (rates.length === 0) return [];
      const shares = rates.map((rate, i) => (100 * rate) / present(base[i]));
      const rate = { quantity: `rate, ${cpus}`, unit: 'Mpps', note } as const;
      const share = { quantity: `of bare, ${cpus}`, unit: '%', baseline: 'bare' } as const;
      return [
        figure({ ...about, subject }, rate, spreadOf(rates), rounds),
        ...(subject === 'bare' ? [] : [figure({ ...about, subject }, share, spreadOf(shares), rounds)]),
      ];
    };
    const over = one.map((rate, i) => 1000 / rate - 1000 / present(bare.one[i]));
    const more = { quantity: 'over bare, 1 CPU', unit: 'ns', baseline: 'bare' } as const;
    const [rate, ...share] = rated(one, bare.one, '1 CPU');
    const nanoseconds = subject === 'bare' ? [] : [figure({ ...about, subject }, more, spreadOf(over), rounds)];
    return [...(rate === undefined ? [] : [rate]), ...share, ...nanoseconds, ...rated(two, bare.two, '2 CPUs')];
  });
}
