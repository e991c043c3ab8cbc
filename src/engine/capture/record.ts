/** What the readers of both formats share. */
import type { ByteReader } from './byte-reader.ts';
import { CaptureError } from './capture-error.ts';
import type { LinkType } from './link-type.ts';
import { linkTypeName, linkTypeOf } from './link-type.ts';

export interface CapturedPacket {
  /** Position in the capture, counted from 1. */
  readonly index: number;
  /** Since 1970. */
  readonly timestampNs: bigint;
  /** As the capture says; `frame` is Ethernet whatever it is. */
  readonly linkType: number;
  /** From the Ethernet header on, made up where the capture has another link header. */
  readonly frame: Uint8Array;
  /** Bytes of the whole frame: more than `frame` holds where the capture was taken with a shorter snap length. */
  readonly originalLength: number;
}

/** libpcap's own limit for what is captured of one packet. */
export const MAX_CAPTURED = 262_144;

/** Where a reader is: for its errors, and to number its packets. */
export interface Position {
  readonly file: string;
  readonly reader: ByteReader;
  packet: number;
}

/** `packet` is the one being read, 0 in the headers before the first. */
export function failure(
  position: Position,
  offset: number,
  packet: number,
  problem: Pick<CaptureError, 'found' | 'wanted' | 'next'>,
): CaptureError {
  return new CaptureError({ file: position.file, offset, packet, ...problem });
}

/** Exactly `count` bytes, or an error that says that the capture ends too early. */
export async function takeAll(
  position: Position,
  count: number,
  what: string,
  packet: number = position.packet + 1,
): Promise<Uint8Array> {
  const { reader } = position;
  const at = reader.offset;
  const bytes = reader.takeNow(count) ?? (await reader.take(count));
  if (bytes.length < count) throw cut(position, at, bytes.length, `${count} bytes of ${what}`, packet);
  return bytes;
}

export function cut(
  position: Position,
  offset: number,
  found: number,
  wanted: string,
  packet: number = position.packet + 1,
): CaptureError {
  const end = found === 0 ? 'the end of the file' : `${found} and the end of the file`;
  const next = 'the capture was cut short: every packet before this one is whole';
  return failure(position, offset, packet, { found: end, wanted, next });
}

export function requireLinkType(position: Position, offset: number, number: number, packet: number): LinkType {
  const linkType = linkTypeOf(number);
  if (linkType !== undefined) return linkType;
  throw failure(position, offset, packet, {
    found: linkTypeName(number),
    wanted: 'Ethernet, raw IP or Linux cooked frames',
    next: 'capture on an Ethernet interface, or with tcpdump -y EN10MB',
  });
}

export function requireSaneLength(position: Position, offset: number, captured: number): void {
  if (captured <= MAX_CAPTURED) return;
  throw failure(position, offset, position.packet + 1, {
    found: `a packet of ${captured} bytes`,
    wanted: `at most ${MAX_CAPTURED}`,
    next: 'the file is damaged here: every packet before this one is whole',
  });
}

/** The next packet. Its numbers follow the header that the frame has here, not the captured one. */
export function capturedPacket(
  position: Position,
  number: number,
  linkType: LinkType,
  timestampNs: bigint,
  bytes: Uint8Array,
  originalLength: number,
): CapturedPacket {
  const frame = linkType.toEthernet(bytes);
  const missing = Math.max(0, originalLength - bytes.length);
  position.packet++;
  return { index: position.packet, timestampNs, linkType: number, frame, originalLength: frame.length + missing };
}
