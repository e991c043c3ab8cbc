/**
 * Link types of captures (https://www.tcpdump.org/linktypes.html). The kernel program reads Ethernet, so other
 * frames that carry IP get an Ethernet header in place of their own.
 */
export interface LinkType {
  /** Bytes ahead of the network header in the capture. */
  readonly headerBytes: number;
  readonly toEthernet: (bytes: Uint8Array) => Uint8Array;
}

const ETHERNET_BYTES = 14;
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const SLL_BYTES = 16;
const SLL2_BYTES = 20;
/** Packet type of a cooked header: sent to the broadcast address of its link. */
const COOKED_BROADCAST = 1;

const ETHERNET: LinkType = { headerBytes: ETHERNET_BYTES, toEthernet: (bytes) => bytes };
const RAW: LinkType = { headerBytes: 0, toEthernet: (bytes) => withEthernet(versionType(bytes), bytes) };

const LINK_TYPES: ReadonlyMap<number, LinkType> = new Map([
  [1, ETHERNET],
  [12, RAW],
  [14, RAW],
  [101, RAW],
  [228, { headerBytes: 0, toEthernet: (bytes) => withEthernet(IPV4, bytes) }],
  [229, { headerBytes: 0, toEthernet: (bytes) => withEthernet(IPV6, bytes) }],
  [113, { headerBytes: SLL_BYTES, toEthernet: fromCooked }],
  [276, { headerBytes: SLL2_BYTES, toEthernet: fromCooked2 }],
]);

/** Names of link types that are not read, for messages. */
const OTHER_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'BSD loopback'],
  [9, 'PPP'],
  [105, 'IEEE 802.11'],
  [108, 'OpenBSD loopback'],
  [127, 'IEEE 802.11 with radiotap'],
  [189, 'USB'],
  [195, 'IEEE 802.15.4'],
  [201, 'Bluetooth'],
  [220, 'USB'],
  [239, 'Linux netfilter log'],
]);

export function linkTypeOf(number: number): LinkType | undefined {
  return LINK_TYPES.get(number);
}

export function linkTypeName(number: number): string {
  const name = OTHER_NAMES.get(number);
  return name === undefined ? `link type ${number}` : `link type ${number} (${name})`;
}

/** Raw IP is of the version its first four bits say; any other is left to the parser to refuse. */
function versionType(bytes: Uint8Array): number {
  return (bytes[0] ?? 0) >>> 4 === 6 ? IPV6 : IPV4;
}

function withEthernet(etherType: number, payload: Uint8Array, isBroadcast = false): Uint8Array {
  const frame = new Uint8Array(ETHERNET_BYTES + payload.length);
  if (isBroadcast) frame.fill(0xff, 0, 6);
  else frame.set([2, 0, 0, 0, 0, 1]);
  frame.set([2, 0, 0, 0, 0, 2, etherType >>> 8, etherType & 0xff], 6);
  frame.set(payload, ETHERNET_BYTES);
  return frame;
}

/** Linux cooked capture: packet type in the first two bytes, protocol in the last two. */
function fromCooked(bytes: Uint8Array): Uint8Array {
  if (bytes.length < SLL_BYTES) return cutHeader(bytes);
  const isBroadcast = u16(bytes, 0) === COOKED_BROADCAST;
  return withEthernet(u16(bytes, 14), bytes.subarray(SLL_BYTES), isBroadcast);
}

/** Version 2: protocol first, packet type in byte 10. */
function fromCooked2(bytes: Uint8Array): Uint8Array {
  if (bytes.length < SLL2_BYTES) return cutHeader(bytes);
  return withEthernet(u16(bytes, 0), bytes.subarray(SLL2_BYTES), bytes[10] === COOKED_BROADCAST);
}

/** Too short for a link header, and so for an Ethernet header too. */
function cutHeader(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, ETHERNET_BYTES - 1);
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
}
