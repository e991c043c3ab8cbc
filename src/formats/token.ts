import type { Span } from '../base/diagnostics.ts';

/** A piece of text and where it stands. Parts of it can be pointed at when span.length equals text.length. */
export interface Token {
  readonly text: string;
  readonly span: Span;
}

/** The part `[start, end)` of a token; the whole span where the text was escaped, folded or cut. */
export function partOf(token: Token, start: number, end: number): Token {
  const text = token.text.slice(start, end);
  if (token.span.length !== token.text.length) return { text, span: token.span };
  return {
    text,
    span: {
      ...token.span,
      column: token.span.column + start,
      length: Math.max(1, end - start),
    },
  };
}

/** A token for text that came without a file: a command line argument. */
export function tokenOf(text: string, file: string): Token {
  return {
    text,
    span: {
      file,
      line: 1,
      column: 1,
      length: Math.max(1, text.length),
      lineText: text,
    },
  };
}
