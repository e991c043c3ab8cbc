/** Addresses as text, in the forms that policies, address sets and filterspecs share. */

import { present } from '../base/assert.ts';
import type { DiagnosticCode } from '../base/codes/catalogue.ts';
import type { Diagnostics } from '../base/diagnostics.ts';
import type { Address, Prefix } from '../base/ip.ts';
import { formatAddress, formatPrefix, fullLength, isCanonical, parseAddress, parseIpv4, prefixOf } from '../base/ip.ts';
import { compareAddresses, rangePrefixes } from '../policy/address-match.ts';
import type { Token } from './token.ts';

/** What a text says when read as an address or a prefix. */
export type PrefixReading =
  | {
      readonly kind: 'prefix';
      readonly prefix: Prefix;
      readonly hostBits: boolean;
      /** It was written as an IPv6 address that stands for an IPv4 one. */
      readonly mapped?: boolean;
    }
  | {
      readonly kind: 'wrong';
      readonly code: DiagnosticCode;
      readonly message: string;
      readonly help?: string;
    }
  /** Nothing that looks like an address; a name, perhaps. */
  | { readonly kind: 'other' };

const STAR_PREFIX = /^\d+(?:\.\d+){0,2}(?:\.\*){1,3}$/u;
const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const DNS_NAME = new RegExp(`^(?:${LABEL}\\.)*${LABEL}\\.?$`, 'iu');
const DNS_NAME_LENGTH = 253;
/** Bits before the IPv4 address in an IPv4-mapped one. */
const MAPPED_LENGTH = 96;

/**
 * Reads an address, `ADDRESS/LENGTH`, `ADDRESS/MASK` or `10.*.*.*`. Host bits are cleared and reported in the answer. An
 * IPv4-mapped address (::ffff:10.0.0.1) is read as the IPv4 one: no packet on a wire has it.
 */
export function readPrefix(text: string): PrefixReading {
  const reading = readWritten(text);
  return reading.kind === 'prefix' ? unmapPrefix(reading) : reading;
}

/** ::ffff:0:0/96 stays what it is: as 0.0.0.0/0, a list that names it among what is never seen would match everything. */
function unmapPrefix(reading: Extract<PrefixReading, { kind: 'prefix' }>): PrefixReading {
  const { family, words, length } = reading.prefix;
  const isMapped = family === 6 && words[0] === 0 && words[1] === 0 && words[2] === 0xffff && length > MAPPED_LENGTH;
  if (!isMapped) return reading;
  const prefix: Prefix = { family: 4, words: [present(words[3])], length: length - MAPPED_LENGTH };
  return { ...reading, prefix, mapped: true };
}

/** Is it all IPv4-mapped addresses, or a part of an IPv4-mapped prefix that says nothing about IPv4? */
export function isMappedSpace({ family, words, length }: Prefix): boolean {
  return family === 6 && length === MAPPED_LENGTH && words[2] === 0xffff && words[0] === 0 && words[1] === 0;
}

function readWritten(text: string): PrefixReading {
  if (text.includes('*')) return readStarPrefix(text);
  const slash = text.indexOf('/');
  const addressText = slash < 0 ? text : text.slice(0, slash);
  const address = parseAddress(addressText);
  if (address === undefined) return notAnAddress(text, addressText);
  if (slash < 0)
    return {
      kind: 'prefix',
      prefix: { ...address, length: fullLength(address.family) },
      hostBits: false,
    };
  const length = readMask(address, text.slice(slash + 1));
  if (typeof length !== 'number') return length;
  return {
    kind: 'prefix',
    prefix: prefixOf(address, length),
    hostBits: !isCanonical(address, length),
  };
}

function readStarPrefix(text: string): PrefixReading {
  const wrong: PrefixReading = {
    kind: 'wrong',
    code: 'XP0201',
    message: `"${text}" is not an address`,
    help: 'stars stand for the last numbers only, as in 10.1.*.*',
  };
  if (!STAR_PREFIX.test(text)) return wrong;
  const parts = text.split('.');
  const named = parts.filter((part) => part !== '*');
  if (parts.length > 4) return wrong;
  const address = parseIpv4([...named, '0', '0', '0'].slice(0, 4).join('.'));
  if (address === undefined) return wrong;
  return {
    kind: 'prefix',
    prefix: { ...address, length: named.length * 8 },
    hostBits: false,
  };
}

/** The bits of `24` or `255.255.255.0`, or what is wrong with it. */
function readMask(address: Address, maskText: string): number | PrefixReading {
  const full = fullLength(address.family);
  if (/^\d{1,3}$/u.test(maskText)) {
    const length = Number(maskText);
    if (length <= full) return length;
    return {
      kind: 'wrong',
      code: 'XP0203',
      message: `prefix length ${length} is above ${full}`,
    };
  }
  const mask = address.family === 4 ? parseIpv4(maskText)?.words[0] : undefined;
  if (mask === undefined) {
    const help = address.family === 4 ? 'write /24 or /255.255.255.0' : 'write a length such as /48';
    return {
      kind: 'wrong',
      code: 'XP0203',
      message: `expected a prefix length or a mask, found "${maskText}"`,
      help,
    };
  }
  const length = maskLength(mask);
  if (length !== undefined) return length;
  const inverse = maskLength(~mask >>> 0);
  return {
    kind: 'wrong',
    code: 'XP0202',
    message: `mask ${maskText} is not contiguous`,
    help:
      inverse === undefined
        ? 'a mask is ones followed by zeros, such as 255.255.255.0'
        : `that is an inverse mask: write /${inverse}`,
  };
}

function maskLength(mask: number): number | undefined {
  const length = Math.clz32(~mask >>> 0);
  return length === 32 || (mask << length) >>> 0 === 0 ? length : undefined;
}

function notAnAddress(text: string, addressText: string): PrefixReading {
  const wrong = (what: string, help?: string): PrefixReading => ({
    kind: 'wrong',
    code: 'XP0201',
    message: `"${text}" is not ${what}`,
    ...(help === undefined ? {} : { help }),
  });
  if (addressText.includes('%')) {
    return wrong('an address', 'an address has no zone here; limit the rule with interfaces: instead');
  }
  if (addressText.includes(':')) return wrong('an IPv6 address');
  if (/^[\d.]+$/u.test(addressText)) return wrong('an IPv4 address', ipv4Help(addressText, text));
  return text.includes('/') ? wrong('an address', 'a DNS name has no mask') : { kind: 'other' };
}

function ipv4Help(addressText: string, text: string): string {
  const plain = addressText.split('.').map((part) => part.replace(/^0+(?=\d)/u, ''));
  const repaired = plain.join('.');
  if (repaired !== addressText && parseIpv4(repaired) !== undefined) {
    return `leading zeros are ambiguous: write ${repaired}`;
  }
  const padded = [...plain, '0', '0', '0'].slice(0, 4).join('.');
  if (plain.length < 4 && text.includes('/') && parseIpv4(padded) !== undefined) {
    return `write all four numbers: ${padded}${text.slice(text.indexOf('/'))}`;
  }
  return 'an IPv4 address is four numbers from 0 to 255';
}

/** `first-last` in the form of two addresses; undefined where the text is no range at all. */
export function readRange(text: string): RangeReading | undefined {
  const match = /^(?<first>[\da-f:.]*[:.][\da-f:.]*)\s*-\s*(?<last>[\da-f:.]*[:.][\da-f:.]*)$/iu.exec(text);
  if (match === null) return undefined;
  const ends = [match.groups?.['first'] ?? '', match.groups?.['last'] ?? ''].map(readPrefix);
  const wrong = ends.find((end) => end.kind === 'wrong');
  if (wrong?.kind === 'wrong') return wrong;
  const [first, last] = ends.map((end) => (end.kind === 'prefix' ? end.prefix : undefined));
  if (first === undefined || last === undefined) return undefined;
  const bad = (message: string, help?: string): RangeReading => {
    return { kind: 'wrong', code: 'XP0217', message, ...(help === undefined ? {} : { help }) };
  };
  if (first.family !== last.family) return bad(`"${text}" begins in IPv${first.family} and ends in IPv${last.family}`);
  if (compareAddresses(first, last) > 0) {
    return bad(`"${text}" is empty`, `did you mean ${formatAddress(last)}-${formatAddress(first)}?`);
  }
  return { kind: 'range', first, last };
}

export type RangeReading =
  | { readonly kind: 'range'; readonly first: Address; readonly last: Address }
  | Extract<PrefixReading, { kind: 'wrong' }>;

/** Host bits are a mistake in a policy; users of the original's syntax expect them to be masked. */
export type HostBits = 'refuse' | 'mask';

/** Reads a prefix where nothing but a prefix may stand. Reports and returns undefined where there is none. */
export function parsePrefix(token: Token, diags: Diagnostics, hostBits: HostBits): Prefix | undefined {
  const reading = readPrefix(token.text);
  if (reading.kind === 'other') return reportOther(token, diags);
  return prefixOfReading(reading, token, diags, hostBits);
}

function reportOther(token: Token, diags: Diagnostics): undefined {
  return diags.report('XP0210', token.span, `expected an address or a prefix, found "${token.text}"`);
}

/** An address, a prefix or a range, as the prefixes that it is. */
export function parsePrefixes(token: Token, diags: Diagnostics): readonly Prefix[] | undefined {
  const range = readRange(token.text);
  if (range?.kind === 'range') return rangePrefixes(range.first, range.last);
  if (range !== undefined) return diags.report(range.code, token.span, range.message, range.help);
  const prefix = parsePrefix(token, diags, 'refuse');
  return prefix === undefined ? undefined : [prefix];
}

/** Reports what is wrong with a reading that looked like an address, or gives its prefix. */
export function prefixOfReading(
  reading: Exclude<PrefixReading, { kind: 'other' }>,
  token: Token,
  diags: Diagnostics,
  hostBits: HostBits,
): Prefix | undefined {
  if (reading.kind === 'wrong') return diags.report(reading.code, token.span, reading.message, reading.help);
  if (reading.mapped === true) {
    const message = `"${token.text}" is an IPv4-mapped address; it is read as ${formatPrefix(reading.prefix)}`;
    diags.report('XP0215', token.span, message);
  }
  if (isMappedSpace(reading.prefix)) {
    const help = 'for every IPv4 address write 0.0.0.0/0';
    diags.report('XP0216', token.span, `"${token.text}" matches no packet: IPv4 packets have IPv4 addresses`, help);
  }
  if (!reading.hostBits) return reading.prefix;
  const masked = formatPrefix(reading.prefix);
  if (hostBits === 'refuse') {
    const help = `write ${masked}, or the address alone`;
    return diags.report('XP0204', token.span, `"${token.text}" has bits set after the prefix length`, help);
  }
  diags.report('XP0501', token.span, `"${token.text}" has bits set outside its mask; it is read as ${masked}`);
  return reading.prefix;
}

/** Words of a mapping that would be read back as something else than a name. */
const ADDRESS_WORDS: ReadonlySet<string> = new Set(['any', 'me', 'local']);

/** A DNS name in the form it is looked up by, or undefined: lower case, no final dot. The last label is not a number. */
export function readDnsName(text: string): string | undefined {
  if (!DNS_NAME.test(text) || text.length > DNS_NAME_LENGTH) return undefined;
  const name = text.toLowerCase().replace(/\.$/u, '');
  if (ADDRESS_WORDS.has(name)) return undefined;
  return /^\d+$/u.test(present(name.split('.').at(-1))) ? undefined : name;
}
