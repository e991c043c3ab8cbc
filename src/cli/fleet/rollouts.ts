/** `fleet rollout`, `rollback`: policies that reach hosts ring by ring, and the way back. */
import type { EnvironmentError } from '../../base/environment-error.ts';
import type { Intent } from '../../fleet/centre/change.ts';
import { fleetError, giveOrder, requireKnown } from '../../fleet/centre/change.ts';
import { describeOrder } from '../../fleet/centre/describe.ts';
import { driveRollout } from '../../fleet/centre/drive.ts';
import type { Judgement } from '../../fleet/centre/gates.ts';
import { findWayBack, resumeRollout, returnRollout, stopRollout } from '../../fleet/centre/open-rollouts.ts';
import type { Ring } from '../../fleet/centre/rollout.ts';
import { beginRollout, readRings } from '../../fleet/centre/rollout.ts';
import { runningRollout, takeSnapshot } from '../../fleet/centre/snapshot.ts';
import type { FleetStore } from '../../fleet/fleet-store.ts';
import type { RolloutRecord } from '../../fleet/rollout-record.ts';
import { CheckFailed, UsageError } from '../exit.ts';
import { rolloutJson, rolloutLine } from '../render/fleet.ts';
import { openProgressLine, print, printJson, warn } from '../render/terminal.ts';
import type { StoreOptions } from './centre-folder.ts';
import { centreKey, openStore } from './centre-folder.ts';
import { policyIntent, requireTarget } from './orders.ts';
import type { JsonOptions } from './set-up.ts';

interface GateOptions extends StoreOptions, JsonOptions {
  readonly hold: number;
  readonly patience: number;
  readonly silent: number;
  readonly drops: number;
  readonly probe?: string;
  readonly keep?: boolean;
}

export interface RolloutOptions extends GateOptions {
  readonly rings: string;
  readonly resume?: string;
}

export interface RollbackOptions extends GateOptions {
  readonly rings?: string;
}

/** Milliseconds between looks at the hosts. */
const INTERVAL = 1000;

function ringsOf(text: string): readonly Ring[] {
  const rings = readRings(text);
  if (rings === undefined)
    throw new UsageError(`--rings ${text}: no rings`, 'write "1, 1%, 10%, all"; the last one is all');
  return rings;
}

async function begin(
  store: FleetStore,
  target: string,
  { intent, rings }: { readonly intent: Intent; readonly rings: string },
  options: GateOptions,
): Promise<string> {
  const { hold, patience, silent, drops, probe } = options;
  const gates = { hold, patience, silent, drops, probe: probe ?? null };
  const plan = { target: requireTarget(target), intent, rings: ringsOf(rings), gates };
  return (await beginRollout(store, centreKey(options), plan)).id;
}

/** Each ring on a line as it is released, and how far it is on the line below. */
async function drive(store: FleetStore, id: string, { json, keep, probe }: GateOptions): Promise<void> {
  const line = openProgressLine();
  let shown = '';
  const told = (record: RolloutRecord, judgement: Judgement | undefined): void => {
    const text = rolloutLine(record);
    if (text !== shown && json !== true) {
      line.clear();
      print(text);
    }
    shown = text;
    if (judgement !== undefined && judgement.reached > 0)
      line.show(judgement.reason, judgement.confirmed / judgement.reached);
  };
  let trouble = '';
  const troubled = ({ message }: EnvironmentError): void => {
    if (message === trouble) return;
    line.clear();
    warn(`warning: ${message}; it is tried again`);
    trouble = message;
  };
  const interrupted = new AbortController();
  const end = (): void => interrupted.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  const how = { probe: probe ?? null, interval: INTERVAL, isReturned: keep !== true };
  const record = await driveRollout(store, id, { ...how, told, troubled, stop: interrupted.signal });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end);
  line.clear();
  if (record.state === 'running') throw leftRunning(record);
  if (json === true) printJson({ rollout: rolloutJson(record) });
  if (record.state !== 'done') throw new CheckFailed();
}

function leftRunning({ id, target, released, waves }: RolloutRecord): EnvironmentError {
  return fleetError(
    `interrupted: the rollout ${id} stays at ring ${released} of ${waves.length}`,
    `go on: xdpol fleet rollout --resume ${id}; or take it back: xdpol fleet rollback ${target}`,
  );
}

export async function rollout(
  target: string | undefined,
  policy: string | undefined,
  options: RolloutOptions,
): Promise<void> {
  const { resume } = options;
  if (resume === undefined && (target === undefined || policy === undefined)) {
    throw new UsageError(
      'what is to be rolled out?',
      'name a target and a published policy, or a rollout to go on with: --resume ID',
    );
  }
  if (resume !== undefined && target !== undefined) {
    throw new UsageError(
      `--resume ${resume} goes on with a rollout that has its target and its policy`,
      'leave both out, or leave --resume out',
    );
  }
  await using store = openStore(options);
  if (resume === undefined) {
    const plan = { intent: await policyIntent(store, policy ?? ''), rings: options.rings };
    await drive(store, await begin(store, target ?? '', plan, options), options);
    return;
  }
  await resumeRollout(store, resume, options.probe ?? null);
  await drive(store, resume, options);
}

/** Of a rollout that is not over: its way back, which was signed when it began. Else the order before the present one. */
export async function rollback(target: string, options: RollbackOptions): Promise<void> {
  const wanted = requireTarget(target);
  await using store = openStore(options);
  const snapshot = await takeSnapshot(store);
  const way = await findWayBack(store, snapshot, wanted);
  if ('rollout' in way) {
    const { id, state } = way.rollout.value;
    if (options.rings !== undefined) {
      throw fleetError(
        `the rollout ${id} of ${target} is ${state}, and its way back is one order`,
        `take it back without --rings: xdpol fleet rollback ${target}`,
      );
    }
    reportRollout(await returnRollout(store, id), options);
    return;
  }
  const { intent } = way;
  if (options.rings !== undefined) {
    await drive(store, await begin(store, target, { intent, rings: options.rings }, options), options);
    return;
  }
  const { order, hosts } = await giveOrder(store, snapshot, centreKey(options), { target: wanted, intent });
  if (options.json === true) printJson({ order, hosts });
  else print(`${target}: ${describeOrder(order)} again; hosts of the target: ${hosts.length}`);
}

function reportRollout(record: RolloutRecord, { json }: JsonOptions): void {
  if (json === true) printJson({ rollout: rolloutJson(record) });
  else print(rolloutLine(record));
}

/** The rollout of the target that is not over. */
export async function stop(target: string, options: StoreOptions & JsonOptions): Promise<void> {
  const wanted = requireTarget(target);
  await using store = openStore(options);
  const snapshot = await takeSnapshot(store);
  requireKnown(snapshot, wanted);
  const running = runningRollout(snapshot, wanted);
  if (running === undefined)
    throw fleetError(`no rollout of ${target} runs`, `begin one: xdpol fleet rollout ${target} NAME`);
  reportRollout(await stopRollout(store, running.value.id), options);
}
