/** The policy of the parser's tables: what needs a port or a type passes, its protocol alone is blocked. */
import type { Policy } from '../../src/policy/model.ts';
import { block, permit, policyOf } from './policies.ts';

export const A4 = '203.0.113.9';
export const B4 = '131.107.1.1';
export const A6 = '2001:db8:a::9';
export const B6 = '2001:db8::1';

const RULES = [
  { ...permit({ protocol: 'tcp', dport: '80' }), name: 'web' },
  { ...permit({ protocol: 'tcp', dport: '80', established: true }), name: 'replies' },
  { ...permit({ protocol: 'udp', dport: '53' }), name: 'dns' },
  { ...permit({ protocol: 'sctp', dport: '9899' }), name: 'sctp' },
  { ...permit({ protocol: 'icmp', type: 8 }), name: 'echo' },
  { ...permit({ protocol: 'icmpv6', type: 128 }), name: 'echo6' },
  { ...permit({ protocol: 47 }), name: 'gre' },
  { ...permit({ protocol: 50 }), name: 'esp' },
  { ...permit({ protocol: 59 }), name: 'none' },
  { ...block({ protocol: 'tcp' }), name: 'tcp' },
];

/** Strict, no exemptions, blocks by default. */
export const PARSE_POLICY: Policy = policyOf(RULES, { default: 'block' });

export const LENIENT_POLICY: Policy = policyOf(RULES, { default: 'block', strict: false });
