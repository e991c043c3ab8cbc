/**
 * The series of rules, kept from scrape to scrape: of a thousand rules on four interfaces they are most of the text, and
 * only their values change. What the engine reads of a policy in force is the same object until there is another, so
 * what is kept here goes with it.
 */
import type { Counted } from '../engine/slots.ts';
import { seriesOf } from './samples.ts';

export interface Place {
  readonly device: string;
  readonly direction: string;
}

type CountedRule = Extract<Counted, { readonly by: 'rule' }>;

interface SeriesOfRule {
  readonly device: string;
  readonly packets: string;
  readonly bytes: string;
  readonly lastMatch: string;
}

export class RuleSeries {
  /** By direction. A device is renamed seldom: then the series are made again. */
  readonly #known = new WeakMap<CountedRule, Map<string, SeriesOfRule>>();

  of(counted: CountedRule, where: Place): SeriesOfRule {
    let byDirection = this.#known.get(counted);
    if (byDirection === undefined) {
      byDirection = new Map();
      this.#known.set(counted, byDirection);
    }
    const known = byDirection.get(where.direction);
    if (known?.device === where.device) return known;
    const made = makeSeries(counted, where);
    byDirection.set(where.direction, made);
    return made;
  }
}

function makeSeries({ policy, rule, action }: CountedRule, where: Place): SeriesOfRule {
  const labels = { ...where, policy, rule, action };
  return {
    device: where.device,
    packets: seriesOf('xdpol_rule_packets_total', labels),
    bytes: seriesOf('xdpol_rule_bytes_total', labels),
    lastMatch: seriesOf('xdpol_rule_last_match_timestamp_seconds', labels),
  };
}
