/**
 * The samples of one scrape, as text. They are made anew each time: what the kernel no longer has is
 * gone from the answer. A scrape of 10,000 rules has 60,000 of them, so each is written once, straight
 * into its line, and a count is written as it is: never through a floating-point number.
 */

import type { LabelsOf, MetricName } from './catalogue.ts';
import { METRICS } from './catalogue.ts';
import type { ExpositionFormat } from './exposition.ts';

const SPECIAL = /[\\"\n]/gu;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

function escapeLabel(value: string): string {
  return value.replace(SPECIAL, (character) => ESCAPES[character] ?? character);
}

export class Samples {
  readonly #lines = new Map<MetricName, string[]>();

  add<Name extends MetricName>(name: Name, labels: LabelsOf<Name>, value: number | bigint): void {
    let lines = this.#lines.get(name);
    if (lines === undefined) {
      lines = [];
      this.#lines.set(name, lines);
    }
    let text = '';
    for (const label of METRICS[name].labels) {
      text += `${text === '' ? '' : ','}${label}="${escapeLabel(labels[label as keyof typeof labels])}"`;
    }
    lines.push(text === '' ? `${name} ${value}` : `${name}{${text}} ${value}`);
  }

  /** Metric after metric, each with its HELP and TYPE lines, in the order in which they were first added. */
  text(format: ExpositionFormat): string {
    const parts: string[] = [];
    for (const [name, lines] of this.#lines) {
      const { type, help } = METRICS[name];
      // OpenMetrics names a counter without the suffix of its samples.
      const family = format === 'openmetrics' && type === 'counter' ? name.slice(0, -'_total'.length) : name;
      parts.push(`# HELP ${family} ${help}\n# TYPE ${family} ${type}\n${lines.join('\n')}\n`);
    }
    return parts.join('');
  }
}
