/** Live sets: how full they are, and what came of members. */
import type { Samples } from './sample-metrics.ts';

export interface LiveSetState {
  readonly set: string;
  readonly entries: number;
  readonly capacity: number;
  readonly counts: {
    readonly adds: number;
    readonly expired: number;
    readonly refused: Readonly<Record<string, number>>;
  };
  readonly feed: { readonly ageSeconds: number | null; readonly failures: number } | null;
}

/** There from the beginning, so that the first one is an increase. */
const REASONS = ['full', 'length', 'own', 'protected'] as const;

export function addLiveSets(samples: Samples, sets: readonly LiveSetState[]): void {
  for (const { set, entries, capacity, counts, feed } of sets) {
    samples.add('xdpol_set_entries', { set }, entries);
    samples.add('xdpol_set_capacity', { set }, capacity);
    samples.add('xdpol_set_adds_total', { set }, counts.adds);
    samples.add('xdpol_set_expired_total', { set }, counts.expired);
    if (feed !== null) samples.add('xdpol_feed_failures_total', { set }, feed.failures);
    if (feed !== null && feed.ageSeconds !== null) samples.add('xdpol_feed_age_seconds', { set }, feed.ageSeconds);
    const refused = { ...Object.fromEntries(REASONS.map((reason) => [reason, 0])), ...counts.refused };
    for (const [reason, count] of Object.entries(refused)) {
      samples.add('xdpol_set_refused_total', { set, reason }, count);
    }
  }
}
