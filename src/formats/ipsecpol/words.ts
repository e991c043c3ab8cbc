/** The words of a command line, each with its place: from a shell's arguments, or from a line of a script. */
import type { Span } from '../../base/diagnostics.ts';
import type { Token } from '../token.ts';

/** Hyphen, and what word processors make of it: no-break hyphen, figure dash, en dash, em dash, bar, minus. */
const DASH = /^[-\u2010-\u2015\u2212]/u;

/** The name of the option that a word is, or undefined where it is a value. A dash alone is a value. */
export function optionName(word: string): string | undefined {
  return DASH.test(word) && word.length > 1 ? word.slice(1) : undefined;
}

/** A shell has taken the quotes away: those with white space get them back where the line is shown. */
export function wordsOfArguments(program: string, words: readonly string[]): readonly Token[] {
  const shown = words.map((word) => (/\s/u.test(word) || word === '' ? `"${word}"` : word));
  const lineText = [program, ...shown].join(' ');
  let column = program.length + 2;
  return words.map((text, i) => {
    const width = shown[i]?.length ?? 0;
    const quote = width > text.length ? 1 : 0;
    const span = { file: 'command line', line: 1, column: column + quote, length: Math.max(1, text.length), lineText };
    column += width + 1;
    return { text, span };
  });
}

/** Double quotes hold a word together, in the middle of it too: `name="Packet Filter"`. Columns are those of `span`. */
export function wordsOfLine(text: string, span: Span): readonly Token[] {
  return [...text.matchAll(/(?:"[^"]*"?|[^\s"])+/gu)].map((match) => ({
    text: match[0].replaceAll('"', ''),
    span: { ...span, column: span.column + match.index, length: match[0].length },
  }));
}
