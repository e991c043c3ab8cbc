/**
 * The labels of rules, kept from scrape to scrape: of a thousand rules on four interfaces they are most of the text, and
 * only values change. What the engine says is in force is the same array until there is something else, so what is kept
 * here goes with it.
 */
import { Buffer } from 'node:buffer';
import type { Named } from '../engine/slots.ts';
import type { MetricName } from './metric-catalogue.ts';
import { labelText } from './sample-metrics.ts';

/** What stands behind device and direction in the lines of one rule. */
interface RuleLabels {
  /** Its place among what is named. */
  readonly at: number;
  readonly ofCounters: Uint8Array;
  readonly ofLastMatch: Uint8Array;
}

export class RuleSeries {
  readonly #known = new WeakMap<readonly Named[], readonly RuleLabels[]>();

  /** Of the rules among them. */
  of(named: readonly Named[]): readonly RuleLabels[] {
    const known = this.#known.get(named);
    if (known !== undefined) return known;
    const made = named.flatMap((one, at) => (one.by === 'rule' ? [labelsOf(one, at)] : []));
    this.#known.set(named, made);
    return made;
  }
}

function labelsOf({ policy, rule, action }: Extract<Named, { readonly by: 'rule' }>, at: number): RuleLabels {
  return {
    at,
    ofCounters: Buffer.from(`${labelText({ policy, rule, action })}} `),
    ofLastMatch: Buffer.from(`${labelText({ policy, rule })}} `),
  };
}

export interface Place {
  readonly device: string;
  readonly direction: string;
}

/** What stands in front of it. */
export function startOf(name: MetricName, { device, direction }: Place): Uint8Array {
  return Buffer.from(`${name}{${labelText({ device, direction })},`);
}
