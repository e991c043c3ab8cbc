/** Counting what happens: a count that cannot be written ends nothing. */
import { EnvironmentError } from '../base/environment-error.ts';
import { messageOf } from '../base/message-of.ts';
import { PolicyRejected } from '../base/policy-rejected.ts';
import type { Happened } from '../store/store.ts';
import type { HostContext } from './context.ts';

/** The caller holds the store's lock. */
export function tally({ store, report }: HostContext, happened: Happened): void {
  try {
    store.tallies.add(happened);
  } catch (error) {
    const why = messageOf(error);
    report({ kind: 'warning', text: `what happened is not counted: ${why}` });
  }
}

/** Why something could not be put in force, as a word of few: a label of a metric. */
export function failureReason(error: unknown): string {
  if (error instanceof PolicyRejected) return 'policy';
  if (error instanceof EnvironmentError) return error.code.replace('XDPOL_E_', '').toLowerCase();
  return 'kernel';
}
