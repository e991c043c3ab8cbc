import { describe, expect, test } from 'vitest';
import type { ParseReason } from '../../../../src/policy/model.ts';
import { decodePacket } from '../../../../src/policy/packet/decode.ts';
import type { Packet } from '../../../../src/policy/packet/model.ts';
import type { TestPacket } from '../../../support/packets.ts';
import {
  altered,
  BROADCAST_MAC,
  cutTo,
  ethernet,
  extension,
  firstFragment,
  icmp,
  icmpv6,
  laterFragment,
  packetOf,
  padded,
  raw,
  sctp,
  TAG,
  tagged,
  tcp,
  udp,
} from '../../../support/packets.ts';

const A4 = '10.1.2.3';
const B4 = '192.0.2.1';
const A6 = '2001:db8::1';
const B6 = '2001:db8::2';
const PORTS = { sport: 40000, dport: 443 } as const;
const NO_PORTS = { sourcePort: 0, destinationPort: 0, icmp: undefined, established: false } as const;
const HTTPS = { sourcePort: 40000, destinationPort: 443 } as const;

const decoded: readonly (readonly [name: string, packet: TestPacket, expect: Partial<Packet>])[] = [
  ['tcp over IPv4', tcp(A4, B4, PORTS), { family: 4, protocol: 6, ...HTTPS, established: false, laterFragment: false }],
  ['tcp over IPv6', tcp(A6, B6, PORTS), { family: 6, protocol: 6, ...HTTPS, icmp: undefined }],
  ['udp has exactly 8 bytes', udp(A4, B4, PORTS), { protocol: 17, ...HTTPS, established: false }],
  ['sctp has exactly 12 bytes', sctp(A6, B6, PORTS), { protocol: 132, ...HTTPS }],
  ['icmp', icmp(A4, B4, { type: 3, code: 4 }), { protocol: 1, ...NO_PORTS, icmp: { type: 3, code: 4 } }],
  ['icmpv6', icmpv6(A6, B6, { type: 135 }), { protocol: 58, icmp: { type: 135, code: 0 } }],
  [
    'icmp in IPv6 has a type as well',
    icmp(A6, B6, { type: 8 }),
    { family: 6, protocol: 1, icmp: { type: 8, code: 0 } },
  ],
  ['icmpv6 in IPv4 has a type as well', icmpv6(A4, B4, { type: 128 }), { family: 4, icmp: { type: 128, code: 0 } }],
  ['another protocol needs no bytes', raw(47, A4, B4), { protocol: 47, ...NO_PORTS }],

  ['ACK alone is established', tcp(A4, B4, { flags: 'A' }), { established: true }],
  ['RST alone is established', tcp(A4, B4, { flags: 'R' }), { established: true }],
  ['SYN with ACK is established', tcp(A4, B4, { flags: 'SA' }), { established: true }],
  ['FIN, PSH and URG are not', tcp(A4, B4, { flags: 'FSPU' }), { established: false }],
  [
    'the flags byte of udp means nothing',
    udp(A4, B4, { payload: new Uint8Array(32).fill(0xff) }),
    { established: false },
  ],

  ['hop limit of IPv4', tcp(A4, B4, { hopLimit: 7 }), { hopLimit: 7 }],
  ['hop limit of IPv6', tcp(A6, B6, { hopLimit: 255 }), { hopLimit: 255 }],
  ['a broadcast frame', udp(A4, B4, { ethernetDestination: BROADCAST_MAC }), { broadcastFrame: true }],
  ['one bit off broadcast', udp(A4, B4, { ethernetDestination: 'ff:ff:ff:ff:ff:fe' }), { broadcastFrame: false }],
  ['bytes count the whole frame with its padding', padded(udp(A4, B4), 18), { frameBytes: 60 }],
  ['two tags are looked through', tagged(tcp(A4, B4, PORTS), TAG.service, TAG.vlan), HTTPS],
  ['two tags of the same kind as well', tagged(tcp(A6, B6, PORTS), TAG.vlan, TAG.vlan), HTTPS],

  ['IPv4 options are skipped', tcp(A4, B4, { ...PORTS, options: new Uint8Array(4) }), HTTPS],
  ['IHL may be 15', udp(A4, B4, { ...PORTS, options: new Uint8Array(40) }), HTTPS],
  ['TCP options fill the packet', tcp(A4, B4, { ...PORTS, tcpOptions: new Uint8Array(40) }), HTTPS],
  ['a first fragment has ports', firstFragment(tcp(A4, B4, PORTS)), { ...HTTPS, laterFragment: false }],
  ['a first IPv6 fragment has ports', firstFragment(udp(A6, B6, PORTS)), { ...HTTPS, laterFragment: false }],
  ['a later fragment has none', laterFragment(tcp(A4, B4)), { ...NO_PORTS, protocol: 6, laterFragment: true }],
  ['the smallest offset makes a later fragment', laterFragment(icmp(A4, B4), 1), { ...NO_PORTS, laterFragment: true }],
  ['the greatest offset too', laterFragment(udp(A6, B6), 8191), { ...NO_PORTS, protocol: 17, laterFragment: true }],
  [
    'a later fragment needs no L4 header',
    laterFragment(altered(tcp(A4, B4), { transport: Uint8Array.of(1) })),
    NO_PORTS,
  ],
  [
    'an atomic fragment is a whole packet',
    altered(udp(A6, B6, PORTS), { fragment: { offset: 0, more: false } }),
    HTTPS,
  ],
  [
    'a later fragment ends the walk at whatever comes next',
    laterFragment(raw(60, A6, B6)),
    { protocol: 60, laterFragment: true },
  ],
  [
    'the reserved byte of a fragment header is no length',
    tcp(A6, B6, { ...PORTS, extensions: [extension('fragment', 8, 255)] }),
    HTTPS,
  ],

  [
    'every kind of extension header',
    tcp(A6, B6, {
      ...PORTS,
      extensions: [
        extension('hopByHop', 8),
        extension('destination', 16),
        extension('routing', 24),
        extension('authentication', 24),
      ],
    }),
    { protocol: 6, ...HTTPS },
  ],
  ['AH counts in words', udp(A6, B6, { ...PORTS, extensions: [extension('authentication', 12)] }), HTTPS],
  ['eight extension headers', udp(A6, B6, { ...PORTS, extensions: Array(8).fill(extension('destination')) }), HTTPS],
  [
    'seven and a fragment header',
    firstFragment(udp(A6, B6, { ...PORTS, extensions: Array(7).fill(extension('destination')) })),
    HTTPS,
  ],
  ['ESP ends the walk', raw(50, A6, B6), { protocol: 50, ...NO_PORTS }],
  ['no next header ends the walk', raw(59, A6, B6), { protocol: 59 }],
  ['mobility ends the walk', raw(135, A6, B6, { payload: Uint8Array.of(59, 0) }), { protocol: 135 }],
  ['HIP ends the walk', raw(139, A6, B6), { protocol: 139 }],
  ['shim6 ends the walk', raw(140, A6, B6), { protocol: 140 }],
  ['extension numbers are plain protocols in IPv4', raw(51, A4, B4), { family: 4, protocol: 51 }],
  ['hop-by-hop as an IPv4 protocol', raw(0, A4, B4), { family: 4, protocol: 0 }],
];

describe('decodes', () => {
  for (const [name, packet, expected] of decoded) {
    test(name, () => expect(packetOf(packet), packet.summary).toMatchObject(expected));
  }

  test('addresses, in host order', () => {
    expect(packetOf(tcp(A4, B4))).toMatchObject({ source: { family: 4, words: [0x0a010203] } });
    expect(packetOf(tcp(A6, 'fe80::1:2:3:4'))).toMatchObject({
      source: { family: 6, words: [0x20010db8, 0, 0, 1] },
      destination: { family: 6, words: [0xfe800000, 0, 0x00010002, 0x00030004] },
    });
  });
});

/** Frame bytes ahead of the transport header. */
const L4_AT = { 4: 14 + 20, 6: 14 + 40 } as const;

const refused: readonly (readonly [name: string, packet: TestPacket, reason: ParseReason])[] = [
  ['ARP', ethernet(0x0806, new Uint8Array(28)), 'non_ip'],
  ['LLDP', ethernet(0x88cc), 'non_ip'],
  ['an 802.3 length', ethernet(0x0026, new Uint8Array(38)), 'non_ip'],
  ['ARP behind tags', ethernet(0x0806, new Uint8Array(28), [TAG.service, TAG.vlan]), 'non_ip'],
  ['a third tag', tagged(tcp(A4, B4), TAG.service, TAG.vlan, TAG.vlan), 'vlan_depth'],
  ['a third tag whose bytes are cut', cutTo(tagged(tcp(A4, B4), TAG.vlan, TAG.vlan, TAG.vlan), 22), 'vlan_depth'],
  ['an empty frame', cutTo(tcp(A4, B4), 0), 'malformed'],
  ['13 bytes of Ethernet', cutTo(tcp(A4, B4), 13), 'malformed'],
  ['Ethernet alone, announcing IPv4', cutTo(tcp(A4, B4), 14), 'malformed'],
  ['a cut tag', cutTo(tagged(tcp(A4, B4), TAG.vlan), 17), 'malformed'],
  ['a cut second tag', cutTo(tagged(tcp(A4, B4), TAG.service, TAG.vlan), 21), 'malformed'],

  ['19 bytes of IPv4', cutTo(udp(A4, B4), 14 + 19), 'malformed'],
  ['version 5', udp(A4, B4, { version: 5 }), 'malformed'],
  ['version 6 in an IPv4 frame', udp(A4, B4, { version: 6 }), 'malformed'],
  ['IHL 4', udp(A4, B4, { headerWords: 4 }), 'malformed'],
  ['IHL beyond the total length', udp(A4, B4, { headerWords: 15 }), 'malformed'],
  ['total length below the header', udp(A4, B4, { totalLength: 19 }), 'malformed'],
  ['total length 0', udp(A4, B4, { totalLength: 0 }), 'malformed'],
  ['total length one beyond the frame', udp(A4, B4, { totalLength: 29 }), 'malformed'],
  ['total length that cuts the L4 header though the frame holds it', udp(A4, B4, { totalLength: 27 }), 'malformed'],
  ['padding is no L4 header', padded(udp(A4, B4, { totalLength: 20 }), 20), 'malformed'],
  ['total length beyond the frame in a later fragment', laterFragment(udp(A4, B4, { totalLength: 29 })), 'malformed'],

  ['39 bytes of IPv6', cutTo(udp(A6, B6), 14 + 39), 'malformed'],
  ['version 4 in an IPv6 frame', udp(A6, B6, { version: 4 }), 'malformed'],
  ['payload length one beyond the frame', udp(A6, B6, { payloadLength: 9 }), 'malformed'],
  ['payload length that cuts the L4 header', udp(A6, B6, { payloadLength: 7 }), 'malformed'],
  ['payload length 0 before TCP', tcp(A6, B6, { payloadLength: 0 }), 'malformed'],
  ['an extension header with one byte left', raw(0, A6, B6, { payload: Uint8Array.of(59) }), 'malformed'],
  ['an extension header that ends behind the payload', raw(60, A6, B6, { payload: new Uint8Array(7) }), 'malformed'],
  ['a length that reaches behind the payload', udp(A6, B6, { extensions: [extension('routing', 8, 2)] }), 'malformed'],
  [
    'AH that reaches behind the payload',
    udp(A6, B6, { extensions: [extension('authentication', 12, 4)] }),
    'malformed',
  ],
  ['a cut fragment header', raw(44, A6, B6, { payload: new Uint8Array(7) }), 'malformed'],
  ['nine extension headers', udp(A6, B6, { extensions: Array(9).fill(extension('destination')) }), 'ext_headers'],
  [
    'a fragment header in ninth place',
    laterFragment(udp(A6, B6, { extensions: Array(8).fill(extension('destination')) })),
    'ext_headers',
  ],
  [
    'a ninth header with no bytes',
    raw(60, A6, B6, { extensions: Array(8).fill(extension('hopByHop')) }),
    'ext_headers',
  ],

  ['19 bytes of TCP', altered(tcp(A4, B4), { transport: new Uint8Array(19) }), 'malformed'],
  ['data offset 4', tcp(A4, B4, { dataOffset: 4 }), 'malformed'],
  ['data offset beyond the packet', tcp(A4, B4, { dataOffset: 6 }), 'malformed'],
  ['data offset into padding', padded(tcp(A4, B4, { dataOffset: 6 }), 20), 'malformed'],
  ['7 bytes of UDP', cutTo(udp(A4, B4, { totalLength: 27 }), L4_AT[4] + 7), 'malformed'],
  ['7 bytes of ICMP', altered(icmp(A4, B4), { transport: new Uint8Array(7) }), 'malformed'],
  ['7 bytes of ICMPv6', altered(icmpv6(A6, B6), { transport: new Uint8Array(7) }), 'malformed'],
  ['11 bytes of SCTP', altered(sctp(A4, B4), { transport: new Uint8Array(11) }), 'malformed'],
  ['a tiny first fragment', firstFragment(altered(tcp(A4, B4), { transport: new Uint8Array(8) })), 'malformed'],
  ['a tiny first IPv6 fragment', firstFragment(altered(tcp(A6, B6), { transport: new Uint8Array(16) })), 'malformed'],
];

describe('refuses', () => {
  for (const [name, packet, reason] of refused) {
    test(name, () => expect(decodePacket(packet.frame), packet.summary).toEqual({ kind: 'parse', reason }));
  }
});

describe('cut at every length', () => {
  for (const [name, packet] of decoded) {
    test(name, () => {
      const { transport, padding = 0 } = packet.fields;
      const end = packet.frame.length - padding;
      for (let length = 0; length < end; length++) {
        const outcome = decodePacket(packet.frame.slice(0, length));
        expect(outcome.kind, `${packet.summary}, ${length} bytes, ${transport.length} of transport`).toBe('parse');
      }
      for (let length = end; length <= packet.frame.length; length++) {
        expect(decodePacket(packet.frame.slice(0, length)).kind).toBe('packet');
      }
    });
  }

  test('with lengths that agree, a cut transport header never yields ports', () => {
    for (const whole of [
      tcp(A4, B4),
      tcp(A6, B6),
      udp(A4, B4),
      udp(A6, B6),
      sctp(A4, B4),
      icmp(A4, B4),
      icmpv6(A6, B6),
    ]) {
      for (let bytes = 0; bytes < whole.fields.transport.length; bytes++) {
        const cut = altered(whole, { transport: whole.fields.transport.slice(0, bytes) });
        expect(decodePacket(cut.frame), cut.summary).toEqual({ kind: 'parse', reason: 'malformed' });
      }
    }
  });
});
