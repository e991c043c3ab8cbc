/** Writes captures, for tests of what reads them. */
import { concat } from './bytes.ts';

export interface PcapOptions {
  readonly bigEndian?: boolean;
  readonly nanoseconds?: boolean;
  readonly linkType?: number;
  /** Frames are cut to so many bytes, as a capture with a snap length does. */
  readonly snapLength?: number;
  /** Of the first packet; each later one comes a second after the one before. */
  readonly startNs?: bigint;
}

export const START_NS = 1_700_000_000_123_456_789n;
const NS = 1_000_000_000n;

/** Fields of 2, 4 or 8 bytes in one byte order. */
function fields(
  bigEndian: boolean,
  ...all: readonly (readonly [bytes: 2 | 4 | 8, value: number | bigint])[]
): Uint8Array {
  const out = new DataView(new ArrayBuffer(all.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of all) {
    if (bytes === 2) out.setUint16(at, Number(value), !bigEndian);
    else if (bytes === 4) out.setUint32(at, Number(value), !bigEndian);
    else out.setBigInt64(at, BigInt(value), !bigEndian);
    at += bytes;
  }
  return new Uint8Array(out.buffer);
}

export function pcapFile(frames: readonly Uint8Array[], options: PcapOptions = {}): Uint8Array {
  const { bigEndian = false, nanoseconds = false, linkType = 1, snapLength = 65535, startNs = START_NS } = options;
  const magic = nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4;
  const header = fields(bigEndian, [4, magic], [2, 2], [2, 4], [4, 0], [4, 0], [4, snapLength], [4, linkType]);
  const records = frames.flatMap((frame, i) => {
    const time = startNs + BigInt(i) * NS;
    const fraction = nanoseconds ? time % NS : (time % NS) / 1000n;
    const kept = frame.subarray(0, snapLength);
    return [fields(bigEndian, [4, time / NS], [4, fraction], [4, kept.length], [4, frame.length]), kept];
  });
  return concat(header, ...records);
}

export interface PcapngOptions extends PcapOptions {
  /** Which block holds a packet. */
  readonly block?: 'enhanced' | 'simple' | 'obsolete';
  /** The if_tsresol byte; microseconds, by leaving it out. */
  readonly resolution?: number;
  /** if_tsoffset, in seconds. */
  readonly offsetSeconds?: bigint;
}

export function pcapngBlock(type: number, body: Uint8Array, bigEndian = false): Uint8Array {
  const padded = concat(body, new Uint8Array(-body.length & 3));
  const length = 12 + padded.length;
  return concat(fields(bigEndian, [4, type], [4, length]), padded, fields(bigEndian, [4, length]));
}

/** One section with one interface. */
export function pcapngFile(frames: readonly Uint8Array[], options: PcapngOptions = {}): Uint8Array {
  const { bigEndian = false, linkType = 1, snapLength = 0, resolution, offsetSeconds } = options;
  const section = pcapngBlock(0x0a0d0d0a, fields(bigEndian, [4, 0x1a2b3c4d], [2, 1], [2, 0], [8, -1n]), bigEndian);
  const ifOptions = [
    ...(resolution === undefined ? [] : [fields(bigEndian, [2, 9], [2, 1]), Uint8Array.of(resolution, 0, 0, 0)]),
    ...(offsetSeconds === undefined ? [] : [fields(bigEndian, [2, 14], [2, 8], [8, offsetSeconds])]),
    fields(bigEndian, [4, 0]),
  ];
  const description = concat(fields(bigEndian, [2, linkType], [2, 0], [4, snapLength]), ...ifOptions);
  const packets = frames.map((frame, i) => packetBlock(frame, i, options));
  return concat(section, pcapngBlock(1, description, bigEndian), ...packets);
}

function packetBlock(frame: Uint8Array, i: number, options: PcapngOptions): Uint8Array {
  const { bigEndian = false, block = 'enhanced', snapLength = 0, startNs = START_NS, resolution = 6 } = options;
  const kept = snapLength === 0 ? frame : frame.subarray(0, snapLength);
  const exponent = BigInt(resolution & 0x7f);
  const perSecond = resolution < 0x80 ? 10n ** exponent : 2n ** exponent;
  const ticks = ((startNs - (options.offsetSeconds ?? 0n) * NS + BigInt(i) * NS) * perSecond) / NS;
  const times = [[4, ticks >> 32n] as const, [4, ticks & 0xffffffffn] as const];
  const lengths = [[4, kept.length] as const, [4, frame.length] as const];
  if (block === 'simple') return pcapngBlock(3, concat(fields(bigEndian, [4, frame.length]), kept), bigEndian);
  const head =
    block === 'obsolete'
      ? ([
          [2, 0],
          [2, 7],
        ] as const)
      : ([[4, 0]] as const);
  const type = block === 'obsolete' ? 2 : 6;
  return pcapngBlock(type, concat(fields(bigEndian, ...head, ...times, ...lengths), kept), bigEndian);
}
