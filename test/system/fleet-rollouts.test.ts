/**
 * A fleet of processes on etcd. Rollouts while parts of it fail by chance: no host ever has a policy in force that was not
 * ordered for it, or before its ring was released, and when the faults are over every host has what was ordered last. Then
 * what operators do with commands: the way back ring by ring, and the restore drill.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { EnvironmentError } from '../../src/base/environment-error.ts';
import { Random } from '../../src/base/random.ts';
import { giveOrder } from '../../src/fleet/centre/change.ts';
import { driveRollout } from '../../src/fleet/centre/drive.ts';
import { resumeRollout } from '../../src/fleet/centre/open-rollouts.ts';
import { beginRollout, readRings, writeRollout } from '../../src/fleet/centre/rollout.ts';
import { runningRollout, takeSnapshot } from '../../src/fleet/centre/snapshot.ts';
import type { FleetStore } from '../../src/fleet/fleet-store.ts';
import type { RolloutRecord } from '../../src/fleet/rollout-record.ts';
import { sleep } from '../support/fleet-centre.ts';
import type { PutInForce } from '../support/fleet-journal.ts';
import { readJournal } from '../support/fleet-journal.ts';
import { FleetOfProcesses } from '../support/fleet-of-processes.ts';
import { commandsOf, etcdCommandsOf } from '../support/fleet-page.ts';
import type { Fault } from '../support/random-faults.ts';
import { drawFaults } from '../support/random-faults.ts';
import { WatchedRollouts } from '../support/watched-rollouts.ts';

const IS_LONG = process.env['XDPOL_FLEET_ROLLOUTS'] !== undefined;
const ROLLOUTS = Number(process.env['XDPOL_FLEET_ROLLOUTS'] ?? 3);
const SEED = Number(process.env['XDPOL_FLEET_ROLLOUT_SEED'] ?? Date.now() % 1_000_000);
/** Milliseconds that a fault lasts, and after the start of the rollout when it begins, at most. */
const LONGEST = IS_LONG ? 8000 : 1500;
const LATEST = 2500;
/** Milliseconds in which hosts must have what was ordered last when the faults are over. */
const PATIENCE = 60_000;
const GATES = { hold: 1, patience: 20, silent: 0, drops: 0, probe: null };
const TARGET = 'group/web';

const none = (): void => undefined;
const random = new Random(SEED);
let fleet: FleetOfProcesses;
let watched: WatchedRollouts;
/** As operators use it. */
let store: FleetStore;
/** Digest of the policy that was ordered last, by group. */
const ordered: Record<string, string> = {};

beforeAll(async () => {
  process.stdout.write(`XDPOL_FLEET_ROLLOUT_SEED=${SEED}\n`);
  fleet = await FleetOfProcesses.start();
  watched = new WatchedRollouts(fleet.hosts);
  store = watched.watch(fleet.admin);
  for (const group of ['web', 'mail']) {
    const intent = { kind: 'policy', policy: await fleet.publish() } as const;
    await giveOrder(store, await takeSnapshot(store), fleet.key, { target: `group/${group}`, intent });
    ordered[group] = intent.policy.sha256;
  }
  await fleet.settled(ordered, PATIENCE);
});

afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
});

/** An operator takes the rollout back, as `fleet rollback` does. */
async function takeBack(): Promise<void> {
  await fleet.answered(async () => {
    const snapshot = await takeSnapshot(store);
    const running = runningRollout(snapshot, TARGET);
    if (running === undefined) return;
    await writeRollout(store, snapshot, running, { state: 'returned', reason: 'taken back', driver: null });
  });
}

/** What operators do meanwhile. */
function drawAct(command: AbortController): Fault {
  return random.shared<Fault>([
    [20, { what: 'taken back', begin: takeBack, end: none }],
    [20, { what: 'the command ended', begin: () => command.abort(), end: none }],
    [60, { what: '', begin: none, end: none }],
  ]);
}

/** Its times are drawn at once, so that they are the same whatever happens meanwhile. */
function happen({ begin, end }: Fault): Promise<void> {
  const [before, during] = [random.below(LATEST), random.below(LONGEST)];
  return sleep(before)
    .then(begin)
    .then(async () => await sleep(during))
    .then(end);
}

/** Until it is over. Whoever drives it comes back where the command was ended, and goes on where a gate stopped it. */
async function drive(id: string, isKept: boolean, stop: AbortSignal): Promise<RolloutRecord> {
  const driving = { probe: null, interval: 100, told: none, troubled: none };
  const first = await driveRollout(store, id, { ...driving, isReturned: !isKept, stop }).catch((error: unknown) => {
    // A command that was ended while the store does not answer could not let go of the rollout.
    if (stop.aborted && error instanceof EnvironmentError) return undefined;
    throw error;
  });
  if (first?.state === 'done' || first?.state === 'returned') return first;
  return await fleet.answered(async () => {
    await resumeRollout(store, id, null);
    return await driveRollout(store, id, { ...driving, isReturned: true });
  }, PATIENCE);
}

test(`${ROLLOUTS} rollouts`, { timeout: ROLLOUTS * 2 * PATIENCE }, async () => {
  const rings = present(readRings('1, 2, all'));
  for (let number = 1; number <= ROLLOUTS; number += 1) {
    const policy = await fleet.publish();
    const plan = { target: TARGET, intent: { kind: 'policy', policy }, rings, gates: GATES } as const;
    const { id } = await beginRollout(store, fleet.key, plan);
    const command = new AbortController();
    const faults = [...drawFaults(fleet, random), drawAct(command)];
    const isKept = random.below(4) === 0;
    const begun = performance.now();
    const happened = Promise.all(faults.map(happen));
    const { state, released, reason } = await drive(id, isKept, command.signal);
    const over = performance.now();
    await happened;
    const ended = performance.now();
    if (state === 'done') ordered['web'] = policy.sha256;
    await fleet.settled(ordered, PATIENCE);
    const what = faults.flatMap(({ what: one }) => (one === '' ? [] : [one])).join('; ');
    const seconds = [over - begun, performance.now() - ended].map((time) => (time / 1000).toFixed(1));
    if (IS_LONG)
      process.stdout.write(
        `${number}. ${what}: ${state} at ring ${released} after ${seconds[0]} s (${reason}); settled ${seconds[1]} s after the faults\n`,
      );
    expect([
      what,
      fleet.hosts.flatMap((host) => watched.faultsOf(host, present(fleet.groups.get(host.name)))),
      watched.early,
    ]).toEqual([what, [], []]);
  }
});

/** Of the orders of a rollout: when hosts put them in force, by ring. */
function ringsOf(id: string): readonly (readonly number[])[] {
  const lines = fleet.hosts.flatMap((host) => readJournal(host));
  const isIn =
    (ring: number) =>
    ({ order: { wave } }: PutInForce) =>
      wave?.rollout === id && wave.number === ring;
  return [1, 2, 3].map((ring) => lines.filter(isIn(ring)).map(({ at }) => at));
}

test('a rollout that reached every host is taken back ring by ring, while a front and hosts are killed', {
  timeout: 2 * PATIENCE,
}, async () => {
  const policy = await fleet.publish();
  const how = ['--rings', '1, 2, all', '--hold', '1s', '--patience', '40s', '--json'];
  const run = async (...args: readonly string[]): Promise<{ readonly id: string }> => {
    const { rollout } = JSON.parse(await fleet.command(...args, ...how)) as {
      readonly rollout: { readonly id: string };
    };
    expect(rollout).toMatchObject({ state: 'done', released: 3, reason: null });
    return rollout;
  };
  await run('rollout', TARGET, `web@${policy.version}`);
  await fleet.settled({ ...ordered, web: policy.sha256 }, PATIENCE);

  const back = run('rollback', TARGET);
  const isBegun = async (): Promise<boolean> => runningRollout(await takeSnapshot(store), TARGET)?.value.released === 1;
  await expect.poll(isBegun, { timeout: PATIENCE }).toBe(true);
  await fleet.killMachine(1);
  await fleet.killFront(0);
  await sleep(LATEST);
  await fleet.startFront(0);
  fleet.startMachine(1);
  const { id } = await back;

  // The last ring has those of the others too.
  const rings = ringsOf(id);
  expect(rings.map((times) => times.length)).toEqual([1, 1, 5]);
  const [first = [], second = [], last = []] = rings;
  expect(Math.max(...first)).toBeLessThan(Math.min(...second));
  expect(Math.max(...second)).toBeLessThan(Math.min(...last));
  await fleet.settled(ordered, PATIENCE);
});

/** One of docs/fleet.md. */
async function asWritten(command: string): Promise<string> {
  expect(command).toMatch(/^xdpol fleet /u);
  return await fleet.command(...command.split(' ').slice(2));
}

test('the restore drill of etcd as it is written: hosts take what is ordered afterwards', {
  timeout: 2 * PATIENCE,
}, async () => {
  const [save = ''] = etcdCommandsOf('Backup and restore');
  const [status = '', group = '', rollback = '', order = ''] = commandsOf('Backup and restore').slice(5);
  const saved = await fleet.publish();
  // A rollout is stopped at its first ring when the backup is made.
  const stopped = ['--rings', '1, all', '--hold', '1s', '--probe', 'false', '--keep', '--json'];
  await expect(fleet.command('rollout', TARGET, `web@${saved.version}`, ...stopped)).rejects.toMatchObject({ code: 3 });
  const backup = join(fleet.folder, 'fleet.etcd');
  await fleet.cluster.etcdctl(save, [
    ['--endpoints', present(fleet.cluster.urls[0])],
    ['snapshot save', backup],
  ]);
  // What comes after it is lost, but not on the hosts.
  await asWritten(rollback);
  const lost = await fleet.publish();
  await fleet.command('order', TARGET, `web@${lost.version}`);
  await fleet.command('group', 'more', '--priority', '20', '--select', 'role = web');
  await fleet.settled({ ...ordered, web: lost.sha256 }, PATIENCE);
  await fleet.cluster.restore(backup);
  await expect.poll(async () => await asWritten(status).catch(String), { timeout: PATIENCE }).toContain('6 hosts');
  await fleet.settled({ ...ordered, web: lost.sha256 }, PATIENCE);
  await asWritten(group);
  expect(await asWritten(rollback)).toContain('taken back');
  expect(await asWritten(order)).toContain(`web@${saved.version}`);
  ordered['web'] = saved.sha256;
  await fleet.settled(ordered, PATIENCE);
  await expect.poll(async () => await asWritten(status), { timeout: PATIENCE }).toContain('6 hosts: 6 in-sync');
});
