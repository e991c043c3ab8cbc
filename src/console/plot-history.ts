/** Rates of the last minutes, for plots. */
import type { Totals } from './rates.ts';

/** Readings that are kept: five minutes of one a second. */
const KEPT = 300;

export interface PlotSeries {
  /** Seconds since 1970. */
  readonly at: number[];
  /** Packets a second. */
  readonly pass: number[];
  readonly drop: number[];
}

/** By interface, both directions together. Bounded: what is older goes, and interfaces that are gone. */
export class PlotHistory {
  readonly #series = new Map<string, PlotSeries>();
  #last = 0;

  /** `at`: milliseconds since 1970 of the reading; one that is known already is left out. */
  add(at: number, totals: readonly Totals[]): void {
    if (at === this.#last) return;
    this.#last = at;
    const names = new Set(totals.map(({ interfaceName }) => interfaceName));
    for (const name of this.#series.keys()) if (!names.has(name)) this.#series.delete(name);
    for (const name of names) {
      const mine = totals.filter(({ interfaceName }) => interfaceName === name);
      const series = this.#series.get(name) ?? { at: [], pass: [], drop: [] };
      series.at.push(at / 1000);
      series.pass.push(mine.reduce((sum, { passRate }) => sum + passRate, 0));
      series.drop.push(mine.reduce((sum, { dropRate }) => sum + dropRate, 0));
      if (series.at.length > KEPT) for (const column of [series.at, series.pass, series.drop]) column.shift();
      this.#series.set(name, series);
    }
  }

  get all(): readonly (readonly [interfaceName: string, series: PlotSeries])[] {
    return [...this.#series];
  }
}
