/** What should be in force by the store, put in force anew: what the agent does where the host, or what is in force, changed. */
import type { HostContext } from './context.ts';
import { findIntendedPolicy } from './intended-policy.ts';
import { readOverlay } from './overlay.ts';
import type { RestoredPolicy } from './restore-intended.ts';
import { restoreIntended } from './restore-intended.ts';

/** The caller holds the store's lock. */
export async function restoreNow(context: HostContext): Promise<RestoredPolicy> {
  return await (context.restoreBeside?.() ?? restoreHere(context));
}

/** The same, by this thread. */
export async function restoreHere(context: HostContext): Promise<RestoredPolicy> {
  const { rules } = readOverlay(context.store);
  return await restoreIntended(context, await findIntendedPolicy(context.store), rules, 0);
}
