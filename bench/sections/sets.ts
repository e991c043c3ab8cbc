/** What a live set costs a packet: of a stranger and of a member, over the same policy without the set. */
import type { BpfProgram } from 'libbpf-ts-bindings';
import { present } from '../../src/base/assert.ts';
import { Generator } from '../../src/measure/generator.ts';
import { spreadOf } from '../../src/measure/statistics.ts';
import { UnderTest } from '../../src/measure/under-test.ts';
import type { Effort } from '../effort.ts';
import type { Figure } from '../figure.ts';
import { figure, MIB, single } from '../figure.ts';
import { benchPolicy, compiledBench, compiledPolicy } from '../policies.ts';

const SEED = 42;
const BASES = { 4: 'example', 6: 'v6-example' } as const;

export function measureSets(policy: string, effort: Effort): readonly Figure[] {
  const bench = benchPolicy(policy);
  const { family, size } = bench;
  const base = BASES[family];
  using generator = new Generator(family, effort.cpus[0] ?? 0);
  using without = new UnderTest(compiledPolicy(benchPolicy(base).policy));
  using withSet = new UnderTest(compiledBench(bench));
  const about = { section: 'sets', policy, size, subject: 'xdpol' } as const;
  const table = present(withSet.inKernel.live).tables.byFamily[family];
  return [
    ...bench.traffic.map((traffic) => {
      generator.fill(traffic, SEED);
      const differences = timeInTurn(generator, without.program, withSet.program, effort);
      const quantity = { quantity: 'over no set', unit: 'ns', baseline: base } as const;
      return figure({ ...about, traffic: traffic.name }, quantity, spreadOf(differences), effort.rounds);
    }),
    single({ ...about, traffic: '' }, { quantity: 'table', unit: 'MiB' }, table.geometry.bytes / MIB),
  ];
}

/** Of each round what the second program takes longer. */
function timeInTurn(
  generator: Generator,
  first: BpfProgram,
  second: BpfProgram,
  { rounds, repeat }: Effort,
): readonly number[] {
  const differences: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const [one, other] = [generator.time(first, repeat), generator.time(second, repeat)];
    if (round > 0) differences.push(other - one); // the first round fills caches
  }
  return differences;
}
