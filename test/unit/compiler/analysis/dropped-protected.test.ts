/** Protected traffic beside policies that drop it, in part or not at all. */
import { expect, test } from 'vitest';
import { droppedProtected } from '../../../../src/compiler/analysis/dropped-protected.ts';
import type { Policy } from '../../../../src/policy/model.ts';
import { formatSeenPacket } from '../../../../src/policy/packet/text.ts';
import type { FilterFields, RuleFields } from '../../../support/policies.ts';
import { block, hostOf, permit, policyOf } from '../../../support/policies.ts';

const HOST = hostOf(['192.0.2.1', '2001:db8::1']);
const SSH = { from: '192.0.2.0/24', to: 'me', protocol: 'tcp', dport: '22' };
const DNS = { from: 'me', to: '198.51.100.53', protocol: 'udp', dport: '53' };

function filtersOf(...fields: readonly FilterFields[]): Policy['rules'][number]['filterList']['filters'] {
  return policyOf([permit(...fields)]).rules.flatMap(({ filterList }) => filterList.filters);
}

function dropped(
  rules: readonly RuleFields[],
  protect: readonly FilterFields[],
  changes: Partial<Policy> = {},
): string[] {
  const policy = policyOf(rules, { default: 'block', ...changes });
  return droppedProtected(policy, filtersOf(...protect), HOST, { interfaceName: 'eth0' }).map(
    ({ witness, by }) => `${formatSeenPacket(witness)} by ${by}`,
  );
}

test('a policy that permits all of it, and one that blocks nothing', () => {
  expect(dropped([permit({ ...SSH, mirrored: 'established' })], [SSH])).toEqual([]);
  expect(dropped([permit({ from: 'any', to: 'any' })], [SSH, DNS])).toEqual([]);
  expect(dropped([permit({ from: '203.0.113.9', to: 'me' })], [SSH, DNS], { default: 'permit' })).toEqual([]);
});

test('a policy that drops it by default', () => {
  const [ssh = '', dns = ''] = dropped([permit({ from: '203.0.113.9', to: 'me' })], [SSH, DNS]);
  expect(ssh).toMatch(/^tcp 192\.0\.2\.\d+:\d+ -> 192\.0\.2\.1:22 .*by the default$/u);
  expect(dns).toMatch(/^udp 192\.0\.2\.1:\d+ -> 198\.51\.100\.53:53 .*by the default$/u);
});

test('the answers count: TCP with ACK set, UDP all', () => {
  expect(dropped([permit(SSH)], [SSH])).toHaveLength(1);
  expect(dropped([permit({ ...DNS, mirrored: 'established' })], [DNS])).toHaveLength(1);
  expect(dropped([permit({ ...DNS, mirrored: true })], [DNS])).toEqual([]);
});

test('a small hole is found: one host of the network, one port of many', () => {
  const open = permit({ ...SSH, mirrored: 'established' });
  const hole = block({ from: '192.0.2.77', to: 'me', protocol: 'tcp', dport: '22' });
  expect(dropped([open, hole], [SSH])[0]).toContain('tcp 192.0.2.77:');
  expect(
    dropped([open, block({ from: '192.0.2.0/24', to: 'me', protocol: 'tcp', dport: '22', sport: '666' })], [SSH])[0],
  ).toContain(':666 ->');
});

test('a block that loses to a permit that says more drops nothing', () => {
  const open = permit({ ...SSH, mirrored: 'established' });
  expect(dropped([open, block({ from: 'any', to: 'me', mirrored: true })], [SSH])).toEqual([]);
});

test('rules of other interfaces take no part', () => {
  const open = permit({ ...SSH, mirrored: 'established' });
  const elsewhere = { ...block({ from: '192.0.2.77', to: 'me', protocol: 'tcp', dport: '22' }), interfaces: ['eth1'] };
  expect(dropped([open, elsewhere], [SSH])).toEqual([]);
  expect(dropped([{ ...open, interfaces: ['eth1'] }], [SSH])).toHaveLength(1);
});
