/** Each exemption on and off, in the kernel, with what it covers and its nearest neighbours. */
import type { Exemption } from '../../src/policy/model.ts';
import { EXEMPTIONS } from '../../src/policy/model.ts';
import type { KernelRow } from '../support/kernel-table.ts';
import { kernelTable } from '../support/kernel-table.ts';
import type { TestPacket } from '../support/packets.ts';
import {
  altered,
  BROADCAST_MAC,
  extension,
  icmp,
  icmpv6,
  laterFragment,
  raw,
  sctp,
  TAG,
  tagged,
  tcp,
  udp,
} from '../support/packets.ts';
import { A4, A6, B4, B6 } from '../support/parse-policy.ts';
import { block, hostOf, policyOf } from '../support/policies.ts';

const BLOCK_ALL = { ...block({}), name: 'all' };
const HIGHEST6 = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
const BELOW_MULTICAST6 = 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';

type Case = readonly [name: string, packet: TestPacket, isCovered: boolean];

/** The same packets with the exemption, without any, and with every other one that does not cover them. */
function exemptionTable(exemption: Exemption, cases: readonly Case[], host = hostOf()): void {
  const rows = (isOn: boolean): readonly KernelRow[] =>
    cases.map(([name, packet, isCovered]) => {
      const fragment = packet.fields.fragment !== undefined && packet.fields.fragment.offset > 0 ? ' fragment' : '';
      return [name, packet, `${isOn && isCovered ? `pass ${exemption}` : 'drop all'}${fragment}`];
    });
  kernelTable(`${exemption} on`, policyOf([BLOCK_ALL], { exemptions: [exemption] }), rows(true), { host });
  kernelTable(`${exemption} off`, policyOf([BLOCK_ALL]), rows(false));
}

const discovery = (type: number, code: number, hopLimit: number): TestPacket =>
  icmpv6(A6, B6, { type, code, hopLimit });

exemptionTable('neighbor-discovery', [
  // 133 router solicitation ... 137 redirect; the neighbours are 132 (MLD) and 138 (renumbering).
  ...[132, 133, 134, 135, 136, 137, 138].flatMap((type): readonly Case[] => [
    [`type ${type}`, discovery(type, 0, 255), type >= 133 && type <= 137],
    [`type ${type}, code 1`, discovery(type, 1, 255), false],
    [`type ${type}, code 255`, discovery(type, 255, 255), false],
    // 254: a router has forwarded it.
    [`type ${type}, hop limit 254`, discovery(type, 0, 254), false],
  ]),
  ['hop limit 0', discovery(135, 0, 0), false],
  ['behind a tag', tagged(discovery(135, 0, 255), TAG.vlan), true],
  ['behind an extension header', altered(discovery(135, 0, 255), { extensions: [extension('hopByHop')] }), true],
  ['its numbers in IPv4', icmpv6(A4, B4, { type: 135, hopLimit: 255 }), false],
  ['its type in ICMP', icmp(A6, B6, { type: 135, hopLimit: 255 }), false],
  ['its numbers as a port', udp(A6, B6, { dport: 135 << 8, hopLimit: 255 }), false],
  ['a later fragment', laterFragment(discovery(135, 0, 255)), false],
]);

const listener = (type: number, source = 'fe80::1', hopLimit = 1): TestPacket =>
  icmpv6(source, 'ff02::16', { type, hopLimit });

exemptionTable('multicast-listener', [
  ...[129, 130, 131, 132, 133, 142, 143, 144].map(
    (type): Case => [`type ${type}`, listener(type), (type >= 130 && type <= 132) || type === 143],
  ),
  ['as it is sent, behind hop-by-hop options', altered(listener(143), { extensions: [extension('hopByHop')] }), true],
  ['any code', icmpv6('fe80::1', 'ff02::16', { type: 143, code: 1, hopLimit: 1 }), true],
  ['from no address', listener(143, '::'), true],
  ['from the first address but one', listener(143, '::1'), false],
  ['from the last link-local address', listener(143, 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'), true],
  ['from behind the link-local addresses', listener(143, 'fec0::'), false],
  ['from before them', listener(143, 'fe7f:ffff::1'), false],
  ['from a global address', listener(143, A6), false],
  ['hop limit 0', listener(143, 'fe80::1', 0), false],
  ['hop limit 2', listener(143, 'fe80::1', 2), false],
  ['its numbers in IPv4', icmpv6(A4, B4, { type: 143, hopLimit: 1 }), false],
  ['its type in ICMP', icmp('fe80::1', 'ff02::16', { type: 143, hopLimit: 1 }), false],
  ['a later fragment', laterFragment(listener(143)), false],
]);

exemptionTable('path-mtu', [
  ...[2, 3, 4].flatMap((type) =>
    [3, 4, 5].map((code): Case => [`ICMP ${type}/${code}`, icmp(A4, B4, { type, code }), type === 3 && code === 4]),
  ),
  ...[1, 2, 3].flatMap((type) =>
    [0, 1].map((code): Case => [`ICMPv6 ${type}/${code}`, icmpv6(A6, B6, { type, code }), type === 2]),
  ),
  ['ICMP in IPv6', icmp(A6, B6, { type: 3, code: 4 }), false],
  ['ICMPv6 in IPv4', icmpv6(A4, B4, { type: 2, code: 0 }), false],
  // 3 << 8 | 4 is 772.
  ['its numbers as a port', udp(A4, B4, { dport: 772 }), false],
  ['a later fragment', laterFragment(icmp(A4, B4, { type: 3, code: 4 })), false],
]);

/** Each port of a protocol's and its neighbours, both ways round. */
const dhcpCases = (server: number, client: number, of: (sport: number, dport: number) => TestPacket): Case[] =>
  [
    [server, client],
    [client, server],
  ].flatMap(([from = 0, to = 0]): Case[] => [
    [`${from} to ${to}`, of(from, to), true],
    [`${from} to ${from}`, of(from, from), false],
    ...[-1, 1].flatMap((off): Case[] => [
      [`${from} to ${to + off}`, of(from, to + off), false],
      [`${from + off} to ${to}`, of(from + off, to), false],
    ]),
    [`any to ${to}`, of(40000, to), false],
    [`${from} to any`, of(from, 40000), false],
  ]);

exemptionTable('dhcp', [
  ...dhcpCases(67, 68, (sport, dport) => udp(A4, B4, { sport, dport })),
  ...dhcpCases(547, 546, (sport, dport) => udp(A6, B6, { sport, dport })),
  ['a discovery', udp('0.0.0.0', '255.255.255.255', { sport: 68, dport: 67 }), true],
  ['a solicitation', udp('fe80::1', 'ff02::1:2', { sport: 546, dport: 547 }), true],
  ['its ports in IPv6', udp(A6, B6, { sport: 67, dport: 68 }), false],
  ['the ports of DHCPv6 in IPv4', udp(A4, B4, { sport: 547, dport: 546 }), false],
  ['its ports in TCP', tcp(A4, B4, { sport: 67, dport: 68 }), false],
  ['a later fragment shows no port', laterFragment(udp(A4, B4, { sport: 67, dport: 68 })), false],
]);

const SUBNET_BROADCAST = '192.0.2.63';
const toAll = (packet: TestPacket): TestPacket => altered(packet, { ethernetDestination: BROADCAST_MAC });

exemptionTable(
  'broadcast',
  [
    ['255.255.255.255', toAll(udp(A4, '255.255.255.255')), true],
    ['255.255.255.254', toAll(udp(A4, '255.255.255.254')), false],
    ['127.255.255.255', toAll(udp(A4, '127.255.255.255')), false],
    ['from 255.255.255.255', toAll(udp('255.255.255.255', B4)), false],
    ["the subnet's broadcast", toAll(udp(A4, SUBNET_BROADCAST)), true],
    ["another subnet's broadcast", toAll(udp(A4, '192.0.2.127')), false],
    ['the last of the broadcasts', toAll(udp(A4, '198.51.100.255')), true],
    ['0.0.0.0', toAll(udp(A4, '0.0.0.0')), false],
    ['a broadcast frame with an address of one host', toAll(udp(A4, B4)), false],
    ['255.255.255.255 in a frame for one host', udp(A4, '255.255.255.255'), false],
    ["the subnet's broadcast in a frame for one host", udp(A4, SUBNET_BROADCAST), false],
    // Each byte of the Ethernet address counts.
    ...[
      'fe:ff:ff:ff:ff:ff',
      'ff:fe:ff:ff:ff:ff',
      'ff:ff:7f:ff:ff:ff',
      'ff:ff:ff:fe:ff:ff',
      'ff:ff:ff:ff:7f:ff',
      'ff:ff:ff:ff:ff:fe',
    ].map(
      (ethernetDestination): Case => [
        `a frame to ${ethernetDestination}`,
        udp(A4, '255.255.255.255', { ethernetDestination }),
        false,
      ],
    ),
    ['a broadcast frame with IPv6', toAll(udp(A6, B6)), false],
    ['the highest IPv6 address', toAll(udp(A6, HIGHEST6)), false],
    ['a later fragment', toAll(laterFragment(udp(A4, '255.255.255.255'))), true],
  ],
  hostOf([], {}, [SUBNET_BROADCAST, '198.51.100.255']),
);

exemptionTable('multicast', [
  ['223.255.255.255', udp(A4, '223.255.255.255'), false],
  ['224.0.0.0', udp(A4, '224.0.0.0'), true],
  ['239.255.255.255', udp(A4, '239.255.255.255'), true],
  ['240.0.0.0', udp(A4, '240.0.0.0'), false],
  ['255.255.255.255', udp(A4, '255.255.255.255'), false],
  ['from 224.0.0.1', udp('224.0.0.1', B4), false],
  ['feff:...:ffff', udp(A6, BELOW_MULTICAST6), false],
  ['ff00::', udp(A6, 'ff00::'), true],
  ['ff02::fb', tcp(A6, 'ff02::fb'), true],
  ['ffff:...:ffff', raw(50, A6, HIGHEST6), true],
  ['from ff02::1', udp('ff02::1', B6), false],
  ['a later fragment', laterFragment(udp(A4, '239.1.2.3')), true],
]);

exemptionTable('rsvp', [
  ['protocol 45', raw(45, A4, B4), false],
  ['protocol 46', raw(46, A4, B4), true],
  ['protocol 47', raw(47, A4, B4), false],
  ['protocol 46 in IPv6', raw(46, A6, B6), true],
  ['behind an extension header', altered(raw(46, A6, B6), { extensions: [extension('hopByHop')] }), true],
  ['port 46', udp(A4, B4, { dport: 46 }), false],
  // A fragment shows its protocol.
  ['a later fragment', laterFragment(raw(46, A4, B4)), true],
]);

/** The port and its neighbours at either end. */
function portCases(
  port: number,
  name: string,
  of: (sport: number, dport: number) => TestPacket,
  isCovered: boolean,
): readonly Case[] {
  return [
    ...[port - 1, port, port + 1].flatMap((p): readonly Case[] => [
      [`${name} to port ${p}`, of(40000, p), isCovered && p === port],
      [`${name} from port ${p}`, of(p, 40000), isCovered && p === port],
    ]),
    [`${name}, both ports`, of(port, port), isCovered],
  ];
}

const udp4 = (sport: number, dport: number): TestPacket => udp(A4, B4, { sport, dport });
const udp6 = (sport: number, dport: number): TestPacket => udp(A6, B6, { sport, dport });
const tcp4 = (sport: number, dport: number): TestPacket => tcp(A4, B4, { sport, dport });
const tcp6 = (sport: number, dport: number): TestPacket => tcp(A6, B6, { sport, dport, flags: 'A' });
const sctp4 = (sport: number, dport: number): TestPacket => sctp(A4, B4, { sport, dport });

exemptionTable('ike', [
  ...[500, 4500].flatMap((port): readonly Case[] => [
    ...portCases(port, 'udp', udp4, false).filter(([name]) => !name.endsWith('both ports')),
    [`${port} at both ends`, udp4(port, port), true],
    [`${port} at both ends, IPv6`, udp6(port, port), true],
    [`one off ${port} at both ends`, udp4(port + 1, port + 1), false],
  ]),
  ['500 to 4500', udp4(500, 4500), false],
  ['4500 to 500', udp4(4500, 500), false],
  ...portCases(500, 'tcp', tcp4, false),
  ...portCases(500, 'sctp', sctp4, false),
  ['port 500 in the wrong byte order', udp4(40000, 0xf401), false],
  // 1 << 8 | 244 is 500.
  ['ICMP type 1 code 244', icmp(A4, B4, { type: 1, code: 244 }), false],
  ['a later fragment shows no port', laterFragment(udp4(500, 500)), false],
]);

exemptionTable('kerberos', [
  ...portCases(88, 'tcp', tcp4, true),
  ...portCases(88, 'tcp in IPv6, established', tcp6, true),
  ...portCases(88, 'udp', udp4, true),
  ...portCases(88, 'sctp', sctp4, false),
  // 0 << 8 | 88 is 88, and 88 is EIGRP.
  ['ICMP type 0 code 88', icmp(A4, B4, { type: 0, code: 88 }), false],
  ['ICMPv6 type 0 code 88', icmpv6(A6, B6, { type: 0, code: 88 }), false],
  ['protocol 88', raw(88, A4, B4), false],
  ['a later fragment shows no port', laterFragment(tcp4(88, 88)), false],
  ['a later fragment of protocol 88', laterFragment(raw(88, A4, B4)), false],
]);

const EVERY: readonly Exemption[] = [...EXEMPTIONS].reverse();

kernelTable(
  'all exemptions on, in whatever order: the first of the list counts',
  policyOf([BLOCK_ALL], { exemptions: EVERY }),
  [
    [
      'a neighbour solicitation to a group',
      altered(discovery(135, 0, 255), { destination: 'ff02::1:ff00:1' }),
      'pass neighbor-discovery',
    ],
    ['a group in a broadcast frame', udp(A4, '224.0.0.1', { ethernetDestination: BROADCAST_MAC }), 'pass multicast'],
    ['a solicitation of DHCP to a group', udp('fe80::1', 'ff02::1:2', { sport: 546, dport: 547 }), 'pass dhcp'],
    ['RSVP to a group', raw(46, A4, '224.0.0.14'), 'pass multicast'],
    ['RSVP', raw(46, A4, B4), 'pass rsvp'],
    ['a listener report to a group', listener(143), 'pass multicast-listener'],
    ['too big, to a group', icmp(A4, '224.0.0.1', { type: 3, code: 4 }), 'pass path-mtu'],
    ['IKE', udp4(500, 500), 'pass ike'],
    ['Kerberos', tcp4(40000, 88), 'pass kerberos'],
    ['none of them', tcp4(40000, 80), 'drop all'],
    // An exemption is for what can be read.
    ['malformed', altered(udp(A4, '255.255.255.255'), { totalLength: 27 }), 'drop malformed'],
  ],
);
