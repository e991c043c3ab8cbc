/**
 * The samples of one scrape, as text. They are written anew each time: what the kernel no longer has is gone from the
 * answer. A count is written as it is, never through a floating-point number that could not hold it.
 */
import { Buffer } from 'node:buffer';
import type { ExpositionFormat } from './exposition.ts';
import type { LabelsOf, MetricName } from './metric-catalogue.ts';
import { METRICS } from './metric-catalogue.ts';
import { MetricText } from './metric-text.ts';

/** Counts get longer: room for that. */
const GROWTH = 1.25;
const SPECIAL = /[\\"\n]/gu;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function escapeLabel(value: string): string {
  return value.replace(SPECIAL, (character) => ESCAPES[character] ?? character);
}

/** Labels as they stand in a line, in this order. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}="${escapeLabel(value)}"`)
    .join();
}

/** A line up to its value: the name and the labels, with the space behind them. */
export function seriesOf<Name extends MetricName>(name: Name, labels: LabelsOf<Name>): string {
  const ordered = METRICS[name].labels.map((label) => [label, labels[label as keyof typeof labels]] as const);
  return ordered.length === 0 ? `${name} ` : `${name}{${labelText(Object.fromEntries(ordered))}} `;
}

export class Samples {
  readonly #texts = new Map<MetricName, MetricText>();
  /** In the order in which they were first added. */
  readonly #present = new Set<MetricName>();
  readonly #facts = new Set<string>();
  #whole = Buffer.allocUnsafeSlow(0);

  /** For the next scrape. Its text will have the room that the last one took. */
  clear(): void {
    for (const text of this.#texts.values()) text.clear();
    this.#present.clear();
    this.#facts.clear();
  }

  /** Where lines of the metric are written. */
  of(name: MetricName): MetricText {
    this.#present.add(name);
    let text = this.#texts.get(name);
    if (text === undefined) {
      text = new MetricText();
      this.#texts.set(name, text);
    }
    return text;
  }

  add<Name extends MetricName>(name: Name, labels: LabelsOf<Name>, value: number | bigint): void {
    this.of(name).line(seriesOf(name, labels), String(value));
  }

  /** A fact that several interfaces have alike is written once. */
  addFact(name: MetricName, series: string): void {
    if (this.#facts.has(series)) return;
    this.#facts.add(series);
    this.of(name).line(series, '1');
  }

  /** Metric after metric, each with its HELP and TYPE lines, then `rest`. Lent until the next call. */
  bytes(format: ExpositionFormat, rest = ''): Buffer {
    const parts = [...this.#present].flatMap((name) => [Buffer.from(headOf(name, format)), this.of(name).bytes]);
    parts.push(Buffer.from(rest));
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length > this.#whole.length) this.#whole = Buffer.allocUnsafeSlow(GROWTH * length);
    let at = 0;
    for (const part of parts) {
      this.#whole.set(part, at);
      at += part.length;
    }
    return this.#whole.subarray(0, length);
  }
}

function headOf(name: MetricName, format: ExpositionFormat): string {
  const { type, help } = METRICS[name];
  // OpenMetrics names a counter without the suffix of its samples.
  const family = format === 'openmetrics' && type === 'counter' ? name.slice(0, -'_total'.length) : name;
  return `# HELP ${family} ${help}\n# TYPE ${family} ${type}\n`;
}
