import { expect, test } from 'vitest';
import { present } from '../../../src/base/assert.ts';
import { Diagnostics } from '../../../src/base/diagnostics.ts';
import type { PolicyTestOptions } from '../../../src/policy/policy-tests.ts';
import { runPolicyTests } from '../../../src/policy/policy-tests.ts';
import { hostOf } from '../../support/policies.ts';
import { readText } from '../../support/read-text.ts';

const HOST = hostOf(['192.0.2.1', '192.0.2.2']);

function outcomes(tests: string, options: PolicyTestOptions = {}, host = HOST): readonly string[] {
  const text = `
name: t
default: block
rules:
  - name: web
    action: permit
    filters: [{ destination: me, protocol: tcp, destinationPort: 443 }, { source: me }]
  - { name: lan, action: permit, interfaces: [eth1], filters: [{ source: 10.0.0.0/8 }] }
  - { name: one, action: block, filters: [{ destination: 192.0.2.2, protocol: tcp, destinationPort: 8443 }] }
tests: [${tests}]
`;
  const { policy } = readText(text);
  const diags = new Diagnostics();
  runPolicyTests(present(policy), host, diags, options);
  return diags.all.map(({ code, message }) => `${code} ${message}`);
}

test('tests that hold say nothing', () => {
  const tests = [
    "{ packet: 'tcp 203.0.113.9:40000 -> me:443', expect: pass, rule: web }",
    "{ packet: 'tcp 203.0.113.9:40000 -> me:22', expect: drop }",
    "{ packet: 'udp me:53 -> 203.0.113.9:53', expect: pass, direction: out }",
    "{ packet: 'udp 10.0.0.9:53 -> 198.51.100.1:53', expect: pass, rule: lan, interface: eth1 }",
    "{ packet: 'udp 10.0.0.9:53 -> 198.51.100.1:53', expect: drop }",
  ];
  expect(outcomes(tests.join(', '))).toEqual([]);
});

test('a test that fails says what happened and what was expected', () => {
  expect(outcomes("{ packet: 'tcp 203.0.113.9:40000 -> me:22', expect: pass, rule: web }")).toEqual([
    'XP0320 the test fails: tcp 203.0.113.9:40000 -> 192.0.2.1:22 is dropped by default, expected pass by rule "web"',
  ]);
});

test('the verdict alone is not enough where a rule is named', () => {
  expect(outcomes("{ packet: 'tcp 203.0.113.9:40000 -> me:22', expect: drop, rule: one }")).toEqual([
    'XP0320 the test fails: tcp 203.0.113.9:40000 -> 192.0.2.1:22 is dropped by default, expected drop by rule "one"',
  ]);
});

test('me is each of the addresses', () => {
  expect(outcomes("{ packet: 'tcp 203.0.113.9:40000 -> me:8443', expect: drop, rule: one }")[0]).toContain(
    '192.0.2.1:8443',
  );
});

test('without an address of the family a test is not run', () => {
  expect(outcomes("{ packet: 'tcp [2001:db8::9]:40000 -> me:443', expect: pass }")).toEqual([
    'XP0321 the test is not run: me has no IPv6 address here',
  ]);
});

test('where packets that leave are not filtered, they pass', () => {
  const tests = "{ packet: 'udp 10.0.0.1:1 -> 198.51.100.1:1', expect: drop, direction: out }";
  expect(outcomes(tests)).toEqual([]);
  expect(outcomes(tests, { ingressOnly: true })[0]).toContain('packets that leave are not filtered, expected drop');
});

const mistakes: readonly (readonly [section: string, ...codes: string[]])[] = [
  ["tests: [{ packet: 'tcp 1.2.3.4:5 -> me', expect: pass }]", 'XP0605'],
  ["tests: [{ packet: 'tcp me:1 -> me:2', expect: pass }]", 'XP0603'],
  ["tests: [{ packet: 'tcp 1.2.3.4:5 -> me:5', expect: permit }]", 'XP0008'],
  ["tests: [{ packet: 'tcp 1.2.3.4:5 -> me:5', expect: pass, rule: wbe }]", 'XP0319'],
  ["tests: [{ packet: 'tcp 1.2.3.4:5 -> me:5' }]", 'XP0007'],
  ["tests: [{ packet: 'tcp 1.2.3.4:5 -> me:5', expect: pass, interface: 'a b' }]", 'XP0309'],
  ['accept: [{ code: XP0403, because: meant }]'],
  ['accept: [{ code: XP0403, rule: web, because: meant }]'],
  ['accept: [{ code: XP0403, rule: wbe, because: meant }]', 'XP0319'],
  ['accept: [{ code: XP0401, because: meant }]', 'XP0318'],
  ['accept: [{ code: XP0311, because: meant }]', 'XP0318'],
  ['accept: [{ code: XP9999, because: meant }]', 'XP0318'],
  ['accept: [{ code: XP0403 }]', 'XP0007'],
  ['accept: [{ code: XP0403, because: " " }]', 'XP0010'],
];
for (const [section, ...codes] of mistakes) {
  test(section, () => {
    const { diagnostics } = readText(`name: t\nrules: [{ name: web, action: block, filters: [{}] }]\n${section}\n`);
    expect(diagnostics.map(({ code }) => code)).toEqual(codes);
  });
}
