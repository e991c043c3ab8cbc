/** Figures and how they are shown. */
import type { CompileStatistics } from '../src/compiler/compile.ts';
import type { ModeName } from '../src/compiler/rule-table.ts';
import type { Environment } from '../src/measure/environment.ts';
import type { Spread } from '../src/measure/statistics.ts';
import type { DataplaneFigure } from './dataplane.ts';

export interface CompileFigure {
  readonly policy: string;
  /** From the model to the tables' bytes, once and cold. */
  readonly milliseconds: number;
  readonly passes: CompileStatistics['milliseconds'];
  /** Creating and filling the tables, verifying the program: milliseconds. */
  readonly load: number;
  readonly tableBytes: number;
  /** Resident bytes of the process with the policy in memory, and at most while it compiled. */
  readonly residentBefore: number;
  readonly residentPeak: number;
  /** Of the ingress program as loaded, and walked by the verifier. */
  readonly instructions: number;
  readonly verified: number;
  readonly directedFilters: number;
  readonly modes: readonly ModeName[];
}

export interface LiveFigure {
  readonly policy: string;
  readonly traffic: string;
  /** Million frames a second. */
  readonly bare: Spread;
  readonly xdpol: Spread;
  /** xdpol / bare, round by round. */
  readonly share: Spread;
}

export interface Report {
  readonly environment: Environment;
  readonly dataplane: readonly DataplaneFigure[];
  readonly compile: readonly CompileFigure[];
  readonly live: readonly LiveFigure[];
}

type Row = readonly (string | number)[];

/** Columns of equal width; the first one to the left, numbers to the right. */
export function aligned(rows: readonly Row[]): string {
  const widths = (rows[0] ?? []).map((_, c) => Math.max(...rows.map((row) => String(row[c]).length)));
  const cell = (value: string | number, c: number): string => {
    const width = widths[c] ?? 0;
    return c === 0 ? String(value).padEnd(width) : String(value).padStart(width);
  };
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}

function ns({ median }: Spread): string {
  return median.toFixed(1);
}

function quartiles({ low, high }: Spread): string {
  return `${low.toFixed(1)}..${high.toFixed(1)}`;
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(2);
}

export function dataplaneText(figures: readonly DataplaneFigure[]): string {
  const head: Row = ['ns a packet', 'traffic', 'dropped', 'mode', 'bare', '+parse', '+count', '+xdpol', 'quartiles'];
  const rows = figures.map(
    ({ policy, traffic, dropped, mode, bare, over }): Row => [
      policy,
      traffic,
      `${Math.round(dropped * 100)} %`,
      mode,
      ns(bare),
      ns(over.parse_only),
      ns(over.parse_count),
      ns(over.xdpol),
      quartiles(over.xdpol),
    ],
  );
  return aligned([head, ...rows]);
}

export function compileText(figures: readonly CompileFigure[]): string {
  const head: Row = [
    'compile, ms',
    'total',
    'expand',
    'classes',
    'rules',
    'encode',
    'load',
    'tables MiB',
    'peak MiB',
    'above policy',
    'insns',
    'verified',
    'mode',
  ];
  const rows = figures.map(
    (f): Row => [
      f.policy,
      f.milliseconds.toFixed(0),
      ...(['expand', 'classes', 'rules', 'encode'] as const).map((pass) => f.passes[pass].toFixed(0)),
      f.load.toFixed(0),
      mib(f.tableBytes),
      mib(f.residentPeak),
      mib(f.residentPeak - f.residentBefore),
      f.instructions,
      f.verified,
      f.modes.join('/'),
    ],
  );
  return aligned([head, ...rows]);
}

export function liveText(figures: readonly LiveFigure[]): string {
  const head: Row = ['Mpps over veth, one CPU', 'traffic', 'bare', 'xdpol', 'share'];
  const rows = figures.map(
    ({ policy, traffic, bare, xdpol, share }): Row => [
      policy,
      traffic,
      bare.median.toFixed(2),
      xdpol.median.toFixed(2),
      `${Math.round(share.median * 100)} %`,
    ],
  );
  return aligned([head, ...rows]);
}
