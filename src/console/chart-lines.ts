/** The rows of a planning chart as they are typed, and as the agent reads them. */

export const COLUMNS = [
  { key: 'role', title: 'Role', example: 'Web server' },
  { key: 'direction', title: 'Direction', example: 'in' },
  { key: 'peer', title: 'From/to', example: 'any' },
  { key: 'local', title: 'Interface IP address', example: '192.0.2.1' },
  { key: 'protocol', title: 'IP protocol', example: 'TCP' },
  { key: 'port', title: 'TCP/UDP port', example: '80, 443' },
] as const;

export type ChartLine = Readonly<Record<(typeof COLUMNS)[number]['key'], string>>;

export const EMPTY_LINE: ChartLine = { role: '', direction: '', peer: '', local: '', protocol: '', port: '' };

interface TypedChart {
  readonly name: string;
  readonly lines: readonly ChartLine[];
}

let kept: TypedChart = { name: 'Packet Filter', lines: [EMPTY_LINE] };

/** While the page is open: another screen does not lose it. */
export function keptChart(): TypedChart {
  return kept;
}

export function keepChart(chart: TypedChart): void {
  kept = chart;
}

export function isEmpty(line: ChartLine): boolean {
  return COLUMNS.every(({ key }) => line[key].trim() === '');
}

function quoted(cell: string): string {
  return `"${cell.replaceAll('"', '""')}"`;
}

/** With a header; rows that are empty are left out. */
export function csvOf(lines: readonly ChartLine[]): string {
  const rows = lines.filter((line) => !isEmpty(line)).map((line) => COLUMNS.map(({ key }) => line[key].trim()));
  return [COLUMNS.map(({ title }) => title), ...rows].map((row) => `${row.map(quoted).join(',')}\n`).join('');
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
    const pairs = COLUMNS.map(({ key }, column): [string, string] => [key, (cells[column] ?? '').trim()]);
    return Object.fromEntries(pairs) as ChartLine;
  });
}
