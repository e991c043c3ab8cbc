/** Markdown tables (GitHub's): a header, a line of dashes, rows up to the first line without a bar. */
import type { RawCell, RawTable } from './chart-table.ts';

const DIVIDER = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/u;

interface Line {
  readonly text: string;
  readonly start: number;
}

/** The first table of the text; undefined where it has none. */
export function findMarkdownTable(text: string): RawTable | undefined {
  const lines = linesOf(text);
  const divider = lines.findIndex(
    ({ text: line }, i) => line.includes('|') && DIVIDER.test(line) && lines[i - 1]?.text.includes('|') === true,
  );
  const header = lines[divider - 1];
  if (divider < 1 || header === undefined) return undefined;
  const rest = lines.slice(divider + 1);
  const end = rest.findIndex((line) => !line.text.includes('|'));
  const rows = [header, ...(end < 0 ? rest : rest.slice(0, end))];
  return { rows: rows.map(cellsOf), problems: [] };
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (const line of text.split('\n')) {
    lines.push({ text: line.replace(/\r$/u, ''), start });
    start += line.length + 1;
  }
  return lines;
}

/** Bars part cells; `\|` is a bar of the text. The outer bars are optional. */
function cellsOf({ text, start }: Line): RawCell[] {
  const cells: RawCell[] = [];
  let from = 0;
  for (let at = 0; at <= text.length; at++) {
    if (at < text.length && (text[at] !== '|' || text[at - 1] === '\\')) continue;
    const raw = text.slice(from, at);
    const inner = raw.trim();
    const lead = start + from + raw.length - raw.trimStart().length;
    cells.push({ text: inner.replaceAll('\\|', '|'), start: lead, end: lead + inner.length });
    from = at + 1;
  }
  if (text.trimStart().startsWith('|')) cells.shift();
  if (cells.length > 1 && text.trimEnd().endsWith('|')) cells.pop();
  return cells;
}
