/**
 * Reads an Ethernet frame by the rules of the kernel program's parser, header by header. Each function checks
 * its own bounds, leaves the cursor behind its header and returns what it read, or the reason why it could not.
 * Total: any bytes give a result, nothing throws.
 */
import { present } from '../../base/assert.ts';
import type { Address, Family } from '../../base/ip.ts';
import type { ParseReason } from '../model.ts';
import { PROTOCOLS } from '../model.ts';
import type { Decoded, IcmpHeader } from './model.ts';

const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd, tag: 0x8100, serviceTag: 0x88a8 } as const;
const ETHERNET_BYTES = 14;
const TAG_BYTES = 4;
const MAX_TAGS = 2;

/** What the length fields of IP can say. */
const MAX_LENGTH = 0xffff;
const IPV4_BYTES = 20;
const OPTION = { end: 0, nothing: 1, looseRoute: 131, strictRoute: 137 } as const;
const IPV6_BYTES = 40;
const FRAGMENT_BYTES = 8;
const MAX_EXTENSION_HEADERS = 8;
/** In a routing header. */
const SEGMENTS_LEFT_AT = 3;
const EXTENSION = { hopByHop: 0, routing: 43, fragment: 44, authentication: 51, destination: 60 } as const;

const TCP_BYTES = 20;
const TCP_RST = 0x04;
const TCP_ACK = 0x10;
/** Headers of the transports that have one we read, beside TCP. */
const UDP_BYTES = 8;
const ICMP_BYTES = 8;
const SCTP_BYTES = 12;

/** The bytes not read yet. `end` moves in when a header says where its payload ends. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  u8(offset: number): number {
    return present(this.#bytes[this.#at + offset], 'a read past the bounds check');
  }

  u16(offset: number): number {
    return this.u8(offset) * 0x100 + this.u8(offset + 1);
  }

  u32(offset: number): number {
    return this.u16(offset) * 0x10000 + this.u16(offset + 2);
  }

  skip(count: number): void {
    this.#at += count;
  }

  /** Ignores what follows the next `count` bytes: Ethernet padding. */
  limit(count: number): void {
    this.#end = this.#at + count;
  }
}

interface Link {
  readonly etherType: number;
  readonly broadcastFrame: boolean;
}

interface Network {
  readonly family: Family;
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  readonly hopLimit: number;
  readonly laterFragment: boolean;
  readonly sourceRouted: boolean;
}

interface Transport {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly icmp: IcmpHeader | undefined;
  readonly established: boolean;
}

const NO_TRANSPORT: Transport = { sourcePort: 0, destinationPort: 0, icmp: undefined, established: false };

export function decodePacket(frame: Uint8Array): Decoded {
  const cursor = new Cursor(frame);
  const link = readEthernet(cursor);
  if (typeof link === 'string') return { kind: 'parse', reason: link };
  const network = readNetwork(cursor, link.etherType);
  if (typeof network === 'string') return { kind: 'parse', reason: network };
  const transport = network.laterFragment ? NO_TRANSPORT : readTransport(cursor, network.protocol);
  if (typeof transport === 'string') return { kind: 'parse', reason: transport };
  const { broadcastFrame } = link;
  return { kind: 'packet', packet: { ...network, ...transport, broadcastFrame, frameBytes: frame.length } };
}

/** The Ethernet header and up to two VLAN tags. */
function readEthernet(cursor: Cursor): Link | ParseReason {
  if (cursor.left < ETHERNET_BYTES) return 'malformed';
  const broadcastFrame = cursor.u32(0) === 0xffffffff && cursor.u16(4) === 0xffff;
  let etherType = cursor.u16(12);
  cursor.skip(ETHERNET_BYTES);
  for (let tags = 0; isTag(etherType); tags++) {
    if (tags === MAX_TAGS) return 'vlan_depth';
    if (cursor.left < TAG_BYTES) return 'malformed';
    etherType = cursor.u16(2);
    cursor.skip(TAG_BYTES);
  }
  return { etherType, broadcastFrame };
}

function isTag(etherType: number): boolean {
  return etherType === ETHERTYPE.tag || etherType === ETHERTYPE.serviceTag;
}

function readNetwork(cursor: Cursor, etherType: number): Network | ParseReason {
  if (etherType === ETHERTYPE.ipv4) return readIpv4(cursor);
  if (etherType === ETHERTYPE.ipv6) return readIpv6(cursor);
  return 'non_ip';
}

/**
 * The length of an IP packet, or of its payload, of which at most `most` bytes are there. The kernel joins and builds
 * packets that no wire carries (BIG TCP): those are longer than the field can say, which is 0 then.
 */
function ipLength(field: number, most: number): number {
  return field === 0 && most > MAX_LENGTH ? most : field;
}

/** The fixed header and its options; the payload ends where the total length says. */
function readIpv4(cursor: Cursor): Network | ParseReason {
  if (cursor.left < IPV4_BYTES || cursor.u8(0) >>> 4 !== 4) return 'malformed';
  const headerBytes = (cursor.u8(0) & 0x0f) * 4;
  const totalBytes = ipLength(cursor.u16(2), cursor.left);
  if (headerBytes < IPV4_BYTES || headerBytes > totalBytes || totalBytes > cursor.left) return 'malformed';
  const network: Network = {
    family: 4,
    source: { family: 4, words: [cursor.u32(12)] },
    destination: { family: 4, words: [cursor.u32(16)] },
    protocol: cursor.u8(9),
    hopLimit: cursor.u8(8),
    laterFragment: (cursor.u16(6) & 0x1fff) !== 0,
    sourceRouted: hasSourceRoute(cursor, headerBytes),
  };
  cursor.limit(totalBytes);
  cursor.skip(headerBytes);
  return network;
}

/** As Linux walks the options: one that does not fit ends the walk, and the stack drops such a packet by itself. */
function hasSourceRoute(cursor: Cursor, headerBytes: number): boolean {
  for (let at = IPV4_BYTES; at + 2 <= headerBytes; ) {
    const kind = cursor.u8(at);
    if (kind === OPTION.end) return false;
    if (kind === OPTION.looseRoute || kind === OPTION.strictRoute) return true;
    const length = kind === OPTION.nothing ? 1 : cursor.u8(at + 1);
    if (length < 2 && kind !== OPTION.nothing) return false;
    at += length;
  }
  return false;
}

/** The fixed header and the extension headers behind it. */
function readIpv6(cursor: Cursor): Network | ParseReason {
  if (cursor.left < IPV6_BYTES || cursor.u8(0) >>> 4 !== 6) return 'malformed';
  const payloadBytes = ipLength(cursor.u16(4), cursor.left - IPV6_BYTES);
  if (IPV6_BYTES + payloadBytes > cursor.left) return 'malformed';
  const nextHeader = cursor.u8(6);
  const hopLimit = cursor.u8(7);
  const source = readIpv6Address(cursor, 8);
  const destination = readIpv6Address(cursor, 24);
  cursor.skip(IPV6_BYTES);
  cursor.limit(payloadBytes);
  const chain = readExtensionHeaders(cursor, nextHeader);
  return typeof chain === 'string' ? chain : { family: 6, source, destination, hopLimit, ...chain };
}

function readIpv6Address(cursor: Cursor, offset: number): Address {
  return { family: 6, words: [0, 4, 8, 12].map((at) => cursor.u32(offset + at)) };
}

type Chain = Pick<Network, 'protocol' | 'laterFragment' | 'sourceRouted'>;

/** Walks to the first header that is not an extension header, or to a later fragment, where no header follows. */
function readExtensionHeaders(cursor: Cursor, first: number): Chain | ParseReason {
  let protocol = first;
  let sourceRouted = false;
  for (let walked = 0; isExtension(protocol); walked++) {
    if (walked === MAX_EXTENSION_HEADERS) return 'ext_headers';
    if (cursor.left < 2) return 'malformed';
    const bytes = extensionBytes(protocol, cursor.u8(1));
    if (cursor.left < bytes) return 'malformed';
    if (protocol === EXTENSION.routing && cursor.u8(SEGMENTS_LEFT_AT) !== 0) sourceRouted = true;
    const laterFragment = protocol === EXTENSION.fragment && cursor.u16(2) >>> 3 !== 0;
    protocol = cursor.u8(0);
    cursor.skip(bytes);
    if (laterFragment) return { protocol, laterFragment, sourceRouted };
  }
  return { protocol, laterFragment: false, sourceRouted };
}

const EXTENSIONS: ReadonlySet<number> = new Set(Object.values(EXTENSION));

function isExtension(protocol: number): boolean {
  return EXTENSIONS.has(protocol);
}

/** A fragment header has no length: the byte where others have theirs is reserved, whatever it says. */
function extensionBytes(protocol: number, length: number): number {
  if (protocol === EXTENSION.fragment) return FRAGMENT_BYTES;
  return protocol === EXTENSION.authentication ? (length + 2) * 4 : (length + 1) * 8;
}

/** ICMP and ICMPv6 go by protocol number, whatever the IP family. */
function readTransport(cursor: Cursor, protocol: number): Transport | ParseReason {
  switch (protocol) {
    case PROTOCOLS.tcp:
      return readTcp(cursor);
    case PROTOCOLS.udp:
      return readPorts(cursor, UDP_BYTES);
    case PROTOCOLS.sctp:
      return readPorts(cursor, SCTP_BYTES);
    case PROTOCOLS.icmp:
    case PROTOCOLS.icmpv6:
      return readIcmp(cursor);
    default:
      return NO_TRANSPORT;
  }
}

function readTcp(cursor: Cursor): Transport | ParseReason {
  if (cursor.left < TCP_BYTES) return 'malformed';
  const headerBytes = (cursor.u8(12) >>> 4) * 4;
  if (headerBytes < TCP_BYTES || headerBytes > cursor.left) return 'malformed';
  const established = (cursor.u8(13) & (TCP_ACK | TCP_RST)) !== 0;
  return { sourcePort: cursor.u16(0), destinationPort: cursor.u16(2), icmp: undefined, established };
}

function readPorts(cursor: Cursor, headerBytes: number): Transport | ParseReason {
  if (cursor.left < headerBytes) return 'malformed';
  return { ...NO_TRANSPORT, sourcePort: cursor.u16(0), destinationPort: cursor.u16(2) };
}

function readIcmp(cursor: Cursor): Transport | ParseReason {
  if (cursor.left < ICMP_BYTES) return 'malformed';
  return { ...NO_TRANSPORT, icmp: { type: cursor.u8(0), code: cursor.u8(1) } };
}
