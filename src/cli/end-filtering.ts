/** What `unassign` and every verb that ends filtering have in common. */
import type { Attachment } from '../engine/attachment.ts';
import { endHook, readAttachments } from '../engine/attachment.ts';
import { DIRECTIONS } from '../engine/program.ts';
import type { DynamicRule, PolicyStore } from '../store/store.ts';
import { warn } from './output.ts';
import { readOverlay } from './overlay.ts';

const QDISC_STAYS = "the clsact qdisc stays: it may be another program's, and without filters it passes everything";

export interface EndedFiltering {
  /** No longer filtered. */
  readonly interfaces: readonly string[];
  /** Dynamic rules that ended with it. */
  readonly rules: readonly DynamicRule[];
}

/**
 * Detaches from every interface. The caller holds the store's lock. The assignment goes last: after a crash in between,
 * the policy is still known as assigned and can be applied again.
 */
export function endFiltering(store: PolicyStore): EndedFiltering {
  const { rules, stale } = readOverlay(store);
  const attachments = readAttachments();
  for (const attachment of attachments) detach(attachment);
  if (rules.length + stale.length > 0) store.dynamic.remove();
  store.unassign();
  return { interfaces: attachments.map((attachment) => attachment.name), rules: [...rules, ...stale] };
}

export function endFilteringOn(interfaceName: string): void {
  for (const attachment of readAttachments()) if (attachment.name === interfaceName) detach(attachment);
}

function detach({ name, directory, ifindex, hooks }: Attachment): void {
  if (hooks.some(({ kind }) => kind === 'clsact')) warn(`note: ${name}: ${QDISC_STAYS}`);
  for (const direction of DIRECTIONS) endHook({ direction, directory, ifindex });
}
