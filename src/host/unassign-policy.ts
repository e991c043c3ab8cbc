/** No policy in force any more. */
import type { HostContext } from './context.ts';
import { endFiltering } from './end-filtering.ts';
import { noteEndedRules } from './overlay.ts';

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
  const policy = store.assignment()?.policy ?? null;
  const { interfaces, rules, notes } = endFiltering(store);
  return { policy, interfaces, dynamic: rules.map(({ rule }) => rule), notes: [...notes, ...noteEndedRules(rules)] };
}
