/** Whether the hosts that a rollout has reached are well. */
import type { RolloutRecord } from '../rollout-record.ts';
import type { Snapshot } from './snapshot.ts';
import { hostsOf } from './snapshot.ts';
import { standingOf } from './states.ts';

export interface Judgement {
  /** `wait`; `ready` for the next ring; `failed`: a gate is closed. */
  readonly verdict: 'wait' | 'ready' | 'failed';
  /** Of a failure; else what is waited for. */
  readonly reason: string;
  readonly reached: number;
  readonly confirmed: number;
}

function reachedHosts(snapshot: Snapshot, { target, waves, released }: RolloutRecord): readonly string[] {
  const present = hostsOf(snapshot, target);
  const out = waves.slice(0, released);
  if (out.some(({ hosts }) => hosts === null)) return present;
  const named = new Set(out.flatMap(({ hosts }) => hosts ?? []));
  return present.filter((host) => named.has(host));
}

/** One host's part: well, not yet, or why the rollout must not go on. */
function judgeHost(
  snapshot: Snapshot,
  { target, gates }: RolloutRecord,
  host: string,
  now: number,
): 'well' | 'silent' | 'pending' | { readonly failed: string } {
  const { state, ordered, status } = standingOf(snapshot, host, now);
  // An order that counts before this one is in force there: the rollout does not touch the host.
  if (ordered !== undefined && ordered.target !== target) return 'well';
  // The policy is not there yet, or not confirmed yet: the host tries again.
  if (state === 'failed' && status?.error?.code === 'XDPOL_E_FRONT') return 'pending';
  if (state === 'failed') return { failed: `${host}: ${status?.error?.message ?? 'failed'}` };
  if (state === 'rolled-back')
    return { failed: `${host}: the policy went back by itself: ${status?.error?.message ?? 'it was not confirmed'}` };
  if (state === 'silent' || state === 'not-joined') return 'silent';
  if (state !== 'in-sync') return 'pending';
  const drops = status?.newDrops ?? 0;
  if (drops <= gates.drops) return 'well';
  return {
    failed: `${host}: drops ${drops} packets a second by rules that dropped none before, at most ${gates.drops} are allowed`,
  };
}

export function judge(snapshot: Snapshot, record: RolloutRecord, now: number): Judgement {
  const { gates, releasedAt } = record;
  const hosts = reachedHosts(snapshot, record);
  const found = hosts.map((host) => judgeHost(snapshot, record, host, now));
  const count = (what: 'well' | 'silent' | 'pending'): number => found.filter((one) => one === what).length;
  const counts = { reached: hosts.length, confirmed: count('well') };
  const failure = found.find((one) => typeof one === 'object');
  if (failure !== undefined) return { verdict: 'failed', reason: failure.failed, ...counts };
  const waiting = count('pending') + Math.max(0, count('silent') - gates.silent);
  const seconds = (now - releasedAt) / 1000;
  if (waiting > 0) {
    const what = `${count('pending')} hosts have not put it in force, ${count('silent')} are silent`;
    if (seconds > gates.patience) return { verdict: 'failed', reason: `after ${gates.patience} s ${what}`, ...counts };
    return { verdict: 'wait', reason: what, ...counts };
  }
  if (seconds >= gates.hold) return { verdict: 'ready', reason: '', ...counts };
  return { verdict: 'wait', reason: `the ring is held for ${Math.ceil(gates.hold - seconds)} s more`, ...counts };
}
