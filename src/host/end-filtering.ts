/** What `unassign` and every operation that ends filtering have in common. The caller holds the store's lock. */

import { endHook } from '../engine/attachment.ts';
import { DIRECTIONS } from '../engine/program.ts';
import type { Attachment } from '../engine/survey.ts';
import { readAttachments } from '../engine/survey.ts';
import type { DynamicRule, PolicyStore } from '../store/store.ts';
import { readOverlay } from './overlay.ts';

const QDISC_STAYS = "the clsact qdisc stays: it may be another program's, and without filters it passes everything";

export interface EndedFiltering {
  /** No longer filtered. */
  readonly interfaces: readonly string[];
  /** Dynamic rules that ended with it. */
  readonly rules: readonly DynamicRule[];
  readonly notes: readonly string[];
}

/**
 * Detaches from every interface. The assignment goes last: after a crash in between, the policy is still known as
 * assigned and can be applied again.
 */
export function endFiltering(store: PolicyStore): EndedFiltering {
  const { rules, staleRules } = readOverlay(store);
  const attachments = readAttachments();
  const notes = attachments.flatMap(detach);
  if (rules.length + staleRules.length > 0) store.dynamic.remove();
  store.unassign();
  return { interfaces: attachments.map(({ name }) => name), rules: [...rules, ...staleRules], notes };
}

/** Returns notes. */
export function endFilteringOn(interfaceName: string): readonly string[] {
  return readAttachments()
    .filter(({ name }) => name === interfaceName)
    .flatMap(detach);
}

function detach({ name, directory, ifindex, hooks }: Attachment): readonly string[] {
  for (const direction of DIRECTIONS) endHook({ direction, directory, ifindex });
  return hooks.some(({ kind }) => kind === 'clsact') ? [`${name}: ${QDISC_STAYS}`] : [];
}
