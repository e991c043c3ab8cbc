import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PACKET_TEXT_CODES } from '../../../../src/base/codes/packet-text.ts';
import { Diagnostics } from '../../../../src/base/diagnostics.ts';
import type { Packet } from '../../../../src/policy/packet/model.ts';
import type { PacketTextOptions } from '../../../../src/policy/packet/text.ts';
import {
  formatPacket,
  formatSeenPacket,
  parsePacketText,
  parseSeenPacket,
} from '../../../../src/policy/packet/text.ts';
import { arb } from '../../../support/arbitrary.ts';
import { icmp, icmpv6, laterFragment, packetOf, raw, sctp, tcp, udp } from '../../../support/packets.ts';

interface Parsed {
  readonly packet: Packet | undefined;
  /** Code and the text that it underlines. */
  readonly faults: readonly (readonly [code: string, underlined: string])[];
}

function parse(text: string, options: PacketTextOptions = {}): Parsed {
  const diags = new Diagnostics();
  const packet = parsePacketText(text, options, diags);
  const faults = diags.all.map(
    ({ code, span }) => [code, text.slice(span.column - 1, span.column - 1 + span.length)] as const,
  );
  return { packet, faults };
}

/** What text cannot say. */
function withoutFrame(packet: Packet | undefined): unknown {
  return { ...packet, frameBytes: 60, sourceRouted: false, broadcastFrame: packet?.family === 4 };
}

const accepted: readonly (readonly [text: string, packet: Packet, options?: PacketTextOptions])[] = [
  ['tcp 203.0.113.9:40000 -> 131.107.1.1:80', packetOf(tcp('203.0.113.9', '131.107.1.1'))],
  ['  TCP   203.0.113.9:40000  ->  131.107.1.1:80 ', packetOf(tcp('203.0.113.9', '131.107.1.1'))],
  ['6 203.0.113.9:40000 -> 131.107.1.1:80', packetOf(tcp('203.0.113.9', '131.107.1.1'))],
  [
    'udp [2001:db8::1]:53 -> [2001:DB8::2]:4000',
    packetOf(udp('2001:db8::1', '2001:db8::2', { sport: 53, dport: 4000 })),
  ],
  ['sctp 10.0.0.1:0 -> 10.0.0.2:65535', packetOf(sctp('10.0.0.1', '10.0.0.2', { sport: 0, dport: 65535 }))],
  ['icmp 10.0.0.1 -> 131.107.1.1 type 8', packetOf(icmp('10.0.0.1', '131.107.1.1'))],
  ['icmp 10.0.0.1 -> 10.0.0.2 code 4 type 3', packetOf(icmp('10.0.0.1', '10.0.0.2', { type: 3, code: 4 }))],
  ['icmpv6 2001:db8::1 -> [2001:db8::2] type 128', packetOf(icmpv6('2001:db8::1', '2001:db8::2'))],
  ['icmpv6 fe80::1 -> ff02::1 type 135', packetOf(icmpv6('fe80::1', 'ff02::1', { type: 135, hopLimit: 255 }))],
  ['icmpv6 fe80::1 -> ff02::1 type 135 hoplimit 64', packetOf(icmpv6('fe80::1', 'ff02::1', { type: 135 }))],
  ['47 10.0.0.1 -> 10.0.0.2', packetOf(raw(47, '10.0.0.1', '10.0.0.2'))],
  [
    'tcp 10.0.0.1:1 -> 10.0.0.2:2 established',
    packetOf(tcp('10.0.0.1', '10.0.0.2', { sport: 1, dport: 2, flags: 'A' })),
  ],
  [
    'tcp 10.0.0.1:1 -> 10.0.0.2:2',
    packetOf(tcp('10.0.0.1', '10.0.0.2', { sport: 1, dport: 2, flags: 'A' })),
    { established: true },
  ],
  ['udp 10.0.0.1 -> 10.0.0.2 fragment', packetOf(laterFragment(udp('10.0.0.1', '10.0.0.2')))],
  ['icmp 10.0.0.1 -> 10.0.0.2', packetOf(laterFragment(icmp('10.0.0.1', '10.0.0.2'))), { fragment: true }],
];

const places: readonly (readonly [text: string, direction: string | undefined, interfaceName: string | undefined])[] = [
  ['icmp 10.0.0.1 -> 10.0.0.2 type 8', undefined, undefined],
  ['icmp 10.0.0.1 -> 10.0.0.2 type 8 arriving', 'arriving', undefined],
  ['icmp 10.0.0.1 -> 10.0.0.2 type 8 leaving on eth0', 'leaving', 'eth0'],
  ['icmp 10.0.0.1 -> 10.0.0.2 type 8 on Wan.7', undefined, 'Wan.7'],
  ['icmp 10.0.0.1 -> 10.0.0.2 type 8 arriving on on', 'arriving', 'on'],
];

describe('parseSeenPacket', () => {
  for (const [text, direction, interfaceName] of places) {
    test(text, () => {
      const seen = parseSeenPacket(text, {}, new Diagnostics());
      expect(seen).toMatchObject({ direction, interface: interfaceName });
      expect(seen === undefined ? undefined : formatSeenPacket(seen)).toBe(text);
    });
  }
});

describe('parsePacketText', () => {
  for (const [text, packet, options] of accepted) {
    test(`${text} ${JSON.stringify(options ?? {})}`, () => {
      const parsed = parse(text, options);
      expect(parsed.faults).toEqual([]);
      expect(parsed.packet).toEqual(withoutFrame(packet));
    });
  }

  const refused: readonly (readonly [text: string, code: string, underlined: string, options?: PacketTextOptions])[] = [
    ['tcp', 'XP0601', 'tcp'],
    ['icmp 10.0.0.1 -> 10.0.0.2 type 8 on', 'XP0608', 'on'],
    ['icmp 10.0.0.1 -> 10.0.0.2 type 8 on eth0 on eth1', 'XP0608', 'on'],
    ['icmp 10.0.0.1 -> 10.0.0.2 type 8 leaving arriving', 'XP0608', 'leaving'],
    ['tcp 10.0.0.1:1 10.0.0.2:2 x', 'XP0601', '10.0.0.2:2'],
    ['tcp 10.0.0.1:1 -> ', 'XP0601', 'tcp 10.0.0.1:1 -> '],
    ['tpc 10.0.0.1:1 -> 10.0.0.2:2', 'XP0602', 'tpc'],
    ['256 10.0.0.1 -> 10.0.0.2', 'XP0602', '256'],
    ['tcp 10.0.0.256:1 -> 10.0.0.2:2', 'XP0603', '10.0.0.256:1'],
    ['tcp 10.0.0.1:1 -> mail.example:2', 'XP0603', 'mail.example:2'],
    ['47 10.0.0.0/8 -> 10.0.0.2', 'XP0603', '10.0.0.0/8'],
    ['tcp [10.0.0.1]:1 -> 10.0.0.2:2', 'XP0603', '[10.0.0.1]:1'],
    ['tcp [2001:db8::1:1 -> [2001:db8::2]:2', 'XP0603', '[2001:db8::1:1'],
    ['tcp 10.0.0.1:65536 -> 10.0.0.2:2', 'XP0604', '10.0.0.1:65536'],
    ['tcp 10.0.0.1:1 -> 10.0.0.2:', 'XP0604', '10.0.0.2:'],
    ['tcp 10.0.0.1:1 -> 10.0.0.2:80-90', 'XP0604', '10.0.0.2:80-90'],
    ['tcp 10.0.0.1:1 -> 10.0.0.2', 'XP0605', '10.0.0.2'],
    ['udp 2001:db8::1:53 -> [2001:db8::2]:53', 'XP0605', '2001:db8::1:53'],
    ['icmp 10.0.0.1:1 -> 10.0.0.2 type 8', 'XP0606', '10.0.0.1:1'],
    ['tcp 10.0.0.1 -> 10.0.0.2:80', 'XP0606', '10.0.0.2:80', { fragment: true }],
    ['tcp 10.0.0.1:1 -> [2001:db8::2]:2', 'XP0607', '[2001:db8::2]:2'],
    ['47 10.0.0.1 -> 10.0.0.2 tpye 8', 'XP0608', 'tpye'],
    ['icmp 10.0.0.1 -> 10.0.0.2 type', 'XP0608', 'type'],
    ['icmp 10.0.0.1 -> 10.0.0.2 type 256', 'XP0608', '256'],
    ['icmp 10.0.0.1 -> 10.0.0.2 type 8 type 8', 'XP0608', 'type'],
    ['icmp 10.0.0.1 -> 10.0.0.2', 'XP0609', 'icmp'],
    ['icmp 10.0.0.1 -> 10.0.0.2 code 4', 'XP0609', 'code'],
    ['47 10.0.0.1 -> 10.0.0.2 type 8', 'XP0609', 'type'],
    ['icmp 10.0.0.1 -> 10.0.0.2 type 8 fragment', 'XP0609', 'type'],
    ['udp 10.0.0.1:1 -> 10.0.0.2:2 established', 'XP0610', 'established'],
    ['tcp 10.0.0.1 -> 10.0.0.2 fragment', 'XP0610', 'tcp', { established: true }],
  ];
  for (const [text, code, underlined, options] of refused) {
    test(`refuses ${text}`, () => {
      expect(parse(text, options)).toEqual({ packet: undefined, faults: [[code, underlined]] });
    });
  }

  test('both ends are checked at once', () => {
    expect(parse('tcp 10.0.0.1 -> 10.0.0.2').faults.map(([code]) => code)).toEqual(['XP0605', 'XP0605']);
  });

  test('nothing at all', () => expect(parse('').faults.map(([code]) => code)).toEqual(['XP0601']));

  test('every code is tested', () => {
    const tested = new Set(refused.map(([, code]) => code));
    expect([...tested].sort()).toEqual(Object.keys(PACKET_TEXT_CODES).sort());
  });

  test('never throws, and either parses or reports', () => {
    const words = fc.constantFrom(
      'tcp',
      'icmp',
      '->',
      '[::1]:80',
      '10.0.0.1:80',
      '10.0.0.1',
      'type',
      '8',
      '[',
      ':',
      '::',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(words, { maxLength: 8 }).map((all) => all.join(' ')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const { packet, faults } = parse(text);
        expect(faults.length > 0, text).toBe(packet === undefined);
      }),
    );
  });
});

describe('formatPacket', () => {
  for (const [text, , options] of accepted) {
    test(text, () => {
      const { packet } = parse(text, options);
      expect(packet === undefined ? undefined : parse(formatPacket(packet)).packet).toEqual(packet);
    });
  }

  test('is the inverse of parsing', () => {
    fc.assert(
      fc.property(
        arb.policy().chain((policy) => arb.packetNear(policy)),
        (packet) => {
          const decoded = packetOf(packet);
          expect(parse(formatPacket(decoded)).packet, packet.summary).toEqual(withoutFrame(decoded));
        },
      ),
    );
  });

  test('prints the short form', () => {
    expect(formatPacket(packetOf(icmp('10.0.0.1', '10.0.0.2')))).toBe('icmp 10.0.0.1 -> 10.0.0.2 type 8');
    expect(formatPacket(packetOf(tcp('2001:db8::1', '::2', { flags: 'A' })))).toBe(
      'tcp [2001:db8::1]:40000 -> [::2]:80 established',
    );
  });
});
