/** Nothing is timed that has not decided, counted and sampled rightly. */
import { present } from '../../src/base/assert.ts';
import type { Generator } from '../../src/measure/generator.ts';
import type { UnderTest } from '../../src/measure/under-test.ts';
import type { Decision } from '../../src/policy/classify.ts';
import { ReferenceClassifier } from '../../src/policy/classify.ts';
import type { Policy } from '../../src/policy/model.ts';
import { HOST } from '../policies.ts';
import { checkProgram, expectedDecisions } from '../verdicts.ts';
import type { Checked, Contestant } from './part-contestants.ts';

export class WrongCount extends Error {}

export function expectedOf(generator: Generator, policy: Policy, size: number): readonly Decision[] {
  return expectedDecisions(generator, new ReferenceClassifier(policy, HOST), size);
}

/** Each verdict, then how many packets each rule and the default counted, then what the part itself noted. */
export function checkContestant(one: Contestant, { generator, expected, compiled }: Checked): void {
  const { name, program, counts, prepare, evidence } = one;
  prepare();
  const [before, noted] = [countedBy(counts), evidence?.read()];
  checkProgram(generator, program, expected);
  const after = countedBy(counts);
  const names = [...compiled.policy.rules.map((rule) => rule.name), undefined];
  for (const [i, rule] of names.entries()) {
    const wanted = expected.filter(({ by, rule: decided }) =>
      rule === undefined ? by === 'default' : decided === rule,
    ).length;
    const found = (after?.[i] ?? 0) - (before?.[i] ?? 0);
    if (counts !== undefined && found !== wanted)
      throw new WrongCount(`${name}: ${rule ?? 'the default'} counted ${found} packets, not ${wanted}`);
  }
  if (evidence === undefined) return;
  const [found, wanted] = [evidence.read() - present(noted), evidence.of(expected)];
  if (found !== wanted) throw new WrongCount(`${name}: it noted ${found} packets, not ${wanted}`);
}

/** By each rule, the default last. */
function countedBy(underTest: UnderTest | undefined): readonly number[] | undefined {
  if (underTest === undefined) return undefined;
  const { rules, default: rest } = underTest.inKernel.slots;
  return [...rules, rest].map((slot) => underTest.counted(slot));
}
