/** Compares a peer that drops everything with a policy that permits something, and prints what the bench says. Run isolated. */
import { nftablesDrop } from '../../bench/peers/nftables.ts';
import { benchPolicy, HOST } from '../../bench/policies.ts';
import { checkStack, stackContestants } from '../../bench/sections/stack-contestants.ts';
import { expectedDecisions, WrongVerdict } from '../../bench/verdicts.ts';
import { present } from '../../src/base/assert.ts';
import { Generator } from '../../src/measure/generator.ts';
import { ReferenceClassifier } from '../../src/policy/classify.ts';

const FRAMES = 32;
const bench = benchPolicy('ports');
using generator = new Generator(4, 0);
using stack = stackContestants(bench, 1, [(devices) => ({ ...nftablesDrop(devices), name: 'wrong' })]);
const said = bench.traffic.map((traffic) => {
  generator.fill(traffic, 1, FRAMES);
  const expected = expectedDecisions(generator, new ReferenceClassifier(bench.policy, HOST), FRAMES);
  try {
    checkStack(present(stack.ready[0]), generator, expected, traffic.name);
    return `${traffic.name}: right`;
  } catch (error) {
    if (!(error instanceof WrongVerdict)) throw error;
    return `${traffic.name}: wrong`;
  }
});
process.stdout.write(JSON.stringify(said));
