/** After a return: the policy of before is in force as it was, and the host may have changed since. */
import { newestGeneration, readAttachments } from '../engine/survey.ts';
import type { PolicyStore } from '../store/store.ts';
import type { HostContext } from './context.ts';
import { settleOverdue } from './decide-change.ts';
import { readOverlay } from './overlay.ts';
import { restoreNow } from './restore-now.ts';

/** Settles what is overdue, and puts the assigned policy in force anew where its dynamic rules changed. Returns what to tell. */
export async function settleReturned(context: HostContext): Promise<string | undefined> {
  const settled = settleOverdue(context);
  if (settled?.kind !== 'returned' || !hasOtherRules(context.store)) return settled?.text;
  using _lock = context.store.lock();
  const { policy, generation } = await restoreNow(context);
  return `${settled.text}, with the dynamic rules of now: ${policy ?? 'nothing'}, generation ${generation ?? 'none'}`;
}

/** Addresses are followed anyway. */
function hasOtherRules(store: PolicyStore): boolean {
  const { rules } = readOverlay(store);
  const inForce = newestGeneration(readAttachments())?.dynamic ?? [];
  return rules.flatMap((rule) => rule.rules).length !== inForce.length;
}
