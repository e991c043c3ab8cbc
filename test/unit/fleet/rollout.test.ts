/** Rollouts over a store of files, with reports as hosts make them: rings, gates, the way back, another driver. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { present } from '../../../src/base/assert.ts';
import { EnvironmentError } from '../../../src/base/environment-error.ts';
import type { Intent } from '../../../src/fleet/centre/change.ts';
import { addBans, findPolicy, giveOrder, publishPolicy, putGroup, putHost } from '../../../src/fleet/centre/change.ts';
import { driveRollout } from '../../../src/fleet/centre/drive.ts';
import { resumeRollout } from '../../../src/fleet/centre/open-rollouts.ts';
import { beginRollout, planRings, readRings } from '../../../src/fleet/centre/rollout.ts';
import { hostsOf, orderedFor, takeSnapshot } from '../../../src/fleet/centre/snapshot.ts';
import { standingOf } from '../../../src/fleet/centre/states.ts';
import { EmbeddedStore } from '../../../src/fleet/embedded/embedded-store.ts';
import type { Target } from '../../../src/fleet/fleet-names.ts';
import type { FleetStore } from '../../../src/fleet/fleet-store.ts';
import { KEYS } from '../../../src/fleet/record-keys.ts';
import type { HostStatus } from '../../../src/fleet/records.ts';
import { encodeRecord } from '../../../src/fleet/records.ts';
import type { Gates, RolloutRecord } from '../../../src/fleet/rollout-record.ts';
import { makeSigningKey, readSigningKey } from '../../../src/fleet/signing.ts';
import { statusReport } from '../../support/fleet-status.ts';

const KEY = present(readSigningKey(makeSigningKey()));
const HOSTS = ['web1', 'web2', 'web3', 'web4'];
const GATES: Gates = { hold: 0, patience: 1000, silent: 0, drops: 100, probe: null };
const policy = (version: number) =>
  ({ kind: 'policy', policy: { name: 'web', version, sha256: `${version}`.repeat(64), size: 1 } }) as const;

let folder: string;
let store: EmbeddedStore;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'xdpol-rollout-'));
  store = new EmbeddedStore(folder);
  await putGroup(store, KEY, { name: 'web', priority: 10, selector: 'role = web' });
  await Promise.all(
    HOSTS.map((name) =>
      putHost(store, KEY, name, () => ({ name, labels: { role: 'web' }, groups: [], fingerprint: 'ab'.repeat(32) })),
    ),
  );
  await order('group/web', policy(1));
  for (const host of HOSTS) await obey(host);
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function order(target: Target, intent: Intent): Promise<void> {
  await giveOrder(store, await takeSnapshot(store), KEY, { target, intent });
}

/** Reports that what is ordered now is in force, or something else. */
async function obey(host: string, change: Partial<HostStatus> = {}): Promise<void> {
  const ordered = orderedFor(await takeSnapshot(store), host)?.order;
  const sha256 = ordered?.kind === 'policy' ? ordered.policy.sha256 : null;
  const seq = ordered?.seq ?? null;
  const inForce = { target: ordered?.target ?? null, seq, sha256, policy: 'web' };
  const status: HostStatus = { ...statusReport({ seq, inForce }), at: Date.now(), ...change };
  const key = KEYS.status(host);
  const ifRevision = (await store.get(key))?.revision ?? 0;
  await store.put([{ key, value: encodeRecord(status), ifRevision }]);
}

async function begin(gates: Partial<Gates> = {}): Promise<string> {
  const rings = present(readRings('1, 50%, all'));
  return (
    await beginRollout(store, KEY, { target: 'group/web', intent: policy(2), rings, gates: { ...GATES, ...gates } })
  ).id;
}

/** Drives it while hosts do what `answer` says; gives how many were told each time that a ring was released. */
async function run(
  id: string,
  answer: (host: string) => Promise<void>,
  isReturned = true,
): Promise<{ record: RolloutRecord; reached: readonly number[] }> {
  const reached: number[] = [];
  const seen = new Map<string, number>();
  let work = Promise.resolve();
  const look = async (): Promise<void> => {
    const snapshot = await takeSnapshot(store);
    for (const host of HOSTS) {
      const seq = orderedFor(snapshot, host)?.order.seq ?? 0;
      if (seen.get(host) === seq) continue;
      seen.set(host, seq);
      await answer(host);
    }
  };
  const told = ({ released }: RolloutRecord): void => {
    work = work.then(look);
    if (reached.length < released) void work.then(async () => reached.push(await countOf(2)));
  };
  const probe = (await takeSnapshot(store)).rollouts.get(id)?.value.gates.probe ?? null;
  const record = await driveRollout(store, id, { probe, interval: 5, isReturned, told, troubled: () => undefined });
  await work;
  await look();
  return { record, reached };
}

async function countOf(version: number): Promise<number> {
  const snapshot = await takeSnapshot(store);
  const orders = HOSTS.map((host) => orderedFor(snapshot, host)?.order);
  return orders.filter((order) => order?.kind === 'policy' && order.policy.version === version).length;
}

describe('a rollout', () => {
  test('reaches ring after ring, and is the order of the target at its end', async () => {
    const id = await begin({ probe: 'true' });
    expect(await countOf(2)).toBe(0);
    const { record } = await run(id, obey);
    expect([record.state, record.released, await countOf(2)]).toEqual(['done', 3, 4]);
    const snapshot = await takeSnapshot(store);
    expect(HOSTS.map((host) => standingOf(snapshot, host, Date.now()).state)).toEqual(HOSTS.map(() => 'in-sync'));
    expect(await store.get(KEYS.previous('group/web'))).toBeDefined();
  });

  test.each([
    ['went back by itself', { isRolledBack: true }, {}],
    ['cannot put it in force', { error: { seq: 1, code: 'x', message: 'no' } }, {}],
    ['has not fetched it in time', { error: { seq: 1, code: 'XDPOL_E_FRONT', message: 'no' } }, { patience: 0 }],
    ['drops what passed before', { newDrops: 101 }, {}],
    ['says nothing', { at: 1 }, { patience: 0 }],
    [
      'keeps the old policy',
      { inForce: { target: null, seq: null, sha256: '1'.repeat(64), policy: 'web' } },
      { patience: 0 },
    ],
  ])('stops at the first ring and returns where a host %s', async (_what, change, gates) => {
    const id = await begin(gates);
    const { record } = await run(id, async (host) => {
      const order = orderedFor(await takeSnapshot(store), host)?.order;
      const isNew = order?.kind === 'policy' && order.policy.version === 2;
      await obey(host, isNew ? change : {});
    });
    expect([record.state, record.released, await countOf(1)]).toEqual(['returned', 1, 4]);
    expect(record.reason).not.toBe(null);
  });

  test('stops where a probe fails, keeps what is out, and goes on when it is asked to', async () => {
    const id = await begin({ probe: `test -e ${folder}/fine` });
    const { record } = await run(id, obey, false);
    expect([record.state, record.released, await countOf(2)]).toEqual(['stopped', 1, 1]);
    await expect(begin()).rejects.toThrow(/is stopped/u);
    await expect(order('group/web', policy(3))).rejects.toThrow(/is stopped/u);
    const stored = present((await takeSnapshot(store)).rollouts.get(id));
    const fine = { ...stored.value, gates: { ...stored.value.gates, probe: null } };
    await store.put([{ key: KEYS.rollout(id), value: encodeRecord(fine), ifRevision: stored.revision }]);
    await resumeRollout(store, id, null);
    expect((await run(id, obey)).record.state).toBe('done');
  });

  test('a probe that only the store names is not run', async () => {
    const id = await begin();
    const { value, revision } = present((await takeSnapshot(store)).rollouts.get(id));
    const stolen = { ...value, gates: { ...value.gates, probe: `touch ${join(folder, 'stolen')}` } };
    const put = async (record: object, ifRevision: number): Promise<void> =>
      void (await store.put([{ key: KEYS.rollout(id), value: encodeRecord(record), ifRevision }]));
    await put(stolen, revision);
    const driving = { interval: 5, isReturned: true, told: () => undefined, troubled: () => undefined };
    for (const probe of [null, 'true']) {
      await expect(driveRollout(store, id, { ...driving, probe })).rejects.toThrow(
        'is not run because the store names',
      );
    }
    await put({ ...stolen, state: 'stopped' }, present(await store.get(KEYS.rollout(id))).revision);
    await expect(resumeRollout(store, id, null)).rejects.toThrow('is not run because the store names it');
    expect((await takeSnapshot(store)).rollouts.get(id)?.value.state).toBe('stopped');
    expect(existsSync(join(folder, 'stolen'))).toBe(false);
  });

  test('a command that is ended lets go of it, whatever its probe says then', async () => {
    const path = (name: string): string => join(folder, name);
    const probe = `touch ${path('begun')}; until test -e ${path('go')}; do sleep 0.02; done; false`;
    const id = await begin({ probe });
    const stop = new AbortController();
    const told = (): void => void Promise.all(HOSTS.map(async (host) => await obey(host)));
    const driving = driveRollout(store, id, {
      probe,
      interval: 5,
      isReturned: true,
      told,
      troubled: () => undefined,
      stop: stop.signal,
    });
    await expect.poll(() => existsSync(path('begun'))).toBe(true);
    stop.abort();
    writeFileSync(path('go'), '');
    const { state, released, driver } = await driving;
    expect([state, released, driver]).toEqual(['running', 1, null]);
  });

  test('goes on when the store fails for a while, also where a write was made and its answer is lost', async () => {
    const id = await begin();
    let puts = 0;
    const lame: FleetStore = {
      get: (key) => store.get(key),
      list: (prefix) => store.list(prefix),
      follow: (prefixes, follower) => store.follow(prefixes, follower),
      put: async (given) => {
        puts += 1;
        if (puts % 3 === 1) throw new EnvironmentError('XDPOL_E_FLEET_STORE', 'no leader', {});
        const result = await store.put(given);
        if (puts % 3 === 2) throw new EnvironmentError('XDPOL_E_FLEET_STORE', 'the answer is lost', {});
        return result;
      },
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
    const troubles: string[] = [];
    let answered = Promise.resolve();
    const record = await driveRollout(lame, id, {
      probe: null,
      interval: 5,
      isReturned: true,
      told: () => {
        answered = answered.then(async () => {
          for (const host of HOSTS) await obey(host);
        });
      },
      troubled: ({ message }) => void troubles.push(message),
    });
    await answered;
    expect([record.state, new Set(troubles)]).toEqual(['done', new Set(['no leader', 'the answer is lost'])]);
  });

  test('waits for a host that has not fetched the policy yet', async () => {
    const id = await begin();
    let tries = 0;
    const { record } = await run(id, async (host) => {
      tries += 1;
      if (tries > 1) return await obey(host);
      await obey(host, { error: { seq: 1, code: 'XDPOL_E_FRONT', message: 'no' } });
      setTimeout(() => void obey(host), 50);
    });
    expect(record.state).toBe('done');
  });

  test('may leave hosts behind that say nothing, as many as the gate lets', async () => {
    await obey('web3', { at: 1 });
    const id = await begin({ silent: 1 });
    const { record } = await run(id, async (host) => await obey(host, host === 'web3' ? { at: 1 } : {}));
    expect(record.state).toBe('done');
  });

  test('is driven by one process; the next takes over when it is gone', async () => {
    const id = await begin();
    const stored = present((await takeSnapshot(store)).rollouts.get(id));
    const held = (until: number): Uint8Array => encodeRecord({ ...stored.value, driver: { id: 'other', until } });
    await store.put([{ key: KEYS.rollout(id), value: held(Date.now() + 60_000), ifRevision: stored.revision }]);
    await expect(run(id, obey)).rejects.toThrow(/another command drives/u);
    const { revision } = present(await store.get(KEYS.rollout(id)));
    await store.put([{ key: KEYS.rollout(id), value: held(Date.now() - 1), ifRevision: revision }]);
    expect((await run(id, obey)).record.state).toBe('done');
  });
});

test('rings', () => {
  const hosts = Array.from({ length: 1000 }, (_, n) => `h${n}`);
  const rings = present(readRings('1, 1%, 10%, all'));
  const planned = planRings('r', hosts, rings);
  expect(planned.map((ring) => ring?.length ?? 'rest')).toEqual([1, 9, 90, 'rest']);
  expect(new Set(planned.flatMap((ring) => ring ?? [])).size).toBe(100);
  expect(planRings('r', hosts, rings)).toEqual(planned);
  const numbers = planRings('r', hosts, present(readRings('2, 5, 5, all')));
  expect(numbers.map((ring) => ring?.length ?? 'rest')).toEqual([2, 3, 'rest']);
  expect(planRings('r', ['a'], rings).map((ring) => ring?.length ?? 'rest')).toEqual([1, 'rest']);
  for (const text of ['', '1', 'all, 1', '0, all', '101%, all', 'x, all']) expect(readRings(text)).toBeUndefined();
});

test('labels move a host from one group to another; groups that count alike are refused', async () => {
  await putGroup(store, KEY, { name: 'mail', priority: 10, selector: 'role = mail' });
  await order('group/mail', policy(7));
  const relabel = async (role: string) =>
    await putHost(store, KEY, 'web1', (before) => ({ ...present(before), labels: { role } }));
  await relabel('mail');
  const snapshot = await takeSnapshot(store);
  expect(orderedFor(snapshot, 'web1')?.order).toMatchObject({ policy: { version: 7 } });
  expect(hostsOf(snapshot, 'group/web')).toEqual(['web2', 'web3', 'web4']);
  await expect(putGroup(store, KEY, { name: 'mail', priority: 10, selector: 'role in (web, mail)' })).rejects.toThrow(
    /both have orders/u,
  );
  await order('group/mail', { kind: 'unassign' });
  expect(orderedFor(await takeSnapshot(store), 'web1')?.order.kind).toBe('unassign');
});

test('a group that is changed in part keeps its selector and its priority', async () => {
  const changed = await putGroup(store, KEY, { name: 'web', priority: 20 });
  expect(changed).toEqual({ group: { name: 'web', priority: 20, selector: 'role = web' }, hosts: HOSTS });
  const emptied = await putGroup(store, KEY, { name: 'web', selector: null });
  expect(emptied).toEqual({ group: { name: 'web', priority: 20, selector: null }, hosts: [] });
});

test('what the fleet does not have is told with what it has', async () => {
  await expect(order('group/wbe', policy(1))).rejects.toThrow('there is no group wbe; did you mean web?');
  await expect(order('host/web11', policy(1))).rejects.toThrow('did you mean web1?');
  await publishPolicy(store, 'edge', Buffer.from('x'), 'me');
  await expect(findPolicy(store, 'egde', undefined)).rejects.toThrow('no policy egde; did you mean edge?');
  await expect(findPolicy(store, 'edge', 9)).rejects.toMatchObject({ help: 'the newest one is edge@1' });
  const id = await begin();
  await expect(
    driveRollout(store, 'none', {
      probe: null,
      interval: 5,
      isReturned: true,
      told: () => undefined,
      troubled: () => undefined,
    }),
  ).rejects.toMatchObject({ help: `those that are not over: ${id}` });
});

test('an order of another target under the key of a host counts for nobody', async () => {
  await order('host/web1', policy(5));
  const { value, revision } = present(await store.get(KEYS.order('policy', 'host/web1')));
  const before = present(await store.get(KEYS.order('policy', 'group/web')));
  await store.put([{ key: KEYS.order('policy', 'host/web1'), value: before.value, ifRevision: revision }]);
  await store.put([{ key: KEYS.order('policy', 'group/web'), value, ifRevision: before.revision }]);
  const snapshot = await takeSnapshot(store);
  expect(HOSTS.map((host) => orderedFor(snapshot, host))).toEqual(HOSTS.map(() => undefined));
});

test('bans add up, and end', async () => {
  const now = Date.now();
  await addBans(store, KEY, 'fleet', {
    set: 'bans',
    entries: [
      { prefix: '203.0.113.7', until: now + 60_000 },
      { prefix: '203.0.113.8', until: now - 1 },
    ],
  });
  const { order } = await addBans(store, KEY, 'fleet', {
    set: 'bans',
    entries: [{ prefix: '203.0.113.9', until: now + 60_000 }],
  });
  const prefixes = order.kind === 'bans' ? order.bans.entries.map(({ prefix }) => prefix) : [];
  expect(prefixes).toEqual(['203.0.113.7', '203.0.113.9']);
  // Those that hold would be lost.
  const other = { set: 'others', entries: [{ prefix: '203.0.113.10', until: now + 60_000 }] };
  await expect(addBans(store, KEY, 'fleet', other)).rejects.toThrow('fleet has bans in the live set bans until');
  await addBans(store, KEY, 'group/web', other);
});
