/**
 * Address-set files: one address or prefix a line, `#` starts a comment, blank lines and CRLF are
 * fine. A file may have a million lines, so plain IPv4 lines are read byte by byte, without a string
 * for each; every other line goes through the parser that policies use.
 */
import type { Span } from '../../base/diagnostics.ts';
import { Diagnostics, spanOfFile } from '../../base/diagnostics.ts';
import { wordMask } from '../../base/ip.ts';
import type { PrefixSet } from '../../policy/prefix-set.ts';
import { PrefixSetBuilder } from '../../policy/prefix-set.ts';
import { parsePrefix } from '../address-text.ts';

/** Errors reported one by one; the rest of them are counted. */
const MAX_ERRORS = 20;
const LF = 10;
const CR = 13;
const TAB = 9;
const SPACE = 32;
const HASH = 35;
const DOT = 46;
const SLASH = 47;
const ZERO = 48;
const MAX_SHOWN_LINE = 200;
/** Lines between two calls that tell how far reading has come. */
const PROGRESS_LINES = 1 << 15;

/** Reads a whole file. Lines with errors are reported and left out. `onProgress` gets the bytes that are done. */
export function readAddressSetFile(
  file: string,
  bytes: Uint8Array,
  diags: Diagnostics,
  onProgress?: (done: number) => void,
): PrefixSet {
  const builder = new PrefixSetBuilder();
  if (isUtf16(bytes)) {
    diags.report('XP0208', spanOfFile(file), `${file} is UTF-16 text`, 'save it as UTF-8');
    return builder.build();
  }
  const slow = new SlowLines(file, bytes, builder, diags);
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  for (let line = 1; at < bytes.length; line++) {
    const end = lineEnd(bytes, at);
    if (!readIpv4Line(bytes, at, end, builder)) slow.read(line, at, end);
    at = end + 1;
    if (line % PROGRESS_LINES === 0) onProgress?.(at);
  }
  slow.reportRest();
  return builder.build();
}

function isUtf16(bytes: Uint8Array): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}

function lineEnd(bytes: Uint8Array, start: number): number {
  const end = bytes.indexOf(LF, start);
  return end < 0 ? bytes.length : end;
}

/**
 * Takes `D.D.D.D` or `D.D.D.D/L` from the line's first byte, followed by nothing but white space and
 * a comment. False for whatever else stands there, right or wrong: the other parser will tell.
 */
function readIpv4Line(bytes: Uint8Array, start: number, end: number, builder: PrefixSetBuilder): boolean {
  let at = start;
  let word = 0;
  for (let part = 0; part < 4; part++) {
    const first = at;
    let octet = 0;
    while (at < end && at - first < 4 && bytes[at]! - ZERO >= 0 && bytes[at]! - ZERO <= 9) {
      octet = octet * 10 + bytes[at++]! - ZERO;
    }
    if (at === first || octet > 255 || (at - first > 1 && bytes[first] === ZERO)) return false;
    if (part < 3 && (at >= end || bytes[at++] !== DOT)) return false;
    word = word * 256 + octet;
  }
  let length = 32;
  if (at < end && bytes[at] === SLASH) {
    const first = ++at;
    length = 0;
    while (at < end && at - first < 3 && bytes[at]! - ZERO >= 0 && bytes[at]! - ZERO <= 9) {
      length = length * 10 + bytes[at++]! - ZERO;
    }
    if (at === first || length > 32 || (word & ~wordMask(length, 0)) !== 0) return false;
  }
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB || bytes[at] === CR)) at++;
  if (at < end && bytes[at] !== HASH) return false;
  builder.addIpv4(word, length);
  return true;
}

/** Lines that are not plain IPv4: comments, IPv6, masks, mistakes. */
class SlowLines {
  readonly #file: string;
  readonly #bytes: Uint8Array;
  readonly #builder: PrefixSetBuilder;
  readonly #diags: Diagnostics;
  readonly #decoder = new TextDecoder();
  #errors = 0;

  constructor(file: string, bytes: Uint8Array, builder: PrefixSetBuilder, diags: Diagnostics) {
    this.#file = file;
    this.#bytes = bytes;
    this.#builder = builder;
    this.#diags = diags;
  }

  read(line: number, start: number, end: number): void {
    const raw = this.#decoder.decode(this.#bytes.subarray(start, end)).replace(/\r$/u, '');
    const content = raw.replace(/#.*$/u, '');
    const text = content.trim();
    if (text === '') return;
    const span = this.#span(line, raw, content.length - content.trimStart().length, text.length);
    const target = this.#errors < MAX_ERRORS ? this.#diags : new Diagnostics();
    const prefix = parsePrefix({ text, span }, target, 'refuse');
    if (prefix === undefined) this.#errors++;
    else this.#builder.add(prefix);
  }

  reportRest(): void {
    const rest = this.#errors - MAX_ERRORS;
    if (rest <= 0) return;
    const message = `${this.#file} has ${rest} more ${rest === 1 ? 'line' : 'lines'} with errors`;
    this.#diags.report('XP0209', spanOfFile(this.#file), message);
  }

  #span(line: number, raw: string, start: number, length: number): Span {
    const lineText = raw.slice(0, MAX_SHOWN_LINE);
    return { file: this.#file, line, column: start + 1, length, lineText };
  }
}
