/** Packet -> frame: the inverse of packet-decode.ts, for test runs. Checksums are 0: no filter looks at them. */

import { PROTOCOLS } from '../model.ts';
import type { Packet } from './model.ts';

const ETHERNET = 14;
const IPV4 = 20;
const IPV6 = 40;
const FRAGMENT = 8;
const NEXT_FRAGMENT = 44;
const TCP_ACK = 0x10;
const TCP_SYN = 0x02;
/** In units of 8 bytes; any but 0 makes a later fragment. */
const FRAGMENT_OFFSET = 185;

/** Bytes of the shortest whole header; protocols without one get a few bytes of payload. */
const L4_BYTES: ReadonlyMap<number, number> = new Map([
  [PROTOCOLS.tcp, 20],
  [PROTOCOLS.udp, 8],
  [PROTOCOLS.sctp, 12],
]);
const DEFAULT_L4_BYTES = 8;

/** The shortest frame that decodes to `packet`, whatever its frameBytes say. */
export function encodePacket(packet: Packet): Uint8Array {
  const l4 = encodeL4(packet);
  const fragmentHeader = packet.laterFragment && packet.family === 6 ? FRAGMENT : 0;
  const ip = packet.family === 4 ? IPV4 : IPV6 + fragmentHeader;
  const frame = new Uint8Array(ETHERNET + ip + l4.length);
  const view = new DataView(frame.buffer);
  if (packet.broadcastFrame) frame.fill(0xff, 0, 6);
  view.setUint16(12, packet.family === 4 ? 0x0800 : 0x86dd);
  if (packet.family === 4) encodeIpv4(view, packet, IPV4 + l4.length);
  else encodeIpv6(view, packet, fragmentHeader + l4.length);
  frame.set(l4, ETHERNET + ip);
  return frame;
}

function encodeIpv4(view: DataView, packet: Packet, totalLength: number): void {
  view.setUint8(ETHERNET, 0x45);
  view.setUint16(ETHERNET + 2, totalLength);
  view.setUint16(ETHERNET + 6, packet.laterFragment ? FRAGMENT_OFFSET : 0);
  view.setUint8(ETHERNET + 8, packet.hopLimit);
  view.setUint8(ETHERNET + 9, packet.protocol);
  view.setUint32(ETHERNET + 12, packet.source.words[0] ?? 0);
  view.setUint32(ETHERNET + 16, packet.destination.words[0] ?? 0);
}

function encodeIpv6(view: DataView, packet: Packet, payloadLength: number): void {
  view.setUint8(ETHERNET, 0x60);
  view.setUint16(ETHERNET + 4, payloadLength);
  view.setUint8(ETHERNET + 6, packet.laterFragment ? NEXT_FRAGMENT : packet.protocol);
  view.setUint8(ETHERNET + 7, packet.hopLimit);
  for (const [w, word] of packet.source.words.entries()) view.setUint32(ETHERNET + 8 + 4 * w, word);
  for (const [w, word] of packet.destination.words.entries()) view.setUint32(ETHERNET + 24 + 4 * w, word);
  if (!packet.laterFragment) return;
  view.setUint8(ETHERNET + IPV6, packet.protocol);
  view.setUint16(ETHERNET + IPV6 + 2, FRAGMENT_OFFSET << 3);
}

function encodeL4(packet: Packet): Uint8Array {
  const bytes = new Uint8Array(L4_BYTES.get(packet.protocol) ?? DEFAULT_L4_BYTES);
  if (packet.laterFragment) return bytes;
  const view = new DataView(bytes.buffer);
  if (packet.icmp !== undefined) {
    view.setUint8(0, packet.icmp.type);
    view.setUint8(1, packet.icmp.code);
  } else if (L4_BYTES.has(packet.protocol)) {
    view.setUint16(0, packet.sourcePort);
    view.setUint16(2, packet.destinationPort);
  }
  if (packet.protocol === PROTOCOLS.tcp) {
    view.setUint8(12, 0x50);
    view.setUint8(13, packet.established ? TCP_ACK : TCP_SYN);
  } else if (packet.protocol === PROTOCOLS.udp) {
    view.setUint16(4, bytes.length);
  }
  return bytes;
}
