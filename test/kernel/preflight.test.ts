/** Pre-flight stops what decides wrongly, whatever made it so. */
import { expect, test } from 'vitest';
import type { LoadablePolicy } from '../../src/compiler/loadable.ts';
import { loadableOf } from '../../src/compiler/loadable.ts';
import { preflight } from '../../src/engine/preflight.ts';
import type { Entry } from '../../src/engine/program.ts';
import { createCounters, loadPolicy } from '../../src/engine/program.ts';
import { policySlots, SlotRegistry } from '../../src/engine/slots.ts';
import { PolicyTables } from '../../src/engine/tables.ts';
import { ENUMS, writeShape } from '../../src/layout/layout.gen.ts';
import { shapeOf } from '../support/compiled-shape.ts';
import { compiled } from '../support/kernel.ts';
import { block, hostOf, permit, policyOf, setsOf } from '../support/policies.ts';

const ENTRIES: readonly Entry[] = ['ingress', 'egress', 'tcx'];
const WEB = { to: '192.0.2.1', protocol: 'tcp', dport: '80' } as const;

/** Instructions that the verifier may walk for a small policy. An apply waits for it, and it gives up at a million. */
const MOST_VERIFIED = 60_000;

/** Programs over `policy`, with `shape` as their constants, through the pre-flight with `probes`. */
function fly(policy: LoadablePolicy, entry: Entry, { probes = policy.probes, shape = policy.shape } = {}): void {
  const registry = new SlotRegistry();
  const slots = policySlots(registry, policy.policy);
  using counters = createCounters(registry.size);
  using tables = new PolicyTables(policy, slots);
  using loaded = loadPolicy({ compiled: { ...policy, shape }, tables, counters, entries: [entry] });
  expect(loaded.program(entry).verifiedInsns).toBeLessThan(MOST_VERIFIED);
  preflight({ ...policy, probes }, { tables, slots, loaded }, [entry]);
}

test('tables that fit pass, tables of another policy do not', () => {
  const [opening, closing] = [permit(WEB), block(WEB)].map((rule) =>
    loadableOf(compiled(policyOf([rule]), hostOf()), () => 0),
  );
  if (opening === undefined || closing === undefined) throw new Error('not compiled');
  for (const entry of ENTRIES) {
    expect(() => fly(opening, entry)).not.toThrow();
    expect(() => fly(opening, entry, closing)).toThrow(`pre-flight failed at ${entry}`);
  }
});

test('the right verdict by another rule does not pass', () => {
  const rules = [
    { ...permit(WEB), name: 'web' },
    { ...permit({ ...WEB, from: '198.51.100.0/24' }), name: 'office' },
  ];
  const right = loadableOf(compiled(policyOf(rules), hostOf()), () => 0);
  expect(() => fly(right, 'ingress')).not.toThrow();
  const probes = right.probes.map((probe) => (probe.rule === 'office' ? { ...probe, rule: 'web' } : probe));
  expect(() => fly(right, 'ingress', { probes })).toThrow(/the program says pass by office, the policy pass by web/u);
});

test('a table that is read wrong stops it, one rule among many', () => {
  const others = Array.from({ length: 30 }, (_, i) => permit({ from: '10.0.0.0/8', to: `192.0.2.${i}` }));
  const policy = policyOf([...others, block({ from: '$everyone', to: '192.0.2.99' })], {
    addressSets: setsOf({ everyone: ['0.0.0.0/1', '128.0.0.0/1'] }),
  });
  const right = loadableOf(compiled(policy, hostOf()), () => 0);
  for (const entry of ENTRIES) expect(() => fly(right, entry)).not.toThrow();
  const wrong = right.shape.slice();
  const src4Shape = { form: ENUMS.address4_form.ADDRESS4_ONE_CLASS, wide: 0 };
  writeShape(new DataView(wrong.buffer), 0, { ...shapeOf(right), src4Shape });
  expect(() => fly(right, 'ingress', { shape: wrong })).toThrow('pre-flight failed at ingress');
});
