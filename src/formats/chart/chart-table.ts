/** Tables as text, CSV or Markdown, with the place of every cell. */
import type { Diagnostics } from '../../base/diagnostics.ts';
import type { Token } from '../token.ts';
import { SourceLines } from '../yaml/source-lines.ts';
import { scanCsv } from './csv.ts';
import { findMarkdownTable } from './markdown.ts';

/** A cell before it is placed: its text without white space at the ends, and the offsets of that in the source. */
export interface RawCell {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}
export interface RawProblem {
  readonly message: string;
  readonly start: number;
  readonly end: number;
  readonly help: string;
}
export interface RawTable {
  readonly rows: readonly (readonly RawCell[])[];
  readonly problems: readonly RawProblem[];
}

/** Rows with at least one cell that is not empty, the header among them. */
export type Table = readonly (readonly Token[])[];

/** Reads the first Markdown table of the text where there is one, else the whole text as CSV. */
export function readTable(file: string, text: string, diags: Diagnostics): Table {
  const lines = new SourceLines(file, text);
  const { rows, problems } = findMarkdownTable(text) ?? scanCsv(text);
  for (const { message, start, end, help } of problems) diags.report('XP0802', lines.span(start, end), message, help);
  return rows
    .filter((row) => row.some((cell) => cell.text !== ''))
    .map((row) => row.map((cell): Token => ({ text: cell.text, span: lines.span(cell.start, cell.end) })));
}
