/**
 * The samples of one scrape, as text. They are made anew each time: what the kernel no longer has is
 * gone from the answer. A scrape of 10,000 rules has 60,000 of them: the part of a line in front of its value can be
 * given ready, and a count is written as it is, never through a floating-point number.
 */

import type { LabelsOf, MetricName } from './catalogue.ts';
import { METRICS } from './catalogue.ts';
import type { ExpositionFormat } from './exposition.ts';

const SPECIAL = /[\\"\n]/gu;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function escapeLabel(value: string): string {
  return value.replace(SPECIAL, (character) => ESCAPES[character] ?? character);
}

/** A line up to its value: the name and the labels, with the space behind them. */
export function seriesOf<Name extends MetricName>(name: Name, labels: LabelsOf<Name>): string {
  const pairs = METRICS[name].labels.map((label) => `${label}="${escapeLabel(labels[label as keyof typeof labels])}"`);
  // In one piece: what is put together by a template is copied part by part at each scrape.
  return pairs.length === 0 ? `${name} ` : [name, '{', pairs.join(), '} '].join('');
}

export class Samples {
  /** Of each metric the series and their values by turns: joined they are its text. */
  readonly #lines = new Map<MetricName, string[]>();
  readonly #written = new Set<string>();

  add<Name extends MetricName>(name: Name, labels: LabelsOf<Name>, value: number | bigint): void {
    this.put(name, seriesOf(name, labels), value);
  }

  /** The same with the series ready. */
  put(name: MetricName, series: string, value: number | bigint): void {
    const lines = this.#lines.get(name);
    const text = value === 0n ? '0\n' : `${value}\n`;
    if (lines === undefined) this.#lines.set(name, [series, text]);
    else lines.push(series, text);
  }

  /** A fact that several interfaces have alike is written once. */
  addFact<Name extends MetricName>(name: Name, labels: LabelsOf<Name>): void {
    const series = seriesOf(name, labels);
    if (this.#written.has(series)) return;
    this.#written.add(series);
    this.put(name, series, 1);
  }

  /** Metric after metric, each with its HELP and TYPE lines, in the order in which they were first added. */
  text(format: ExpositionFormat): string {
    // Added up and not joined: megabytes are copied once, where they are sent.
    let text = '';
    for (const [name, lines] of this.#lines) {
      const { type, help } = METRICS[name];
      // OpenMetrics names a counter without the suffix of its samples.
      const family = format === 'openmetrics' && type === 'counter' ? name.slice(0, -'_total'.length) : name;
      text += `# HELP ${family} ${help}\n# TYPE ${family} ${type}\n`;
      text += lines.join('');
    }
    return text;
  }
}
