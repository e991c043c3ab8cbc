/** Blocks of a pcapng file as tshark and Wireshark read them (draft-ietf-opsawg-pcapng): bytes, written nowhere. */

const BLOCK = { section: 0x0a0d0d0a, interface: 1, statistics: 5, packet: 6 } as const;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const ETHERNET = 1;
const COMMENT = 1;
const SECTION_APPLICATION = 4;
const INTERFACE = { name: 2, resolution: 9 } as const;
const PACKET_FLAGS = 2;
const STATISTICS = { start: 2, end: 3, received: 4, accepted: 6, lost: 7, delivered: 8 } as const;
const NANOSECONDS = 9;
const INBOUND = 1;
const OUTBOUND = 2;

interface Option {
  readonly code: number;
  readonly value: Uint8Array;
}

/** The begin of a file; `application` wrote it. */
export function sectionBlock(application: string): Uint8Array {
  const body = new DataView(new ArrayBuffer(16));
  body.setUint32(0, BYTE_ORDER_MAGIC, true);
  body.setUint16(4, 1, true);
  body.setBigInt64(8, -1n, true); // how long the section is: unknown
  return block(BLOCK.section, body, [text(SECTION_APPLICATION, application)]);
}

/** The n-th of these is interface n of packets and statistics. */
export function interfaceBlock(name: string, mostBytes: number): Uint8Array {
  const body = new DataView(new ArrayBuffer(8));
  body.setUint16(0, ETHERNET, true);
  body.setUint32(4, mostBytes, true);
  return block(BLOCK.interface, body, [
    text(INTERFACE.name, name),
    { code: INTERFACE.resolution, value: Uint8Array.of(NANOSECONDS) },
  ]);
}

export interface PacketToWrite {
  readonly interfaceNumber: number;
  /** Since 1970. */
  readonly nanoseconds: bigint;
  /** Its first bytes. */
  readonly frame: Uint8Array;
  /** Bytes that it had. */
  readonly length: number;
  readonly isInbound: boolean;
  readonly comment: string;
}

export function packetBlock(packet: PacketToWrite): Uint8Array {
  const { frame } = packet;
  const body = new DataView(new ArrayBuffer(20 + padded(frame.length)));
  body.setUint32(0, packet.interfaceNumber, true);
  setTime(body, 4, packet.nanoseconds);
  body.setUint32(12, frame.length, true);
  body.setUint32(16, Math.max(frame.length, packet.length), true);
  new Uint8Array(body.buffer).set(frame, 20);
  const flags = u32(packet.isInbound ? INBOUND : OUTBOUND);
  return block(BLOCK.packet, body, [text(COMMENT, packet.comment), { code: PACKET_FLAGS, value: flags }]);
}

export interface StatisticsToWrite {
  readonly interfaceNumber: number;
  /** Since 1970, nanoseconds. */
  readonly start: bigint;
  readonly end: bigint;
  /** Packets that the interface had meanwhile. */
  readonly received: bigint;
  /** Of these: which could have been written. */
  readonly accepted: bigint;
  /** Of these: written. */
  readonly delivered: bigint;
  /** Of these: lost on the way. */
  readonly lost: bigint;
  readonly comment: string;
}

export function statisticsBlock(statistics: StatisticsToWrite): Uint8Array {
  const body = new DataView(new ArrayBuffer(12));
  body.setUint32(0, statistics.interfaceNumber, true);
  setTime(body, 4, statistics.end);
  return block(BLOCK.statistics, body, [
    text(COMMENT, statistics.comment),
    { code: STATISTICS.start, value: timeBytes(statistics.start) },
    { code: STATISTICS.end, value: timeBytes(statistics.end) },
    { code: STATISTICS.received, value: u64(statistics.received) },
    { code: STATISTICS.accepted, value: u64(statistics.accepted) },
    { code: STATISTICS.lost, value: u64(statistics.lost) },
    { code: STATISTICS.delivered, value: u64(statistics.delivered) },
  ]);
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

function text(code: number, value: string): Option {
  return { code, value: new TextEncoder().encode(value).subarray(0, 0xffff) };
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function u64(value: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(value).buffer);
}

/** Two words, the high one first. */
function setTime(view: DataView, at: number, nanoseconds: bigint): void {
  view.setUint32(at, Number(nanoseconds >> 32n), true);
  view.setUint32(at + 4, Number(nanoseconds & 0xffff_ffffn), true);
}

function timeBytes(nanoseconds: bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  setTime(view, 0, nanoseconds);
  return new Uint8Array(view.buffer);
}

function block(type: number, body: DataView, options: readonly Option[]): Uint8Array {
  const optionBytes = options.reduce((sum, { value }) => sum + 4 + padded(value.length), 4);
  const bytes = new Uint8Array(12 + body.byteLength + optionBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, bytes.length, true);
  bytes.set(new Uint8Array(body.buffer), 8);
  let at = 8 + body.byteLength;
  for (const { code, value } of options) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  view.setUint32(bytes.length - 4, bytes.length, true);
  return bytes;
}
