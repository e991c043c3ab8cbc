/**
 * Policies in the shapes that make tables large: the loaded program agrees with the reference on packets at the edges
 * of their filters, in the form that the compiler chooses and in rank sets with roots and without.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SHAPE_NAMES, shapePolicy } from '../../bench/shapes.ts';
import { present } from '../../src/base/assert.ts';
import { Random } from '../../src/base/random.ts';
import { ReferenceClassifier } from '../../src/policy/classify.ts';
import { decodePacket } from '../../src/policy/packet/decode.ts';
import { arb } from '../support/arbitrary.ts';
import { compiled, runInKernel } from '../support/kernel.ts';
import type { FormName } from '../support/kernel-table.ts';
import { FORM_BUDGETS, outcomeOf } from '../support/kernel-table.ts';
import { hostOf } from '../support/policies.ts';

const HOST = hostOf();
const FORMS: readonly FormName[] = ['default', 'ranks', 'deep'];
/** More than a leaf of ranks; lists of ports have their number squared. */
const FILTERS = 700;
const PORTS = 40;
const PACKETS = 800;

for (const shape of SHAPE_NAMES) {
  test(`the shape ${shape}`, { timeout: 120_000 }, () => {
    const isOneFilter = shape === 'portlist' || shape === 'widths';
    const policy = shapePolicy(new Random(5), shape, isOneFilter ? PORTS : FILTERS);
    const packets = present(
      fc.sample(fc.array(arb.packetNear(policy, HOST), { minLength: PACKETS, maxLength: PACKETS }), {
        numRuns: 1,
        seed: 3,
      })[0],
    );
    const reference = new ReferenceClassifier(policy, HOST);
    const wanted = packets.map(({ frame }) => outcomeOf(reference.classify(decodePacket(frame))));
    expect(new Set(wanted).size, 'outcomes').toBeGreaterThan(1);
    for (const form of FORMS) {
      const outcomes = runInKernel(compiled(policy, HOST, { budgets: FORM_BUDGETS[form] }), packets).map(outcomeOf);
      const wrong = packets.flatMap(({ summary }, i) =>
        outcomes[i] === wanted[i] ? [] : [`${summary}: ${outcomes[i]}, not ${wanted[i]}`],
      );
      expect(wrong, form).toEqual([]);
    }
  });
}
