/** Members of live sets between the store, which has wall time, and the tables of the kernel, which count ticks. */
import type { Prefix } from '../../base/ip.ts';
import { JiffiesClock } from '../../engine/jiffies.ts';
import { LiveSets } from '../../engine/live/live-sets.ts';
import type { LiveMember, LiveMemberName } from '../../engine/live/live-table.ts';
import type { Member } from '../../store/store.ts';

/** Of the kernel; made once in a process. */
let clock: JiffiesClock | undefined;

export function sharedClock(): JiffiesClock {
  clock ??= new JiffiesClock();
  return clock;
}

export function openKernelSets(): LiveSets {
  return LiveSets.open(sharedClock());
}

/** From the end of a member in milliseconds of Unix time, 0 for none, to jiffies64; as the clocks are at the first end. */
export function jiffiesOfEnds(): (endsAt: number) => bigint | undefined {
  let clocks: { readonly jiffies: bigint; readonly at: number } | undefined;
  return (endsAt) => {
    if (endsAt === 0) return undefined;
    clocks ??= { jiffies: sharedClock().now(), at: Date.now() };
    return clocks.jiffies + BigInt(Math.ceil(((endsAt - clocks.at) * sharedClock().hertz) / 1000));
  };
}

export function nameInKernel(set: number, { family, words, length }: Prefix): LiveMemberName {
  return { set, family, words, length };
}

export function kernelMember(
  set: number,
  { prefix, endsAt }: Member,
  jiffiesOf: (endsAt: number) => bigint | undefined,
): LiveMember {
  const { family, words, length } = prefix;
  return { set, family, words, length, end: jiffiesOf(endsAt) };
}
