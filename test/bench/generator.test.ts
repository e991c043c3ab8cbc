import { afterAll, expect, test } from 'vitest';
import { benchPolicy, compiledPolicy, HOST } from '../../bench/policies.ts';
import { checkProgram, expectedDecisions, WrongVerdict } from '../../bench/verdicts.ts';
import { present } from '../../src/base/assert.ts';
import { Generator } from '../../src/measure/generator.ts';
import { UnderTest } from '../../src/measure/under-test.ts';
import { ReferenceClassifier } from '../../src/policy/classify.ts';

const FRAMES = 64;
const bench = benchPolicy('ports');
const [permitted, blocked] = [present(bench.traffic[0]), present(bench.traffic[1])];
const generator = new Generator(4, 0);
const underTest = new UnderTest(compiledPolicy(bench.policy));
const reference = new ReferenceClassifier(bench.policy, HOST);

afterAll(() => {
  underTest[Symbol.dispose]();
  generator[Symbol.dispose]();
});

function frames(seed: number): readonly string[] {
  generator.fill(permitted, seed, FRAMES);
  return Array.from({ length: FRAMES }, (_, i) => Buffer.from(generator.frame(i)).toString('hex'));
}

test('a seed gives the same packets every time, another seed others', () => {
  const first = frames(1);
  expect(new Set(first).size).toBe(FRAMES);
  expect(frames(2)).not.toEqual(first);
  expect(frames(1)).toEqual(first);
});

test('policies are drawn the same every time', () => {
  const drawn = (): unknown =>
    benchPolicy('acl-10').policy.rules.map(({ filterList }) => filterList.filters.map(({ text }) => text));
  expect(drawn()).toEqual(drawn());
  expect(benchPolicy('list-10').policy.addressSets).toEqual(benchPolicy('list-10').policy.addressSets);
});

test('a program that decides as the reference classifier passes the check', () => {
  for (const traffic of bench.traffic) {
    generator.fill(traffic, 3, FRAMES);
    checkProgram(generator, underTest.program, expectedDecisions(generator, reference, FRAMES));
  }
});

test('a program that drops what is permitted does not, with frags or without', () => {
  generator.fill(permitted, 3, FRAMES);
  const expected = expectedDecisions(generator, reference, FRAMES);
  expect(() => checkProgram(generator, generator.baseline('bare'), expected)).toThrow(WrongVerdict);
  expect(() => checkProgram(generator, generator.baseline('bare_linear'), expected)).toThrow(WrongVerdict);
});

test('a bare drop is right about what is all blocked', () => {
  generator.fill(blocked, 3, FRAMES);
  const expected = expectedDecisions(generator, reference, FRAMES);
  checkProgram(generator, generator.baseline('bare'), expected);
  checkProgram(generator, generator.baseline('bare_linear'), expected);
});
