/** What a packet costs in a test run, by policy and traffic. Verdicts are checked before and after. */
import type { BpfProgram } from 'libbpf-ts-bindings';
import type { CompiledPolicy } from '../../src/compiler/compile.ts';
import { Replayer } from '../../src/engine/replay.ts';
import { BASELINES, Generator } from '../../src/measure/generator.ts';
import { timeInTurn } from '../../src/measure/rounds.ts';
import { UnderTest } from '../../src/measure/under-test.ts';
import { ReferenceClassifier } from '../../src/policy/classify.ts';
import type { Effort } from '../effort.ts';
import type { Figure, Subject } from '../figure.ts';
import { createUnmeasured, figure, single } from '../figure.ts';
import { isCannot } from '../peers/peer.ts';
import { XDP_FILTER, xdpFilterFor } from '../peers/xdp-filter.ts';
import type { BenchPolicy } from '../policies.ts';
import { benchPolicy, compiledPolicy, HOST } from '../policies.ts';
import { checkDecisions, checkProgram, droppedShare, expectedDecisions } from '../verdicts.ts';

/** Walking 100k filters takes the reference classifier long. */
const SMALL_SAMPLE_FILTERS = 50_000;
const SMALL_SAMPLE = 16;
const SEED = 42;
const OVER_BARE = { quantity: 'over bare', unit: 'ns' } as const;

export function measureDataplane(policy: string, effort: Effort): readonly Figure[] {
  const bench = benchPolicy(policy);
  const compiled = compiledPolicy(bench.policy);
  using generator = new Generator(bench.family, effort.cpus[0] ?? 0);
  using underTest = new UnderTest(compiled);
  using replayer = new Replayer(compiled, 'ingress', underTest.inKernel);
  const peer = xdpFilterFor(bench);
  using filter = isCannot(peer) ? undefined : peer;
  const reference = new ReferenceClassifier(bench.policy, HOST);
  const mode = bench.family === 4 ? compiled.statistics.mode4 : compiled.statistics.mode6;
  return bench.traffic.flatMap((traffic) => {
    const about = { section: 'dataplane', policy, size: bench.size, traffic: traffic.name } as const;
    generator.fill(traffic, SEED);
    const expected = expectedDecisions(generator, reference, sampleSize(compiled, effort));
    const check = (): void => {
      checkDecisions(generator, replayer, expected);
      checkProgram(generator, underTest.program, expected);
      if (filter !== undefined) checkProgram(generator, filter.program, expected);
    };
    check();
    const programs = new Map<string, BpfProgram>([['xdpol', underTest.program]]);
    if (filter !== undefined) programs.set(XDP_FILTER, filter.program);
    const figures = timeSubjects(generator, programs, about, effort);
    check();
    const without =
      isCannot(peer) && isCompared(bench)
        ? [createUnmeasured({ ...about, subject: XDP_FILTER }, OVER_BARE, peer.cannot)]
        : [];
    const dropped = { quantity: 'dropped', unit: '%', note: `${mode} rule table` } as const;
    return [...figures, ...without, single({ ...about, subject: 'xdpol' }, dropped, 100 * droppedShare(expected))];
  });
}

/** The policies that peers are asked about; the others only show growth. */
function isCompared({ form, family }: BenchPolicy): boolean {
  return family === 4 && (form === 'ports' || form === 'server');
}

function sampleSize(compiled: CompiledPolicy, effort: Effort): number {
  return compiled.ranked.length > SMALL_SAMPLE_FILTERS ? Math.min(SMALL_SAMPLE, effort.sample) : effort.sample;
}

/** Programs without frags are compared with a bare drop without. */
function baseOf(subject: string): string {
  return subject === XDP_FILTER ? 'bare_linear' : 'bare';
}

function timeSubjects(
  generator: Generator,
  programs: ReadonlyMap<string, BpfProgram>,
  about: Omit<Subject, 'subject'>,
  effort: Effort,
): readonly Figure[] {
  const needed = programs.has(XDP_FILTER) ? [...BASELINES, 'bare_linear' as const] : BASELINES;
  const baselines = needed.map((name) => [name, generator.baseline(name)] as const);
  const times = timeInTurn(generator, new Map<string, BpfProgram>([...baselines, ...programs]), effort);
  const { rounds } = effort;
  const alone = figure({ ...about, subject: 'bare' }, { quantity: 'a packet', unit: 'ns' }, times.of('bare'), rounds);
  const compared = ['parse_only', 'parse_count', ...programs.keys()].map((subject) => {
    const baseline = baseOf(subject);
    return figure({ ...about, subject }, { ...OVER_BARE, baseline }, times.over(subject, baseline), rounds);
  });
  return [alone, ...compared];
}
