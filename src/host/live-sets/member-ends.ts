/**
 * Members that end. Programs compare ends by themselves; here what has ended leaves the store, is counted, and gives back
 * its place.
 */
import type { HostContext } from '../context.ts';
import { jiffiesOfEnds, kernelMember, nameInKernel, openKernelSets } from './kernel-members.ts';
import { presentMembers } from './read-sets.ts';
import { setsInUse } from './sets-in-use.ts';

/** Milliseconds by which the clock and the ticks of the kernel may part before ends are written anew. */
const MOST_DRIFT = 1000;

/**
 * Ends are times of the clock, and the kernel counts ticks: where somebody sets the clock, or the host sleeps, the two part.
 * Whether they did before the first look is not known, so it takes them as parted.
 */
export class MemberEnds {
  /** Of the clock over the ticks, milliseconds. */
  #offset = Number.NaN;

  /** One look. Returns how many ends were written anew; undefined where the clock was not set since the last look. */
  keep(context: HostContext): number | undefined {
    expireMembers(context);
    const offset = Date.now() - performance.now();
    if (Math.abs(offset - this.#offset) <= MOST_DRIFT) return undefined;
    const isFirst = Number.isNaN(this.#offset);
    const count = rewriteEnds(context);
    this.#offset = offset;
    return isFirst ? undefined : count;
  }
}

/** Nothing where none has ended. By the ticks it may not have: a member that is not listed must not count. */
function expireMembers({ store }: HostContext): void {
  const now = Date.now();
  const due = store.liveSets.declared().filter(({ name }) => store.liveSets.members(name).nextEnd <= now);
  if (due.length === 0) return;
  using _lock = store.lockForMembers();
  const kernel = openKernelSets();
  kernel.removeEnded();
  for (const { name, number } of due) {
    const expired = store.liveSets.members(name).expire(now);
    for (const prefix of expired) kernel.remove(nameInKernel(number, prefix));
    const counts = store.liveSets.counts(name);
    const next = { ...counts, expired: counts.expired + expired.length };
    if (expired.length > 0) store.liveSets.change(name, { put: [], removed: [], counts: next });
  }
}

function rewriteEnds({ store }: HostContext): number {
  const ending = store.liveSets.declared().filter(({ name }) => Number.isFinite(store.liveSets.members(name).nextEnd));
  const sets = setsInUse(ending);
  if (sets.length === 0) return 0;
  using _lock = store.lockForMembers();
  const kernel = openKernelSets();
  const jiffiesOf = jiffiesOfEnds();
  let count = 0;
  for (const { name, number } of sets) {
    for (const member of presentMembers(store, name)) {
      if (member.endsAt === 0) continue;
      kernel.add(kernelMember(number, member, jiffiesOf), { replace: true });
      count++;
    }
  }
  return count;
}
