/** Drives a rollout to its end. Everything it knows is in the store: another process goes on where this one ended. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetStore } from '../fleet-store.ts';
import { KEYS } from '../record-keys.ts';
import { encodeRecord } from '../records.ts';
import type { RolloutRecord } from '../rollout-record.ts';
import { fleetError } from './change.ts';
import { FollowedSnapshot } from './followed-snapshot.ts';
import type { Judgement } from './gates.ts';
import { judge } from './gates.ts';
import { DRIVER_LIFE, drivenBy, newDriver, writeRollout } from './rollout.ts';
import type { Snapshot, Stored } from './snapshot.ts';
import { takeSnapshot } from './snapshot.ts';

export interface Driving {
  /** Milliseconds between looks. */
  readonly interval: number;
  /** Whether a closed gate takes the policy back, or only stops. */
  readonly isReturned: boolean;
  readonly told: (record: RolloutRecord, judgement: Judgement | undefined) => void;
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

function find(snapshot: Snapshot, id: string): Stored<RolloutRecord> {
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

async function next(
  judgement: Judgement,
  { value: record }: Stored<RolloutRecord>,
  { isReturned }: Driving,
): Promise<Partial<RolloutRecord>> {
  const { gates, waves, released } = record;
  const probed =
    judgement.verdict === 'ready' && released > 0 && gates.probe !== null ? await probeFailure(gates.probe) : undefined;
  const failure = judgement.verdict === 'failed' ? judgement.reason : probed;
  if (failure !== undefined) return { state: isReturned ? 'returned' : 'stopped', reason: failure, driver: null };
  if (judgement.verdict === 'wait') return {};
  if (released === waves.length) return { state: 'done', reason: null, driver: null };
  return { released: released + 1, releasedAt: Date.now() };
}

async function letGo(store: FleetStore, id: string, driver: string): Promise<RolloutRecord> {
  const snapshot = await takeSnapshot(store);
  const stored = find(snapshot, id);
  const { state, driver: held } = stored.value;
  if (state !== 'running' || held?.id !== driver) return stored.value;
  return (await writeRollout(store, snapshot, stored, { driver: null })).value;
}

/** Until it is done, stopped or taken back, by this process or by another. */
export async function driveRollout(store: FleetStore, id: string, driving: Driving): Promise<RolloutRecord> {
  const driver = newDriver();
  const { stop } = driving;
  const isToStop = (): boolean => stop?.aborted === true;
  using followed = new FollowedSnapshot(store);
  while (!isToStop()) {
    const snapshot = await followed.now();
    const stored = find(snapshot, id);
    const { value } = stored;
    if (value.state !== 'running') {
      driving.told(value, undefined);
      return value;
    }
    const own = drivenBy(value, driver, Date.now());
    const judgement = judge(snapshot, value, Date.now());
    const change = await next(judgement, stored, driving);
    // What ends this command may have ended the probe too, which then says nothing of the hosts.
    if (isToStop()) break;
    const isStill = change.released === undefined && change.state === undefined;
    const isHeld = value.driver?.id === driver && value.driver.until - Date.now() > DRIVER_LIFE / 2;
    const after = isStill && isHeld ? stored : await writeRollout(store, snapshot, stored, { driver: own, ...change });
    if (after !== stored) followed.wrote(KEYS.rollout(id), encodeRecord(after.value), after.revision);
    driving.told(after.value, judgement);
    if (isStill)
      await sleep(driving.interval, undefined, stop === undefined ? {} : { signal: stop }).catch(() => undefined);
  }
  return await letGo(store, id, driver);
}

/** Another try where a gate has stopped it. */
export async function resumeRollout(store: FleetStore, id: string): Promise<void> {
  const snapshot = await takeSnapshot(store);
  const stored = find(snapshot, id);
  if (stored.value.state !== 'stopped') return;
  await writeRollout(store, snapshot, stored, { state: 'running', reason: null, releasedAt: Date.now() });
}
