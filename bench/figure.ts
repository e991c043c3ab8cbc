/** What is measured: one shape for all sections, so that tables, CSV, JSON and plots need no other. */
import type { Spread } from '../src/measure/statistics.ts';

export const SECTIONS = [
  'dataplane',
  'parts',
  'sets',
  'bans',
  'live',
  'compile',
  'load',
  'swap',
  'scrape',
  'replay',
  'fleet',
] as const;
export type Section = (typeof SECTIONS)[number];
export type Unit = 'ns' | 'Mpps' | '%' | 'ms' | 'MiB' | 'kB' | 'count' | 's';

/** What a figure is about. */
export interface Subject {
  readonly section: Section;
  readonly policy: string;
  /** Addresses or filters of the policy, whichever it grows by. */
  readonly size: number;
  /** The kind of packets; empty where there are none. */
  readonly traffic: string;
  /** What was measured: `xdpol`, a baseline or a peer. */
  readonly subject: string;
}

export interface Figure extends Subject {
  readonly quantity: string;
  readonly unit: Unit;
  /** What was subtracted or divided by, in the same round; empty for figures that stand alone. */
  readonly baseline: string;
  /** Absent where nothing could be measured: `note` says why. */
  readonly spread?: Spread;
  /** How many rounds the spread is of. */
  readonly rounds: number;
  readonly note: string;
}

export type Quantity = Pick<Figure, 'quantity' | 'unit'> & { readonly baseline?: string; readonly note?: string };

export function figure(about: Subject, what: Quantity, spread: Spread, rounds: number): Figure {
  return { ...about, baseline: '', note: '', ...what, spread, rounds };
}

/** A figure of one value, such as a size. */
export function single(about: Subject, what: Quantity, value: number): Figure {
  return figure(about, what, { median: value, low: value, high: value }, 1);
}

/** A row that says why there is no figure. */
export function createUnmeasured(about: Subject, what: Quantity, note: string): Figure {
  return { ...about, baseline: '', ...what, rounds: 0, note };
}

export const MIB: number = 2 ** 20;
