/** What a packet costs, by policy and traffic. Verdicts are checked before anything is timed. */
import type { BpfProgram } from 'libbpf-ts-bindings';
import type { CompiledPolicy } from '../src/compiler/compile.ts';
import { Replayer } from '../src/engine/replay.ts';
import type { Baseline } from '../src/measure/generator.ts';
import { BASELINES, Generator } from '../src/measure/generator.ts';
import { timeInTurn } from '../src/measure/rounds.ts';
import type { Spread } from '../src/measure/statistics.ts';
import { UnderTest } from '../src/measure/under-test.ts';
import type { Decision } from '../src/policy/classify.ts';
import { ReferenceClassifier } from '../src/policy/classify.ts';
import { decodePacket } from '../src/policy/packet-decode.ts';
import type { BenchPolicy } from './policies.ts';
import { compiledPolicy, HOST } from './policies.ts';

export interface Effort {
  readonly rounds: number;
  /** Packets in one round of one program. */
  readonly repeat: number;
  /** Packets of each traffic whose verdicts are checked. */
  readonly sample: number;
  readonly cpu: number;
}

export interface DataplaneFigure {
  readonly policy: string;
  readonly traffic: string;
  /** Of the checked sample. */
  readonly dropped: number;
  readonly mode: string;
  /** Nanoseconds a packet, generator included. */
  readonly bare: Spread;
  /** Nanoseconds more than bare, round by round. */
  readonly over: Readonly<Record<'parse_only' | 'parse_count' | 'xdpol', Spread>>;
}

/** Walking 100k filters takes the reference classifier long. */
const SMALL_SAMPLE_FILTERS = 50_000;
const SMALL_SAMPLE = 16;
const SEED = 42;
const XDP_DROP = 1;

/** One figure for each traffic of the policy. */
export function measureDataplane(name: string, bench: BenchPolicy, effort: Effort): readonly DataplaneFigure[] {
  const compiled = compiledPolicy(bench.policy);
  const reference = new ReferenceClassifier(bench.policy, HOST);
  using generator = new Generator(bench.family, effort.cpu);
  using underTest = new UnderTest(compiled);
  using replayer = new Replayer(compiled, 'ingress', underTest.filled);
  const xdpol = underTest.program;
  return bench.traffic.map((traffic) => {
    generator.fill(traffic, SEED);
    const dropped = checkVerdicts({ generator, xdpol, replayer, reference, size: sampleSize(compiled, effort) });
    const { statistics } = compiled;
    const mode = bench.family === 4 ? statistics.mode4 : statistics.mode6;
    return { policy: name, traffic: traffic.name, dropped, mode, ...timed(generator, xdpol, effort) };
  });
}

function sampleSize(compiled: CompiledPolicy, effort: Effort): number {
  return compiled.ranked.length > SMALL_SAMPLE_FILTERS ? Math.min(SMALL_SAMPLE, effort.sample) : effort.sample;
}

interface Check {
  readonly generator: Generator;
  readonly xdpol: BpfProgram;
  readonly replayer: Replayer;
  readonly reference: ReferenceClassifier;
  readonly size: number;
}

/**
 * The program with tracing decides the ring's first packets as the reference classifier does, and the
 * program that will be timed gives the same verdicts behind the generator. Returns the share dropped.
 */
function checkVerdicts({ generator, xdpol, replayer, reference, size }: Check): number {
  const frames = Array.from({ length: size }, (_, i) => generator.frame(i));
  const decisions = replayer.run(frames);
  generator.rewind();
  let dropped = 0;
  for (const [i, frame] of frames.entries()) {
    const expected = reference.classify(decodePacket(frame));
    const run = generator.runOnce(xdpol);
    if (!sameDecision(decisions[i], expected) || Buffer.compare(run.frame, frame) !== 0)
      fail(i, decisions[i], expected);
    if ((run.verdict === XDP_DROP) !== (expected.verdict === 'drop')) fail(i, run, expected);
    if (expected.verdict === 'drop') dropped++;
  }
  return dropped / size;
}

/** Of several filters of one rank the program may name another one than the reference: rule and verdict must agree. */
function sameDecision(a: Decision | undefined, b: Decision): boolean {
  return a?.verdict === b.verdict && a.by === b.by && a.rule === b.rule && a.reason === b.reason;
}

function fail(i: number, found: unknown, expected: Decision): never {
  throw new Error(`packet ${i}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
}

function timed(generator: Generator, xdpol: BpfProgram, effort: Effort): Pick<DataplaneFigure, 'bare' | 'over'> {
  const baselines = BASELINES.map((name) => [name, generator.baseline(name)] as const);
  const programs = new Map<Baseline | 'xdpol', BpfProgram>([...baselines, ['xdpol', xdpol]]);
  const times = timeInTurn(generator, programs, effort);
  const over = (name: Baseline | 'xdpol'): Spread => times.over(name, 'bare');
  return {
    bare: times.of('bare'),
    over: { parse_only: over('parse_only'), parse_count: over('parse_count'), xdpol: over('xdpol') },
  };
}
