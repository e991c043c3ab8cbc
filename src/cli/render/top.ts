/** The picture of `xdpol top`, for a terminal of any size, and the one table where there is none. */
import type { Controls, Sort } from '../top/controls.ts';
import { arrangeRows, KEYS } from '../top/controls.ts';
import type { InterfaceRates, Rate, TopRow, TopView } from '../top/rates.ts';
import { si, table } from './table.ts';

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly color: boolean;
  /** Are block elements shown? Else ASCII stands for them. */
  readonly unicode: boolean;
}

/** Of a live set. */
export interface TableFill {
  readonly name: string;
  readonly entries: number;
  readonly capacity: number;
}

export interface Surroundings {
  /** XDP mode of each interface. */
  readonly modes: ReadonlyMap<string, string>;
  /** Tables that can become full. */
  readonly fills?: readonly TableFill[];
  /** Seconds between two readings. */
  readonly interval: number;
  /** Why the last reading failed; the picture is the one before. */
  readonly failure?: string;
}

const BARS = [...' ▁▂▃▄▅▆▇█'];
const ASCII_BARS = [...' .:-=+*#@'];
const SORT_NAMES: Readonly<Record<Sort, string>> = { pps: 'packets/s', bps: 'bit/s', total: 'packets' };
const LEAST_NAME = 12;
const WIDEST_HISTORY = 60;
/** Columns beside the name and the history, with the gaps between all of them. */
const NUMBERS = 6 + 9 + 9 + 12 + 5 * 2;

export function sparkline(history: readonly number[], width: number, unicode: boolean): string {
  const bars = unicode ? BARS : ASCII_BARS;
  const shown = history.slice(-width);
  const most = Math.max(...shown, 0);
  const bar = (value: number): string =>
    bars[value <= 0 || most === 0 ? 0 : Math.max(1, Math.round(((bars.length - 1) * value) / most))] ?? '';
  return shown.map(bar).join('').padStart(width);
}

/** A rate of less than ten keeps one digit after the point. */
function rateText(value: number): string {
  if (value === 0) return '0';
  return value < 10 ? value.toFixed(1) : si(Math.round(value));
}

function pair({ packetsPerSecond, bitsPerSecond }: Rate): string {
  return `${rateText(packetsPerSecond)} packets/s ${rateText(bitsPerSecond)}bit/s`;
}

function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text.padEnd(width) : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

function sideText({ name, direction, pass, drop }: InterfaceRates, { modes }: Surroundings): string {
  const where = direction === 'ingress' ? `${name} in (${modes.get(name) ?? 'detached'})` : `${name} out`;
  return `${where}: pass ${pair(pass)}, drop ${pair(drop)}`;
}

/** One line, the fullest first. */
function fillLines(fills: readonly TableFill[] = []): readonly string[] {
  const shares = fills.map((one) => ({ ...one, share: one.capacity === 0 ? 0 : one.entries / one.capacity }));
  const texts = shares
    .sort((a, b) => b.share - a.share)
    .map(({ name, entries, capacity, share }) => `${name} ${entries} of ${capacity} (${Math.floor(100 * share)} %)`);
  return texts.length === 0 ? [] : [`sets: ${texts.join(', ')}`];
}

function unreadText(rows: readonly TopRow[]): string {
  const reasons = rows.filter(({ by, packets }) => by === 'parse' && packets > 0);
  if (reasons.length === 0) return '';
  return `  not parsed: ${reasons.map(({ name, packetsPerSecond }) => `${name} ${rateText(packetsPerSecond)}/s`).join(', ')}`;
}

function nameWidth(rows: readonly TopRow[], { columns }: Screen): number {
  const longest = Math.max(LEAST_NAME, ...rows.map(({ name }) => [...name].length));
  return Math.max(LEAST_NAME, Math.min(longest, columns - NUMBERS - 10));
}

function rowLine(row: TopRow, width: number, { columns, unicode }: Screen): string {
  const history = Math.max(0, Math.min(WIDEST_HISTORY, columns - width - NUMBERS));
  const cells = [
    cut(row.name, width),
    row.action.padEnd(6),
    rateText(row.packetsPerSecond).padStart(9),
    rateText(row.bitsPerSecond).padStart(9),
    String(row.packets).padStart(12),
    sparkline(row.history, history, unicode),
  ];
  return cells.join('  ').trimEnd();
}

function paint(line: string, code: number, { color }: Screen): string {
  return color ? `\u001b[${code}m${line}\u001b[0m` : line;
}

function lastLine({ isTyping, isPaused, filter, sort }: Controls, { failure }: Surroundings): string {
  if (isTyping) return `filter: ${filter}_   Enter keeps it, Esc ends it`;
  const state = [
    `sorted by ${SORT_NAMES[sort]}`,
    ...(filter === '' ? [] : [`only "${filter}"`]),
    ...(isPaused ? ['paused'] : []),
    ...(failure === undefined ? [] : [failure]),
  ];
  return `${KEYS}   [${state.join(', ')}]`;
}

/** As many lines as the screen has, none wider than it. */
export function renderTop(view: TopView, controls: Controls, around: Surroundings, screen: Screen): readonly string[] {
  const rows = arrangeRows(view.rows, controls);
  const width = nameWidth(rows, screen);
  const title =
    view.policy === null
      ? 'xdpol top: no interface is filtered'
      : `xdpol top: ${view.policy}, generation ${view.generation}, every ${around.interval} s`;
  const verdicts = `pass ${pair(view.pass)}   drop ${pair(view.drop)}${unreadText(view.rows)}`;
  const sides = view.interfaces.map((side) => sideText(side, around));
  // Of many interfaces a quarter of the screen.
  const mostSides = Math.max(1, Math.floor(screen.rows / 4));
  const hidden = sides.length - mostSides;
  const shownSides = hidden > 0 ? [...sides.slice(0, mostSides - 1), `and ${hidden + 1} more`] : sides;
  const headings = [
    'RULE'.padEnd(width),
    'ACTION',
    'PACKETS/S'.padStart(9),
    'BIT/S'.padStart(9),
    'PACKETS'.padStart(12),
  ];
  const head = [title, verdicts, ...shownSides, ...fillLines(around.fills), '', headings.join('  ')];
  const room = Math.max(0, screen.rows - head.length - 1);
  const body = rows.slice(0, room).map((row) => rowLine(row, width, screen));
  const filler = Array.from({ length: room - body.length }, () => '');
  const fitted = (line: string): string => cut(line, screen.columns).trimEnd();
  const bold = head.length - 1;
  return [
    ...head.map((line, i) => (i === 0 || i === bold ? paint(fitted(line), 1, screen) : fitted(line))),
    ...body.map((line, i) => (rows[i]?.action === 'block' ? paint(fitted(line), 31, screen) : fitted(line))),
    ...filler,
    paint(fitted(lastLine(controls, around)), 7, screen),
  ];
}

/** One table, for a pipe. */
export function renderTopTable(view: TopView, controls: Pick<Controls, 'sort' | 'filter'>): string {
  const columns = [
    { title: 'BY' },
    { title: 'NAME' },
    { title: 'ACTION' },
    { title: 'PACKETS/S', right: true },
    { title: 'BIT/S', right: true },
    { title: 'PACKETS', right: true },
  ];
  const rows = arrangeRows(view.rows, controls).map((row) => [
    row.by,
    row.name,
    row.action,
    rateText(row.packetsPerSecond),
    rateText(row.bitsPerSecond),
    String(row.packets),
  ]);
  return table(columns, rows);
}
