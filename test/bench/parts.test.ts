import { afterAll, expect, test } from 'vitest';
import { benchPolicy, compiledPolicy } from '../../bench/policies.ts';
import type { Contestant } from '../../bench/sections/part-contestants.ts';
import { checkContestant, expectedOf, WrongCount } from '../../bench/sections/part-verdicts.ts';
import { buildWithout, PARTS } from '../../bench/sections/partial-build.ts';
import { present } from '../../src/base/assert.ts';
import { Generator } from '../../src/measure/generator.ts';
import { UnderTest } from '../../src/measure/under-test.ts';

const FRAMES = 64;
const bench = benchPolicy('ports');
const compiled = compiledPolicy(bench.policy);
const generator = new Generator(4, 0);
const build = buildWithout(PARTS.map(({ define }) => define));
const bare = new UnderTest(compiled, { object: build.path });
const whole = new UnderTest(compiled);

afterAll(() => {
  for (const one of [whole, bare, build, generator]) one[Symbol.dispose]();
});

function contestant(program: UnderTest, counts: UnderTest | undefined): Contestant {
  return { name: 'one', program: program.program, counts, prepare: () => undefined, lost: () => 0n };
}

test('a build without any part decides as the reference classifier, and counts nothing', () => {
  const mixed = present(bench.traffic.at(-1));
  generator.fill(mixed, 3, FRAMES);
  const checked = { generator, expected: expectedOf(generator, bench.policy, FRAMES), compiled };
  checkContestant(contestant(whole, whole), checked);
  expect(whole.countedInAll()).toBe(FRAMES);
  checkContestant(contestant(bare, undefined), checked);
  expect(bare.countedInAll()).toBe(0);
  expect(() => checkContestant(contestant(bare, bare), checked)).toThrow(WrongCount);
});
