/**
 * CSV (RFC 4180) with the offsets of its cells, which is why no library reads it: cells may be quoted, a quote inside is
 * doubled, and a quoted cell may hold separators and line ends. The separator is a comma, a semicolon or a tab,
 * whichever the first line has most of: spreadsheets write all three.
 */
import type { RawCell, RawProblem, RawTable } from './chart-table.ts';

const SEPARATORS = [',', ';', '\t'] as const;

export function scanCsv(text: string): RawTable {
  return new CsvScanner(text, separatorOf(text)).scan();
}

function separatorOf(text: string): string {
  const first = /^\s*(?<line>.*)$/mu.exec(text)?.groups?.['line'] ?? '';
  const bare = first.replaceAll(/"[^"]*"/gu, '');
  const count = (separator: string): number => bare.split(separator).length;
  return SEPARATORS.reduce<string>((best, next) => (count(next) > count(best) ? next : best), ',');
}

class CsvScanner {
  readonly #text: string;
  readonly #separator: string;
  readonly #problems: RawProblem[] = [];
  #at = 0;

  constructor(text: string, separator: string) {
    this.#text = text;
    this.#separator = separator;
  }

  scan(): RawTable {
    const rows: RawCell[][] = [];
    while (this.#at < this.#text.length) {
      const row = [this.#cell()];
      while (this.#text[this.#at] === this.#separator) {
        this.#at++;
        row.push(this.#cell());
      }
      rows.push(row);
      this.#lineEnd();
    }
    return { rows, problems: this.#problems };
  }

  /** Stands behind the cell, at a separator, a line end or the end of the text. */
  #cell(): RawCell {
    const { start } = this.#bare(/["\S\r\n]/u);
    if (this.#text[this.#at] === '"') return this.#quoted();
    this.#at = start;
    return this.#trimmed();
  }

  #trimmed(): RawCell {
    const { start, end } = this.#bare(/[\r\n]/u);
    const raw = this.#text.slice(start, end);
    const lead = raw.length - raw.trimStart().length;
    const text = raw.trim();
    return { text, start: start + lead, end: start + lead + text.length };
  }

  /** Moves on to a separator or a character of the pattern. */
  #bare(until: RegExp): { readonly start: number; readonly end: number } {
    const start = this.#at;
    for (let next = this.#text[start]; next !== undefined; next = this.#text[this.#at]) {
      if (next === this.#separator || until.test(next)) break;
      this.#at++;
    }
    return { start, end: this.#at };
  }

  #quoted(): RawCell {
    const open = this.#at;
    const close = this.#closingQuote(open);
    if (close < 0) {
      const help = 'end the cell with a quote; a quote inside it is doubled';
      this.#problems.push({ message: 'a quoted cell without an end', start: open, end: open + 1, help });
      this.#at = open + 1;
      return this.#trimmed();
    }
    this.#at = close + 1;
    const rest = this.#trimmed();
    if (rest.text !== '') {
      const help = 'a quote inside a quoted cell is doubled';
      this.#problems.push({ message: `text behind a quoted cell: ${rest.text}`, ...placeOf(rest), help });
    }
    const raw = this.#text.slice(open + 1, close);
    const start = open + 1 + raw.length - raw.trimStart().length;
    return { text: raw.trim().replaceAll('""', '"'), start, end: start + raw.trim().length };
  }

  #closingQuote(open: number): number {
    let at = this.#text.indexOf('"', open + 1);
    while (at >= 0 && this.#text[at + 1] === '"') at = this.#text.indexOf('"', at + 2);
    return at;
  }

  #lineEnd(): void {
    if (this.#text[this.#at] === '\r') this.#at++;
    if (this.#text[this.#at] === '\n') this.#at++;
  }
}

function placeOf({ start, end }: RawCell): { readonly start: number; readonly end: number } {
  return { start, end };
}
