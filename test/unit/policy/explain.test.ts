import { expect, test } from 'vitest';
import { explain } from '../../../src/policy/explain.ts';
import type { Packet } from '../../../src/policy/packet/model.ts';
import { icmpv6, packetOf, tcp } from '../../support/packets.ts';
import { block, hostOf, permit, policyOf } from '../../support/policies.ts';

const HOST = hostOf(['131.107.1.1']);
const POLICY = policyOf([
  { ...block({ to: 'me', mirrored: true }), name: 'all' },
  { ...permit({ to: '131.107.1.1', protocol: 'tcp', dport: '80', mirrored: true }), name: 'web' },
]);
const REQUEST: Packet = packetOf(tcp('203.0.113.9', '131.107.1.1'));

test('the candidates stand in rank order, with the key that ranked each', () => {
  expect(explain(POLICY, HOST, REQUEST)).toEqual({
    verdict: 'pass',
    by: 'rule',
    rule: 'web',
    filter: 'any:* + 131.107.1.1:80 6',
    reason: null,
    decidedBy: 'protocol',
    candidates: [
      {
        rule: 'web',
        filter: 'any:* + 131.107.1.1:80 6',
        action: 'permit',
        mirrored: false,
        rank: {
          addressLong: 32,
          addressShort: 0,
          protocol: 1,
          portNarrow: 1,
          portWide: 65536,
          established: 0,
          fragment: 0,
          interface: 0,
        },
        behindBy: null,
      },
      {
        rule: 'all',
        filter: 'any:* + me:* any',
        action: 'block',
        mirrored: false,
        rank: {
          addressLong: 32,
          addressShort: 0,
          protocol: 0,
          portNarrow: 65536,
          portWide: 65536,
          established: 0,
          fragment: 0,
          interface: 0,
        },
        behindBy: 'protocol',
      },
    ],
  });
});

test('the mirror half is marked', () => {
  const reply = packetOf(tcp('131.107.1.1', '203.0.113.9', { sport: 80, dport: 40000 }));
  expect(explain(POLICY, HOST, reply).candidates.map(({ mirrored }) => mirrored)).toEqual([true, true]);
});

test('a winner without a rival is decided by no key', () => {
  const other = packetOf(tcp('203.0.113.9', '131.107.1.1', { dport: 81 }));
  expect(explain(POLICY, HOST, other)).toMatchObject({ rule: 'all', decidedBy: null });
});

test('no candidate', () => {
  const elsewhere = packetOf(tcp('203.0.113.9', '198.51.100.1'));
  expect(explain(POLICY, HOST, elsewhere)).toMatchObject({
    by: 'default',
    rule: null,
    decidedBy: null,
    candidates: [],
  });
});

test('an exempt packet is decided by no candidate, though they are listed', () => {
  const policy = policyOf([block({})], { exemptions: ['neighbor-discovery'] });
  const solicitation = packetOf(icmpv6('fe80::1', 'ff02::1', { type: 135, hopLimit: 255 }));
  const explanation = explain(policy, HOST, solicitation);
  expect(explanation).toMatchObject({
    verdict: 'pass',
    by: 'exemption',
    reason: 'neighbor-discovery',
    decidedBy: null,
  });
  expect(explanation.candidates).toHaveLength(1);
});

test('rules limited to interfaces count where the packet is seen', () => {
  const policy = policyOf([permit({}), { ...block({}), interfaces: ['eth1'] }]);
  expect(explain(policy, HOST, REQUEST).verdict).toBe('pass');
  expect(explain(policy, HOST, REQUEST, { interface: 'eth1' })).toMatchObject({
    verdict: 'drop',
    decidedBy: 'interface',
  });
});
