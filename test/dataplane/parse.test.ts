/**
 * What the loaded program reads and what it refuses to read: every boundary of the parser. Filters
 * that need ports permit, everything else is blocked, so that a header that was guessed would show.
 */

import type { KernelRow } from '../support/kernel-table.ts';
import { INGRESS_ONLY, kernelTable, patched } from '../support/kernel-table.ts';
import type { TestPacket } from '../support/packets.ts';
import {
  altered,
  cutTo,
  ethernet,
  firstFragment,
  icmp,
  laterFragment,
  padded,
  raw,
  sctp,
  TAG,
  tagged,
  tcp,
  udp,
} from '../support/packets.ts';
import { A4, A6, B4, B6, PARSE_POLICY } from '../support/parse-policy.ts';

const TCP4 = tcp(A4, B4);
const TCP6 = tcp(A6, B6);
/** Where headers start in an untagged frame. */
const IP_AT = 14;

const { vlan, service } = TAG;
const NOTHING = new Uint8Array(0);

kernelTable('not IP', PARSE_POLICY, [
  ['ARP', ethernet(0x0806, new Uint8Array(28)), 'pass non_ip'],
  ['LLDP', ethernet(0x88cc, new Uint8Array(46)), 'pass non_ip'],
  ['an 802.3 length instead of an EtherType', ethernet(0x002e, new Uint8Array(46)), 'pass non_ip'],
  ['PPPoE: the IP inside is not looked for', ethernet(0x8864, TCP4.frame.slice(14)), 'pass non_ip'],
  // 0x0800 and 0x86dd are looked for exactly.
  ['EtherType 0x07ff', altered(TCP4, { etherType: 0x07ff }), 'pass non_ip'],
  ['EtherType 0x0801', altered(TCP4, { etherType: 0x0801 }), 'pass non_ip'],
  ['EtherType 0x86dc', altered(TCP6, { etherType: 0x86dc }), 'pass non_ip'],
  ['EtherType 0x86de', altered(TCP6, { etherType: 0x86de }), 'pass non_ip'],
  // 14 bytes are an Ethernet header and no more: enough where nothing need follow.
  ['an Ethernet header alone', ethernet(0x0806), 'pass non_ip', INGRESS_ONLY],
  ['an Ethernet header alone that promises IPv4', ethernet(0x0800), 'drop malformed', INGRESS_ONLY],
  ['an Ethernet header alone that promises IPv6', ethernet(0x86dd), 'drop malformed', INGRESS_ONLY],
]);

const tagRows: readonly KernelRow[] = [
  [],
  [vlan],
  [service],
  [vlan, vlan],
  [service, vlan],
  [vlan, service],
  [service, service],
].flatMap((tags) => [
  [`IPv4 behind tags [${tags}]`, tagged(TCP4, ...tags), 'pass web'],
  [`IPv6 behind tags [${tags}]`, tagged(TCP6, ...tags), 'pass web'],
  [`ARP behind tags [${tags}]`, ethernet(0x0806, new Uint8Array(28), tags), 'pass non_ip'],
]);
const tripleRows: readonly KernelRow[] = [vlan, service].flatMap((third) =>
  [vlan, service].flatMap((second) =>
    [vlan, service].map(
      (first): KernelRow => [
        `three tags ${[first, second, third]}`,
        tagged(TCP4, first, second, third),
        'drop vlan_depth',
      ],
    ),
  ),
);
kernelTable('VLAN tags', PARSE_POLICY, [
  ...tagRows,
  ...tripleRows,
  ['four tags', tagged(TCP6, vlan, vlan, vlan, vlan), 'drop vlan_depth'],
  ['0x9100 is no tag', tagged(TCP4, 0x9100), 'pass non_ip'],
  ['0x88a7 is no tag', tagged(TCP4, 0x88a7), 'pass non_ip'],
  ['priority and drop bits of a tag', patched(tagged(TCP4, vlan), 14, 0xff, 0xff), 'pass web'],
  // A tag is 4 bytes, of which the last two say what follows.
  ['a tag of 0 bytes', ethernet(vlan), 'drop malformed', INGRESS_ONLY],
  ['a tag of 1 byte', ethernet(vlan, new Uint8Array(1)), 'drop malformed'],
  ['a tag of 3 bytes', ethernet(vlan, new Uint8Array(3)), 'drop malformed'],
  ['a tag of 4 bytes, nothing behind', ethernet(vlan, Uint8Array.of(0, 1, 8, 6)), 'pass non_ip'],
  ['a tag of 4 bytes, IPv4 missing behind', ethernet(vlan, Uint8Array.of(0, 1, 8, 0)), 'drop malformed'],
  ['a second tag of 3 bytes', ethernet(vlan, Uint8Array.of(0, 1, 0x81, 0, 0, 0, 0)), 'drop malformed'],
  // The third tag is refused for its EtherType alone, cut or not.
  ['a third tag that is cut', ethernet(vlan, Uint8Array.of(0, 1, 0x81, 0, 0, 1, 0x81, 0)), 'drop vlan_depth'],
]);

function withOptions(words: number): TestPacket {
  return altered(TCP4, { options: new Uint8Array(words * 4).fill(1) });
}

kernelTable('the IPv4 header', PARSE_POLICY, [
  // IHL counts words: 5 is the fixed header, 15 the most there is.
  ['IHL 0', altered(TCP4, { headerWords: 0 }), 'drop malformed'],
  ['IHL 4', altered(TCP4, { headerWords: 4 }), 'drop malformed'],
  ['IHL 5', TCP4, 'pass web'],
  ['IHL 6', withOptions(1), 'pass web'],
  ['IHL 15', withOptions(10), 'pass web'],
  ['IHL 6 that takes 4 bytes of the TCP header', altered(TCP4, { headerWords: 6 }), 'drop malformed'],
  ['IHL 15 of a packet with 40 bytes', altered(TCP4, { headerWords: 15 }), 'drop malformed'],
  ['IHL 10 up to the total length, nothing behind', altered(TCP4, { headerWords: 10 }), 'drop malformed'],
  ['IHL 10 up to the total length, GRE', raw(47, A4, B4, { payload: new Uint8Array(20), headerWords: 10 }), 'pass gre'],
  [
    'IHL 11 beyond the total length, GRE',
    raw(47, A4, B4, { payload: new Uint8Array(20), headerWords: 11 }),
    'drop malformed',
  ],
  // 40 bytes of packet: 20 of IPv4, 20 of TCP.
  ['total length 0', altered(TCP4, { totalLength: 0 }), 'drop malformed'],
  ['total length 19, less than the header', altered(TCP4, { totalLength: 19 }), 'drop malformed'],
  ['total length 20, no TCP header', altered(TCP4, { totalLength: 20 }), 'drop malformed'],
  ['total length 39, one byte short of the TCP header', altered(TCP4, { totalLength: 39 }), 'drop malformed'],
  ['total length 40, the frame', altered(TCP4, { totalLength: 40 }), 'pass web'],
  ['total length 41, one beyond the frame', altered(TCP4, { totalLength: 41 }), 'drop malformed'],
  ['total length 65535', altered(TCP4, { totalLength: 65535 }), 'drop malformed'],
  ['padding behind the packet', padded(TCP4, 6), 'pass web'],
  ['total length into the padding', altered(TCP4, { totalLength: 41, padding: 1 }), 'pass web'],
  ['total length beyond the padding', altered(TCP4, { totalLength: 42, padding: 1 }), 'drop malformed'],
  [
    'total length cuts TCP, though its bytes are there',
    altered(TCP4, { totalLength: 39, padding: 40 }),
    'drop malformed',
  ],
  ['total length cuts TCP options', tcp(A4, B4, { tcpOptions: new Uint8Array(8), totalLength: 47 }), 'drop malformed'],
  ['the fixed header cut to 19 bytes behind a tag', cutTo(tagged(TCP4, vlan), 37), 'drop malformed'],
  ['version 0', altered(TCP4, { version: 0 }), 'drop malformed'],
  ['version 5', altered(TCP4, { version: 5 }), 'drop malformed'],
  ['version 6 under 0x0800', altered(TCP4, { version: 6 }), 'drop malformed'],
  ['version 15', altered(TCP4, { version: 15 }), 'drop malformed'],
  ['an IPv6 packet under 0x0800', altered(TCP6, { etherType: 0x0800 }), 'drop malformed'],
  ['an IPv4 packet under 0x86dd', altered(withOptions(10), { etherType: 0x86dd }), 'drop malformed'],
  ['the header checksum is not looked at', patched(TCP4, IP_AT + 10, 0, 0), 'pass web'],
]);

const more = (offset: number): { readonly fragment: { offset: number; more: boolean } } => ({
  fragment: { offset, more: true },
});
const tiny = (packet: TestPacket, bytes: number): TestPacket =>
  altered(packet, { transport: packet.fields.transport.slice(0, bytes), fragment: { offset: 0, more: true } });

kernelTable('IPv4 fragments', PARSE_POLICY, [
  ['the first with its whole header', firstFragment(TCP4), 'pass web'],
  ['the first, UDP', firstFragment(udp(A4, B4)), 'pass dns'],
  // The flags beside the offset: reserved, don't fragment, more.
  ["don't fragment", patched(TCP4, IP_AT + 6, 0x40), 'pass web'],
  ['the reserved flag', patched(TCP4, IP_AT + 6, 0x80), 'pass web'],
  ['all flags', patched(TCP4, IP_AT + 6, 0xe0), 'pass web'],
  // Offset 1 is 8 bytes in, 8191 the last there is; each bit of it makes a later fragment.
  ['offset 1, the last', laterFragment(TCP4, 1), 'drop tcp fragment'],
  ['offset 1, not the last', altered(TCP4, more(1)), 'drop tcp fragment'],
  ['offset 4096, the highest bit alone', laterFragment(TCP4, 4096), 'drop tcp fragment'],
  ['offset 8191', laterFragment(TCP4, 8191), 'drop tcp fragment'],
  ['a later fragment of UDP meets no port filter', laterFragment(udp(A4, B4)), 'drop default fragment'],
  ['a later fragment of ICMP meets no type filter', laterFragment(icmp(A4, B4)), 'drop default fragment'],
  ['a later fragment of SCTP meets no port filter', laterFragment(sctp(A4, B4)), 'drop default fragment'],
  ['a later fragment of GRE', laterFragment(raw(47, A4, B4)), 'pass gre fragment'],
  [
    'a later fragment of no bytes',
    altered(TCP4, { transport: NOTHING, fragment: { offset: 2, more: false } }),
    'drop tcp fragment',
  ],
  ['a later fragment behind a tag', tagged(laterFragment(TCP4), vlan), 'drop tcp fragment'],
  [
    'a later fragment with a total length beyond the frame',
    altered(laterFragment(TCP4), { totalLength: 41 }),
    'drop malformed',
  ],
  // RFC 1858: a first fragment too small for what filters look at.
  ['a tiny fragment with 8 bytes of TCP: the ports, no flags', tiny(TCP4, 8), 'drop malformed'],
  ['a tiny fragment with 19 bytes of TCP', tiny(TCP4, 19), 'drop malformed'],
  ['a tiny fragment with no TCP', tiny(TCP4, 0), 'drop malformed'],
  ['a tiny fragment with 7 bytes of UDP', tiny(udp(A4, B4), 7), 'drop malformed'],
  ['8 bytes of UDP are a whole header', tiny(udp(A4, B4), 8), 'pass dns'],
  ['a first fragment of GRE needs no more', tiny(raw(47, A4, B4), 0), 'pass gre'],
]);
