/** What operators do with a rollout that is not over: stop it, go on with it, take it back. */
import { EnvironmentError } from '../../base/environment-error.ts';
import type { Target } from '../fleet-names.ts';
import type { FleetStore } from '../fleet-store.ts';
import { KEYS } from '../record-keys.ts';
import type { RolloutRecord } from '../rollout-record.ts';
import type { Intent } from './change.ts';
import { fleetError, requireKnown } from './change.ts';
import { intentOf, requireOwnProbe, writeRollout } from './rollout.ts';
import type { Snapshot, Stored } from './snapshot.ts';
import { readSignedOrder, runningRollout, takeSnapshot } from './snapshot.ts';

/** Throws where there is none of the id. */
export function findRollout(snapshot: Snapshot, id: string): Stored<RolloutRecord> {
  const found = snapshot.rollouts.get(id);
  if (found !== undefined) return found;
  const open = [...snapshot.rollouts.values()].filter(
    ({ value: { state } }) => state === 'running' || state === 'stopped',
  );
  const ids = open.map(({ value }) => value.id).join(', ');
  throw fleetError(
    `there is no rollout ${id}`,
    ids === '' ? 'none is open: begin one with xdpol fleet rollout TARGET NAME' : `those that are not over: ${ids}`,
  );
}

/** Its driver may write the record between a look and a write: it is looked at again, so many times. */
const TRIES = 5;

/** `decide` gives the change, or undefined where there is nothing to do; it may throw. */
async function changeOpen(
  store: FleetStore,
  id: string,
  decide: (record: RolloutRecord) => Partial<RolloutRecord> | undefined,
): Promise<RolloutRecord> {
  for (let tries = 1; ; tries += 1) {
    const snapshot = await takeSnapshot(store);
    const stored = findRollout(snapshot, id);
    const change = decide(stored.value);
    if (change === undefined) return stored.value;
    try {
      return (await writeRollout(store, snapshot, stored, change)).value;
    } catch (error) {
      const isConflict = error instanceof EnvironmentError && error.code === 'XDPOL_E_FLEET_CONFLICT';
      if (!isConflict || tries === TRIES) throw error;
    }
  }
}

function requireOpen({ id, target, state }: RolloutRecord): void {
  if (state === 'running' || state === 'stopped') return;
  throw fleetError(
    `the rollout ${id} is over: it is ${state === 'done' ? 'done' : 'taken back'}`,
    `order again what was ordered before: xdpol fleet rollback ${target}`,
  );
}

/** Another try where a gate, or an operator, has stopped it. `probe`: of whoever drives it then. */
export async function resumeRollout(store: FleetStore, id: string, probe: string | null): Promise<RolloutRecord> {
  return await changeOpen(store, id, (record) => {
    if (record.state !== 'stopped') return undefined;
    requireOwnProbe(record, probe);
    return { state: 'running', reason: null, releasedAt: Date.now() };
  });
}

/** No further ring is released; hosts that have the new policy keep it. Whoever drives it ends. */
export async function stopRollout(store: FleetStore, id: string): Promise<RolloutRecord> {
  return await changeOpen(store, id, (record) => {
    requireOpen(record);
    return record.state === 'stopped'
      ? undefined
      : { state: 'stopped', reason: 'an operator stopped it', driver: null };
  });
}

/** By the way back that was signed when it began. */
export async function returnRollout(store: FleetStore, id: string): Promise<RolloutRecord> {
  return await changeOpen(store, id, (record) => {
    requireOpen(record);
    return { state: 'returned', reason: 'an operator took it back', driver: null };
  });
}

/** The rollout of the target that is not over; else what was ordered before the present order, to be ordered again. */
export type WayBack = { readonly rollout: Stored<RolloutRecord> } | { readonly intent: Intent };

export async function findWayBack(store: FleetStore, snapshot: Snapshot, target: Target): Promise<WayBack> {
  requireKnown(snapshot, target);
  const rollout = runningRollout(snapshot, target);
  if (rollout !== undefined) return { rollout };
  const entry = await store.get(KEYS.previous(target));
  const before = entry === undefined ? undefined : readSignedOrder(entry.value);
  if (before !== undefined) return { intent: intentOf(before.order) };
  throw fleetError(`${target} had no order before`, 'order a version: xdpol fleet order TARGET NAME@VERSION');
}
