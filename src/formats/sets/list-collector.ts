/** What a list has given so far: its prefixes, and what there is to say about it. */
import type { Span } from '../../base/diagnostics.ts';
import { Diagnostics, spanOfFile } from '../../base/diagnostics.ts';
import { formatPrefix } from '../../base/ip.ts';
import { rangePrefixes } from '../../policy/address-match.ts';
import type { PrefixSet } from '../../policy/prefix-set.ts';
import { PrefixSetBuilder } from '../../policy/prefix-set.ts';
import { isMappedSpace, prefixOfReading, readPrefix, readRange } from '../address-text.ts';
import type { Token } from '../token.ts';

/** Errors reported one by one; the rest of them are counted. */
const MAX_ERRORS = 20;
const MAX_SHOWN_LINE = 200;

/** A line of a list as it is shown. */
export interface ListLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

export class ListCollector {
  readonly file: string;
  readonly #builder = new PrefixSetBuilder();
  readonly #diags: Diagnostics;
  #errors = 0;
  #added = 0;
  #mapped: { readonly token: Token; readonly as: string } | undefined;
  #mappedCount = 0;
  #skipped: { readonly span: Span; readonly why: string } | undefined;
  #skippedCount = 0;

  constructor(file: string, diags: Diagnostics) {
    this.file = file;
    this.#diags = diags;
  }

  get isEmpty(): boolean {
    return this.#added === 0;
  }

  /** Where `[start, start + length)` of a line stands. */
  span({ number, text }: ListLine, start: number, length: number): Span {
    const lineText = start < MAX_SHOWN_LINE ? text.slice(0, MAX_SHOWN_LINE) : '';
    return { file: this.file, line: number, column: start + 1, length: Math.max(1, length), lineText };
  }

  /** An address, a prefix or a range; false where it is none, which has been reported. */
  add(token: Token): boolean {
    const range = readRange(token.text);
    if (range?.kind === 'range') {
      for (const prefix of rangePrefixes(range.first, range.last)) this.#builder.add(prefix);
      this.#added++;
      return true;
    }
    if (range !== undefined) return this.report(range.code, token.span, range.message, range.help);
    const reading = readPrefix(token.text);
    if (reading.kind === 'other') {
      return this.report('XP0210', token.span, `expected an address or a prefix, found "${token.text}"`);
    }
    if (reading.kind === 'prefix' && reading.mapped === true) {
      this.#mapped ??= { token, as: formatPrefix(reading.prefix) };
      this.#mappedCount++;
    }
    const isQuiet = reading.kind === 'prefix' && reading.mapped === true && !reading.hostBits;
    const target = isQuiet || this.#errors >= MAX_ERRORS ? new Diagnostics() : this.#diags;
    const prefix = prefixOfReading(reading, token, target, 'refuse');
    if (prefix === undefined) {
      this.#errors++;
      return false;
    }
    if (!isMappedSpace(prefix)) this.#added++;
    this.#builder.add(prefix);
    return true;
  }

  /** IPv4 without an object: for reading large files. */
  addIpv4(word: number, length: number): void {
    this.#added++;
    this.#builder.addIpv4(word, length);
  }

  /** Returns false, for readers that return whether they took something. */
  report(...[code, span, message, help]: Parameters<Diagnostics['report']>): false {
    if (this.#errors++ < MAX_ERRORS) this.#diags.report(code, span, message, help);
    return false;
  }

  /** A part of the list that holds no address and need not: reported once, with their number. */
  skip(span: Span, why: string): void {
    this.#skipped ??= { span, why };
    this.#skippedCount++;
  }

  get skippedCount(): number {
    return this.#skippedCount;
  }

  finish(): PrefixSet {
    const rest = this.#errors - MAX_ERRORS;
    if (rest > 0) {
      const message = `${this.file} has ${rest} more ${rest === 1 ? 'line' : 'lines'} with errors`;
      this.#diags.report('XP0209', spanOfFile(this.file), message);
    }
    this.#tellMapped();
    if (this.#skipped !== undefined) {
      const { span, why } = this.#skipped;
      const more = this.#skippedCount === 1 ? '' : `; ${this.#skippedCount} such lines`;
      this.#diags.report('XP0222', span, `${why}${more}`);
    }
    return this.#builder.build();
  }

  #tellMapped(): void {
    if (this.#mapped === undefined) return;
    const { token, as } = this.#mapped;
    const more = this.#mappedCount === 1 ? '' : `; ${this.#mappedCount} such addresses`;
    const message = `"${token.text}" is an IPv4-mapped address; it is read as ${as}${more}`;
    this.#diags.report('XP0215', token.span, message);
  }
}
