import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { CapturedPacket } from '../../../../src/engine/capture/read-capture.ts';
import { CaptureError, readCapture } from '../../../../src/engine/capture/read-capture.ts';
import { decodePacket } from '../../../../src/policy/packet/decode.ts';
import { concat } from '../../../support/bytes.ts';
import type { TestPacket } from '../../../support/packets.ts';
import { icmpv6, laterFragment, packetOf, raw, TAG, tagged, tcp, udp } from '../../../support/packets.ts';
import type { PcapngOptions, PcapOptions } from '../../../support/pcap.ts';
import { pcapFile, pcapngBlock, pcapngFile, START_NS } from '../../../support/pcap.ts';

const PACKETS: readonly TestPacket[] = [
  tcp('10.1.2.3', '192.0.2.1'),
  udp('2001:db8::1', '2001:db8::2', { payload: new Uint8Array(37) }),
  tagged(laterFragment(tcp('10.1.2.3', '192.0.2.1')), TAG.vlan),
];
const FRAMES = PACKETS.map((packet) => packet.frame);
const MICROSECONDS = (START_NS / 1000n) * 1000n;

/** Hands the file over in chunks of a size, to meet every boundary. */
async function* chunksOf(file: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size);
}

interface Reading {
  readonly packets: readonly CapturedPacket[];
  readonly error: CaptureError | undefined;
}

async function read(file: Uint8Array, chunk = 65536): Promise<Reading> {
  const packets: CapturedPacket[] = [];
  try {
    for await (const packet of readCapture(chunksOf(file, chunk), 'test.pcap')) packets.push(packet);
  } catch (error) {
    if (error instanceof CaptureError) return { packets, error };
    throw error;
  }
  return { packets, error: undefined };
}

function framesIn(reading: Reading): number[][] {
  expect(reading.error).toBeUndefined();
  return reading.packets.map((packet) => [...packet.frame]);
}

const ALL = FRAMES.map((frame) => [...frame]);

describe('pcap', () => {
  const rows: readonly (readonly [name: string, options: PcapOptions, startNs: bigint])[] = [
    ['little-endian, microseconds', {}, MICROSECONDS],
    ['big-endian, microseconds', { bigEndian: true }, MICROSECONDS],
    ['little-endian, nanoseconds', { nanoseconds: true }, START_NS],
    ['big-endian, nanoseconds', { bigEndian: true, nanoseconds: true }, START_NS],
  ];
  for (const [name, options, startNs] of rows) {
    test(name, async () => {
      const reading = await read(pcapFile(FRAMES, options));
      expect(framesIn(reading)).toEqual(ALL);
      expect(reading.packets.map(({ index, linkType }) => [index, linkType])).toEqual([
        [1, 1],
        [2, 1],
        [3, 1],
      ]);
      expect(reading.packets.map(({ timestampNs }) => timestampNs - startNs)).toEqual([
        0n,
        1_000_000_000n,
        2_000_000_000n,
      ]);
    });
  }

  test('without packets', async () => expect(framesIn(await read(pcapFile([])))).toEqual([]));

  test('a snap length shows in the original length', async () => {
    const { packets } = await read(pcapFile(FRAMES, { snapLength: 40 }));
    expect(packets.map((p) => [p.frame.length, p.originalLength])).toEqual(FRAMES.map((f) => [40, f.length]));
  });
});

describe('pcapng', () => {
  const rows: readonly (readonly [name: string, options: PcapngOptions, startNs: bigint])[] = [
    ['little-endian', {}, MICROSECONDS],
    ['big-endian', { bigEndian: true }, MICROSECONDS],
    ['nanoseconds', { resolution: 9 }, START_NS],
    ['a time offset', { resolution: 9, offsetSeconds: -3600n }, START_NS],
    ['a resolution in powers of two', { resolution: 0x80 | 30, startNs: 5_500_000_000n }, 5_500_000_000n],
    ['obsolete packet blocks', { block: 'obsolete', bigEndian: true }, MICROSECONDS],
    ['simple packet blocks have no time', { block: 'simple' }, 0n],
  ];
  for (const [name, options, startNs] of rows) {
    test(name, async () => {
      const reading = await read(pcapngFile(FRAMES, options));
      expect(framesIn(reading)).toEqual(ALL);
      expect(reading.packets[0]?.timestampNs).toBe(startNs);
    });
  }

  test('a snap length cuts simple packets', async () => {
    const { packets } = await read(pcapngFile(FRAMES, { block: 'simple', snapLength: 41 }));
    expect(packets.map((p) => [p.frame.length, p.originalLength])).toEqual(FRAMES.map((f) => [41, f.length]));
  });

  test('sections of either byte order follow each other, packets are numbered through', async () => {
    const file = concat(pcapngFile(FRAMES), pcapngFile(FRAMES, { bigEndian: true }));
    const reading = await read(file);
    expect(framesIn(reading)).toEqual([...ALL, ...ALL]);
    expect(reading.packets.at(-1)?.index).toBe(6);
  });

  test('blocks of other types are passed over, however long', async () => {
    const names = pcapngBlock(4, new Uint8Array(200_000));
    expect(framesIn(await read(concat(pcapngFile(FRAMES), names, pcapngFile([]))))).toEqual(ALL);
  });
});

test('chunks may end anywhere', async () => {
  for (const file of [pcapFile(FRAMES), pcapngFile(FRAMES), gzipSync(pcapFile(FRAMES))]) {
    for (const chunk of [1, 3, 7, 16, 24, 61]) expect(framesIn(await read(file, chunk)), `${chunk}`).toEqual(ALL);
  }
});

test('gzip, of both formats and in several members', async () => {
  expect(framesIn(await read(gzipSync(pcapFile(FRAMES))))).toEqual(ALL);
  expect(framesIn(await read(gzipSync(pcapngFile(FRAMES))))).toEqual(ALL);
  const whole = pcapFile(FRAMES);
  expect(framesIn(await read(concat(gzipSync(whole.subarray(0, 50)), gzipSync(whole.subarray(50)))))).toEqual(ALL);
});

describe('link types', () => {
  const IP_AT = 14;
  const v4 = tcp('10.1.2.3', '192.0.2.1', { dport: 22 });
  const v6 = icmpv6('2001:db8::1', '2001:db8::2', { type: 135 });
  const ipOf = (packet: TestPacket): Uint8Array => packet.frame.subarray(IP_AT);
  const sll = (type: number, packetType = 0): Uint8Array =>
    Uint8Array.of(0, packetType, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, type >>> 8, type & 255);
  const sll2 = (type: number, packetType = 0): Uint8Array =>
    Uint8Array.of(type >>> 8, type & 255, 0, 0, 0, 0, 0, 2, 0, 1, packetType, 6, 2, 0, 0, 0, 0, 9, 0, 0);

  const rows: readonly (readonly [name: string, linkType: number, bytes: Uint8Array, packet: TestPacket])[] = [
    ['raw IPv4', 101, ipOf(v4), v4],
    ['raw IPv6', 101, ipOf(v6), v6],
    ['raw IP of OpenBSD', 14, ipOf(v4), v4],
    ['raw IP of other BSDs', 12, ipOf(v6), v6],
    ['IPV4', 228, ipOf(v4), v4],
    ['IPV6', 229, ipOf(v6), v6],
    ['cooked', 113, concat(sll(0x0800), ipOf(v4)), v4],
    ['cooked, version 2', 276, concat(sll2(0x86dd), ipOf(v6)), v6],
    ['cooked with a VLAN tag', 113, concat(sll(0x8100), Uint8Array.of(0, 5, 8, 0), ipOf(v4)), tagged(v4, TAG.vlan)],
  ];
  for (const [name, linkType, bytes, packet] of rows) {
    test(name, async () => {
      for (const file of [pcapFile([bytes], { linkType }), pcapngFile([bytes], { linkType })]) {
        const [captured] = (await read(file)).packets;
        expect(captured).toMatchObject({ linkType, originalLength: packet.frame.length });
        expect(decodePacket(captured?.frame ?? new Uint8Array(0))).toEqual({
          kind: 'packet',
          packet: packetOf(packet),
        });
      }
    });
  }

  const frameOf = async (linkType: number, bytes: Uint8Array): Promise<Uint8Array> =>
    (await read(pcapFile([bytes], { linkType }))).packets[0]?.frame ?? new Uint8Array(0);

  test('cooked broadcasts stay broadcasts', async () => {
    for (const [linkType, bytes] of [
      [113, concat(sll(0x0800, 1), ipOf(v4))],
      [276, concat(sll2(0x0800, 1), ipOf(v4))],
    ] as const) {
      expect(decodePacket(await frameOf(linkType, bytes))).toMatchObject({ packet: { broadcastFrame: true } });
    }
  });

  test('cooked ARP is not IP', async () =>
    expect(decodePacket(await frameOf(113, concat(sll(0x0806), new Uint8Array(28))))).toMatchObject({
      reason: 'non_ip',
    }));

  test('what has no header is malformed', async () => {
    for (const [linkType, length] of [
      [101, 0],
      [113, 15],
      [276, 19],
      [228, 3],
    ] as const) {
      expect(decodePacket(await frameOf(linkType, new Uint8Array(length)))).toMatchObject({ reason: 'malformed' });
    }
  });

  test('raw IP of another version is malformed', async () =>
    expect(
      decodePacket(await frameOf(101, raw(6, '10.0.0.1', '10.0.0.2', { version: 5 }).frame.subarray(14))),
    ).toMatchObject({ reason: 'malformed' }));

  test('a snap length counts the header that frames have here', async () => {
    const { packets } = await read(pcapFile([ipOf(v4)], { linkType: 101, snapLength: 30 }));
    expect(packets[0]).toMatchObject({ originalLength: v4.frame.length });
    expect(packets[0]?.frame).toHaveLength(14 + 30);
  });
});

describe('faults', () => {
  /** Bytes of the file changed at an offset. */
  const patched = (file: Uint8Array, at: number, ...bytes: readonly number[]): Uint8Array => {
    const out = file.slice();
    out.set(bytes, at);
    return out;
  };
  const SECOND = 24 + 16 + (FRAMES[0]?.length ?? 0);
  const text = new TextEncoder().encode('name: Packet Filter\n');
  type Fault = Partial<Pick<CaptureError, 'offset' | 'packet' | 'found' | 'wanted'>>;
  const ng = pcapngFile(FRAMES);
  const INTERFACE = 28;
  const FIRST_NG = INTERFACE + 24;

  const rows: readonly (readonly [name: string, file: Uint8Array, delivered: number, fault: Fault])[] = [
    ['an empty file', new Uint8Array(0), 0, { offset: 0, packet: 0, found: 'an empty file' }],
    ['a text', text, 0, { offset: 0, packet: 0, found: 'a file that starts with 6e 61 6d 65' }],
    ['three bytes', Uint8Array.of(1, 2, 3), 0, { found: 'a file that starts with 01 02 03' }],
    ['zstd', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0), 0, { found: 'a zstd file' }],
    ['gzip of a text', gzipSync(text), 0, { packet: 0, found: 'a file that starts with 6e 61 6d 65' }],
    ['a cut file header', pcapFile([]).subarray(0, 23), 0, { offset: 0, packet: 0, wanted: '24 bytes of file header' }],
    ['version 3', patched(pcapFile(FRAMES), 4, 3), 0, { offset: 4, packet: 0, found: 'pcap version 3.4' }],
    ['802.11', pcapFile(FRAMES, { linkType: 105 }), 0, { offset: 20, packet: 0, found: 'link type 105 (IEEE 802.11)' }],
    ['802.11 in pcapng', pcapngFile(FRAMES, { linkType: 105 }), 0, { offset: FIRST_NG, packet: 1 }],
    ['a cut record header', pcapFile(FRAMES).subarray(0, SECOND + 15), 1, { offset: SECOND, packet: 2 }],
    ['a cut packet', pcapFile(FRAMES).subarray(0, SECOND + 16 + 10), 1, { offset: SECOND + 16, packet: 2 }],
    [
      'a missing packet',
      pcapFile(FRAMES).subarray(0, SECOND + 16),
      1,
      { offset: SECOND + 16, found: 'the end of the file' },
    ],
    [
      'an absurd length',
      patched(pcapFile(FRAMES), SECOND + 8, 1, 0, 4),
      1,
      { offset: SECOND + 8, packet: 2, found: 'a packet of 262145 bytes' },
    ],
    ['a cut block', ng.subarray(0, FIRST_NG + 40), 0, { packet: 1 }],
    ['a cut block header', ng.subarray(0, FIRST_NG + 7), 0, { offset: FIRST_NG, packet: 1 }],
    ['a cut unknown block', concat(ng, pcapngBlock(4, new Uint8Array(40)).subarray(0, 30)), 3, { packet: 4 }],
    ['an odd block length', patched(ng, FIRST_NG + 4, 33), 0, { offset: FIRST_NG + 4, packet: 1 }],
    ['a block of 8 bytes', patched(ng, FIRST_NG + 4, 8), 0, { offset: FIRST_NG + 4 }],
    [
      'an absurd block length',
      patched(ng, FIRST_NG + 4, 0, 0, 0, 2),
      0,
      { offset: FIRST_NG + 4, found: 'a block of 33554432 bytes' },
    ],
    ['lengths that differ', patched(ng, INTERFACE - 4, 32), 0, { offset: INTERFACE - 4, found: '32' }],
    ['an unknown byte order', patched(ng, 8, 9), 0, { offset: 8 }],
    ['pcapng version 2', patched(ng, 12, 2), 0, { offset: 12, found: 'pcapng version 2' }],
    ['an interface that is not described', patched(ng, FIRST_NG + 8, 1), 0, { found: 'interface 1', packet: 1 }],
    ['a packet longer than its block', patched(ng, FIRST_NG + 20, 60), 0, { found: 'a packet of 60 bytes', packet: 1 }],
  ];
  for (const [name, file, delivered, fault] of rows) {
    test(name, async () => {
      const { packets, error } = await read(file);
      expect(error, name).toMatchObject({ ...fault, file: 'test.pcap' });
      expect(error?.next).not.toBe('');
      expect(packets.map((packet) => [...packet.frame])).toEqual(ALL.slice(0, delivered));
    });
  }

  test('a capture cut at any byte gives whole packets or an error, never a cut packet', async () => {
    for (const file of [pcapFile(FRAMES), ng]) {
      for (let length = 0; length < file.length; length++) {
        const { packets, error } = await read(file.subarray(0, length));
        expect(packets.map((packet) => [...packet.frame])).toEqual(ALL.slice(0, packets.length));
        expect(packets.length < 3 || error !== undefined, `${length}`).toBe(true);
      }
    }
  });

  test('cut gzip delivers what came before the cut', async () => {
    const noise = Array.from(
      { length: 200 },
      (_, i) =>
        udp('10.0.0.1', '10.0.0.2', {
          payload: Uint8Array.from({ length: 200 }, (_b, j) => (i * 7919 + j * j * 31) & 255),
        }).frame,
    );
    const packed = gzipSync(pcapFile(noise));
    const { packets, error } = await read(packed.subarray(0, packed.length - 100), 64);
    expect(packets.length).toBeGreaterThan(100);
    expect(error).toMatchObject({ packet: packets.length + 1, wanted: 'whole gzip data' });
  });

  test('a cut gzip trailer is an error though every packet was there', async () => {
    const packed = gzipSync(pcapFile(FRAMES));
    const { packets, error } = await read(packed.subarray(0, packed.length - 1));
    expect(packets).toHaveLength(3);
    expect(error).toMatchObject({ packet: 4 });
  });
});

describe('files', () => {
  test('are read by path', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'xdpol-capture-'));
    try {
      const path = join(directory, 'three.pcapng.gz');
      writeFileSync(path, gzipSync(pcapngFile(FRAMES)));
      const frames: number[][] = [];
      for await (const packet of readCapture(path)) frames.push([...packet.frame]);
      expect(frames).toEqual(ALL);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('that are not there are a capture error that names them', async () => {
    const packets = readCapture('/nonexistent/a.pcap');
    await expect(packets.next()).rejects.toMatchObject({
      name: 'CaptureError',
      file: '/nonexistent/a.pcap',
      packet: 0,
    });
  });

  test('reading may stop early, and lets go of the source', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield* chunksOf(pcapFile(FRAMES), 60);
      } finally {
        closed = true;
      }
    }
    for await (const packet of readCapture(source())) {
      expect(packet.index).toBe(1);
      break;
    }
    expect(closed).toBe(true);
  });
});
