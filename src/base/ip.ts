/**
 * IPv4 and IPv6 addresses and prefixes as 32-bit words, most significant first: one word for
 * IPv4, four for IPv6. Words are unsigned numbers, so both families sort and mask the same way.
 */
export type Family = 4 | 6;

export interface Address {
  readonly family: Family;
  /** 1 word (IPv4) or 4 words (IPv6), host order, each 0..2^32-1. */
  readonly words: readonly number[];
}

export interface Prefix extends Address {
  /** Leading bits that count: 0..32 or 0..128. Bits after them are zero. */
  readonly length: number;
}

/** Bits of a full-length prefix. */
export function fullLength(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** The mask of one word when `bits` of the whole address's leading bits reach `wordIndex`. */
export function wordMask(bits: number, wordIndex: number): number {
  const inWord = Math.min(32, Math.max(0, bits - 32 * wordIndex));
  return inWord === 0 ? 0 : (0xffffffff << (32 - inWord)) >>> 0;
}

/** The prefix of `length` bits that contains `address`: host bits cleared. */
export function prefixOf(address: Address, length: number): Prefix {
  const words = address.words.map((word, i) => (word & wordMask(length, i)) >>> 0);
  return { family: address.family, words, length };
}

/** The prefix that holds this address alone. */
export function wholeAddress({ family, words }: Address): Prefix {
  return { family, words, length: fullLength(family) };
}

/** True when no bit after the prefix length is set. */
export function isCanonical(address: Address, length: number): boolean {
  return address.words.every((word, i) => (word & ~wordMask(length, i)) === 0);
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.family === b.family && a.words.every((word, i) => word === b.words[i]);
}

export function containsAddress(prefix: Prefix, address: Address): boolean {
  if (prefix.family !== address.family) return false;
  for (let w = 0; w < prefix.words.length; w++) {
    if (((prefix.words[w] ?? 0) ^ (address.words[w] ?? 0)) & wordMask(prefix.length, w)) return false;
  }
  return true;
}

const DOT = 46;
const ZERO = 48;

/** Parses dotted-quad IPv4: four decimal numbers 0-255 without leading zeros. */
export function parseIpv4(text: string): Address | undefined {
  let [word, octet, digits, dots] = [0, 0, 0, 0];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (digits === 0 || ++dots > 3) return undefined;
      word = word * 256 + octet;
      [octet, digits] = [0, 0];
      continue;
    }
    const digit = code - ZERO;
    // Neither is a number of several digits that begins with 0: some read it as octal.
    if (digit < 0 || digit > 9 || (digits > 0 && octet === 0)) return undefined;
    octet = octet * 10 + digit;
    digits++;
    if (octet > 255) return undefined;
  }
  return dots === 3 && digits > 0 ? { family: 4, words: [word * 256 + octet] } : undefined;
}

/** 16-bit groups; the last of the whole address (`atEnd`) may be two groups written as IPv4. */
function parseGroups(text: string, atEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (part.includes('.')) {
      const v4 = atEnd && i === parts.length - 1 ? parseIpv4(part) : undefined;
      if (v4 === undefined) return undefined;
      const word = v4.words[0] ?? 0;
      groups.push(word >>> 16, word & 0xffff);
    } else {
      if (!/^[0-9a-f]{1,4}$/iu.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

/** Parses IPv6 text (RFC 4291 section 2.2, no zone index). */
export function parseIpv6(text: string): Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2 || !text.includes(':')) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const words = [0, 2, 4, 6].map((i) => (groups[i] ?? 0) * 0x10000 + (groups[i + 1] ?? 0));
  return { family: 6, words };
}

export function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** RFC 5952 text: lower case, the longest run of zero groups (two or more) as `::`. */
function formatIpv6(words: readonly number[]): string {
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  let best = { start: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let j = i;
    while (j < 8 && groups[j] === 0) j++;
    if (j - i > best.length) best = { start: i, length: j - i };
    if (j > i) i = j;
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.start < 0) return hex.join(':');
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`;
}

export function formatAddress(address: Address): string {
  return address.family === 4 ? formatIpv4(address.words[0] ?? 0) : formatIpv6(address.words);
}

/** `10.0.0.0/8`; a host prefix prints as its address alone. */
export function formatPrefix(prefix: Prefix): string {
  const text = formatAddress(prefix);
  return prefix.length === fullLength(prefix.family) ? text : `${text}/${prefix.length}`;
}
