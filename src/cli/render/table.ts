/** Aligned columns and numbers that people read. */

export interface Column {
  readonly title: string;
  /** Aligned to the right, as numbers are. */
  readonly right?: boolean;
}

/** The last column is not padded. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (columns[i]?.right === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${[columns.map((c) => c.title), ...rows].map(line).join('\n')}\n`;
}

const STEPS = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/** Three or four digits and an SI prefix: 12.4M. */
export function si(value: number | bigint): string {
  let scaled = Number(value);
  let step = 0;
  while (scaled >= 1000 && step < STEPS.length - 1) {
    scaled /= 1000;
    step++;
  }
  if (step === 0) return String(scaled);
  return `${scaled < 100 ? scaled.toFixed(1) : Math.round(scaled)}${STEPS[step]}`;
}

/** Bytes with binary prefixes: 7.6 MiB. */
export function binary(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const [value, unit] = bytes < 1 << 20 ? [bytes / 1024, 'KiB'] : [bytes / (1 << 20), 'MiB'];
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}
