/** Tables for the terminal. */
import type { Figure, Section, Unit } from '../figure.ts';

type Row = readonly string[];

/** Columns of equal width; the first ones to the left, numbers to the right, the last as it is. */
function alignRows(rows: readonly Row[], left: number): string {
  const widths = (rows[0] ?? []).map((_, c) => Math.max(...rows.map((row) => (row[c] ?? '').length)));
  const cell = (value: string, c: number, row: Row): string => {
    if (c === row.length - 1) return value;
    return c < left ? value.padEnd(widths[c] ?? 0) : value.padStart(widths[c] ?? 0);
  };
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}

const DIGITS: Readonly<Record<Unit, number>> = { ns: 1, Mpps: 2, '%': 0, ms: 1, MiB: 2, kB: 1, count: 0, s: 2 };

/** Small times have digits of their own: a flip takes microseconds. */
export function number(value: number, unit: Unit): string {
  return unit === 'ms' && value < 1 ? value.toPrecision(2) : value.toFixed(DIGITS[unit]);
}

/** The median, and the quartiles where there are several rounds. */
export function valueText({ spread, unit, rounds }: Figure): string {
  if (spread === undefined) return '-';
  const { median, low, high } = spread;
  if (rounds < 2) return number(median, unit);
  return `${number(median, unit)} (${number(low, unit)}..${number(high, unit)})`;
}

/** What stands in one row, and which column a figure has. */
interface Shape {
  readonly heads: readonly string[];
  readonly row: (figure: Figure) => Row;
  readonly column: (figure: Figure) => string;
}

const BY_SUBJECT: Shape = {
  heads: ['policy', 'size', 'traffic'],
  row: ({ policy, size, traffic }) => [policy, `${size}`, traffic],
  column: ({ subject, quantity, unit }) =>
    quantity === 'over bare' ? `${subject}` : `${subject} ${quantity}, ${unit}`,
};

const BY_QUANTITY: Shape = {
  heads: ['policy', 'size', 'traffic', 'with'],
  row: ({ policy, size, traffic, subject }) => [policy, `${size}`, traffic, subject],
  column: ({ quantity, unit }) => `${quantity}, ${unit}`,
};

const TITLES: Readonly<Record<Section, string>> = {
  dataplane: 'Data plane, test runs: ns a packet over a bare drop behind the same generator; median (quartiles)',
  parts: 'Parts of the program, test runs: ns a packet over a build with none of them; median (quartiles)',
  sets: 'Live sets, test runs: ns a packet more than without the set; median (quartiles)',
  bans: 'Bans by the agent, one request each; each is in force when the agent has answered',
  live: 'Live frames over veth, all dropped; a frame includes making and sending it; median (quartiles)',
  compile: 'Compile, cold, in a process of its own; median (quartiles)',
  load: 'Load: create and fill tables, verify the program; median (quartiles)',
  swap: 'Swap on an interface that is filtered; median (quartiles)',
  scrape: 'Scrape of the exporter; median (quartiles)',
  replay: 'Replay of a capture, process and compile included; median (quartiles)',
  fleet: 'Fleet: simulated hosts and a front on one machine; of hosts the median, the 99th percentile and the last',
};

export function titleOf(section: Section): string {
  return TITLES[section];
}

export function sectionText(section: Section, figures: readonly Figure[]): string {
  const { heads, row, column } = section === 'dataplane' ? BY_SUBJECT : BY_QUANTITY;
  const columns = [...new Set(figures.map(column))];
  const rows = new Map<
    string,
    { readonly first: Row; readonly cells: Map<string, string>; readonly notes: Set<string> }
  >();
  for (const figure of figures) {
    const first = row(figure);
    const entry = rows.get(first.join('\0')) ?? { first, cells: new Map<string, string>(), notes: new Set<string>() };
    rows.set(first.join('\0'), entry);
    entry.cells.set(column(figure), valueText(figure));
    if (figure.note !== '')
      entry.notes.add(figure.spread === undefined ? `${figure.subject}: ${figure.note}` : figure.note);
  }
  const body = [...rows.values()].map(({ first, cells, notes }) => [
    ...first,
    ...columns.map((name) => cells.get(name) ?? ''),
    [...notes].join('; '),
  ]);
  return `${TITLES[section]}\n${alignRows([[...heads, ...columns, ''], ...body], heads.length)}`;
}
