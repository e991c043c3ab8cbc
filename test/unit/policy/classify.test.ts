import { describe, expect, test } from 'vitest';
import type { Decision } from '../../../src/policy/classify.ts';
import { candidates, classify } from '../../../src/policy/classify.ts';
import type { Exemption, HostAddresses, Policy } from '../../../src/policy/model.ts';
import { EXEMPTIONS } from '../../../src/policy/model.ts';
import { decodePacket } from '../../../src/policy/packet/decode.ts';
import type { TestPacket } from '../../support/packets.ts';
import {
  BROADCAST_MAC,
  cutTo,
  ethernet,
  extension,
  firstFragment,
  icmp,
  icmpv6,
  laterFragment,
  packetOf,
  raw,
  sctp,
  TAG,
  tagged,
  tcp,
  udp,
} from '../../support/packets.ts';
import type { RuleFields } from '../../support/policies.ts';
import { block, hostOf, permit, policyOf, setsOf } from '../../support/policies.ts';

const HOST = hostOf(
  ['131.107.1.1', '2001:db8::1'],
  {
    'web.example': ['198.51.100.7', '2001:db8::7'],
    'none.example': [],
  },
  ['131.107.1.255'],
);
const A4 = '203.0.113.9';
const B4 = '131.107.1.1';
const A6 = '2001:db8:a::9';
const B6 = '2001:db8::1';

function decide(policy: Policy, packet: TestPacket, at?: string, host: HostAddresses = HOST): Decision {
  return classify(policy, host, decodePacket(packet.frame), { interface: at });
}

type Row = readonly [name: string, rules: readonly RuleFields[], packet: TestPacket, decidedBy: string, at?: string];

/** Each row: the rules, a packet, and the rule that decides it (`default` where none does). */
function table(title: string, rows: readonly Row[], changes: Partial<Policy> = {}): void {
  describe(title, () => {
    for (const [name, rules, packet, decidedBy, at] of rows) {
      test(name, () => {
        const decision = decide(policyOf(rules, changes), packet, at);
        expect(decision.rule ?? decision.by, packet.summary).toBe(decidedBy);
      });
    }
  });
}

table('matching', [
  ['any matches IPv4', [block({})], tcp(A4, B4), 'block 1'],
  ['any matches IPv6', [block({})], tcp(A6, B6), 'block 1'],
  ['0.0.0.0/0 is every IPv4 address', [block({ from: '0.0.0.0/0' })], tcp(A4, B4), 'block 1'],
  ['0.0.0.0/0 is no IPv6 address', [block({ from: '0.0.0.0/0' })], tcp(A6, B6), 'default'],
  ['the first address of a prefix', [block({ from: '203.0.113.8/29' })], tcp('203.0.113.8', B4), 'block 1'],
  ['the last', [block({ from: '203.0.113.8/29' })], tcp('203.0.113.15', B4), 'block 1'],
  ['one before', [block({ from: '203.0.113.8/29' })], tcp('203.0.113.7', B4), 'default'],
  ['one behind', [block({ from: '203.0.113.8/29' })], tcp('203.0.113.16', B4), 'default'],
  ['an IPv6 prefix across a word', [block({ to: '2001:db8::/33' })], tcp(A6, '2001:db8:7fff::1'), 'block 1'],
  ['one bit off it', [block({ to: '2001:db8::/33' })], tcp(A6, '2001:db8:8000::1'), 'default'],
  ['me in IPv4', [block({ to: 'me' })], tcp(A4, B4), 'block 1'],
  ['me in IPv6', [block({ to: 'me' })], tcp(A6, B6), 'block 1'],
  ['me is not another host', [block({ to: 'me' })], tcp(A4, '131.107.1.2'), 'default'],
  ['local is me', [block({ to: 'local' })], tcp(A4, B4), 'block 1'],
  ['local is me in IPv6', [block({ to: 'local' })], tcp(A6, B6), 'block 1'],
  ['local is the broadcast of a subnet', [block({ to: 'local' })], udp(A4, '131.107.1.255'), 'block 1'],
  ['local is the limited broadcast', [block({ to: 'local' })], udp(A4, '255.255.255.255'), 'block 1'],
  ['local is the old broadcast', [block({ to: 'local' })], udp(A4, '0.0.0.0'), 'block 1'],
  ['local is multicast', [block({ to: 'local' })], udp(A4, '239.255.255.250'), 'block 1'],
  ['local is multicast in IPv6', [block({ to: 'local' })], udp(A6, 'ff02::fb'), 'block 1'],
  ['local is no other host', [block({ to: 'local' })], udp(A4, '131.107.1.254'), 'default'],
  ['me is no broadcast', [block({ to: 'me' })], udp(A4, '131.107.1.255'), 'default'],
  [
    'multicast counts with its own length',
    [block({ to: 'local' }), permit({ to: '224.0.0.0/8' })],
    udp(A4, '224.0.0.9'),
    'permit 2',
  ],
  ['a range from its first', [block({ from: '203.0.113.9-203.0.113.11' })], tcp(A4, B4), 'block 1'],
  ['to its last', [block({ from: '203.0.113.3-203.0.113.9' })], tcp(A4, B4), 'block 1'],
  ['and no further', [block({ from: '203.0.113.3-203.0.113.8' })], tcp(A4, B4), 'default'],
  ['a list is any of its members', [block({ from: '10.0.0.1, 203.0.113.0/24' })], tcp(A4, B4), 'block 1'],
  [
    'of the longest member',
    [permit({ from: '203.0.113.8/29' }), block({ from: `203.0.113.0/24, ${A4}` })],
    tcp(A4, B4),
    'block 2',
  ],
  ['but what is excluded', [block({ from: 'any but 203.0.113.0/24' })], tcp(A4, B4), 'default'],
  ['in either family', [block({ from: 'any but 203.0.113.0/24' })], tcp(A6, B6), 'block 1'],
  [
    'what is left counts as if nothing had been taken out',
    [permit({ from: '203.0.113.0/24' }), block({ from: '203.0.0.0/16 but 203.0.113.8' })],
    tcp(A4, B4),
    'permit 1',
  ],
  ['a name is all its answers', [block({ from: 'web.example' })], tcp('2001:db8::7', B6), 'block 1'],
  ['a name without answers is nobody', [block({ from: 'none.example' })], tcp(A4, B4), 'default'],
  ['a filter has one direction', [block({ from: A4, to: B4 })], tcp(B4, A4), 'default'],
  ['protocol by name', [block({ protocol: 'udp' })], udp(A4, B4), 'block 1'],
  ['another protocol', [block({ protocol: 'udp' })], tcp(A4, B4), 'default'],
  ['protocol by number', [block({ protocol: 47 })], raw(47, A4, B4), 'block 1'],
  [
    'the protocol behind extension headers',
    [block({ protocol: 'udp' })],
    udp(A6, B6, { extensions: [extension('routing')] }),
    'block 1',
  ],
  ['sctp ports', [block({ protocol: 'sctp', dport: '36412' })], sctp(A4, B4, { dport: 36412 }), 'block 1'],
  ['the low end of a port range', [block({ protocol: 'tcp', dport: '80-90' })], tcp(A4, B4, { dport: 80 }), 'block 1'],
  ['the high end', [block({ protocol: 'tcp', dport: '80-90' })], tcp(A4, B4, { dport: 90 }), 'block 1'],
  ['one below', [block({ protocol: 'tcp', dport: '80-90' })], tcp(A4, B4, { dport: 79 }), 'default'],
  ['one above', [block({ protocol: 'tcp', dport: '80-90' })], tcp(A4, B4, { dport: 91 }), 'default'],
  ['the second range of a list', [block({ protocol: 'udp', sport: '53,123' })], udp(A4, B4, { sport: 123 }), 'block 1'],
  [
    'between the ranges of a list',
    [block({ protocol: 'udp', sport: '53,123' })],
    udp(A4, B4, { sport: 54 }),
    'default',
  ],
  ['port 65535', [block({ protocol: 'tcp', dport: '65535' })], tcp(A4, B4, { dport: 65535 }), 'block 1'],
  [
    'ports 1-65535 leave out port 0',
    [block({ protocol: 'tcp', dport: '1-65535' })],
    tcp(A4, B4, { dport: 0 }),
    'default',
  ],
  ['icmp type', [block({ protocol: 'icmp', type: 8 })], icmp(A4, B4, { type: 8, code: 3 }), 'block 1'],
  ['one of several icmp types', [block({ protocol: 'icmp', type: [3, 8, 11] })], icmp(A4, B4, { type: 8 }), 'block 1'],
  ['none of several icmp types', [block({ protocol: 'icmp', type: [3, 11] })], icmp(A4, B4, { type: 8 }), 'default'],
  ['another icmp type', [block({ protocol: 'icmp', type: 8 })], icmp(A4, B4, { type: 0 }), 'default'],
  ['icmp code', [block({ protocol: 'icmp', type: 3, code: 4 })], icmp(A4, B4, { type: 3, code: 4 }), 'block 1'],
  ['another icmp code', [block({ protocol: 'icmp', type: 3, code: 4 })], icmp(A4, B4, { type: 3, code: 1 }), 'default'],
  ['icmp is not icmpv6', [block({ protocol: 'icmp' })], icmpv6(A6, B6), 'default'],
  ['icmp goes by number in IPv6 too', [block({ protocol: 'icmp', type: 8 })], icmp(A6, B6), 'block 1'],
  ['established', [block({ protocol: 'tcp', established: true })], tcp(A4, B4, { flags: 'A' }), 'block 1'],
  ['a new connection is not', [block({ protocol: 'tcp', established: true })], tcp(A4, B4, { flags: 'S' }), 'default'],
]);

const OPEN_MIRROR = { to: B4, protocol: 'tcp', dport: '25', mirrored: true } as const;
const REPLIES = { to: B4, protocol: 'tcp', dport: '25', mirrored: 'established' } as const;

table('mirrored', [
  ['the forward half', [permit(OPEN_MIRROR)], tcp(A4, B4, { dport: 25 }), 'permit 1'],
  ['the mirror half', [permit(OPEN_MIRROR)], tcp(B4, A4, { sport: 25, dport: 4000 }), 'permit 1'],
  ['addresses swap with their ports', [permit(OPEN_MIRROR)], tcp(B4, A4, { sport: 4000, dport: 25 }), 'default'],
  ['the mirror half takes new connections', [permit(OPEN_MIRROR)], tcp(B4, A4, { sport: 25, flags: 'S' }), 'permit 1'],
  ['established: replies', [permit(REPLIES)], tcp(B4, A4, { sport: 25, flags: 'SA' }), 'permit 1'],
  ['established: no new connections back', [permit(REPLIES)], tcp(B4, A4, { sport: 25, flags: 'S' }), 'default'],
  ['established: new ones forward', [permit(REPLIES)], tcp(A4, B4, { dport: 25, flags: 'S' }), 'permit 1'],
  [
    'established: the mirror half is TCP even of any protocol',
    [permit({ to: B4, mirrored: 'established' })],
    udp(B4, A4),
    'default',
  ],
  [
    'the icmp type does not swap',
    [permit({ to: B4, protocol: 'icmp', type: 8, mirrored: true })],
    icmp(B4, A4, { type: 8 }),
    'permit 1',
  ],
]);

/** Each names the key that the winner has over the other; rules are written so that their order would say otherwise. */
table('which filter wins', [
  [
    '1: the longer of the two prefixes',
    [block({ from: '203.0.113.0/24', to: '131.107.1.0/24' }), permit({ to: B4 })],
    tcp(A4, B4),
    'permit 2',
  ],
  ['1: at either end', [block({ to: '131.107.1.0/24' }), permit({ from: A4 })], tcp(A4, B4), 'permit 2'],
  [
    '1: before every other key',
    [
      block({ to: '131.107.1.0/24', protocol: 'tcp', dport: '80', established: true }),
      permit({ to: '131.107.1.0/25' }),
    ],
    tcp(A4, B4, { flags: 'A' }),
    'permit 2',
  ],
  ['2: the other prefix', [block({ to: B4 }), permit({ from: '203.0.0.0/16', to: B4 })], tcp(A4, B4), 'permit 2'],
  [
    '2: before the protocol',
    [block({ to: B4, protocol: 'tcp' }), permit({ from: '128.0.0.0/1', to: B4 })],
    tcp(A4, B4),
    'permit 2',
  ],
  ['3: a named protocol', [block({ to: B4 }), permit({ to: B4, protocol: 'tcp' })], tcp(A4, B4), 'permit 2'],
  [
    '4: the narrower port range',
    [block({ protocol: 'tcp', sport: '40000-40009', dport: '80-89' }), permit({ protocol: 'tcp', dport: '80-82' })],
    tcp(A4, B4),
    'permit 2',
  ],
  ['4: icmp type', [block({ protocol: 'icmp' }), permit({ protocol: 'icmp', type: 8 })], icmp(A4, B4), 'permit 2'],
  [
    '5: the other port range',
    [block({ protocol: 'tcp', dport: '80' }), permit({ protocol: 'tcp', sport: '1024-65535', dport: '80' })],
    tcp(A4, B4),
    'permit 2',
  ],
  [
    '5: icmp code',
    [block({ protocol: 'icmp', type: 8 }), permit({ protocol: 'icmp', type: 8, code: 0 })],
    icmp(A4, B4),
    'permit 2',
  ],
  [
    '6: established',
    [block({ protocol: 'tcp', dport: '80' }), permit({ protocol: 'tcp', dport: '80', established: true })],
    tcp(A4, B4, { flags: 'A' }),
    'permit 2',
  ],
  [
    '6: the mirror half of mirrored: established',
    [block({ from: B4, protocol: 'tcp', sport: '25' }), permit(REPLIES)],
    tcp(B4, A4, { sport: 25, flags: 'A' }),
    'permit 2',
  ],
  [
    '7: a rule limited to interfaces',
    [block({ to: B4 }), { ...permit({ to: B4 }), interfaces: ['eth1'] }],
    tcp(A4, B4),
    'permit 2',
    'eth1',
  ],
  ['8: block', [permit({ to: B4 }), block({ to: B4 })], tcp(A4, B4), 'block 2'],
  ['8: block, though the filters only cross', [permit({ from: A4 }), block({ to: B4 })], tcp(A4, B4), 'block 2'],
  ['9: the rule listed first', [block({ to: B4 }), block({ to: 'me' })], tcp(A4, B4), 'block 1'],
  ['me is as long as a host', [permit({ to: '131.107.1.0/31' }), block({ to: 'me' })], tcp(A4, B4), 'block 2'],
  [
    'a name is as long as a host',
    [block({ from: '198.51.100.6/31' }), permit({ from: 'web.example' })],
    tcp('198.51.100.7', B4),
    'permit 2',
  ],
  [
    'a list counts the range that matched',
    [block({ protocol: 'tcp', dport: '80-82' }), permit({ protocol: 'tcp', dport: '80-81,1000-2000' })],
    tcp(A4, B4),
    'permit 2',
  ],
  [
    'and not its narrowest',
    [permit({ protocol: 'tcp', dport: '22,80-90' }), block({ protocol: 'tcp', dport: '80-85' })],
    tcp(A4, B4),
    'block 2',
  ],
]);

table(
  'address sets',
  [
    ['a set matches by its prefixes', [block({ from: '$bad' })], tcp(A4, B4), 'block 1'],
    ['in both families', [block({ from: '$bad' })], tcp(A6, B6), 'block 1'],
    ['not outside them', [block({ from: '$bad' })], tcp('203.0.114.1', B4), 'default'],
    ['an empty set is nobody', [block({ from: '$empty' })], tcp(A4, B4), 'default'],
    [
      'the length is that of the prefix that contains the address',
      [permit({ from: '203.0.112.0/23' }), block({ from: '$bad' })],
      tcp(A4, B4),
      'block 2',
    ],
    [
      'and not the longest of the set',
      [block({ from: '$bad' }), permit({ from: '203.0.113.0/25' })],
      tcp(A4, B4),
      'permit 2',
    ],
    [
      'of nested members the longest counts',
      [block({ from: '$nested' }), permit({ from: '203.0.113.8/30' })],
      tcp(A4, B4),
      'block 1',
    ],
    [
      'beside it the one around it',
      [block({ from: '$nested' }), permit({ from: '203.0.113.8/30' })],
      tcp('203.0.113.10', B4),
      'permit 2',
    ],
  ],
  {
    addressSets: setsOf({
      bad: ['203.0.113.0/24', '198.51.100.7', '2001:db8:a::/48'],
      nested: ['203.0.113.0/24', '203.0.113.9'],
      empty: [],
    }),
  },
);

table('fragments', [
  [
    'later: no first fragment, no whole packet',
    [block({ protocol: 'udp', fragment: true })],
    udp(A4, B4, { dport: 53 }),
    'default',
  ],
  [
    'later: a later one of its protocol',
    [block({ protocol: 'udp', fragment: true })],
    laterFragment(udp(A4, B4, { dport: 53 })),
    'block 1',
  ],
  [
    'later: before a filter that any packet matches',
    [block({ protocol: 'udp' }), permit({ protocol: 'udp', fragment: true })],
    laterFragment(udp(A4, B4)),
    'permit 2',
  ],
  [
    'a first fragment is matched by port',
    [block({ protocol: 'tcp', dport: '80' })],
    firstFragment(tcp(A4, B4)),
    'block 1',
  ],
  ['a later one is not', [block({ protocol: 'tcp', dport: '80' })], laterFragment(tcp(A4, B4)), 'default'],
  [
    'nor by a range that contains 0',
    [block({ protocol: 'udp', sport: '0-100' })],
    laterFragment(udp(A4, B4)),
    'default',
  ],
  ['nor by icmp type', [block({ protocol: 'icmp', type: 0 })], laterFragment(icmp(A4, B4, { type: 0 })), 'default'],
  [
    'nor by established',
    [block({ protocol: 'tcp', established: true })],
    laterFragment(tcp(A4, B4, { flags: 'A' })),
    'default',
  ],
  ['but by address', [block({ to: B4 })], laterFragment(tcp(A4, B4)), 'block 1'],
  ['and by protocol', [block({ protocol: 'icmp' })], laterFragment(icmp(A4, B4)), 'block 1'],
  [
    'in IPv6 too',
    [block({ protocol: 'udp' }), permit({ protocol: 'udp', dport: '53' })],
    laterFragment(udp(A6, B6, { dport: 53 })),
    'block 1',
  ],
  [
    'the forward half of mirrored: established',
    [block({ to: B4, protocol: 'tcp', mirrored: 'established' })],
    laterFragment(tcp(A4, B4)),
    'block 1',
  ],
  [
    'but not its mirror half',
    [block({ to: B4, protocol: 'tcp', mirrored: 'established' })],
    laterFragment(tcp(B4, A4, { flags: 'A' })),
    'default',
  ],
]);

const LIMITED = [{ ...block({ to: B4 }), interfaces: ['eth1', 'eth2'] }];
table('interfaces', [
  ['the first one', LIMITED, tcp(A4, B4), 'block 1', 'eth1'],
  ['the other one', LIMITED, tcp(A4, B4), 'block 1', 'eth2'],
  ['another one', LIMITED, tcp(A4, B4), 'default', 'eth0'],
  ['none given', LIMITED, tcp(A4, B4), 'default'],
]);

const ALL_ON = { exemptions: EXEMPTIONS } as const;
const BLOCK_ALL = [block({})];
const ND = { type: 135, hopLimit: 255 } as const;

const exempt: readonly (readonly [name: string, packet: TestPacket, reason: Exemption | null])[] = [
  ['router solicitation', icmpv6(A6, B6, { ...ND, type: 133 }), 'neighbor-discovery'],
  ['redirect', icmpv6(A6, B6, { ...ND, type: 137 }), 'neighbor-discovery'],
  ['type 132 is not discovery', icmpv6(A6, B6, { ...ND, type: 132 }), null],
  ['type 138 is not', icmpv6(A6, B6, { ...ND, type: 138 }), null],
  ['code 1 is not', icmpv6(A6, B6, { ...ND, code: 1 }), null],
  ['hop limit 254 is not', icmpv6(A6, B6, { ...ND, hopLimit: 254 }), null],
  ['a later fragment is not', laterFragment(icmpv6(A6, B6, ND)), null],
  ['icmpv6 in IPv4 is not', icmpv6(A4, B4, ND), null],
  ['discovery comes before multicast', icmpv6(A6, 'ff02::1:ff00:1', ND), 'neighbor-discovery'],
  ['the limited broadcast address', udp(A4, '255.255.255.255', { ethernetDestination: BROADCAST_MAC }), 'broadcast'],
  ['a packet to one host in a broadcast frame', udp(A4, B4, { ethernetDestination: BROADCAST_MAC }), null],
  ['one off the broadcast address', udp(A4, '255.255.255.254'), null],
  ['IPv6 knows no broadcast', udp(A6, B6, { ethernetDestination: BROADCAST_MAC }), null],
  ['the first multicast address', udp(A4, '224.0.0.0'), 'multicast'],
  ['the last', udp(A4, '239.255.255.255'), 'multicast'],
  ['one before', udp(A4, '223.255.255.255'), null],
  ['one behind', udp(A4, '240.0.0.0'), null],
  ['IPv6 multicast', udp(A6, 'ff05::2'), 'multicast'],
  ['not quite IPv6 multicast', udp(A6, 'fe80::2'), null],
  ['a multicast source is none', udp('224.0.0.1', B4), null],
  ['rsvp', raw(46, A4, B4), 'rsvp'],
  ['a later fragment of rsvp', laterFragment(raw(46, A6, B6)), 'rsvp'],
  ['listener report', icmpv6('fe80::1', 'ff02::16', { type: 143, hopLimit: 1 }), 'multicast-listener'],
  ['listener query from no address', icmpv6('::', 'ff02::1', { type: 130, hopLimit: 1 }), 'multicast-listener'],
  ['a listener report from elsewhere', icmpv6(A6, B6, { type: 143, hopLimit: 1 }), null],
  ['a listener report that was forwarded', icmpv6('fe80::1', B6, { type: 143, hopLimit: 2 }), null],
  ['fragmentation needed', icmp(A4, B4, { type: 3, code: 4 }), 'path-mtu'],
  ['port unreachable', icmp(A4, B4, { type: 3, code: 3 }), null],
  ['packet too big', icmpv6(A6, B6, { type: 2 }), 'path-mtu'],
  ['ike', udp(A4, B4, { sport: 500, dport: 500 }), 'ike'],
  ['ike behind a translator', udp(A6, B6, { sport: 4500, dport: 4500 }), 'ike'],
  ['to port 500 from another', udp(A4, B4, { sport: 40000, dport: 500 }), null],
  ['from port 500 to another', udp(A6, B6, { sport: 500, dport: 22 }), null],
  ['tcp port 500 is not ike', tcp(A4, B4, { dport: 500 }), null],
  ['kerberos over tcp', tcp(A4, B4, { sport: 88 }), 'kerberos'],
  ['kerberos over udp', udp(A4, B4, { dport: 88 }), 'kerberos'],
  ['sctp port 88 is not', sctp(A4, B4, { dport: 88 }), null],
  ['a later fragment has no port 88', laterFragment(udp(A4, B4, { dport: 88 })), null],
];

describe('exemptions', () => {
  for (const [name, packet, reason] of exempt) {
    test(name, () => {
      const fragment = packetOf(packet).laterFragment;
      const none = { rule: null, filter: null, fragment };
      expect(decide(policyOf(BLOCK_ALL, ALL_ON), packet), packet.summary).toEqual(
        reason === null
          ? { verdict: 'drop', by: 'rule', rule: 'block 1', filter: 'any:* = any:* any', reason: null, fragment }
          : { ...none, verdict: 'pass', by: 'exemption', reason },
      );
      expect(decide(policyOf(BLOCK_ALL), packet).by, 'with every exemption off').toBe('rule');
    });
  }

  test('one that is off leaves the packet to the next', () => {
    const solicitation = icmpv6(A6, 'ff02::1', ND);
    expect(decide(policyOf(BLOCK_ALL, { exemptions: ['multicast'] }), solicitation).reason).toBe('multicast');
  });
});

describe('what cannot be parsed', () => {
  const cases = [
    ['non_ip', ethernet(0x0806), 'pass'],
    ['malformed', cutTo(tcp(A4, B4), 50), 'drop'],
    ['vlan_depth', tagged(tcp(A4, B4), TAG.vlan, TAG.vlan, TAG.vlan), 'drop'],
    ['ext_headers', udp(A6, B6, { extensions: Array(9).fill(extension('destination')) }), 'drop'],
  ] as const;
  for (const [reason, packet, verdict] of cases) {
    test(reason, () => {
      const unparsed = { by: 'parse', rule: null, filter: null, reason, fragment: false };
      expect(decide(policyOf([permit({})], ALL_ON), packet)).toEqual({ ...unparsed, verdict });
      expect(decide(policyOf(BLOCK_ALL, { strict: false }), packet)).toEqual({ ...unparsed, verdict: 'pass' });
    });
  }
});

describe('the decision', () => {
  const none = { rule: null, filter: null, reason: null, fragment: false };

  test('by default', () => {
    expect(decide(policyOf([]), tcp(A4, B4))).toEqual({ ...none, verdict: 'pass', by: 'default' });
    expect(decide(policyOf([], { default: 'block' }), tcp(A4, B4))).toEqual({
      ...none,
      verdict: 'drop',
      by: 'default',
    });
  });

  test('by rule names the rule and the filter as written', () => {
    const policy = policyOf([{ ...permit({ to: B4, protocol: 'tcp' }), name: 'web' }]);
    const decision = { ...none, verdict: 'pass', by: 'rule', rule: 'web', filter: 'any:* = 131.107.1.1:* 6' };
    expect(decide(policy, tcp(A4, B4))).toEqual(decision);
    expect(decide(policy, laterFragment(tcp(A4, B4)))).toEqual({ ...decision, fragment: true });
  });

  test('a packet can be given without its frame', () => {
    expect(classify(policyOf(BLOCK_ALL), HOST, packetOf(tcp(A4, B4))).verdict).toBe('drop');
  });
});

describe('candidates', () => {
  test('are in rank order, each half for itself', () => {
    const policy = policyOf([
      block({}),
      permit({ from: A4, to: B4, mirrored: 'established' }, { to: B4, mirrored: true }),
    ]);
    const found = candidates(policy, HOST, packetOf(tcp(B4, A4, { flags: 'A' })));
    expect(found.map(({ rule, half }) => `${rule} ${half}`)).toEqual([
      'permit 2 mirror',
      'permit 2 mirror',
      'block 1 forward',
    ]);
    expect(found[0]?.specificity).toEqual({
      addressLong: 32,
      addressShort: 32,
      protocol: 0,
      portNarrow: 65536,
      portWide: 65536,
      established: 1,
      fragment: 0,
      interface: 0,
    });
  });

  test('a filter that is its own mirror image counts once', () => {
    const policy = policyOf([
      block({ from: 'me', to: 'me', protocol: 'udp', sport: '53', dport: '53', mirrored: true }),
    ]);
    expect(candidates(policy, HOST, packetOf(udp(B4, B4, { sport: 53, dport: 53 })))).toHaveLength(1);
  });

  test('its mirror half counts where it asks for more', () => {
    const policy = policyOf([block({ protocol: 'tcp', mirrored: 'established' })]);
    const halves = candidates(policy, HOST, packetOf(tcp(A4, B4, { flags: 'A' }))).map(({ half }) => half);
    expect(halves).toEqual(['mirror', 'forward']);
  });

  test('of equals in one rule the filter written first comes first', () => {
    const policy = policyOf([block({ to: B4 }, { to: 'me' })]);
    const texts = candidates(policy, HOST, packetOf(tcp(A4, B4))).map(({ filter }) => filter.text);
    expect(texts).toEqual(['any:* = 131.107.1.1:* any', 'any:* = me:* any']);
  });
});
