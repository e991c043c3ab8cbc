/** The pcap format: a file header, then records of one packet each (draft-ietf-opsawg-pcap). */
import type { CapturedPacket, Position } from './record.ts';
import { capturedPacket, cut, failure, requireLinkType, requireSaneLength, takeAll } from './record.ts';

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const LINK_TYPE_AT = 20;

interface Dialect {
  readonly littleEndian: boolean;
  /** Nanoseconds in one unit of the second half of a timestamp. */
  readonly unitNs: bigint;
}

const DIALECTS: ReadonlyMap<number, Dialect> = new Map([
  [0xa1b2c3d4, { littleEndian: false, unitNs: 1000n }],
  [0xd4c3b2a1, { littleEndian: true, unitNs: 1000n }],
  [0xa1b23c4d, { littleEndian: false, unitNs: 1n }],
  [0x4d3cb2a1, { littleEndian: true, unitNs: 1n }],
]);

/** `magic`: the first four bytes, as a number in network order. */
export function isPcap(magic: number): boolean {
  return DIALECTS.has(magic);
}

export async function* readPcap(position: Position): AsyncGenerator<CapturedPacket> {
  const { reader } = position;
  const header = viewOf(await takeAll(position, FILE_HEADER_BYTES, 'file header', 0));
  const dialect = DIALECTS.get(header.getUint32(0));
  if (dialect === undefined) throw new Error('bug: readPcap is for files that isPcap accepts');
  const { littleEndian, unitNs } = dialect;
  requireVersion(position, header, littleEndian);
  // The upper half of the field describes the FCS, if frames have one; filters never look that far.
  const number = header.getUint32(LINK_TYPE_AT, littleEndian) & 0xffff;
  const linkType = requireLinkType(position, LINK_TYPE_AT, number, 0);
  for (;;) {
    const at = reader.offset;
    const bytes = reader.takeNow(RECORD_HEADER_BYTES) ?? (await reader.take(RECORD_HEADER_BYTES));
    if (bytes.length === 0) return;
    if (bytes.length < RECORD_HEADER_BYTES) throw cut(position, at, bytes.length, '16 bytes of record header');
    const record = viewOf(bytes);
    const captured = record.getUint32(8, littleEndian);
    requireSaneLength(position, at + 8, captured);
    const seconds = BigInt(record.getUint32(0, littleEndian));
    const timestampNs = seconds * 1_000_000_000n + BigInt(record.getUint32(4, littleEndian)) * unitNs;
    const originalLength = record.getUint32(12, littleEndian);
    const frame = reader.takeNow(captured) ?? (await takeAll(position, captured, 'packet'));
    yield capturedPacket(position, number, linkType, timestampNs, frame, originalLength);
  }
}

function requireVersion(position: Position, header: DataView, littleEndian: boolean): void {
  const major = header.getUint16(4, littleEndian);
  if (major === 2) return;
  const found = `pcap version ${major}.${header.getUint16(6, littleEndian)}`;
  throw failure(position, 4, 0, { found, wanted: 'version 2', next: 'convert the file with editcap -F pcap' });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
