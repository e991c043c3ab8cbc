/** Members that have ended: programs do not see them any more; here their places are given back, and they are counted. */
import type { HostContext } from '../context.ts';
import { openKernelSets } from './kernel-members.ts';

/** Nothing where none has ended. */
export function expireMembers({ store }: HostContext): void {
  const now = Date.now();
  const due = store.liveSets.declared().filter(({ name }) => store.liveSets.members(name).nextEnd <= now);
  if (due.length === 0) return;
  using _lock = store.lockForMembers();
  for (const { name } of due) {
    const expired = store.liveSets.members(name).expire(now).length;
    const counts = store.liveSets.counts(name);
    const next = { ...counts, expired: counts.expired + expired };
    if (expired > 0) store.liveSets.change(name, { put: [], removed: [], counts: next });
  }
  const kernel = openKernelSets();
  kernel.removeEnded();
}
