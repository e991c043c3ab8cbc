/**
 * Frames over veth pairs, sent by the generator and dropped at the other end, on one CPU and on two;
 * xdpol, a bare drop and the peers in turn. The time of a frame includes making and sending it.
 */
import type { BpfProgram } from 'libbpf-ts-bindings';
import { Generator } from '../../src/measure/generator.ts';
import { UnderTest } from '../../src/measure/under-test.ts';
import { ReferenceClassifier } from '../../src/policy/classify.ts';
import type { Effort } from '../effort.ts';
import type { Figure, Subject } from '../figure.ts';
import { createUnmeasured } from '../figure.ts';
import { isCannot } from '../peers/peer.ts';
import { XDP_FILTER, xdpFilterFor } from '../peers/xdp-filter.ts';
import type { BenchPolicy } from '../policies.ts';
import { benchPolicy, compiledBench, hostOf } from '../policies.ts';
import { checkProgram, expectedDecisions } from '../verdicts.ts';
import { blockedTraffic } from './blocked-traffic.ts';
import { XdpLanes } from './lanes.ts';
import type { Contestant } from './live-rounds.ts';
import { liveFigures, liveRounds } from './live-rounds.ts';
import { SecondSender } from './second-sender.ts';
import type { StackContestant } from './stack-contestants.ts';
import { checkStack, stackContestants } from './stack-contestants.ts';

const SEED = 42;

export async function measureLive(policy: string, effort: Effort): Promise<readonly Figure[]> {
  const bench = benchPolicy(policy);
  using generator = new Generator(bench.family, effort.cpus[0] ?? 0);
  const other = effort.cpus[1];
  using second = other === undefined ? undefined : await SecondSender.on(other, generator.ring.length);
  using underTest = new UnderTest(compiledBench(bench));
  const peer = xdpFilterFor(bench);
  using filter = isCannot(peer) ? undefined : peer;
  using lanes = new XdpLanes('xdp', second === undefined ? 1 : 2);
  using stack = stackContestants(bench, lanes.all.length);

  const programs = new Map([
    ['bare', generator.baseline('bare')],
    ['xdpol', underTest.program],
  ]);
  if (filter !== undefined) programs.set(XDP_FILTER, filter.program);
  const checks = { bench, generator, programs, stack: stack.ready, size: effort.sample };
  checkAll(checks);
  using links = new Links(lanes, generator.baseline('bare'));
  const xdp = [...programs].map(([name, program]) => ({ name, lanes: lanes.all, enter: () => links.update(program) }));
  const contestants: readonly Contestant[] = [...xdp, ...stack.ready];
  const figures = blockedTraffic(bench, generator, underTest.program).flatMap((traffic) => {
    const about = { section: 'live', policy, size: bench.size, traffic: traffic.name } as const;
    generator.fill(traffic, SEED);
    second?.fill(generator.ring);
    const rates = liveRounds({ generator, second, contestants, effort });
    return [
      ...liveFigures(about, rates, effort),
      ...noteAbsence(about, stack.cannot, isCannot(peer) ? peer.cannot : ''),
    ];
  });
  checkAll(checks);
  return figures;
}

/** Owns the links at the receivers. */
class Links implements Disposable {
  readonly #links: ReturnType<XdpLanes['attach']>;

  constructor(lanes: XdpLanes, program: BpfProgram) {
    this.#links = lanes.attach(program);
  }

  update(program: BpfProgram): void {
    for (const link of this.#links) link.update(program);
  }

  [Symbol.dispose](): void {
    for (const link of this.#links) link[Symbol.dispose]();
  }
}

interface Checks {
  readonly bench: BenchPolicy;
  readonly generator: Generator;
  readonly programs: ReadonlyMap<string, BpfProgram>;
  readonly stack: readonly StackContestant[];
  readonly size: number;
}

/** Each traffic of the policy, permitted ones too, through each contestant; the bare drop decides nothing. */
function checkAll({ bench, generator, programs, stack, size }: Checks): void {
  const reference = new ReferenceClassifier(bench.policy, hostOf(bench));
  for (const traffic of bench.traffic) {
    generator.fill(traffic, SEED, size);
    const expected = expectedDecisions(generator, reference, size);
    for (const [name, program] of programs) if (name !== 'bare') checkProgram(generator, program, expected);
    for (const contestant of stack)
      checkStack(contestant, generator, expected, `${bench.policy.name}, ${traffic.name}`);
  }
}

function noteAbsence(
  about: Omit<Subject, 'subject'>,
  stack: ReadonlyMap<string, string>,
  xdpFilter: string,
): readonly Figure[] {
  const reasons = xdpFilter === '' ? stack : new Map([[XDP_FILTER, xdpFilter], ...stack]);
  const what = { quantity: 'rate, 1 CPU', unit: 'Mpps' } as const;
  return [...reasons].map(([subject, reason]) => createUnmeasured({ ...about, subject }, what, reason));
}
