/** What samples cost a packet: off, on with an empty bucket, and where every packet is sampled. */
import type { BpfProgram } from 'libbpf-ts-bindings';
import { RingBuffer } from 'libbpf-ts-bindings';
import { present } from '../../src/base/assert.ts';
import { SamplingControl } from '../../src/engine/samples/sampling-control.ts';
import type { SamplingMaps } from '../../src/engine/samples/sampling-maps.ts';
import { createSampling } from '../../src/engine/samples/sampling-maps.ts';
import { Generator } from '../../src/measure/generator.ts';
import { spreadOf } from '../../src/measure/statistics.ts';
import { UnderTest } from '../../src/measure/under-test.ts';
import type { Effort } from '../effort.ts';
import type { Figure } from '../figure.ts';
import { figure } from '../figure.ts';
import { benchPolicy, compiledPolicy } from '../policies.ts';

const SEED = 42;
/** Of counters: far more than the policies that are measured have. */
const ENTRIES = 4096;
const RING_BYTES = 1 << 26;
/** Packets of a round: as samples they fit into the ring. */
const PACKETS = 1 << 18;
/** A round is short: there are more of them. */
const ROUNDS_FACTOR = 3;
const FOREVER = 1n << 62n;
const HERTZ = 1000;
/** Once in eleven days. */
const SELDOM = { perSecond: 1e-6, burst: 1 };
const ALWAYS = { perSecond: HERTZ, burst: 2 ** 40 };

const SETTINGS = ['off', 'bucket empty', 'every packet sampled'] as const;
type Setting = (typeof SETTINGS)[number];

export function measureSamples(policy: string, effort: Effort): readonly Figure[] {
  const bench = benchPolicy(policy);
  const compiled = compiledPolicy(bench.policy);
  using generator = new Generator(bench.family, effort.cpus[0] ?? 0);
  using sampling = createSampling(ENTRIES, RING_BYTES);
  using underTest = new UnderTest(compiled, sampling);
  return bench.traffic.flatMap((traffic) => {
    generator.fill(traffic, SEED);
    const times = timesOf(generator, underTest.program, sampling, effort);
    const about = { section: 'samples', policy, size: bench.size, traffic: traffic.name } as const;
    const over = (subject: Setting, baseline: 'bare' | Setting): Figure => {
      const differences = present(times.get(subject)).map((time, i) => time - present(times.get(baseline)?.[i]));
      const quantity = `over ${baseline === 'off' ? 'samples off' : baseline}`;
      return figure(
        { ...about, subject },
        { quantity, unit: 'ns', baseline },
        spreadOf(differences),
        ROUNDS_FACTOR * effort.rounds,
      );
    };
    return [over('off', 'bare'), over('bucket empty', 'off'), over('every packet sampled', 'off')];
  });
}

/** Nanoseconds a packet, round by round, each setting in turn. */
function timesOf(
  generator: Generator,
  program: BpfProgram,
  sampling: SamplingMaps,
  { rounds }: Effort,
): ReadonlyMap<'bare' | Setting, readonly number[]> {
  const control = new SamplingControl(sampling);
  using ring = new RingBuffer(sampling.ring, () => undefined);
  const times = new Map<'bare' | Setting, number[]>([
    ['bare', []],
    ...SETTINGS.map((name) => [name, []] as [Setting, number[]]),
  ]);
  for (let round = 0; round <= ROUNDS_FACTOR * rounds; round++) {
    const bare = generator.time(generator.baseline('bare'), PACKETS);
    if (round > 0) times.get('bare')?.push(bare);
    for (const setting of SETTINGS) {
      set(control, setting);
      const lost = control.totals().lost;
      const time = generator.time(program, PACKETS);
      if (control.totals().lost !== lost) throw new Error('samples were lost: the ring is too small for a round');
      ring.consume();
      // The first round fills caches and empties buckets.
      if (round > 0) times.get(setting)?.push(time);
    }
  }
  control.goOn(0n, SELDOM, HERTZ);
  return times;
}

function set(control: SamplingControl, setting: Setting): void {
  control.goOn(setting === 'off' ? 0n : FOREVER, setting === 'bucket empty' ? SELDOM : ALWAYS, HERTZ);
}
