/** Pre-flight stops what decides wrongly, whatever made it so. */
import { expect, test } from 'vitest';
import { loadableOf } from '../../src/compiler/loadable.ts';
import { preflight } from '../../src/engine/preflight.ts';
import { DIRECTIONS } from '../../src/engine/program.ts';
import { policySlots, SlotRegistry } from '../../src/engine/slots.ts';
import { PolicyTables } from '../../src/engine/tables.ts';
import { writeShape } from '../../src/layout/layout.gen.ts';
import { shapeOf } from '../support/compiled-shape.ts';
import { compiled } from '../support/kernel.ts';
import { block, hostOf, permit, policyOf, setsOf } from '../support/policies.ts';

const WEB = { to: '192.0.2.1', protocol: 'tcp', dport: '80' } as const;

test('tables that fit pass, tables of another policy do not', () => {
  const [opening, closing] = [permit(WEB), block(WEB)].map((rule) =>
    loadableOf(compiled(policyOf([rule]), hostOf()), () => 0),
  );
  if (opening === undefined || closing === undefined) throw new Error('not compiled');
  const slots = policySlots(new SlotRegistry(), opening.policy);
  using tables = new PolicyTables(opening, slots);
  for (const direction of DIRECTIONS) {
    expect(() => preflight(opening, tables, slots, [direction])).not.toThrow();
    const mixed = { ...opening, probes: closing.probes };
    expect(() => preflight(mixed, tables, slots, [direction])).toThrow(`pre-flight failed at ${direction}`);
  }
});

test('a table that is read wrong stops it, one rule among many', () => {
  const others = Array.from({ length: 30 }, (_, i) => permit({ from: '10.0.0.0/8', to: `192.0.2.${i}` }));
  const policy = policyOf([...others, block({ from: '$everyone', to: '192.0.2.99' })], {
    addressSets: setsOf({ everyone: ['0.0.0.0/1', '128.0.0.0/1'] }),
  });
  const right = loadableOf(compiled(policy, hostOf()), () => 0);
  const slots = policySlots(new SlotRegistry(), right.policy);
  using tables = new PolicyTables(right, slots);
  expect(() => preflight(right, tables, slots, DIRECTIONS)).not.toThrow();
  const wrong = { ...right, shape: right.shape.slice() };
  const { src4Shape, ...others4 } = shapeOf(right);
  writeShape(new DataView(wrong.shape.buffer), 0, { ...others4, src4Shape: { ...src4Shape, rootBounds: 0 } });
  expect(() => preflight(wrong, tables, slots, ['ingress'])).toThrow('pre-flight failed at ingress');
});
