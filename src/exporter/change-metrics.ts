/** What was done to this host: applies, failures, returns, and what waits. */
import type { Samples } from './sample-metrics.ts';

/** Counted by the store, over restarts and reboots. */
export interface Changes {
  readonly applies: number;
  /** By reason. */
  readonly applyFailures: ReadonlyMap<string, number>;
  readonly rollbacks: ReadonlyMap<string, number>;
  /** The policy in force will be taken back unless it is confirmed. */
  readonly confirmPending: boolean;
}

/** There from the beginning, so that the first one is an increase. */
const ROLLBACK_REASONS = ['unconfirmed', 'requested'] as const;
const FAILURE_REASONS = ['policy', 'kernel'] as const;

function withZeros(reasons: readonly string[], counts: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  return new Map([...reasons.map((reason) => [reason, 0] as const), ...counts]);
}

export function addChanges(samples: Samples, { applies, applyFailures, rollbacks, confirmPending }: Changes): void {
  samples.add('xdpol_policy_confirm_pending', {}, Number(confirmPending));
  samples.add('xdpol_applies_total', {}, applies);
  for (const [reason, count] of withZeros(FAILURE_REASONS, applyFailures)) {
    samples.add('xdpol_apply_failures_total', { reason }, count);
  }
  for (const [reason, count] of withZeros(ROLLBACK_REASONS, rollbacks)) {
    samples.add('xdpol_rollbacks_total', { reason }, count);
  }
}
