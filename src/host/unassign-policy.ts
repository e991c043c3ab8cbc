/** No policy in force any more. */
import { EnvironmentError } from '../base/environment-error.ts';
import type { PolicyStore } from '../store/store.ts';
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
  /** Still filtered. */
  readonly remaining: readonly string[];
  /** Names of the dynamic rules that ended with it. */
  readonly dynamic: readonly string[];
  readonly notes: readonly string[];
  /** What the store did not take, each with what comes of it. */
  readonly failures: readonly string[];
}

/** Works on a store that is full, read-only, damaged or of a newer xdpol: nothing is filtered afterwards. */
export function unassignPolicy({ store }: HostContext): UnassignOutcome {
  using _lock = store.lockIfPossible();
  return endEverything(store);
}

/** The caller holds the store's lock, where it can be held. */
export function endEverything(store: PolicyStore): UnassignOutcome {
  const waited = readPendingChange();
  const policy = assignedPolicy(store);
  const { interfaces, rules, notes, failures } = endFiltering(store);
  return {
    policy,
    interfaces,
    remaining: [],
    dynamic: rules.map(({ rule }) => rule),
    notes: [...noteWaited(waited), ...notes, ...noteEndedRules(rules)],
    failures,
  };
}

function noteWaited(waited: PendingChange | undefined): readonly string[] {
  return waited === undefined ? [] : [`${describePending(waited)} was not confirmed, and ended with it`];
}

/** null also where it cannot be known. */
function assignedPolicy(store: PolicyStore): string | null {
  try {
    return store.assignment()?.policy ?? null;
  } catch (error) {
    if (error instanceof EnvironmentError) return null;
    throw error;
  }
}
