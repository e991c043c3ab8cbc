/**
 * The original's filterspec: SOURCE[/MASK][:PORT], `=` (one way) or `+` (mirrored), then
 * DESTINATION[/MASK][:PORT][:PROTOCOL]. `*` is any address, `0` the host's own, `10.*.*.*` a subnet;
 * no mask is one host, no port or port 0 is any. `(spec)` passes and `[spec]` blocks. IPv6
 * addresses stand in brackets, with the prefix length inside or after them.
 */
import type { Diagnostics } from '../base/diagnostics.ts';
import { findClosest } from '../base/suggest.ts';
import { ANY_PACKET } from '../policy/defaults.ts';
import type { Action, AddressMatch, Filter, PortRange } from '../policy/model.ts';
import { ANY_PORT, PROTOCOLS } from '../policy/model.ts';
import { parsePrefix, prefixOfReading, readDnsName, readPrefix } from './address-text.ts';
import type { FilterKey } from './filter-check.ts';
import { checkFilter } from './filter-check.ts';
import type { ProtocolMatch } from './port-text.ts';
import { parsePortRange, parseProtocolNumber } from './port-text.ts';
import type { Token } from './token.ts';
import { partOf } from './token.ts';

export interface SpecFilter {
  readonly filter: Filter;
  /** Of `(spec)` or `[spec]`; absent where the action stands elsewhere. */
  readonly action?: Action;
}

/** Protocol names of filterspecs; RAW is IP protocol 255. */
export const SPEC_PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ...Object.entries(PROTOCOLS).map(([name, number]) => [name.toUpperCase(), number] as const),
  ['RAW', 255] as const,
]);

/** Reads one filterspec, or several with white space between. Those with errors are reported and left out. */
export function parseFilterSpec(token: Token, diags: Diagnostics): { readonly filters: readonly SpecFilter[] } {
  const filters: SpecFilter[] = [];
  for (const match of token.text.matchAll(/\S+/gu)) {
    const filter = parseOne(partOf(token, match.index, match.index + match[0].length), diags);
    if (filter !== undefined) filters.push(filter);
  }
  if (token.text.trim() === '') diags.report('XP0502', token.span, 'the filterspec is empty', EXAMPLE_HELP);
  return { filters };
}

const EXAMPLE_HELP = 'a filterspec looks like *+131.107.1.1:80:TCP';

function parseOne(token: Token, diags: Diagnostics): SpecFilter | undefined {
  const first = token.text[0];
  const last = token.text.at(-1);
  const bare = partOf(token, 1, token.text.length - 1);
  if (first === '(') {
    if (last === ')') return withAction(parseBare(bare, diags), 'permit');
    return diags.report('XP0503', token.span, `"${token.text}" has no closing parenthesis`);
  }
  if (first === '[' && last === ']' && closingBracket(token.text) === token.text.length - 1) {
    return withAction(parseBare(bare, diags), 'block');
  }
  if (first === '[' && closingBracket(token.text) < 0) {
    return diags.report('XP0503', token.span, `"${token.text}" has no closing bracket`);
  }
  return withAction(parseBare(token, diags), undefined);
}

function withAction(filter: Filter | undefined, action: Action | undefined): SpecFilter | undefined {
  if (filter === undefined) return undefined;
  return action === undefined ? { filter } : { filter, action };
}

/** Where the bracket that opens the text closes, or -1. */
function closingBracket(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '[') depth++;
    else if (text[i] === ']' && --depth === 0) return i;
  }
  return -1;
}

function parseBare(token: Token, diags: Diagnostics): Filter | undefined {
  const operator = token.text.search(/[=+]/u);
  if (operator < 0) {
    return diags.report(
      'XP0502',
      token.span,
      `"${token.text}" has neither = nor + between two addresses`,
      EXAMPLE_HELP,
    );
  }
  const end = token.text.length;
  const source = splitEnd(partOf(token, 0, operator), 'source', diags);
  const destination = splitEnd(partOf(token, operator + 1, end), 'destination', diags);
  if (source === undefined || destination === undefined) return undefined;
  const sourceEnd = readEnd(source, diags);
  const destinationEnd = readEnd(destination, diags);
  const protocol = readProtocol(destination.protocol, diags);
  if (sourceEnd === undefined || destinationEnd === undefined || protocol === undefined) return undefined;
  const filter: Filter = {
    ...ANY_PACKET,
    source: sourceEnd.address,
    destination: destinationEnd.address,
    sourcePorts: [sourceEnd.port],
    destinationPorts: [destinationEnd.port],
    protocol: protocol.number,
    mirrored: token.text[operator] === '+',
    text: token.text,
    span: token.span,
  };
  const spans: Readonly<Partial<Record<FilterKey, Token | undefined>>> = {
    source: source.address,
    destination: destination.address,
    sourcePort: source.port,
    destinationPort: destination.port,
    protocol: destination.protocol,
  };
  const spanOf = (key: FilterKey): Token['span'] => spans[key]?.span ?? token.span;
  const consistent = checkFilter(filter, { syntax: 'filterspec', spanOf, familyOfSet: () => undefined }, diags);
  return consistent ? filter : undefined;
}

/** One end, cut at its colons; the address still with its mask. */
interface EndTokens {
  readonly address: Token;
  readonly port: Token | undefined;
  readonly protocol: Token | undefined;
}

function splitEnd(token: Token, end: 'source' | 'destination', diags: Diagnostics): EndTokens | undefined {
  const text = token.text;
  const bracket = text.startsWith('[') ? closingBracket(text) : 0;
  if (bracket < 0) return diags.report('XP0503', token.span, `"${text}" has no closing bracket`);
  const colons: number[] = [];
  for (let i = bracket; i < text.length; i++) if (text[i] === ':') colons.push(i);
  const [first = text.length, second = text.length] = colons;
  const address = partOf(token, 0, first);
  if (looksLikeIpv6(text, colons.length)) {
    return diags.report('XP0507', token.span, `"${text}" reads as an IPv6 address without brackets`, 'write [ADDRESS]');
  }
  if (end === 'source' && colons.length > 1) {
    const help = 'the protocol stands once, last, after the destination';
    return diags.report('XP0506', partOf(token, second, text.length).span, 'a source has no protocol', help);
  }
  if (colons.length > 2) {
    const rest = partOf(token, colons[2] ?? 0, text.length);
    return diags.report('XP0504', rest.span, `nothing can follow the protocol, found "${rest.text}"`);
  }
  if (address.text === '')
    return diags.report('XP0508', token.span, `the ${end} address is missing`, 'write * for any');
  return {
    address,
    port: colons.length > 0 ? partOf(token, first + 1, second) : undefined,
    protocol: colons.length > 1 ? partOf(token, second + 1, text.length) : undefined,
  };
}

/** IPv6 text, or too many colons after hexadecimal. `0::6` is not: the host's own addresses, any port, protocol 6. */
function looksLikeIpv6(text: string, colons: number): boolean {
  if (!/^[0-9a-f]{0,4}:/iu.test(text) || (colons === 2 && text.startsWith('0:'))) return false;
  return colons > 1 && (readPrefix(text).kind === 'prefix' || (/^[0-9a-f]*:[0-9a-f:]*:/iu.test(text) && colons > 2));
}

function readEnd(
  tokens: EndTokens,
  diags: Diagnostics,
): { readonly address: AddressMatch; readonly port: PortRange } | undefined {
  const address = readAddress(tokens.address, diags);
  const port = readPort(tokens.port, diags);
  return address === undefined || port === undefined ? undefined : { address, port };
}

/** With its mask it is how Windows itself writes "My IP address". */
const OWN_ADDRESS = /^(?:0|0(?:\.0\.0\.0)?\/(?:32|255\.255\.255\.255))$/u;

/** Words of the mapping form. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ['any', 'write * for any address'],
  ['me', "write 0 for the host's own addresses"],
  ['local', 'write { source: …, destination: local } instead of the filterspec'],
]);

function readAddress(token: Token, diags: Diagnostics): AddressMatch | undefined {
  const text = token.text;
  if (text === '*') return { kind: 'any' };
  if (OWN_ADDRESS.test(text)) return { kind: 'me' };
  if (text.startsWith('[')) return readBracketed(token, diags);
  const help = OTHER_WORDS.get(text.toLowerCase());
  if (help !== undefined) {
    return diags.report('XP0511', token.span, `"${text}" is not an address in a filterspec`, help);
  }
  if (text.startsWith('$')) {
    const help = `write { source: …, destination: ${text} } instead of the filterspec`;
    return diags.report('XP0512', token.span, 'a filterspec cannot name an address set', help);
  }
  const reading = readPrefix(text);
  if (reading.kind !== 'other') {
    const prefix = prefixOfReading(reading, token, diags, 'mask');
    return prefix === undefined ? undefined : { kind: 'prefix', prefix };
  }
  const name = readDnsName(text);
  if (name !== undefined) return { kind: 'name', name };
  return diags.report('XP0201', token.span, `"${text}" is neither an address nor a DNS name`);
}

/** `[2001:db8::1]`, `[2001:db8::/32]` or `[2001:db8::]/32`. */
function readBracketed(token: Token, diags: Diagnostics): AddressMatch | undefined {
  const match = /^\[(?<inside>[^\]]*:[^\]]*)\](?<mask>\/.*)?$/u.exec(token.text);
  if (match === null) {
    return diags.report('XP0201', token.span, `"${token.text}" is not an IPv6 address in brackets`);
  }
  const text = `${match.groups?.['inside'] ?? ''}${match.groups?.['mask'] ?? ''}`;
  const prefix = parsePrefix({ text, span: token.span }, diags, 'mask');
  return prefix === undefined ? undefined : { kind: 'prefix', prefix };
}

function readPort(token: Token | undefined, diags: Diagnostics): PortRange | undefined {
  if (token === undefined || /^0*$/u.test(token.text)) return ANY_PORT;
  if (/^\d+-\d+$/u.test(token.text)) {
    const help = `write a mapping: { …, destinationPort: ${token.text} }`;
    return diags.report('XP0510', token.span, 'a filterspec takes one port, not a range', help);
  }
  if (token.text === '*' || /^\d+$/u.test(token.text)) return parsePortRange(token, diags);
  const help =
    protocolNamed(token.text) === undefined ? 'write 80, or 0 for any' : `write ::${token.text} for any port`;
  return diags.report('XP0110', token.span, `expected a port, found "${token.text}"`, help);
}

function protocolNamed(text: string): string | undefined {
  return [...SPEC_PROTOCOLS.keys()].find((name) => name === text.toUpperCase());
}

function readProtocol(token: Token | undefined, diags: Diagnostics): ProtocolMatch | undefined {
  if (token === undefined) return { number: undefined };
  const number = SPEC_PROTOCOLS.get(token.text);
  if (number !== undefined) return { number };
  if (/^\d+$/u.test(token.text)) return parseProtocolNumber(token, diags);
  const upper = protocolNamed(token.text);
  if (upper !== undefined) {
    return diags.report('XP0114', token.span, `protocol "${token.text}" is not in upper case`, `write ${upper}`);
  }
  const nearest = findClosest(token.text, SPEC_PROTOCOLS.keys());
  const message = `expected ICMP, UDP, RAW, TCP, SCTP, ICMPV6 or a number, found "${token.text}"`;
  return diags.report('XP0114', token.span, message, nearest === undefined ? undefined : `did you mean ${nearest}?`);
}
