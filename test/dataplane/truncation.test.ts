/**
 * Every valid packet of a list, cut at every length. A filter with ports may let a packet pass only
 * with its whole transport header; what is cut is dropped, or let pass as malformed, by no rule.
 */
import { describe, expect, test } from 'vitest';
import type { Direction } from '../../src/engine/program.ts';
import { DIRECTIONS } from '../../src/engine/program.ts';
import { kernelOutcomes, referenceOutcomes } from '../support/kernel-table.ts';
import type { TestPacket } from '../support/packets.ts';
import {
  altered,
  cutTo,
  extension,
  firstFragment,
  icmp,
  icmpv6,
  laterFragment,
  padded,
  raw,
  sctp,
  TAG,
  tagged,
  tcp,
  udp,
} from '../support/packets.ts';
import { A4, A6, B4, B6, LENIENT_POLICY, PARSE_POLICY } from '../support/parse-policy.ts';

const ALL_EXTENSIONS = [
  extension('hopByHop', 16),
  extension('routing', 24),
  extension('authentication', 24),
  extension('destination'),
];

type Valid = readonly [name: string, packet: TestPacket, outcome: string];

const VALID: readonly Valid[] = [
  ['tcp4', tcp(A4, B4), 'pass web'],
  [
    'tcp4 with options and payload',
    tcp(A4, B4, { tcpOptions: new Uint8Array(20), payload: new Uint8Array(9) }),
    'pass web',
  ],
  ['tcp4 behind IPv4 options', altered(tcp(A4, B4), { options: new Uint8Array(40).fill(1) }), 'pass web'],
  ['tcp4 behind two tags', tagged(tcp(A4, B4), TAG.service, TAG.vlan), 'pass web'],
  ['tcp4 established', tcp(A4, B4, { flags: 'A' }), 'pass replies'],
  ['udp4', udp(A4, B4), 'pass dns'],
  ['udp4 padded to 60 bytes', padded(udp(A4, B4), 18), 'pass dns'],
  ['udp4, first fragment', firstFragment(udp(A4, B4, { payload: new Uint8Array(16) })), 'pass dns'],
  ['icmp', icmp(A4, B4, { payload: new Uint8Array(8) }), 'pass echo'],
  ['sctp4', sctp(A4, B4), 'pass sctp'],
  ['gre4', raw(47, A4, B4, { payload: new Uint8Array(12) }), 'pass gre'],
  ['tcp4, later fragment', laterFragment(tcp(A4, B4)), 'drop tcp fragment'],
  ['tcp6', tcp(A6, B6), 'pass web'],
  ['tcp6 behind four extension headers', altered(tcp(A6, B6), { extensions: ALL_EXTENSIONS }), 'pass web'],
  ['tcp6 behind a tag, first fragment', tagged(firstFragment(tcp(A6, B6)), TAG.vlan), 'pass web'],
  ['udp6', udp(A6, B6), 'pass dns'],
  [
    'udp6 behind eight headers, padded',
    padded(altered(udp(A6, B6), { extensions: new Array(8).fill(extension('routing')) }), 6),
    'pass dns',
  ],
  ['icmpv6', icmpv6(A6, B6), 'pass echo6'],
  ['sctp6', sctp(A6, B6), 'pass sctp'],
  ['esp6, later fragment', laterFragment(raw(50, A6, B6, { payload: new Uint8Array(16) })), 'pass esp fragment'],
  ['no next header, bytes behind', raw(59, A6, B6, { payload: new Uint8Array(4) }), 'pass none'],
];

/** A packet at each length a test run takes, from the Ethernet header on. */
function cuts(packet: TestPacket): readonly TestPacket[] {
  return Array.from({ length: packet.frame.length - 13 }, (_, i) => cutTo(packet, 14 + i));
}

function cutOutcomes(
  policy: typeof PARSE_POLICY,
  packet: TestPacket,
  direction: Direction,
): readonly (readonly [number, string, string])[] {
  const packets = cuts(packet);
  const kernel = kernelOutcomes(policy, packets, direction);
  const reference = referenceOutcomes(policy, packets);
  return packets.flatMap(({ frame }, i) => {
    const outcome = kernel[i] ?? '';
    return outcome === 'not run' ? [] : [[frame.length, outcome, reference[i] ?? ''] as const];
  });
}

for (const direction of DIRECTIONS) {
  describe(`frames cut short, ${direction}`, () => {
    for (const [name, packet, outcome] of VALID) {
      const whole = packet.frame.length - (packet.fields.padding ?? 0);

      test(`${name}: dropped below ${whole} bytes`, () => {
        const found = cutOutcomes(PARSE_POLICY, packet, direction);
        expect(found.length).toBeGreaterThanOrEqual(packet.frame.length - 54);
        const wanted = found.map(([bytes]) => [bytes, bytes < whole ? 'drop malformed' : outcome]);
        expect(found.map(([bytes, kernel]) => [bytes, kernel])).toEqual(wanted);
        expect(found.map(([bytes, , reference]) => [bytes, reference])).toEqual(wanted);
      });

      test(`${name}: where strict is off, a cut one passes by no rule`, () => {
        const found = cutOutcomes(LENIENT_POLICY, packet, direction).filter(([bytes]) => bytes < whole);
        expect(new Set(found.flatMap(([, kernel, reference]) => [kernel, reference]))).toEqual(
          new Set(['pass malformed']),
        );
      });
    }
  });
}

const HEADER_BYTES: Readonly<Record<number, number>> = { 1: 8, 6: 20, 17: 8, 58: 8, 132: 12 };

// The other way to be short: lengths are right for what is there, the transport header is not all there.
for (const direction of DIRECTIONS) {
  describe(`packets with short transport headers, ${direction}`, () => {
    for (const [name, packet, outcome] of VALID) {
      const { transport, protocol, fragment } = packet.fields;
      const isLater = fragment !== undefined && fragment.offset > 0;
      // TCP options belong to the header: they are there or it is malformed.
      const options = protocol === 6 && !isLater ? ((transport[12] ?? 0) >>> 4) * 4 - 20 : 0;
      const needed = isLater ? 0 : (HEADER_BYTES[protocol] ?? 0) + options;

      test(`${name}: needs ${needed} bytes`, () => {
        const packets = Array.from({ length: transport.length + 1 }, (_, left) =>
          altered(packet, { transport: transport.slice(0, left) }),
        );
        const wanted = packets.map((_, left) => (left < needed ? 'drop malformed' : outcome));
        expect(kernelOutcomes(PARSE_POLICY, packets, direction)).toEqual(wanted);
        expect(referenceOutcomes(PARSE_POLICY, packets)).toEqual(wanted);
      });
    }
  });
}
