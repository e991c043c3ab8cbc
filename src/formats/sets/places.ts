/** Offsets of a long text as places in a list. Both questions are asked in ascending order, so that all answers together cost one pass. */
import type { Span } from '../../base/diagnostics.ts';
import type { ListCollector } from './list-collector.ts';

/** More of a line is not shown. */
const SHOWN = 300;

export class Places {
  readonly text: string;
  readonly #list: ListCollector;
  #line: { readonly number: number; readonly start: number; readonly text: string };
  /** Where the next line starts. */
  #next: number;
  #found = 0;

  constructor(text: string, list: ListCollector) {
    this.text = text;
    this.#list = list;
    this.#next = this.#lineAfter(0);
    this.#line = { number: 1, start: 0, text: this.#lineText(0) };
  }

  /** `at` is not before that of the last call. */
  span(at: number, length: number): Span {
    let { number, start } = this.#line;
    while (this.#next <= at) {
      start = this.#next;
      number++;
      this.#next = this.#lineAfter(start);
    }
    if (start !== this.#line.start) this.#line = { number, start, text: this.#lineText(start) };
    return this.#list.span(this.#line, Math.max(0, at - start), length);
  }

  /** Where the word is next; where the last one was, if it is not found: an escaped one may be there in other letters. */
  find(word: string): number {
    if (this.#found < 0) return this.#line.start;
    const at = this.text.indexOf(word, this.#found);
    const last = this.#found;
    this.#found = at;
    return at < 0 ? last : at;
  }

  #lineAfter(start: number): number {
    const end = this.text.indexOf('\n', start);
    return end < 0 ? Number.POSITIVE_INFINITY : end + 1;
  }

  #lineText(start: number): string {
    const text = this.text.slice(start, Math.min(this.#next - 1, start + SHOWN));
    return text.replace(/\r$/u, '');
  }
}
