/** Which cell of a row stands for what: columns are found by their names, in any order and case. */
import type { Diagnostics } from '../../base/diagnostics.ts';
import { spanOfFile } from '../../base/diagnostics.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { Token } from '../token.ts';
import type { Table } from './chart-table.ts';
import type { Column } from './titles.ts';
import { COLUMNS, TITLES } from './titles.ts';

/** Shorter titles that leave no doubt. */
const SHORT: Readonly<Record<string, Column>> = {
  interfaceaddress: 'local',
  interfaceip: 'local',
  ipaddress: 'local',
  protocol: 'protocol',
  port: 'port',
  ports: 'port',
  tcpudpports: 'port',
};
const BY_TITLE: ReadonlyMap<string, Column> = new Map([
  ...Object.entries(SHORT),
  ...COLUMNS.map((column) => [bare(TITLES[column]), column] as const),
]);

export type ChartCells = Readonly<Record<Column, Token>>;

/** The rows below the header. Reports what is wrong with the header, and rows with more cells than it has. */
export function chartCells(file: string, table: Table, diags: Diagnostics): readonly ChartCells[] {
  const [header, ...rows] = table;
  const columns = header === undefined ? new Map<Column, number>() : columnsOf(header, diags);
  if (header === undefined || columns.size === 0) {
    const help = `the columns are ${COLUMNS.map((column) => TITLES[column]).join(', ')}`;
    const span = header?.[0]?.span ?? spanOfFile(file);
    diags.report('XP0801', span, 'expected a table with the columns of a planning chart', help);
    return [];
  }
  const missing = COLUMNS.filter((column) => !columns.has(column)).map((column) => TITLES[column]);
  const last = header.at(-1);
  if (missing.length > 0 && last !== undefined) {
    diags.report('XP0803', last.span, `the chart has no column ${missing.join(', ')}`, suggestion(header, missing));
    return [];
  }
  if (rows.length === 0) diags.report('XP0801', last?.span ?? spanOfFile(file), 'the chart has no row');
  return rows.map((row) => cellsOf(row, header.length, columns, diags)).filter((cells) => cells !== undefined);
}

function bare(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z0-9]/gu, '');
}

function columnsOf(header: readonly Token[], diags: Diagnostics): ReadonlyMap<Column, number> {
  const columns = new Map<Column, number>();
  const unused: Token[] = [];
  for (const [i, cell] of header.entries()) {
    const column = BY_TITLE.get(bare(cell.text));
    if (column === undefined) unused.push(cell);
    else if (columns.has(column)) diags.report('XP0804', cell.span, `a second column ${TITLES[column]}`);
    else columns.set(column, i);
  }
  if (columns.size === 0) return columns;
  for (const { text, span } of unused) if (text !== '') diags.report('XP0805', span, `column "${text}" is not used`);
  return columns;
}

function suggestion(header: readonly Token[], missing: readonly string[]): string | undefined {
  const unknown = header.filter(({ text }) => !BY_TITLE.has(bare(text)));
  return unknown.map(({ text }) => didYouMean(text, missing)).find((help) => help !== undefined);
}

function cellsOf(
  row: readonly Token[],
  width: number,
  columns: ReadonlyMap<Column, number>,
  diags: Diagnostics,
): ChartCells | undefined {
  const extra = row.slice(width).find((cell) => cell.text !== '');
  if (extra !== undefined) {
    const message = `the row has ${row.length} cells, the header ${width}`;
    return diags.report('XP0806', extra.span, message, 'quote a cell that has separators in it: "in, out"');
  }
  const last = row.at(-1);
  const cell = (column: Column): Token => {
    const found = row[columns.get(column) ?? 0];
    if (found !== undefined) return found;
    const span = last?.span ?? spanOfFile('');
    return { text: '', span: { ...span, column: span.column + span.length - 1, length: 1 } };
  };
  return {
    role: cell('role'),
    direction: cell('direction'),
    peer: cell('peer'),
    local: cell('local'),
    protocol: cell('protocol'),
    port: cell('port'),
  };
}
