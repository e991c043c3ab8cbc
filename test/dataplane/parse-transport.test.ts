/** What the loaded program reads behind the IP header, and of how many buffers. */
import { describe, expect, test } from 'vitest';
import { createCounters, DIRECTIONS, loadPolicy } from '../../src/engine/program.ts';
import { policySlots, SlotRegistry } from '../../src/engine/slots.ts';
import { PolicyTables } from '../../src/engine/tables.ts';
import { compiled } from '../support/kernel.ts';
import type { KernelRow } from '../support/kernel-table.ts';
import { INGRESS_ONLY, kernelOutcomes, kernelTable, patched } from '../support/kernel-table.ts';
import type { TestPacket } from '../support/packets.ts';
import { altered, extension, icmp, icmpv6, raw, sctp, TAG, tagged, tcp, udp } from '../support/packets.ts';
import { A4, A6, B4, B6, LENIENT_POLICY, PARSE_POLICY } from '../support/parse-policy.ts';
import { hostOf } from '../support/policies.ts';

const TCP4 = tcp(A4, B4);
const TCP4_AT = 34;
/** Payloads with which a frame fits the one page of an skb in a test run. */
const SKB_TEST_BYTES = 3500;

kernelTable('the TCP header', PARSE_POLICY, [
  // The offset counts words: 5 is the fixed header, 15 the most there is.
  ['offset 0', tcp(A4, B4, { dataOffset: 0 }), 'drop malformed'],
  ['offset 4', tcp(A4, B4, { dataOffset: 4 }), 'drop malformed'],
  ['offset 5', TCP4, 'pass web'],
  ['offset 6', tcp(A4, B4, { tcpOptions: new Uint8Array(4) }), 'pass web'],
  ['offset 15', tcp(A6, B6, { tcpOptions: new Uint8Array(40) }), 'pass web'],
  ['offset 6, beyond the packet', tcp(A4, B4, { dataOffset: 6 }), 'drop malformed'],
  [
    'offset 15, a word beyond the packet',
    tcp(A6, B6, { tcpOptions: new Uint8Array(36), dataOffset: 15 }),
    'drop malformed',
  ],
  ['offset 6, in the padding', tcp(A4, B4, { dataOffset: 6, padding: 4 }), 'drop malformed'],
  ['offset 6, in the payload', tcp(A4, B4, { dataOffset: 6, payload: new Uint8Array(4) }), 'pass web'],
  ['the checksum is not looked at', patched(TCP4, TCP4_AT + 16, 0, 0), 'pass web'],
]);

/** Bit by bit: FIN, SYN, RST, PSH, ACK, URG, ECE, CWR. */
const flagRows: readonly KernelRow[] = ['web', 'web', 'replies', 'web', 'replies', 'web', 'web', 'web'].map(
  (rule, bit) => [`flag ${1 << bit}`, patched(TCP4, TCP4_AT + 13, 1 << bit), `pass ${rule}`],
);
kernelTable('TCP flags', PARSE_POLICY, [
  ...flagRows,
  ['none', patched(TCP4, TCP4_AT + 13, 0), 'pass web'],
  ['all', patched(TCP4, TCP4_AT + 13, 255), 'pass replies'],
  ['all but ACK and RST', patched(TCP4, TCP4_AT + 13, 255 - 0x14), 'pass web'],
  ['the reserved bits beside the offset', patched(TCP4, TCP4_AT + 12, 0x5f), 'pass web'],
]);

const HEADERS: readonly (readonly [name: string, packets: readonly TestPacket[], bytes: number, rule: string])[] = [
  ['TCP', [TCP4, tcp(A6, B6)], 20, 'web'],
  ['UDP', [udp(A4, B4), udp(A6, B6)], 8, 'dns'],
  ['ICMP', [icmp(A4, B4), icmp(A6, B6)], 8, 'echo'],
  ['ICMPv6', [icmpv6(A6, B6), icmpv6(A4, B4)], 8, 'echo6'],
  ['SCTP', [sctp(A4, B4), sctp(A6, B6)], 12, 'sctp'],
];

/** One byte short of the header is malformed, whether the packet ends there or only says so. */
const cutRows = HEADERS.flatMap(([name, packets, bytes, rule]) =>
  packets.flatMap((packet) => {
    const ip = packet.fields.source.includes(':') ? 6 : 4;
    return Array.from({ length: bytes + 1 }, (_, left): readonly KernelRow[] => {
      const outcome = left < bytes ? 'drop malformed' : `pass ${rule}`;
      const short = altered(packet, { transport: packet.fields.transport.slice(0, left) });
      const told = altered(packet, ip === 4 ? { totalLength: 20 + left } : { payloadLength: left });
      return [
        [`${left} bytes of ${name} in IPv${ip}`, short, outcome],
        [`${left} bytes of ${name} in IPv${ip} by its length field`, told, outcome],
      ];
    }).flat();
  }),
);
kernelTable('cut transport headers', PARSE_POLICY, [
  ...cutRows,
  ['the UDP length is not looked at', patched(udp(A4, B4), 38, 0xff, 0xff), 'pass dns'],
  ['an ICMP type without filters', icmp(A4, B4, { type: 0, code: 8 }), 'drop default'],
  ['ICMP in IPv6 goes by its number', icmp(A6, B6, { type: 8 }), 'pass echo'],
  ['ICMPv6 in IPv4 goes by its number', icmpv6(A4, B4, { type: 128 }), 'pass echo6'],
]);

kernelTable('protocols without a header of their own', PARSE_POLICY, [
  ['GRE of 0 bytes', raw(47, A4, B4), 'pass gre'],
  ['GRE of 3 bytes', raw(47, A6, B6, { payload: new Uint8Array(3) }), 'pass gre'],
  ['ESP of 0 bytes', raw(50, A4, B4), 'pass esp'],
  ['59 in IPv4 is a protocol', raw(59, A4, B4), 'pass none'],
  // Extension headers are IPv6's: in IPv4 these are protocols, and nothing behind them is looked at.
  ...[0, 43, 44, 51, 60].map(
    (protocol): KernelRow => [
      `${protocol} in IPv4`,
      raw(protocol, A4, B4, { payload: Uint8Array.of(47, 0, 0, 0, 0, 0, 0, 0) }),
      'drop default',
    ],
  ),
  ['IPv4 in IPv4 is not looked into', raw(4, A4, B4, { payload: TCP4.frame.slice(14) }), 'drop default'],
  ['IPv6 in IPv4 is not looked into', raw(41, A4, B4, { payload: tcp(A6, B6).frame.slice(14) }), 'drop default'],
  // Ports at the same place, but not ports that a filter may name.
  ['UDP-Lite', raw(136, A4, B4, { payload: udp(A4, B4).fields.transport }), 'drop default'],
  ['DCCP', raw(33, A4, B4, { payload: TCP4.fields.transport }), 'drop default'],
  // Neighbours of the protocols that have a header, and both ends.
  ...[2, 5, 7, 16, 18, 57, 131, 133, 255].map(
    (protocol): KernelRow => [`protocol ${protocol}`, raw(protocol, A4, B4), 'drop default'],
  ),
]);

kernelTable('strict: false passes what cannot be read, by its reason and by no rule', LENIENT_POLICY, [
  ['IHL 4', altered(TCP4, { headerWords: 4 }), 'pass malformed'],
  ['a cut TCP header', altered(TCP4, { totalLength: 39 }), 'pass malformed'],
  ['a cut IPv6 packet', altered(tcp(A6, B6), { payloadLength: 21 }), 'pass malformed'],
  ['three tags', tagged(TCP4, TAG.vlan, TAG.vlan, TAG.vlan), 'pass vlan_depth'],
  [
    'nine extension headers',
    altered(tcp(A6, B6), { extensions: new Array(9).fill(extension('routing')) }),
    'pass ext_headers',
  ],
  ['what can be read is decided as ever', tcp(A4, B4, { dport: 81 }), 'drop tcp'],
  ['a later fragment too', altered(TCP4, { fragment: { offset: 9, more: true } }), 'drop tcp fragment'],
]);

/** Lengths around a page, which holds one buffer, and up to the longest packet. */
const bufferRows = [3000, 3440, 3700, 4096, 8948, 20000, 60000].flatMap((bytes): readonly KernelRow[] => {
  const payload = new Uint8Array(bytes);
  // The kernel's test runs of the other hook take one buffer.
  const hooks = bytes <= SKB_TEST_BYTES ? DIRECTIONS : INGRESS_ONLY;
  return [
    [`TCP in IPv4 with ${bytes} bytes`, tcp(A4, B4, { payload }), 'pass web', hooks],
    [`UDP in IPv6 with ${bytes} bytes`, udp(A6, B6, { payload }), 'pass dns', hooks],
    [
      `total length one beyond ${bytes} bytes`,
      tcp(A4, B4, { payload, totalLength: 41 + bytes }),
      'drop malformed',
      hooks,
    ],
    [
      `payload length one beyond ${bytes} bytes`,
      udp(A6, B6, { payload, payloadLength: 9 + bytes }),
      'drop malformed',
      hooks,
    ],
    [`${bytes} bytes of padding`, tcp(A4, B4, { padding: bytes }), 'pass web', hooks],
  ];
});
kernelTable('frames of several buffers: headers in the first, the length of all', PARSE_POLICY, bufferRows);

test('headers beyond the first buffer cannot be read at XDP', () => {
  // Four extension headers of 2048 bytes: TCP stands 8 KiB into the frame.
  const deep = altered(tcp(A6, B6), { extensions: new Array(4).fill(extension('destination', 2048)) });
  expect(kernelOutcomes(PARSE_POLICY, [deep], 'ingress')).toEqual(['drop malformed']);
});

describe('frames that the stack will segment', () => {
  const SK_BUFF_BYTES = 192;
  const GSO_SIZE_AT = 176;
  const TC_ACT_UNSPEC = 0xffffffff;
  const TC_ACT_SHOT = 2;

  /** The egress program's verdict on a frame with this gso_size. */
  function egress(packet: TestPacket, gsoSize: number): number {
    const policy = compiled(PARSE_POLICY, hostOf());
    const registry = new SlotRegistry();
    const slots = policySlots(registry, PARSE_POLICY);
    using counters = createCounters(registry.size);
    using tables = new PolicyTables(policy, slots);
    using loaded = loadPolicy({ compiled: policy, tables, counters, entries: ['egress'] });
    const ctxIn = new Uint8Array(SK_BUFF_BYTES);
    new DataView(ctxIn.buffer).setUint32(GSO_SIZE_AT, gsoSize, true);
    return loaded.program('egress').testRun(packet.frame, { ctxIn }).retval;
  }

  // Beyond 64 KiB (BIG TCP) the length fields of both IP versions are 0.
  const cases: readonly (readonly [name: string, packet: TestPacket, gsoSize: number, verdict: number])[] = [
    ['IPv4 with total length 0', tcp(A4, B4, { totalLength: 0 }), 1448, TC_ACT_UNSPEC],
    ['IPv6 with payload length 0', tcp(A6, B6, { payloadLength: 0 }), 1448, TC_ACT_UNSPEC],
    ['IPv4 with a port that is blocked', tcp(A4, B4, { totalLength: 0, dport: 81 }), 1448, TC_ACT_SHOT],
    ['IPv4 with total length 0, not segmented', tcp(A4, B4, { totalLength: 0 }), 0, TC_ACT_SHOT],
    ['IPv6 with payload length 0, not segmented', tcp(A6, B6, { payloadLength: 0 }), 0, TC_ACT_SHOT],
    ['IPv4 with another wrong length', tcp(A4, B4, { totalLength: 41 }), 1448, TC_ACT_SHOT],
    ['IPv4 with its right length', TCP4, 1448, TC_ACT_UNSPEC],
  ];
  for (const [name, packet, gsoSize, verdict] of cases) {
    test(name, () => expect(egress(packet, gsoSize), packet.summary).toBe(verdict));
  }
});
