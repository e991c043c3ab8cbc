/** `add filter` as a filter. */
import type { Span } from '../../base/diagnostics.ts';
import { Diagnostics } from '../../base/diagnostics.ts';
import { ANY_PACKET } from '../../policy/defaults.ts';
import type { AddressMatch, Filter, PortRange } from '../../policy/model.ts';
import { ANY_PORT } from '../../policy/model.ts';
import type { RangeReading } from '../address-text.ts';
import { prefixOfReading, readDnsName, readPrefix, readRange } from '../address-text.ts';
import { checkFilter } from '../filter-check.ts';
import { SPEC_PROTOCOLS } from '../filterspec.ts';
import type { ProtocolMatch } from '../port-text.ts';
import { parsePortRange, parseProtocolNumber } from '../port-text.ts';
import type { Token } from '../token.ts';
import type { NetshValues } from './arguments.ts';
import { NotTaken } from './not-taken.ts';

/** How Windows itself writes "My IP address". */
const OWN_ADDRESS = /^0\.0\.0\.0(?:\/(?:255\.255\.255\.255|32))?$/u;
const SERVER_TYPES: ReadonlySet<string> = new Set(['wins', 'dns', 'dhcp', 'gateway']);

/** Throws NotTaken with what is wrong. Mirrored unless it says no. */
export function readNetshFilter(values: NetshValues, span: Span): Filter {
  const diags = new Diagnostics();
  const source = readAddress(values, 'src', diags);
  const destination = readAddress(values, 'dst', diags);
  const sourcePort = readPort(values.token('srcport'), diags);
  const destinationPort = readPort(values.token('dstport'), diags);
  const protocol = readProtocol(values.token('protocol'), diags);
  const mirrored = values.flag('mirrored') ?? true;
  if (source === undefined || destination === undefined || protocol === undefined) throw failure(diags);
  if (sourcePort === undefined || destinationPort === undefined) throw failure(diags);
  const filter: Filter = {
    ...ANY_PACKET,
    source,
    destination,
    sourcePorts: [sourcePort],
    destinationPorts: [destinationPort],
    protocol: protocol.number,
    mirrored,
    text: span.lineText.trim(),
    span,
  };
  const context = { syntax: 'mapping', spanOf: () => span, familyOfSet: () => undefined } as const;
  if (!checkFilter(filter, context, diags)) throw failure(diags);
  return filter;
}

function failure(diags: Diagnostics): NotTaken {
  return new NotTaken(diags.all.find(({ severity }) => severity === 'error')?.message ?? 'it cannot be read');
}

function readAddress(values: NetshValues, end: 'src' | 'dst', diags: Diagnostics): AddressMatch | undefined {
  const token = values.required(`${end}addr`);
  const mask = values.text(`${end}mask`);
  const text = token.text.toLowerCase();
  if (text === 'any') return { kind: 'any' };
  if (text === 'me') return { kind: 'me' };
  if (SERVER_TYPES.has(text))
    throw new NotTaken(`${end}addr=${token.text} is whatever the host is set to: name the addresses`);
  const range = readRange(text);
  if (range !== undefined) return addressOfRange(range);
  const isMasked = mask !== undefined && mask !== '' && !text.includes('/');
  const whole = (isMasked ? `${text}/${mask}` : text).replace(/^0(?=\/|$)/u, '0.0.0.0');
  if (OWN_ADDRESS.test(whole)) return { kind: 'me' };
  const reading = readPrefix(whole);
  if (reading.kind !== 'other') {
    const prefix = prefixOfReading(reading, { text: whole, span: token.span }, diags, 'mask');
    return prefix === undefined ? undefined : { kind: 'prefix', prefix };
  }
  const name = readDnsName(text);
  if (name === undefined) throw new NotTaken(`${end}addr=${token.text} is neither an address nor a DNS name`);
  return { kind: 'name', name };
}

function addressOfRange(range: RangeReading): AddressMatch {
  if (range.kind === 'wrong') throw new NotTaken(range.message);
  return { kind: 'range', first: range.first, last: range.last };
}

/** 0 is any port. */
function readPort(token: Token | undefined, diags: Diagnostics): PortRange | undefined {
  if (token === undefined || /^(?:0*|any)$/iu.test(token.text)) return ANY_PORT;
  return parsePortRange(token, diags);
}

function readProtocol(token: Token | undefined, diags: Diagnostics): ProtocolMatch | undefined {
  if (token === undefined || /^any$/iu.test(token.text)) return { number: undefined };
  const number = SPEC_PROTOCOLS.get(token.text.toUpperCase());
  if (number !== undefined) return { number };
  if (/^\d+$/u.test(token.text)) return parseProtocolNumber(token, diags);
  throw new NotTaken(`protocol=${token.text} is not a protocol`);
}
