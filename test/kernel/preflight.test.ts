/** Pre-flight stops what decides wrongly, whatever made it so. */
import { expect, test } from 'vitest';
import { loadableOf } from '../../src/compiler/loadable.ts';
import { preflight } from '../../src/engine/preflight.ts';
import { DIRECTIONS } from '../../src/engine/program.ts';
import { policySlots, SlotRegistry } from '../../src/engine/slots.ts';
import { PolicyTables } from '../../src/engine/tables.ts';
import { compiled } from '../support/kernel.ts';
import { block, hostOf, permit, policyOf } from '../support/policies.ts';

const WEB = { to: '192.0.2.1', protocol: 'tcp', dport: '80' } as const;

test('tables that fit pass, tables of another policy do not', () => {
  const [opening, closing] = [permit(WEB), block(WEB)].map((rule) => loadableOf(compiled(policyOf([rule]), hostOf())));
  if (opening === undefined || closing === undefined) throw new Error('not compiled');
  const slots = policySlots(new SlotRegistry(), opening.policy);
  using tables = new PolicyTables(opening, slots);
  for (const direction of DIRECTIONS) {
    expect(() => preflight(opening, tables, slots, [direction])).not.toThrow();
    const mixed = { ...opening, probes: closing.probes };
    expect(() => preflight(mixed, tables, slots, [direction])).toThrow(`pre-flight failed at ${direction}`);
  }
});
