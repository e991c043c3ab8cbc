/** Packets as people write them: `tcp 203.0.113.9:40000 -> 131.107.1.1:80`, `icmp 10.0.0.1 -> 131.107.1.1 type 8`. */
import { present } from '../../base/assert.ts';
import type { Diagnostics, Span } from '../../base/diagnostics.ts';
import type { Address } from '../../base/ip.ts';
import { formatAddress, parseAddress } from '../../base/ip.ts';
import { PROTOCOLS } from '../model.ts';
import type { IcmpHeader, Packet } from './model.ts';

/** Which way a packet passes an interface of the host. */
export type Direction = (typeof DIRECTIONS)[number];

/** A packet, and where it is seen as far as the text says. */
export interface SeenPacket {
  readonly packet: Packet;
  readonly direction: Direction | undefined;
  /** undefined: any interface that no rule names. */
  readonly interface: string | undefined;
}

export interface PacketTextOptions {
  /** As if `established` stood in the text. */
  readonly established?: boolean | undefined;
  /** As if `fragment` stood in the text. */
  readonly fragment?: boolean | undefined;
  /** Where the text stands, if it is a part of a file. */
  readonly span?: Span | undefined;
}

/** A packet with an end that may be the host itself. */
export interface PacketTemplate extends SeenPacket {
  /** The address of an end of `packet` that is `me` is all zeros. */
  readonly mine: 'source' | 'destination' | undefined;
}

const PROTOCOL_NUMBERS: ReadonlyMap<string, number> = new Map(Object.entries(PROTOCOLS));
const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map(
  [...PROTOCOL_NUMBERS].map(([name, number]) => [number, name]),
);
const WITH_PORTS: ReadonlySet<number> = new Set([PROTOCOLS.tcp, PROTOCOLS.udp, PROTOCOLS.sctp]);
const WITH_TYPE: ReadonlySet<number> = new Set([PROTOCOLS.icmp, PROTOCOLS.icmpv6]);
const NUMBERED = ['type', 'code', 'hoplimit'] as const;
const DIRECTIONS = ['arriving', 'leaving'] as const;
const FLAGS = ['established', 'fragment', ...DIRECTIONS] as const;
const PLACE = 'on';
const EXAMPLE = 'write for example tcp 203.0.113.9:40000 -> 131.107.1.1:80';

const HOP_LIMIT = 64;
/** What neighbour discovery sends, so that an explained solicitation is a real one. */
const DISCOVERY_HOP_LIMIT = 255;
/** The smallest Ethernet frame without its FCS. */
const FRAME_BYTES = 60;

interface Word {
  /** In lower case. */
  readonly text: string;
  readonly written: string;
  readonly span: Span;
}

interface End {
  readonly address: Address;
  readonly isMe: boolean;
  readonly port: number | undefined;
  readonly span: Span;
}

interface Properties {
  readonly numbers: ReadonlyMap<string, number>;
  readonly established: boolean;
  readonly fragment: boolean;
  readonly direction: Direction | undefined;
  readonly interface: string | undefined;
  /** The words themselves, for diagnostics. */
  readonly spans: ReadonlyMap<string, Span>;
}

/** The packet that the text describes. Reports to `diags` and returns undefined on bad input; never throws. */
export function parsePacketText(text: string, options: PacketTextOptions, diags: Diagnostics): Packet | undefined {
  return parse(text, options, diags, false)?.packet;
}

/** The same with the direction and the interface that the text names. */
export function parseSeenPacket(text: string, options: PacketTextOptions, diags: Diagnostics): SeenPacket | undefined {
  const read = parse(text, options, diags, false);
  return read === undefined ? undefined : { packet: read.packet, direction: read.direction, interface: read.interface };
}

/** The same where an end may be `me`, with or without a port: `tcp 203.0.113.9:40000 -> me:443`. */
export function parsePacketTemplate(
  text: string,
  options: PacketTextOptions,
  diags: Diagnostics,
): PacketTemplate | undefined {
  return parse(text, options, diags, true);
}

/** One packet for each of the host's addresses of its family; the packet alone where no end is `me`. */
export function packetsOfTemplate({ packet, mine }: PacketTemplate, me: readonly Address[]): readonly Packet[] {
  if (mine === undefined) return [packet];
  const own = me.filter(({ family }) => family === packet.family);
  return own.map(({ family, words }) => ({ ...packet, [mine]: { family, words } }));
}

function parse(
  text: string,
  options: PacketTextOptions,
  diags: Diagnostics,
  takesMe: boolean,
): PacketTemplate | undefined {
  const [first, from, arrow, to, ...rest] = wordsOf(text, options.span);
  if (first === undefined || from === undefined || arrow?.text !== '->' || to === undefined) {
    const at = [first, from, arrow, to].find((word, i) => word === undefined || (i === 2 && word.text !== '->'));
    const found = text.trim() === '' ? 'nothing' : `"${text.trim()}"`;
    const span = at?.span ?? spanAt(text, 0, text.length, options.span);
    return diags.report('XP0601', span, `expected PROTOCOL SOURCE -> DESTINATION, found ${found}`, EXAMPLE);
  }
  const protocol = parseProtocol(first, diags);
  const ends = [parseEnd(from, diags, takesMe), parseEnd(to, diags, takesMe)];
  const [source, destination] = inOneFamily(ends[0], ends[1]);
  const properties = parseProperties(rest, options, diags);
  if (protocol === undefined || source === undefined || destination === undefined) return undefined;
  if (properties === undefined || !endsAgree(source, destination, diags)) return undefined;
  const shape = { name: first.text, protocol, properties, span: first.span };
  const portsFit = [source, destination].map((end) => checkPort(end, shape, diags)).every(Boolean);
  if (!portsFit || !checkEstablished(shape, diags)) return undefined;
  const icmp = icmpOf(shape, diags);
  if (icmp === undefined) return undefined;
  const packet = packetOf(source, destination, shape, icmp === 'none' ? undefined : icmp);
  const mine = source.isMe ? 'source' : destination.isMe ? 'destination' : undefined;
  return { packet, mine, direction: properties.direction, interface: properties.interface };
}

/** `me` is of the family of the other end. */
function inOneFamily(source: End | undefined, destination: End | undefined): readonly (End | undefined)[] {
  if (source?.isMe === true && destination !== undefined) return [meIn(source, destination), destination];
  if (destination?.isMe === true && source !== undefined) return [source, meIn(destination, source)];
  return [source, destination];
}

function meIn(me: End, { address: { family } }: End): End {
  return { ...me, address: { family, words: new Array<number>(family === 4 ? 1 : 4).fill(0) } };
}

/** Text that parses to the same packet, but for its frame's length and broadcast address. */
export function formatPacket(packet: Packet): string {
  const { protocol, icmp, laterFragment } = packet;
  const hasPorts = WITH_PORTS.has(protocol) && !laterFragment;
  const usual = usualHopLimit(protocol, icmp);
  return [
    PROTOCOL_NAMES.get(protocol) ?? `${protocol}`,
    formatEnd(packet.source, hasPorts ? packet.sourcePort : undefined),
    '->',
    formatEnd(packet.destination, hasPorts ? packet.destinationPort : undefined),
    ...(icmp === undefined ? [] : [`type ${icmp.type}`, ...(icmp.code === 0 ? [] : [`code ${icmp.code}`])]),
    ...(packet.hopLimit === usual ? [] : [`hoplimit ${packet.hopLimit}`]),
    ...(packet.established ? ['established'] : []),
    ...(laterFragment ? ['fragment'] : []),
  ].join(' ');
}

/** Text that parses to the same packet, seen at the same place in the same direction. */
export function formatSeenPacket({ packet, direction, interface: name }: SeenPacket): string {
  return [
    formatPacket(packet),
    ...(direction === undefined ? [] : [direction]),
    ...(name === undefined ? [] : [PLACE, name]),
  ].join(' ');
}

function formatEnd(address: Address, port: number | undefined): string {
  const text = formatAddress(address);
  if (port === undefined) return text;
  return address.family === 6 ? `[${text}]:${port}` : `${text}:${port}`;
}

/** Where a value was escaped or folded its parts cannot be pointed at. */
function spanAt(text: string, from: number, length: number, within?: Span): Span {
  if (within !== undefined) {
    if (within.length !== text.length) return within;
    return { ...within, column: within.column + from, length: Math.max(1, length) };
  }
  return { file: 'packet', line: 1, column: from + 1, length: Math.max(1, length), lineText: text };
}

function wordsOf(text: string, within: Span | undefined): Word[] {
  return [...text.matchAll(/\S+/gu)].map(([word], i, all) => ({
    text: word.toLowerCase(),
    written: word,
    span: spanAt(text, all[i]?.index ?? 0, word.length, within),
  }));
}

function parseProtocol(word: Word, diags: Diagnostics): number | undefined {
  const number = PROTOCOL_NUMBERS.get(word.text) ?? parseNumber(word.text, 255);
  if (number !== undefined) return number;
  const names = [...PROTOCOL_NUMBERS.keys()].join(', ');
  return diags.report('XP0602', word.span, `"${word.text}" is no protocol`, `write ${names} or a number from 0 to 255`);
}

/** Decimal, from 0 to `max`. */
function parseNumber(text: string, max: number): number | undefined {
  if (!/^(?:0|[1-9]\d{0,4})$/u.test(text)) return undefined;
  return Number(text) <= max ? Number(text) : undefined;
}

/** The family of the other end takes its place. */
const ME: Address = { family: 4, words: [0] };

/** `ADDRESS`, `IPV4:PORT`, `[IPV6]` or `[IPV6]:PORT`; `me` or `me:PORT` where that is taken. */
function parseEnd(word: Word, diags: Diagnostics, takesMe: boolean): End | undefined {
  const { text, span } = word;
  const bracketed = /^\[(?<host>[^\]]*)\](?::(?<port>.*))?$/u.exec(text);
  const dotted = /^(?<host>[^:]*):(?<port>[^:]*)$/u.exec(text);
  const groups = (bracketed ?? dotted)?.groups;
  const host = groups?.['host'] ?? text;
  const isMe = takesMe && bracketed === null && host === 'me';
  const address = isMe ? ME : parseAddress(host);
  if (address === undefined || (bracketed !== null && address.family === 4)) {
    const help = 'write an address such as 10.0.0.1, 10.0.0.1:80, 2001:db8::1 or [2001:db8::1]:80';
    return diags.report('XP0603', span, `"${host}" is no ${bracketed === null ? '' : 'IPv6 '}address`, help);
  }
  const portText = groups?.['port'];
  if (portText === undefined) return { address, isMe, port: undefined, span };
  const port = parseNumber(portText, 65535);
  if (port !== undefined) return { address, isMe, port, span };
  return diags.report('XP0604', span, `"${portText}" is no port`, 'write one number from 0 to 65535');
}

/** What follows the addresses, in any order. */
function parseProperties(
  words: readonly Word[],
  options: PacketTextOptions,
  diags: Diagnostics,
): Properties | undefined {
  const numbers = new Map<string, number>();
  const spans = new Map<string, Span>();
  let place: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === undefined || !isNewProperty(word, spans, diags)) return undefined;
    spans.set(word.text, word.span);
    if (word.text === PLACE) {
      place = words[++i]?.written;
      if (place === undefined) {
        return diags.report('XP0608', word.span, 'expected on INTERFACE, found nothing', 'write for example on eth0');
      }
    } else if (NUMBERED.some((name) => name === word.text)) {
      const number = parseValue(word, words[++i], diags);
      if (number === undefined) return undefined;
      numbers.set(word.text, number);
    }
  }
  const has = (flag: (typeof FLAGS)[number]): boolean => spans.has(flag);
  const [direction, other] = DIRECTIONS.filter(has);
  if (other !== undefined) {
    const [second] = words.filter(({ text }) => text === other);
    return diags.report(
      'XP0608',
      present(second).span,
      `a packet is either ${direction} or ${other}`,
      'leave one of the two words out',
    );
  }
  const established = options.established === true || has('established');
  const fragment = options.fragment === true || has('fragment');
  return { numbers, spans, established, fragment, direction, interface: place };
}

function isNewProperty(word: Word, spans: ReadonlyMap<string, Span>, diags: Diagnostics): boolean {
  const names: readonly string[] = [...NUMBERED, ...FLAGS, PLACE];
  if (!names.includes(word.text)) {
    const known = [...NUMBERED.map((name) => `${name} N`), ...FLAGS, `${PLACE} INTERFACE`].join(', ');
    diags.report('XP0608', word.span, `unknown property "${word.text}"`, `what may follow: ${known}`);
    return false;
  }
  if (!spans.has(word.text)) return true;
  diags.report('XP0608', word.span, `"${word.text}" is given twice`);
  return false;
}

function parseValue(property: Word, value: Word | undefined, diags: Diagnostics): number | undefined {
  const number = parseNumber(value?.text ?? '', 255);
  if (number !== undefined) return number;
  const found = value === undefined ? 'nothing' : `"${value.text}"`;
  return diags.report('XP0608', value?.span ?? property.span, `expected ${property.text} 0-255, found ${found}`);
}

interface Shape {
  /** As written. */
  readonly name: string;
  readonly protocol: number;
  readonly properties: Properties;
  readonly span: Span;
}

function endsAgree(source: End, destination: End, diags: Diagnostics): boolean {
  if (source.isMe && destination.isMe) {
    diags.report('XP0603', destination.span, 'both ends are me', 'write the address of one of them');
    return false;
  }
  if (source.address.family === destination.address.family) return true;
  const { family } = destination.address;
  diags.report('XP0607', destination.span, `the source is IPv${source.address.family}, the destination IPv${family}`);
  return false;
}

function checkPort(end: End, shape: Shape, diags: Diagnostics): boolean {
  const takesPort = WITH_PORTS.has(shape.protocol);
  if (shape.properties.fragment || !takesPort) {
    if (end.port === undefined) return true;
    const why = takesPort ? 'a later fragment shows no ports' : `protocol ${shape.name} has no ports`;
    diags.report('XP0606', end.span, `${why}, found port ${end.port}`, `write ${formatAddress(end.address)}`);
    return false;
  }
  if (end.port !== undefined) return true;
  const wanted = formatEnd(end.address, 80);
  diags.report('XP0605', end.span, `${shape.name} needs a port at both ends`, `write for example ${wanted}`);
  return false;
}

function checkEstablished(shape: Shape, diags: Diagnostics): boolean {
  const { established, fragment, spans } = shape.properties;
  if (!established || (shape.protocol === PROTOCOLS.tcp && !fragment)) return true;
  const why = fragment ? 'a later fragment shows no TCP flags' : `protocol ${shape.name} has no connections`;
  diags.report('XP0610', spans.get('established') ?? shape.span, `${why}: established needs a whole tcp packet`);
  return false;
}

/** The ICMP header, `none` where there is none to have, undefined after a diagnostic. */
function icmpOf(shape: Shape, diags: Diagnostics): IcmpHeader | 'none' | undefined {
  const { numbers, spans, fragment } = shape.properties;
  const type = numbers.get('type');
  const span = spans.get('type') ?? spans.get('code') ?? shape.span;
  if (!WITH_TYPE.has(shape.protocol) || fragment) {
    if (type === undefined && !numbers.has('code')) return 'none';
    const why = fragment ? 'a later fragment shows no ICMP type' : `protocol ${shape.name} has no ICMP type or code`;
    return diags.report('XP0609', span, why);
  }
  if (type === undefined) {
    return diags.report('XP0609', span, `${shape.name} needs a type`, `write type ${shape.protocol === 1 ? 8 : 128}`);
  }
  return { type, code: numbers.get('code') ?? 0 };
}

function usualHopLimit(protocol: number, icmp: IcmpHeader | undefined): number {
  const isDiscovery = protocol === PROTOCOLS.icmpv6 && icmp !== undefined && icmp.type >= 133 && icmp.type <= 137;
  return isDiscovery ? DISCOVERY_HOP_LIMIT : HOP_LIMIT;
}

function packetOf(source: End, destination: End, shape: Shape, icmp: IcmpHeader | undefined): Packet {
  const { protocol, properties } = shape;
  return {
    family: source.address.family,
    source: source.address,
    destination: destination.address,
    protocol,
    sourcePort: source.port ?? 0,
    destinationPort: destination.port ?? 0,
    icmp,
    established: properties.established,
    laterFragment: properties.fragment,
    sourceRouted: false,
    hopLimit: properties.numbers.get('hoplimit') ?? usualHopLimit(protocol, icmp),
    frameBytes: FRAME_BYTES,
    // A text has no frame: whether it is a broadcast its destination alone says.
    broadcastFrame: source.address.family === 4,
  };
}
