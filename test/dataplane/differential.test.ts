/** The loaded program and the reference classifier agree on every packet. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Budgets } from '../../src/compiler/rule-table.ts';
import { DEFAULT_BUDGETS } from '../../src/compiler/rule-table.ts';
import { DIRECTIONS } from '../../src/engine/program.ts';
import { ReferenceClassifier } from '../../src/policy/classify.ts';
import { decodePacket } from '../../src/policy/packet-decode.ts';
import { arb, TEST_HOST, TEST_INTERFACES } from '../support/arbitrary.ts';
import { compiled, runInKernel } from '../support/kernel.ts';

/** Budgets that force each mode on policies that are small enough to be generated. */
const MODES: Readonly<Record<string, Budgets>> = {
  dense: { ...DEFAULT_BUDGETS, denseCells: 1 << 24 },
  rows: { ...DEFAULT_BUDGETS, denseCells: 0, rowBytes: 1 << 28 },
  sparse: { ...DEFAULT_BUDGETS, denseCells: 0, rowPairs: 0 },
};

const RUNS = Number(process.env['XDPOL_DIFFERENTIAL_RUNS'] ?? 120);

const policyAndPackets = arb.policy().chain((policy) =>
  fc.record({
    policy: fc.constant(policy),
    interfaceName: fc.option(fc.constantFrom(...TEST_INTERFACES), { nil: undefined }),
    packets: fc.array(arb.packetNear(policy), { minLength: 40, maxLength: 160 }),
    frames: fc.array(arb.frameNear(policy), { minLength: 8, maxLength: 40 }),
  }),
);

for (const [mode, budgets] of Object.entries(MODES)) {
  for (const direction of DIRECTIONS) {
    test(`${mode}, ${direction}: the kernel program agrees with the reference`, { timeout: 600_000 }, () => {
      const property = fc.property(policyAndPackets, ({ policy, interfaceName, packets, frames }) => {
        const reference = new ReferenceClassifier(policy, TEST_HOST);
        const tables = compiled(policy, TEST_HOST, { interfaceName, budgets });
        const all = [...packets, ...frames];
        for (const [i, decision] of runInKernel(tables, all, direction).entries()) {
          if (decision === undefined) continue;
          const packet = all[i];
          const expected = reference.classify(decodePacket(packet?.frame ?? new Uint8Array()), {
            interface: interfaceName,
          });
          expect(decision, packet?.summary).toEqual(expected);
        }
      });
      fc.assert(property, { numRuns: RUNS, endOnFailure: true });
    });
  }
}
