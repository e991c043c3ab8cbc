/** The end of dynamic rules: the assigned policy is alone in force, or nothing is. */
import { newestGeneration, readAttachments } from '../engine/survey.ts';
import type { HostContext } from './context.ts';
import { endFiltering } from './end-filtering.ts';
import { findIntendedPolicy } from './intended-policy.ts';
import { isFilteredForRulesAlone, readOverlay } from './overlay.ts';
import { restoreIntended } from './restore-intended.ts';

/**
 * Puts the assigned policy alone in force, or ends filtering where dynamic rules were alone. Returns what is in force
 * then; undefined where there was no dynamic rule. The caller holds the store's lock.
 */
export async function endDynamicRules(context: HostContext): Promise<string | undefined> {
  const { store } = context;
  const { rules, staleRules } = readOverlay(store);
  const attachments = readAttachments();
  const inForce = newestGeneration(attachments);
  const isInStore = rules.length + staleRules.length > 0;
  if (!isInStore && inForce?.dynamic === undefined) return undefined;
  if (isFilteredForRulesAlone(store, attachments)) {
    const { interfaces, failures } = endFiltering(store);
    return [`no longer filtered: ${interfaces.join(', ')}`, ...failures].join('; ');
  }
  let now = 'nothing was filtered for them';
  if (inForce?.dynamic !== undefined) {
    const { policy, generation } = await restoreIntended(context, await findIntendedPolicy(store), [], 0);
    now = `${policy} alone in force, generation ${generation ?? 'none'}`;
  }
  if (isInStore) store.dynamic.remove();
  return now;
}
