/** DNS names that are followed. */
import type { Samples } from './sample-metrics.ts';

export interface NameState {
  readonly name: string;
  /** Seconds since the last answer; undefined where there never was one. */
  readonly age: number | undefined;
  /** Questions without an answer, over restarts. */
  readonly failures: number;
}

export function addNames(samples: Samples, names: readonly NameState[]): void {
  for (const { name, age, failures } of names) {
    if (age !== undefined) samples.add('xdpol_name_age_seconds', { name }, age);
    samples.add('xdpol_name_failures_total', { name }, failures);
  }
}
