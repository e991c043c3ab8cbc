/** What `unassign` and every verb that ends filtering have in common. */
import { endHook, readAttachments } from '../engine/attachment.ts';
import { DIRECTIONS } from '../engine/program.ts';
import type { PolicyStore } from '../store/store.ts';
import { warn } from './output.ts';

const QDISC_STAYS = "the clsact qdisc stays: it may be another program's, and without filters it passes everything";

/**
 * Detaches from every interface and returns their names. The caller holds the store's lock. The assignment goes last:
 * after a crash in between, the policy is still known as assigned and can be applied again.
 */
export function endFiltering(store: PolicyStore): readonly string[] {
  const attachments = readAttachments();
  for (const { name, directory, ifindex, hooks } of attachments) {
    if (hooks.some(({ kind }) => kind === 'clsact')) warn(`note: ${name}: ${QDISC_STAYS}`);
    for (const direction of DIRECTIONS) endHook({ direction, directory, ifindex });
  }
  store.unassign();
  return attachments.map((attachment) => attachment.name);
}
