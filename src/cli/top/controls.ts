/** What the keys of `xdpol top` change. */
import type { TopRow } from './rates.ts';

export const SORTS = ['pps', 'bps', 'total'] as const;
export type Sort = (typeof SORTS)[number];

export interface Controls {
  readonly sort: Sort;
  /** Rows whose name contains it, in either case, are shown; empty: all. */
  readonly filter: string;
  /** Is the filter being typed? */
  readonly isTyping: boolean;
  readonly isPaused: boolean;
  readonly isOver: boolean;
}

export const KEYS = 'q quit   p pause   s sort   / filter';

/** The controls after a key, as a terminal in raw mode sends it. */
export function afterKey(controls: Controls, key: string): Controls {
  if (key === '\u0003') return { ...controls, isOver: true };
  if (controls.isTyping) return afterTyping(controls, key);
  switch (key) {
    case 'q':
      return { ...controls, isOver: true };
    case 'p':
    case ' ':
      return { ...controls, isPaused: !controls.isPaused };
    case 's':
      return { ...controls, sort: SORTS[(SORTS.indexOf(controls.sort) + 1) % SORTS.length] ?? 'pps' };
    case '/':
      return { ...controls, isTyping: true, filter: '' };
    case '\u001b':
      return { ...controls, filter: '' };
    default:
      return controls;
  }
}

function afterTyping(controls: Controls, key: string): Controls {
  if (key === '\r' || key === '\n') return { ...controls, isTyping: false };
  if (key === '\u001b') return { ...controls, isTyping: false, filter: '' };
  if (key === '\u007f' || key === '\b') return { ...controls, filter: controls.filter.slice(0, -1) };
  return /^\P{Cc}+$/u.test(key) ? { ...controls, filter: controls.filter + key } : controls;
}

const WEIGHT: Readonly<Record<Sort, (row: TopRow) => number>> = {
  pps: ({ packetsPerSecond }) => packetsPerSecond,
  bps: ({ bitsPerSecond }) => bitsPerSecond,
  total: ({ packets }) => packets,
};

/** Rows that the filter lets through, the heaviest first; equal ones by what they have counted. */
export function arrangeRows(rows: readonly TopRow[], { sort, filter }: Pick<Controls, 'sort' | 'filter'>): TopRow[] {
  const wanted = filter.toLowerCase();
  const weight = WEIGHT[sort];
  return rows
    .filter(({ name, by, packets }) => name.toLowerCase().includes(wanted) && (packets > 0 || by === 'rule'))
    .sort((a, b) => weight(b) - weight(a) || b.packets - a.packets);
}
