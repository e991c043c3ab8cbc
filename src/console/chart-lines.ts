/** The rows of a planning chart as they are typed, and as the agent reads them. */
import type { Column } from '../formats/chart/titles.ts';
import { COLUMNS, TITLES } from '../formats/chart/titles.ts';

export type ChartLine = Readonly<Record<Column, string>>;

/** A row as it may be. */
export const EXAMPLE: ChartLine = {
  role: 'Web server',
  direction: 'in',
  peer: 'any',
  local: '192.0.2.1',
  protocol: 'TCP',
  port: '80, 443',
};

export const EMPTY_LINE: ChartLine = { role: '', direction: '', peer: '', local: '', protocol: '', port: '' };

interface TypedChart {
  readonly name: string;
  readonly lines: readonly ChartLine[];
}

let kept: TypedChart = { name: 'Packet Filter', lines: [EMPTY_LINE] };

/** While the page is open: another screen does not lose it. */
export function readKeptChart(): TypedChart {
  return kept;
}

export function keepChart(chart: TypedChart): void {
  kept = chart;
}

export function isEmpty(line: ChartLine): boolean {
  return COLUMNS.every((column) => line[column].trim() === '');
}

function quoteCell(cell: string): string {
  return `"${cell.replaceAll('"', '""')}"`;
}

/** With a header; rows that are empty are left out. */
export function csvOf(lines: readonly ChartLine[]): string {
  const rows = lines.filter((line) => !isEmpty(line)).map((line) => COLUMNS.map((column) => line[column].trim()));
  return [COLUMNS.map((column) => TITLES[column]), ...rows].map((row) => `${row.map(quoteCell).join(',')}\n`).join('');
}

/** The row, from 1, that stands in a line of the text that `csvOf` makes; the header's is the first row. */
export function rowOfLine(lines: readonly ChartLine[], line: number): number {
  const filled = lines.flatMap((one, i) => (isEmpty(one) ? [] : [i + 1]));
  return filled[Math.max(0, line - 2)] ?? 1;
}

/** Rows as a spreadsheet copies them: cells apart by tabs. A header is left out. */
export function linesOf(text: string): readonly ChartLine[] {
  const rows = text
    .split(/\r?\n/u)
    .filter((row) => row.trim() !== '')
    .map((row) => row.split('\t'));
  const isHeader = rows[0]?.[0]?.trim().toLowerCase() === 'role';
  return rows.slice(isHeader ? 1 : 0).map((cells) => {
    const pairs = COLUMNS.map((column, i): [string, string] => [column, (cells[i] ?? '').trim()]);
    return Object.fromEntries(pairs) as ChartLine;
  });
}
