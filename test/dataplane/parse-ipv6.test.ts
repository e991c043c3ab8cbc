/** What the loaded program reads of IPv6 and what it refuses to read: header, extension headers, fragments. */

import { kernelTable, patched } from '../support/kernel-table.ts';
import type { TestPacket } from '../support/packets.ts';
import {
  altered,
  cutTo,
  extension,
  firstFragment,
  laterFragment,
  padded,
  raw,
  TAG,
  tagged,
  tcp,
} from '../support/packets.ts';
import { A6, B6, PARSE_POLICY } from '../support/parse-policy.ts';

const TCP6 = tcp(A6, B6);
/** Where headers start in an untagged frame. */
const IP_AT = 14;
const TCP6_AT = 54;
const { vlan } = TAG;
const NOTHING = new Uint8Array(0);

const more = (offset: number): { readonly fragment: { offset: number; more: boolean } } => ({
  fragment: { offset, more: true },
});
const tiny = (packet: TestPacket, bytes: number): TestPacket =>
  altered(packet, { transport: packet.fields.transport.slice(0, bytes), fragment: { offset: 0, more: true } });

kernelTable('the IPv6 header', PARSE_POLICY, [
  ['whole', TCP6, 'pass web'],
  // 20 bytes of TCP behind the header.
  ['payload length 19', altered(TCP6, { payloadLength: 19 }), 'drop malformed'],
  ['payload length 21, one beyond the frame', altered(TCP6, { payloadLength: 21 }), 'drop malformed'],
  ['payload length 65535', altered(TCP6, { payloadLength: 65535 }), 'drop malformed'],
  ['payload length 0', altered(TCP6, { payloadLength: 0 }), 'drop malformed'],
  ['payload length 0 and nothing to follow', raw(59, A6, B6), 'pass none'],
  ['padding behind the packet', padded(TCP6, 6), 'pass web'],
  ['payload length into the padding', altered(TCP6, { payloadLength: 21, padding: 1 }), 'pass web'],
  [
    'payload length cuts TCP, though its bytes are there',
    altered(TCP6, { payloadLength: 19, padding: 9 }),
    'drop malformed',
  ],
  ['39 bytes of header behind a tag', cutTo(tagged(TCP6, vlan), 57), 'drop malformed'],
  ['version 4 under 0x86dd', altered(TCP6, { version: 4 }), 'drop malformed'],
  ['version 7', altered(TCP6, { version: 7 }), 'drop malformed'],
  ['version 0', altered(TCP6, { version: 0 }), 'drop malformed'],
  ['traffic class and flow label', patched(TCP6, IP_AT, 0x6f, 0xff, 0xff, 0xff), 'pass web'],
]);

const times = (
  count: number,
  kind: 'hopByHop' | 'routing' | 'destination' = 'destination',
): ReturnType<typeof extension>[] => Array.from({ length: count }, () => extension(kind));
const behind = (...extensions: readonly ReturnType<typeof extension>[]): TestPacket => altered(TCP6, { extensions });

kernelTable('IPv6 extension headers', PARSE_POLICY, [
  ['hop-by-hop', behind(extension('hopByHop')), 'pass web'],
  ['routing', behind(extension('routing')), 'pass web'],
  ['destination', behind(extension('destination')), 'pass web'],
  ['authentication', behind(extension('authentication', 24)), 'pass web'],
  ['fragment, atomic', behind(extension('fragment')), 'pass web'],
  [
    'each kind',
    behind(
      extension('hopByHop'),
      extension('routing', 24),
      extension('authentication', 24),
      extension('destination', 16),
    ),
    'pass web',
  ],
  ['hop-by-hop where it should not be', behind(extension('destination'), extension('hopByHop')), 'pass web'],
  // The length byte counts 8 bytes besides the first 8: 255 are 2048.
  ['16 bytes', behind(extension('destination', 16)), 'pass web'],
  ['2048 bytes', behind(extension('destination', 2048)), 'pass web'],
  ['a length 8 bytes beyond the packet', behind(extension('routing', 8, 4)), 'drop malformed'],
  ['a length of 2048 in a short packet', behind(extension('hopByHop', 8, 255)), 'drop malformed'],
  ['a length that takes 8 bytes of TCP', behind(extension('routing', 8, 1)), 'drop malformed'],
  // AH counts words besides the first two: 1 is the 12 bytes without a check value, 255 are 1028.
  ['AH of 8 bytes', behind(extension('authentication', 8)), 'pass web'],
  ['AH of 12 bytes', behind(extension('authentication', 12)), 'pass web'],
  ['AH of 16 bytes', behind(extension('authentication', 16)), 'pass web'],
  ['AH of 1028 bytes', behind(extension('authentication', 1028)), 'pass web'],
  ['AH with its length in 8-byte units', behind(extension('authentication', 24, 2)), 'drop malformed'],
  [
    'AH one word beyond the packet',
    altered(raw(59, A6, B6), { extensions: [extension('authentication', 12, 2)] }),
    'drop malformed',
  ],
  // 8 are walked.
  ['8 headers', behind(...times(8)), 'pass web'],
  ['8 headers, the last a fragment header', altered(behind(...times(7)), more(0)), 'pass web'],
  ['8 headers, the last of a later fragment', laterFragment(behind(...times(7))), 'drop tcp fragment'],
  ['9 headers', behind(...times(9)), 'drop ext_headers'],
  ['9 headers, the last a fragment header', laterFragment(behind(...times(8))), 'drop ext_headers'],
  ['9 headers, the ninth cut', altered(raw(60, A6, B6), { extensions: times(8) }), 'drop ext_headers'],
  ['8 headers, the eighth cut', altered(raw(60, A6, B6), { extensions: times(7) }), 'drop malformed'],
  ['8 headers and no next header', altered(raw(59, A6, B6), { extensions: times(8, 'hopByHop') }), 'pass none'],
  // A header is 8 bytes at least.
  ['a header of 0 bytes', raw(43, A6, B6), 'drop malformed'],
  ['a header of 1 byte', raw(43, A6, B6, { payload: new Uint8Array(1) }), 'drop malformed'],
  ['a header of 7 bytes', raw(0, A6, B6, { payload: Uint8Array.of(59, 0, 0, 0, 0, 0, 0) }), 'drop malformed'],
  ['a header of 8 bytes', raw(0, A6, B6, { payload: Uint8Array.of(59, 0, 0, 0, 0, 0, 0, 0) }), 'pass none'],
  ['a fragment header of 7 bytes', raw(44, A6, B6, { payload: Uint8Array.of(6, 0, 0, 8, 0, 0, 0) }), 'drop malformed'],
  ['TCP cut behind a header', altered(behind(extension('routing')), { payloadLength: 27 }), 'drop malformed'],
  // Protocols that end the walk.
  ['ESP', raw(50, A6, B6, { payload: new Uint8Array(16) }), 'pass esp'],
  ['ESP behind a destination header', altered(raw(50, A6, B6), { extensions: times(1) }), 'pass esp'],
  ['no next header, though bytes follow', raw(59, A6, B6, { payload: new Uint8Array(40) }), 'pass none'],
  [
    'mobility headers are not walked',
    raw(135, A6, B6, { payload: Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0) }),
    'drop default',
  ],
  [
    'shim6 headers are not walked',
    raw(140, A6, B6, { payload: Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0) }),
    'drop default',
  ],
]);

kernelTable('IPv6 fragments', PARSE_POLICY, [
  ['the first', firstFragment(TCP6), 'pass web'],
  ['atomic', altered(TCP6, { fragment: { offset: 0, more: false } }), 'pass web'],
  ['offset 1', laterFragment(TCP6, 1), 'drop tcp fragment'],
  ['offset 1, not the last', altered(TCP6, more(1)), 'drop tcp fragment'],
  ['offset 8191', laterFragment(TCP6, 8191), 'drop tcp fragment'],
  // 13 bits of offset, two reserved ones, and more.
  ['the reserved bits are no offset', patched(firstFragment(TCP6), TCP6_AT + 3, 0x06), 'pass web'],
  ['the lowest bit of the offset', patched(firstFragment(TCP6), TCP6_AT + 3, 0x08), 'drop tcp fragment'],
  ['the highest bit of the offset', patched(firstFragment(TCP6), TCP6_AT + 2, 0x80), 'drop tcp fragment'],
  // The second byte is reserved here, where other headers have their length.
  ['a reserved byte of 1, atomic', behind(extension('fragment', 8, 1)), 'pass web'],
  ['a reserved byte of 255, first', patched(firstFragment(TCP6), TCP6_AT + 1, 255), 'pass web'],
  ['a reserved byte of 255, later', patched(laterFragment(TCP6), TCP6_AT + 1, 255), 'drop tcp fragment'],
  ['a header behind an atomic fragment header', behind(extension('fragment'), extension('destination')), 'pass web'],
  [
    'a header behind a first fragment header',
    patched(behind(extension('fragment'), extension('destination')), TCP6_AT + 3, 1),
    'pass web',
  ],
  // Behind a later fragment header nothing is a header: the number it names is all there is.
  [
    'a later fragment whose payload looks like a header',
    patched(behind(extension('fragment'), extension('destination')), TCP6_AT + 3, 8),
    'drop default fragment',
  ],
  [
    'a later fragment of no bytes',
    altered(TCP6, { transport: NOTHING, fragment: { offset: 2, more: false } }),
    'drop tcp fragment',
  ],
  ['a later fragment of ESP', laterFragment(raw(50, A6, B6)), 'pass esp fragment'],
  ['a tiny first fragment', tiny(TCP6, 8), 'drop malformed'],
  [
    'a tiny atomic fragment',
    altered(TCP6, { transport: TCP6.fields.transport.slice(0, 19), extensions: [extension('fragment')] }),
    'drop malformed',
  ],
]);
