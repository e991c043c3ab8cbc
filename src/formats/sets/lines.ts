/**
 * Lists of one address, prefix or range a line. A file may have a million lines, so plain IPv4 lines are read byte by
 * byte, without a string for each; every other line goes through the parser that policies use.
 */
import { parseAddress, wordMask } from '../../base/ip.ts';
import type { Token } from '../token.ts';
import type { ListCollector, ListLine } from './list-collector.ts';

const LF = 10;
const CR = 13;
const TAB = 9;
const SPACE = 32;
const HASH = 35;
const SEMICOLON = 59;
const DOT = 46;
const SLASH = 47;
const ZERO = 48;
const NINE = 57;
/** Lines between two reports of progress. */
const PROGRESS_LINES = 1 << 15;

export interface LineOptions {
  readonly format: 'lines' | 'hosts' | 'p2p';
  readonly column: number | undefined;
}

export function readLines(
  bytes: Uint8Array,
  options: LineOptions,
  list: ListCollector,
  onProgress?: (done: number) => void,
): void {
  const decoder = new TextDecoder();
  const readOther = LINE_READERS[options.format];
  const isPlain = options.format === 'lines' && (options.column ?? 1) === 1;
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  for (let number = 1; at < bytes.length; number++) {
    const next = isPlain ? readIpv4Line(bytes, at, list) : undefined;
    const end = next ?? lineEnd(bytes, at);
    if (next === undefined) {
      const text = decoder.decode(bytes.subarray(at, end)).replace(/\r$/u, '');
      readOther({ number, text }, list, options);
    }
    at = end + 1;
    if (number % PROGRESS_LINES === 0) onProgress?.(at);
  }
  if (options.format === 'hosts') reportNamesOnly(list);
}

function lineEnd(bytes: Uint8Array, start: number): number {
  const end = bytes.indexOf(LF, start);
  return end < 0 ? bytes.length : end;
}

/**
 * Takes `D.D.D.D` or `D.D.D.D/L` from the line's first byte, followed by nothing but white space and a comment. Returns
 * where the line ends; undefined for whatever else stands there, right or wrong: the other parser reports it.
 */
function readIpv4Line(bytes: Uint8Array, start: number, list: ListCollector): number | undefined {
  let at = start;
  let word = 0;
  for (let part = 0; part < 4; part++) {
    const octet = readOctet(bytes, at);
    if (octet < 0) return undefined;
    at += octet >>> 8;
    if (part < 3 && bytes[at++] !== DOT) return undefined;
    word = word * 256 + (octet & 255);
  }
  let length = 32;
  if (bytes[at] === SLASH) {
    const first = ++at;
    length = 0;
    for (; at - first < 3 && isDigit(bytes, at); at++) length = length * 10 + bytes[at]! - ZERO;
    if (at === first || length > 32 || (word & ~wordMask(length, 0)) !== 0) return undefined;
  }
  while (bytes[at] === SPACE || bytes[at] === TAB || bytes[at] === CR) at++;
  if (at < bytes.length && bytes[at] !== LF) {
    if (bytes[at] !== HASH && bytes[at] !== SEMICOLON) return undefined;
    at = lineEnd(bytes, at);
  }
  list.addIpv4(word, length);
  return at;
}

/** A number up to 255 without leading zeros: 256 times its digits, and its value; -1 for anything else. */
function readOctet(bytes: Uint8Array, at: number): number {
  if (!isDigit(bytes, at)) return -1;
  const first = bytes[at]! - ZERO;
  if (!isDigit(bytes, at + 1)) return 256 + first;
  const second = first * 10 + bytes[at + 1]! - ZERO;
  if (first === 0) return -1;
  if (!isDigit(bytes, at + 2)) return 512 + second;
  const third = second * 10 + bytes[at + 2]! - ZERO;
  return third > 255 ? -1 : 768 + third;
}

function isDigit(bytes: Uint8Array, at: number): boolean {
  return at < bytes.length && bytes[at]! >= ZERO && bytes[at]! <= NINE;
}

type LineReader = (line: ListLine, list: ListCollector, options: LineOptions) => void;

const LINE_READERS: Readonly<Record<LineOptions['format'], LineReader>> = {
  lines: readLine,
  hosts: readHostsLine,
  p2p: readP2pLine,
};

/** Without its comment and the white space around it; undefined where nothing is left. */
function contentOf(line: ListLine, list: ListCollector): Token | undefined {
  const content = line.text.replace(/[#;].*$/u, '');
  const text = content.trim();
  return text === '' ? undefined : tokenAt(line, content.length - content.trimStart().length, text, list);
}

function tokenAt(line: ListLine, start: number, text: string, list: ListCollector): Token {
  return { text, span: list.span(line, start, text.length) };
}

/** The address, and white space or a comma before whatever else stands on the line. */
const RANGE_FIRST = /^[\da-f:.]+\s*-\s*[\da-f:.]+(?=[\s,]|$)/iu;
const FIELD_FIRST = /^"?(?<field>[^\s,"]+)"?/u;

function readLine(line: ListLine, list: ListCollector, { column }: LineOptions): void {
  const content = contentOf(line, list);
  if (content === undefined) return;
  if (column !== undefined) {
    readColumn(content, line, column, list);
    return;
  }
  const first =
    RANGE_FIRST.exec(content.text)?.[0] ?? FIELD_FIRST.exec(content.text)?.groups?.['field'] ?? content.text;
  const start = content.span.column - 1 + content.text.indexOf(first);
  const rest = content.text.slice(content.text.indexOf(first) + first.length).replace(/^[\s,"]+/u, '');
  const another = rest.split(/[\s,]/u)[0] ?? '';
  if (parseAddress(another.split(/[/-]/u)[0] ?? '') !== undefined) {
    const help = 'write one a line, a range FIRST-LAST, a mask ADDRESS/MASK; column: 1 takes the first and no other';
    list.report('XP0223', content.span, `a second address on the line: "${another}"`, help);
    return;
  }
  list.add(tokenAt(line, start, first, list));
}

/** Fields are told apart by commas where the line has one, else by white space. */
function readColumn(content: Token, line: ListLine, column: number, list: ListCollector): void {
  const fields = content.text.includes(',') ? csvFields(content.text) : content.text.split(/\s+/u);
  const field = fields[column - 1]?.replace(/^"(?<inside>.*)"$/u, '$<inside>');
  if (field === undefined || field === '') {
    const found = `the line has ${fields.length} ${fields.length === 1 ? 'field' : 'fields'}`;
    list.report('XP0224', content.span, `${found}, and none in column ${column}`);
  } else if (list.isEmpty && !/[\d:]/u.test(field)) {
    list.skip(content.span, `"${field}" is the title of the column`);
  } else {
    const start = content.span.column - 1 + Math.max(0, content.text.indexOf(field));
    list.add(tokenAt(line, start, field, list));
  }
}

/** Quotes hold a field with commas together. */
function csvFields(text: string): readonly string[] {
  const fields = text.match(/(?<=^|,)(?:\s*"[^"]*"\s*|[^,]*)(?=,|$)/gu) ?? [];
  return fields.map((field) => field.trim());
}

/** Addresses that hosts files give to names that are not to be found, and to the host itself. */
const OF_NO_HOST = /^(?:127\.|0\.0\.0\.0$|255\.255\.255\.255$|::1$|::$|f[ef][0-9a-f]{2}:)/iu;

function readHostsLine(line: ListLine, list: ListCollector): void {
  const content = contentOf(line, list);
  const address = content?.text.split(/\s+/u)[0];
  if (content === undefined || address === undefined) return;
  const plain = address.split('%')[0] ?? address;
  if (OF_NO_HOST.test(plain)) list.skip(content.span, `${plain} is the address of no other host`);
  else list.add(tokenAt(line, content.span.column - 1, plain, list));
}

function reportNamesOnly(list: ListCollector): void {
  if (!list.isEmpty || list.skippedCount === 0) return;
  const message = 'the hosts file blocks names, and has no address of another host';
  const help = 'a set holds addresses: use the list of addresses from the same publisher';
  list.report('XP0225', list.span({ number: 1, text: '' }, 0, 1), message, help);
}

/** `LABEL:FIRST-LAST`, where the label may have anything in it. */
function readP2pLine(line: ListLine, list: ListCollector): void {
  if (line.text.trim() === '' || /^\s*#/u.test(line.text)) return;
  const at = line.text.lastIndexOf(':') + 1;
  const text = line.text.slice(at).trim();
  list.add(tokenAt(line, at, text, list));
}
