/** No policy in force any more. */
import type { HostContext } from './context.ts';
import { endFiltering } from './end-filtering.ts';
import { noteEndedRules } from './overlay.ts';
import type { PendingChange } from './pending-change.ts';
import { describePending, readPendingChange } from './pending-change.ts';

export interface UnassignOutcome {
  /** That was assigned; null where none was. */
  readonly policy: string | null;
  /** No longer filtered. */
  readonly interfaces: readonly string[];
  /** Names of the dynamic rules that ended with it. */
  readonly dynamic: readonly string[];
  readonly notes: readonly string[];
}

export function unassignPolicy({ store }: HostContext): UnassignOutcome {
  using _lock = store.lock();
  const waited = readPendingChange();
  const policy = store.assignment()?.policy ?? null;
  const { interfaces, rules, notes } = endFiltering(store);
  return {
    policy,
    interfaces,
    dynamic: rules.map(({ rule }) => rule),
    notes: [...noteWaited(waited), ...notes, ...noteEndedRules(rules)],
  };
}

function noteWaited(waited: PendingChange | undefined): readonly string[] {
  return waited === undefined ? [] : [`${describePending(waited)} was not confirmed, and ended with it`];
}
