/** What a policy costs on this host, by what decides: its rules, its default, and what it cannot parse. */
import type { Family } from '../base/ip.ts';
import { Random } from '../base/random.ts';
import type { CompiledPolicy } from '../compiler/compile.ts';
import { Replayer } from '../engine/replay.ts';
import type { Effort } from './bench-effort.ts';
import type { Reference } from './check-sample.ts';
import { checkSample, strays } from './check-sample.ts';
import type { Kernel } from './fill-ring.ts';
import { fillRing } from './fill-ring.ts';
import { Generator } from './generator.ts';
import type { Rounds } from './rounds.ts';
import { timeInTurn } from './rounds.ts';
import type { ScreenedRow } from './screen-rules.ts';
import { findPackets, shareOfEach, timeTogether } from './screen-rules.ts';
import type { Spread } from './statistics.ts';
import type { Idle, Subject } from './subjects.ts';
import { FAMILIES, subjectsOf } from './subjects.ts';
import { UnderTest } from './under-test.ts';
import type { LiveFigure } from './veth-frames.ts';
import { measureLive, SENDER_INDEX } from './veth-frames.ts';

export interface MeasureRequest {
  readonly compiled: CompiledPolicy;
  readonly reference: Reference;
  readonly cpu: number;
  readonly effort: Effort;
  /** Dropped packets also over a veth pair in a network namespace of its own. */
  readonly live: boolean;
  /** `share` is 0 to 1. */
  readonly onProgress?: (what: string, share: number) => void;
}

export interface MeasuredRow {
  readonly subject: Subject;
  /** Among the rules that were measured. */
  readonly standing: Standing | null;
  /** How many different ones there were in the ring. */
  readonly packets: number;
  /** Nanoseconds a packet, generator included. */
  readonly bare: Spread;
  /** Nanoseconds more than bare, round by round. */
  readonly overBare: Spread;
  /** null where it was not asked for, and where packets pass: they would measure the stack. */
  readonly live: LiveFigure | null;
}

export type Standing = 'best' | 'median' | 'worst';

export interface PolicyFigures {
  /** Rules in the policy's order, then the default, then parse failures. */
  readonly rows: readonly MeasuredRow[];
  /** Empty where every rule was measured. */
  readonly screened: readonly ScreenedRow[];
  /** No packet was found that they decide. */
  readonly unfound: readonly Subject[];
  readonly idle: readonly Idle[];
  /** Rules, by family, that were not even screened. */
  readonly leftOut: number;
}

const SEED = 42;
/** Filters times packets that the reference classifier walks for one row: a second or two at most. */
const REFERENCE_STEPS = 1_000_000;
/** Of those screened: the worst decides whether a budget is met, so more than one that may be it is measured. */
const WORST_MEASURED = 6;

interface Bench {
  readonly request: MeasureRequest;
  readonly kernels: Readonly<Record<Family, Kernel>>;
  readonly unfound: Subject[];
}

export function measurePolicy(request: MeasureRequest): PolicyFigures {
  const { compiled, cpu, live, reference } = request;
  using underTest = new UnderTest(compiled);
  using replayer = new Replayer(compiled, 'ingress', underTest.inKernel);
  using four = new Generator(4, cpu, live ? SENDER_INDEX : 0);
  using six = new Generator(6, cpu, live ? SENDER_INDEX : 0);
  const kernels = { 4: { generator: four, underTest, replayer }, 6: { generator: six, underTest, replayer } };
  const bench: Bench = { request, kernels, unfound: [] };
  const { rules, others, idle } = subjectsOf(compiled, underTest.inKernel.slots, reference.interface);
  const { screened, median, worthy, leftOut } = chooseRules(bench, rules);
  const rows = measureAll(bench, [...worthy, ...others]);
  return { rows: withStandings(rows, median), screened, unfound: bench.unfound, idle, leftOut };
}

interface Chosen {
  readonly screened: readonly ScreenedRow[];
  /** Of those screened. */
  readonly median: Subject | undefined;
  /** In the policy's order. */
  readonly worthy: readonly Subject[];
  readonly leftOut: number;
}

/** All rules, or of many the best, the median and the worst by a short look at each. */
function chooseRules(bench: Bench, rules: readonly Subject[]): Chosen {
  const { effort } = bench.request;
  if (rules.length <= effort.rules) return { screened: [], median: undefined, worthy: rules, leftOut: 0 };
  const drawn = someOf(rules, effort.screening.rules);
  const screened = screen(bench, drawn);
  const sorted = screened.toSorted((a, b) => a.overBare - b.overBare).map(({ subject }) => subject);
  const median = medianOf(sorted);
  const picked = new Set([sorted[0], median, ...sorted.slice(-WORST_MEASURED)]);
  const leftOut = rules.length - drawn.length;
  return { screened, median, worthy: rules.filter((subject) => picked.has(subject)), leftOut };
}

/** The same ones in every run, in their order. */
function someOf<T>(all: readonly T[], count: number): readonly T[] {
  const random = new Random(SEED);
  let wanted = Math.min(count, all.length);
  return all.filter((_, i) => {
    const taken = random.share() * (all.length - i) < wanted;
    if (taken) wanted--;
    return taken;
  });
}

function medianOf<T>(sorted: readonly T[]): T | undefined {
  return sorted[(sorted.length - 1) >>> 1];
}

function screen(bench: Bench, subjects: readonly Subject[]): readonly ScreenedRow[] {
  const { effort, reference, onProgress } = bench.request;
  const limits = shareOfEach(effort.screening, subjects.length);
  const all = subjects.flatMap((subject, i) => {
    onProgress?.('finding packets of rules', i / subjects.length);
    const found = findPackets(bench.kernels[subject.family], subject, reference, limits);
    return found ?? unfound(bench, subject);
  });
  return FAMILIES.flatMap((family) => {
    const ofFamily = all.filter(({ subject }) => subject.family === family);
    return timeTogether(bench.kernels[family], ofFamily, effort.screening.rounds);
  });
}

function unfound(bench: Bench, subject: Subject): readonly [] {
  bench.unfound.push(subject);
  return [];
}

function measureAll(bench: Bench, subjects: readonly Subject[]): readonly MeasuredRow[] {
  return subjects.flatMap((subject, i) => {
    bench.request.onProgress?.('measuring', i / subjects.length);
    return measure(bench, subject);
  });
}

function measure(bench: Bench, subject: Subject): readonly MeasuredRow[] {
  const { effort, live, cpu, compiled } = bench.request;
  const kernel = bench.kernels[subject.family];
  const kept = fillRing(kernel, subject, effort.fill);
  if (kept === 0) return unfound(bench, subject);
  const packets = kernel.generator.distinct(kept);
  kernel.generator.repeatFirst(kept);
  const sample = Math.min(kept, effort.sample, Math.ceil(REFERENCE_STEPS / Math.max(1, compiled.ranked.length)));
  const { bare, overBare } = timeSubject(bench, subject, effort, sample);
  const overVeth = live && subject.verdict === 'drop' ? measureLive(kernel, cpu, effort.live) : null;
  return [{ subject, standing: null, packets, bare, overBare, live: overVeth }];
}

/** Bare and the policy in turn. Sampled packets are checked before, and what the program counted meanwhile after. */
function timeSubject(
  bench: Bench,
  subject: Subject,
  rounds: Rounds,
  sample: number,
): Pick<MeasuredRow, 'bare' | 'overBare'> {
  const kernel = bench.kernels[subject.family];
  const { generator, underTest } = kernel;
  checkSample(kernel, subject, bench.request.reference, sample);
  const counts = (): readonly [its: number, all: number] => [underTest.counted(subject.slot), underTest.countedInAll()];
  const [itsBefore, allBefore] = counts();
  const programs = new Map([
    ['bare', generator.baseline('bare')],
    ['policy', underTest.program],
  ] as const);
  const times = timeInTurn(generator, programs, rounds);
  const [its, all] = counts();
  const ran = Math.max(all - allBefore, rounds.rounds * rounds.repeat);
  if (its - itsBefore !== ran) throw strays(subject, ran - (its - itsBefore));
  return { bare: times.of('bare'), overBare: times.over('policy', 'bare') };
}

/** Of the rules: the best and the worst of those measured; the median of all, which screening names where there was one. */
function withStandings(rows: readonly MeasuredRow[], screenedMedian: Subject | undefined): readonly MeasuredRow[] {
  const rules = rows.filter(({ subject }) => subject.by === 'rule');
  const sorted = rules.toSorted((a, b) => a.overBare.median - b.overBare.median);
  const median = screenedMedian ?? medianOf(sorted)?.subject;
  const standing = (row: MeasuredRow): Standing | null => {
    if (sorted.length < 2) return null;
    if (row === sorted[0]) return 'best';
    if (row === sorted.at(-1)) return 'worst';
    return row.subject === median ? 'median' : null;
  };
  return rows.map((row) => ({ ...row, standing: standing(row) }));
}
