/** All figures as comma-separated values (RFC 4180), a figure a line. */
import type { Figure } from '../figure.ts';

const COLUMNS = [
  'section',
  'policy',
  'size',
  'traffic',
  'subject',
  'quantity',
  'unit',
  'baseline',
  'median',
  'first quartile',
  'third quartile',
  'rounds',
  'note',
] as const;

function quoteValue(value: string): string {
  return /[",\r\n]/u.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function line(f: Figure): string {
  const spread = [f.spread?.median, f.spread?.low, f.spread?.high].map((value) => value ?? '');
  const about = [f.section, f.policy, f.size, f.traffic, f.subject, f.quantity, f.unit, f.baseline];
  return [...about, ...spread, f.rounds, f.note].map((value) => quoteValue(String(value))).join(',');
}

export function csv(figures: readonly Figure[]): string {
  return [COLUMNS.join(','), ...figures.map(line), ''].join('\r\n');
}
