/** Drives a rollout to its end. Everything it knows is in the store: another process goes on where this one ended. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { present } from '../../base/assert.ts';
import { EnvironmentError } from '../../base/environment-error.ts';
import type { FleetStore } from '../fleet-store.ts';
import { KEYS } from '../record-keys.ts';
import { encodeRecord } from '../records.ts';
import type { RolloutRecord } from '../rollout-record.ts';
import { FollowedSnapshot } from './followed-snapshot.ts';
import type { Judgement } from './gates.ts';
import { judge } from './gates.ts';
import { findRollout } from './open-rollouts.ts';
import { DRIVER_LIFE, drivenBy, newDriver, requireOwnProbe, writeRollout } from './rollout.ts';
import type { Stored } from './snapshot.ts';
import { takeSnapshot } from './snapshot.ts';

export interface Driving {
  /** The operator's own command, as he gave it: none is run because the store says so. null: none. */
  readonly probe: string | null;
  /** Milliseconds between looks. */
  readonly interval: number;
  /** Whether a closed gate takes the policy back, or only stops. */
  readonly isReturned: boolean;
  readonly told: (record: RolloutRecord, judgement: Judgement | undefined) => void;
  /** The store fails; it is tried again for a while. */
  readonly troubled: (failure: EnvironmentError) => void;
  /** The fleet as it is known already; disposed by whoever gives it. */
  readonly followed?: FollowedSnapshot;
  /** Lets go of the rollout, which runs on as it is: another process may drive it at once. */
  readonly stop?: AbortSignal;
}

/** Milliseconds for the operator's own command. */
const PROBE_TIMEOUT = 60_000;

/** undefined where the command ends with 0. */
export async function probeFailure(command: string): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'ignore', 'inherit'], timeout: PROBE_TIMEOUT });
    child.once('error', (error) => resolve(`the probe cannot be run: ${error.message}`));
    child.once('exit', (code, signal) =>
      resolve(code === 0 ? undefined : `the probe ended with ${code ?? signal}: ${command}`),
    );
  });
}

async function next(
  judgement: Judgement,
  { value: record }: Stored<RolloutRecord>,
  { isReturned, probe }: Driving,
): Promise<Partial<RolloutRecord>> {
  const { waves, released } = record;
  const probed =
    judgement.verdict === 'ready' && released > 0 && probe !== null ? await probeFailure(probe) : undefined;
  const failure = judgement.verdict === 'failed' ? judgement.reason : probed;
  if (failure !== undefined) return { state: isReturned ? 'returned' : 'stopped', reason: failure, driver: null };
  if (judgement.verdict === 'wait') return {};
  if (released === waves.length) return { state: 'done', reason: null, driver: null };
  return { released: released + 1, releasedAt: Date.now() };
}

async function letGo(store: FleetStore, id: string, driver: string): Promise<RolloutRecord> {
  const snapshot = await takeSnapshot(store);
  const stored = findRollout(snapshot, id);
  const { state, driver: held } = stored.value;
  if (state !== 'running' || held?.id !== driver) return stored.value;
  return (await writeRollout(store, snapshot, stored, { driver: null })).value;
}

/** Milliseconds for which the store may fail: its leader is chosen anew within seconds. */
const STORE_PATIENCE = 60_000;

/** It did not answer, or somebody, such as a write of this process whose answer was lost, was first. */
function isPassing(error: unknown): error is EnvironmentError {
  const codes: readonly string[] = ['XDPOL_E_FLEET_STORE', 'XDPOL_E_FLEET_CONFLICT'];
  return error instanceof EnvironmentError && codes.includes(error.code);
}

/** Until it is done, stopped or taken back, by this process or by another. */
export async function driveRollout(store: FleetStore, id: string, driving: Driving): Promise<RolloutRecord> {
  const driver = newDriver();
  const { stop, interval } = driving;
  using own = driving.followed === undefined ? new FollowedSnapshot(store) : undefined;
  const followed = driving.followed ?? present(own);
  for (let failing: number | undefined; stop?.aborted !== true; ) {
    try {
      const step = await takeStep(store, { id, driver, followed, driving });
      failing = undefined;
      if (step === 'released') continue;
      if (step !== 'waiting') return step;
    } catch (error) {
      failing ??= performance.now();
      if (!isPassing(error) || performance.now() - failing > STORE_PATIENCE) throw error;
      driving.troubled(error);
    }
    await sleep(interval, undefined, stop === undefined ? {} : { signal: stop }).catch(() => undefined);
  }
  return await letGo(store, id, driver);
}

interface Step {
  readonly id: string;
  readonly driver: string;
  readonly followed: FollowedSnapshot;
  readonly driving: Driving;
}

/** One look, and what it leads to; the record where the rollout is over. */
async function takeStep(
  store: FleetStore,
  { id, driver, followed, driving }: Step,
): Promise<RolloutRecord | 'released' | 'waiting'> {
  const snapshot = await followed.now();
  const stored = findRollout(snapshot, id);
  const { value } = stored;
  if (value.state !== 'running') {
    driving.told(value, undefined);
    return value;
  }
  requireOwnProbe(value, driving.probe);
  const own = drivenBy(value, driver, Date.now());
  const judgement = judge(snapshot, value, Date.now());
  const change = await next(judgement, stored, driving);
  // What ends this command may have ended the probe too, which then says nothing of the hosts.
  if (driving.stop?.aborted === true) return 'waiting';
  const isStill = change.released === undefined && change.state === undefined;
  const isHeld = value.driver?.id === driver && value.driver.until - Date.now() > DRIVER_LIFE / 2;
  const after = isStill && isHeld ? stored : await writeRollout(store, snapshot, stored, { driver: own, ...change });
  if (after !== stored) followed.wrote(KEYS.rollout(id), encodeRecord(after.value), after.revision);
  driving.told(after.value, judgement);
  return isStill ? 'waiting' : 'released';
}
