/**
 * Frames for tests, from the Ethernet header on. Lengths and checksums are right unless a field says otherwise: every
 * field can be made wrong on its own. A modifier (`tagged`, `laterFragment`, `cutTo`, ...) rebuilds the frame.
 */

import { present } from '../../src/base/assert.ts';
import { parseAddress } from '../../src/base/ip.ts';
import { PROTOCOLS } from '../../src/policy/model.ts';
import { decodePacket } from '../../src/policy/packet/decode.ts';
import type { Packet } from '../../src/policy/packet/model.ts';
import { concat, internetChecksum, u16 } from './bytes.ts';

export interface TestPacket {
  readonly frame: Uint8Array;
  /** One line for failure messages. */
  readonly summary: string;
  readonly fields: FrameFields;
}

export interface ExtensionHeader {
  readonly protocol: number;
  /** Bytes it takes in the frame: a multiple of 8, of 4 for AH. */
  readonly bytes: number;
  /** Instead of the length field that `bytes` gives. */
  readonly lengthField?: number;
  /** Of a routing header; 0 unless given. */
  readonly segmentsLeft?: number;
}

export interface FragmentFields {
  /** In units of 8 bytes. */
  readonly offset: number;
  readonly more: boolean;
}

/** What may be said of every packet, whatever it carries. */
export interface CommonFields {
  readonly ethernetDestination?: string;
  /** Types of the VLAN tags, outermost first. */
  readonly tags?: readonly number[];
  readonly etherType?: number;
  readonly version?: number;
  readonly hopLimit?: number;
  /** IPv4 options or IPv6 extension headers ahead of the fragment header. */
  readonly options?: Uint8Array;
  readonly extensions?: readonly ExtensionHeader[];
  readonly fragment?: FragmentFields;
  /** Wrong on purpose: IPv4 header length in words, IPv4 total length, IPv6 payload length in bytes. */
  readonly headerWords?: number;
  readonly totalLength?: number;
  readonly payloadLength?: number;
  /** Bytes behind the packet, as Ethernet pads short frames. */
  readonly padding?: number;
  /** The frame ends after so many bytes. */
  readonly cutTo?: number;
}

export interface FrameFields extends CommonFields {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  /** Everything behind the IP headers. */
  readonly transport: Uint8Array;
  readonly label: string;
}

export interface PortFields extends CommonFields {
  readonly sport?: number;
  readonly dport?: number;
  readonly payload?: Uint8Array;
}

export interface TcpFields extends PortFields {
  /** Letters of F S R P A U; `S` unless given. */
  readonly flags?: string;
  readonly tcpOptions?: Uint8Array;
  /** Wrong on purpose: header length in words. */
  readonly dataOffset?: number;
}

export interface IcmpFields extends CommonFields {
  readonly type?: number;
  readonly code?: number;
  readonly payload?: Uint8Array;
}

export interface RawFields extends CommonFields {
  readonly payload?: Uint8Array;
}

export const TAG = { vlan: 0x8100, service: 0x88a8 } as const;
export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff';

const EPHEMERAL_PORT = 40000;
const EMPTY: Uint8Array = new Uint8Array(0);
const FLAG_LETTERS = 'FSRPAU';

export function tcp(source: string, destination: string, fields: TcpFields = {}): TestPacket {
  const { sport = EPHEMERAL_PORT, dport = 80, flags = 'S', tcpOptions = EMPTY, payload = EMPTY, ...rest } = fields;
  const { dataOffset = 5 + tcpOptions.length / 4, ...common } = rest;
  const bits = [...flags].reduce((sum, letter) => sum | (1 << FLAG_LETTERS.indexOf(letter)), 0);
  const header = [...u16(sport), ...u16(dport), 0, 0, 0, 1, 0, 0, 0, 0, (dataOffset << 4) & 0xff, bits, 0xff, 0xff];
  const transport = concat(Uint8Array.from([...header, 0, 0, 0, 0]), tcpOptions, payload);
  const label = `tcp ${endpoint(source, sport)} -> ${endpoint(destination, dport)} [${flags}]`;
  return build({ ...common, source, destination, protocol: PROTOCOLS.tcp, transport, label });
}

export function udp(source: string, destination: string, fields: PortFields = {}): TestPacket {
  const { sport = EPHEMERAL_PORT, dport = 53, payload = EMPTY, ...common } = fields;
  const header = Uint8Array.from([...u16(sport), ...u16(dport), ...u16(8 + payload.length), 0, 0]);
  const label = `udp ${endpoint(source, sport)} -> ${endpoint(destination, dport)}`;
  const transport = concat(header, payload);
  return build({ ...common, source, destination, protocol: PROTOCOLS.udp, transport, label });
}

export function sctp(source: string, destination: string, fields: PortFields = {}): TestPacket {
  const { sport = EPHEMERAL_PORT, dport = 9899, payload = EMPTY, ...common } = fields;
  const transport = concat(Uint8Array.from([...u16(sport), ...u16(dport), 0, 0, 0, 1, 0, 0, 0, 0]), payload);
  const label = `sctp ${endpoint(source, sport)} -> ${endpoint(destination, dport)}`;
  return build({ ...common, source, destination, protocol: PROTOCOLS.sctp, transport, label });
}

/** An echo request unless told otherwise. */
export function icmp(source: string, destination: string, fields: IcmpFields = {}): TestPacket {
  return icmpOf('icmp', PROTOCOLS.icmp, source, destination, { type: 8, ...fields });
}

export function icmpv6(source: string, destination: string, fields: IcmpFields = {}): TestPacket {
  return icmpOf('icmpv6', PROTOCOLS.icmpv6, source, destination, { type: 128, ...fields });
}

function icmpOf(name: string, protocol: number, source: string, destination: string, fields: IcmpFields): TestPacket {
  const { type = 0, code = 0, payload = EMPTY, ...common } = fields;
  const transport = concat(Uint8Array.from([type, code, 0, 0, 0, 1, 0, 1]), payload);
  const label = `${name} ${source} -> ${destination} type ${type} code ${code}`;
  return build({ ...common, source, destination, protocol, transport, label });
}

/** Any protocol number, with whatever follows the IP header. */
export function raw(protocol: number, source: string, destination: string, fields: RawFields = {}): TestPacket {
  const { payload = EMPTY, ...common } = fields;
  const label = `${protocol} ${source} -> ${destination}`;
  return build({ ...common, source, destination, protocol, transport: payload, label });
}

/** A frame that is not IP. */
export function ethernet(etherType: number, payload: Uint8Array = EMPTY, tags: readonly number[] = []): TestPacket {
  const label = `ethernet 0x${etherType.toString(16)}`;
  const common = { source: '0.0.0.0', destination: '0.0.0.0', protocol: 0, label };
  const fields = { ...common, etherType, tags, transport: payload };
  return { frame: concat(ethernetHeader(fields, etherType), payload), summary: label, fields };
}

/** Builds a packet anew with some fields changed. */
export function altered(packet: TestPacket, changes: Partial<FrameFields>): TestPacket {
  return build({ ...packet.fields, ...changes });
}

export function tagged(packet: TestPacket, ...tags: readonly number[]): TestPacket {
  return altered(packet, { tags });
}

export function padded(packet: TestPacket, bytes: number): TestPacket {
  return altered(packet, { padding: bytes });
}

export function cutTo(packet: TestPacket, bytes: number): TestPacket {
  return altered(packet, { cutTo: bytes });
}

/** The first of several: its transport header is there. */
export function firstFragment(packet: TestPacket): TestPacket {
  return altered(packet, { fragment: { offset: 0, more: true } });
}

/** Keeps the bytes of the transport header, for whoever wrongly reads a later fragment's payload as one. */
export function laterFragment(packet: TestPacket, offset = 185): TestPacket {
  return altered(packet, { fragment: { offset, more: false } });
}

/** What the decoder makes of a packet that must decode. */
export function packetOf(test: TestPacket): Packet {
  const decoded = decodePacket(test.frame);
  if (decoded.kind === 'parse') throw new Error(`${test.summary}: ${decoded.reason}`);
  return decoded.packet;
}

const EXTENSION = { hopByHop: 0, routing: 43, fragment: 44, authentication: 51, destination: 60 } as const;

/** An extension header of a kind, 8 bytes long unless told otherwise. */
export function extension(kind: keyof typeof EXTENSION, bytes = 8, lengthField?: number): ExtensionHeader {
  const protocol = EXTENSION[kind];
  return lengthField === undefined ? { protocol, bytes } : { protocol, bytes, lengthField };
}

/** A routing header of 24 bytes, with room for one address. */
export function routing(segmentsLeft: number): ExtensionHeader {
  return { ...extension('routing', 24), segmentsLeft };
}

function build(fields: FrameFields): TestPacket {
  const isIpv6 = fields.source.includes(':');
  const network = isIpv6 ? ipv6(fields) : ipv4(fields);
  const etherType = fields.etherType ?? (isIpv6 ? 0x86dd : 0x0800);
  const whole = concat(ethernetHeader(fields, etherType), network, new Uint8Array(fields.padding ?? 0));
  return { frame: whole.slice(0, fields.cutTo ?? whole.length), summary: summaryOf(fields), fields };
}

function ethernetHeader(fields: FrameFields, etherType: number): Uint8Array {
  const to = (fields.ethernetDestination ?? '02:00:00:00:00:01').split(':').map((byte) => Number.parseInt(byte, 16));
  const tags = (fields.tags ?? []).flatMap((type, i) => [...u16(type), ...u16(i + 1)]);
  return Uint8Array.from([...to, 2, 0, 0, 0, 0, 2, ...tags, ...u16(etherType)]);
}

function ipv4(fields: FrameFields): Uint8Array {
  const { options = EMPTY, fragment = { offset: 0, more: false }, hopLimit = 64, version = 4 } = fields;
  const headerBytes = 20 + options.length;
  const header = concat(new Uint8Array(20), options);
  header[0] = (version << 4) | ((fields.headerWords ?? headerBytes / 4) & 0x0f);
  header.set(u16(fields.totalLength ?? headerBytes + fields.transport.length), 2);
  header.set(u16((fragment.more ? 0x2000 : 0) | fragment.offset), 6);
  header[8] = hopLimit;
  header[9] = fields.protocol;
  header.set(addressBytes(fields.source), 12);
  header.set(addressBytes(fields.destination), 16);
  header.set(u16(internetChecksum(header)), 10);
  return concat(header, checksummed(fields));
}

function ipv6(fields: FrameFields): Uint8Array {
  const { hopLimit = 64, version = 6 } = fields;
  const chain = extensionChain(fields);
  const payload = concat(chain.bytes, checksummed(fields));
  const header = new Uint8Array(40);
  header[0] = version << 4;
  header.set(u16(fields.payloadLength ?? payload.length), 4);
  header[6] = chain.first;
  header[7] = hopLimit;
  header.set(addressBytes(fields.source), 8);
  header.set(addressBytes(fields.destination), 24);
  return concat(header, payload);
}

/** The extension headers, each naming the next, the fragment header last, the transport protocol behind it. */
function extensionChain(fields: FrameFields): {
  readonly first: number;
  readonly bytes: Uint8Array;
} {
  const fragment = fields.fragment === undefined ? [] : [extension('fragment')];
  const headers = [...(fields.extensions ?? []), ...fragment];
  const following = [...headers.slice(1).map((header) => header.protocol), fields.protocol];
  const bytes = headers.map((header, i) => {
    const out = new Uint8Array(header.bytes);
    const units = header.protocol === EXTENSION.authentication ? header.bytes / 4 - 2 : header.bytes / 8 - 1;
    out.set([present(following[i]), header.lengthField ?? units]);
    if (header.segmentsLeft !== undefined) out[3] = header.segmentsLeft;
    if (i === headers.length - 1 && fields.fragment !== undefined) {
      out.set(u16((fields.fragment.offset << 3) | (fields.fragment.more ? 1 : 0)), 2);
    }
    return out;
  });
  return { first: headers[0]?.protocol ?? fields.protocol, bytes: concat(...bytes) };
}

const CHECKSUM_AT: ReadonlyMap<number, number> = new Map([
  [PROTOCOLS.tcp, 16],
  [PROTOCOLS.udp, 6],
  [PROTOCOLS.icmp, 2],
  [PROTOCOLS.icmpv6, 2],
]);

/** The transport bytes with their checksum, where the protocol has one and its field is there. */
function checksummed(fields: FrameFields): Uint8Array {
  const { protocol, transport, source, destination } = fields;
  const at = CHECKSUM_AT.get(protocol);
  if (at === undefined || transport.length < at + 2) return transport;
  const ends = concat(addressBytes(source), addressBytes(destination));
  const pseudo = concat(ends, Uint8Array.from([0, protocol, ...u16(transport.length)]));
  const out = transport.slice();
  out.set([0, 0], at);
  out.set(u16(internetChecksum(protocol === PROTOCOLS.icmp ? out : concat(pseudo, out))), at);
  return out;
}

function addressBytes(text: string): Uint8Array {
  const address = present(parseAddress(text), `no address: ${text}`);
  return Uint8Array.from(address.words.flatMap((word) => [...u16(word >>> 16), ...u16(word & 0xffff)]));
}

function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function summaryOf(fields: FrameFields): string {
  const { tags = [], fragment, extensions = [], padding = 0, cutTo: cut } = fields;
  const notes = [
    ...tags.map((tag) => `tag ${tag.toString(16)}`),
    ...extensions.map((header) => `ext ${header.protocol}/${header.bytes}`),
    ...(fragment === undefined ? [] : [`fragment at ${fragment.offset}${fragment.more ? '+' : ''}`]),
    ...(padding === 0 ? [] : [`padding ${padding}`]),
    ...(cut === undefined ? [] : [`cut to ${cut}`]),
  ];
  return [fields.label, ...notes].join(', ');
}
