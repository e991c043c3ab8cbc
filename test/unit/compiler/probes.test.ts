/** The pre-flight has packets of every rule and of the default, as far as its time goes. */
import { expect, test } from 'vitest';
import { probesOf } from '../../../src/compiler/probes.ts';
import type { Policy } from '../../../src/policy/model.ts';
import { compiled } from '../../support/kernel.ts';
import { block, hostOf, permit, policyOf, setsOf } from '../../support/policies.ts';

const RULES = Array.from({ length: 60 }, (_, i) => {
  const filter = { to: `192.0.2.${i}`, protocol: 'tcp', dport: '80' } as const;
  return { ...(i % 2 === 0 ? permit(filter) : block(filter)), name: `rule ${i}` };
});

function decidedBy(policy: Policy, milliseconds = 1000): ReadonlySet<string> {
  let now = 0;
  const probes = probesOf(compiled(policy, hostOf()), { clock: () => now++, milliseconds });
  return new Set(probes.map(({ by, rule, text }) => `${rule ?? by} ${text.includes('::') ? 6 : 4}`));
}

test('one for each rule and for the default, in both families', () => {
  const everywhere = { ...permit({ protocol: 'udp', dport: '53' }), name: 'dns' };
  const found = decidedBy(policyOf([...RULES, everywhere], { default: 'block' }));
  expect(found).toEqual(new Set(['default 4', 'default 6', 'dns 4', 'dns 6', ...RULES.map(({ name }) => `${name} 4`)]));
});

test('a rule whose first filters are decided by others', () => {
  const wide = { ...permit({ to: '192.0.2.0/24' }, { to: '192.0.2.0/25' }), name: 'wide' };
  const hosts = { ...block({ to: '192.0.2.0' }), name: 'host' };
  expect(decidedBy(policyOf([hosts, wide]))).toContain('wide 4');
});

test('the default where documentation addresses are named', () => {
  const named = block({ from: '192.0.2.0/24', protocol: 'udp' });
  expect(decidedBy(policyOf([named]))).toContain('default 4');
});

test('its time is kept', () => {
  const many = policyOf(
    Array.from({ length: 300 }, (_, i) => ({ ...permit({ to: `10.0.${i >> 8}.${i & 255}` }), name: `${i}` })),
  );
  const all = decidedBy(many);
  const some = decidedBy(many, 0);
  expect(all.size).toBe(302);
  expect(some.size).toBeGreaterThan(30);
  expect(some.size).toBeLessThan(100);
  // What time is left for is spread over the rules.
  expect(Math.max(...[...some].map((by) => Number.parseInt(by, 10) || 0))).toBeGreaterThan(250);
});

test('a set of every address', () => {
  const sets = { addressSets: setsOf({ everyone: ['0.0.0.0/1', '128.0.0.0/1'] }) };
  const policy = policyOf([...RULES, { ...block({ from: '$everyone' }), name: 'everyone' }], sets);
  expect(decidedBy(policy)).toContain('everyone 4');
});
