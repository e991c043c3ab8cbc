import { expect, test } from 'vitest';
import { present } from '../../../src/base/assert.ts';
import { Diagnostics } from '../../../src/base/diagnostics.ts';
import { addDynamicRules, emptyPolicy, hashWith } from '../../../src/host/dynamic-policy.ts';
import type { Policy } from '../../../src/policy/model.ts';
import type { DynamicRule } from '../../../src/store/store.ts';
import { readText } from '../../support/read-text.ts';

const SCAN: DynamicRule = {
  rule: 'scan',
  rules: [
    { name: 'scan', action: 'block', specs: ['203.0.113.9+0', '203.0.113.10+0'] },
    { name: 'scan (pass)', action: 'permit', specs: ['203.0.113.9+0:80:TCP'] },
  ],
  interfaces: ['eth1'],
};

function policyWith(...rules: readonly string[]): Policy {
  const lines = rules.map((name) => `  - { name: "${name}", action: permit, filters: ["*+0:22:TCP"] }\n`);
  return present(readText(`name: edge\nrules:\n${lines.join('')}`).policy);
}

test('they come after the rules of the policy, with their filters and interfaces; all else stays', () => {
  const diags = new Diagnostics();
  const before = policyWith('ssh');
  const { policy, dynamic } = addDynamicRules(before, [SCAN], diags);
  expect(diags.all).toEqual([]);
  expect(dynamic).toEqual(['scan (dynamic)', 'scan (pass) (dynamic)']);
  expect(policy).toEqual({ ...before, rules: [...before.rules, expect.anything(), expect.anything()] });
  expect(policy.rules.slice(1)).toMatchObject([
    { action: 'block', interfaces: ['eth1'], filterList: { filters: [{}, {}] } },
    { action: 'permit', interfaces: ['eth1'], filterList: { filters: [{}] } },
  ]);
});

test('no stored rule has the name of one, whatever it is called', () => {
  const stored = ['scan', 'scan (dynamic)', 'scan (dynamic 2)'];
  const { policy, dynamic } = addDynamicRules(policyWith(...stored), [SCAN], new Diagnostics());
  expect(dynamic).toEqual(['scan (dynamic 3)', 'scan (pass) (dynamic)']);
  expect(policy.rules.map(({ name }) => name)).toEqual([...stored, ...dynamic]);
});

test('alone they are in a policy that permits what they do not decide', () => {
  const { policy, diags } = emptyPolicy();
  expect(policy).toMatchObject({ name: 'dynamic rules', default: 'permit', rules: [] });
  expect(diags.all).toEqual([]);
});

test('the hash is that of the policy without any, and differs with every one', () => {
  expect(hashWith('h', [])).toBe('h');
  expect(hashWith('h', [SCAN])).not.toBe(hashWith('h', [SCAN, { ...SCAN, rule: 'other' }]));
});
