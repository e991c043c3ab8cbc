/**
 * What an older release wrote and said, as it was recorded (`releases/`): a store, the stream of a host, and the disk of one.
 * Hosts, fronts and operators of both releases are side by side while a fleet is upgraded.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { OrderBook } from '../../../src/agent/fleet/order-book.ts';
import { present } from '../../../src/base/assert.ts';
import { findBundle } from '../../../src/fleet/centre/archive.ts';
import { addBans, giveOrder } from '../../../src/fleet/centre/change.ts';
import { beginRollout } from '../../../src/fleet/centre/rollout.ts';
import { orderedFor, runningRollout, takeSnapshot } from '../../../src/fleet/centre/snapshot.ts';
import { EmbeddedStore } from '../../../src/fleet/embedded/embedded-store.ts';
import type { FollowLine } from '../../../src/fleet/front-routes.ts';
import { readFollowLine } from '../../../src/fleet/front-routes.ts';
import { signMembership } from '../../../src/fleet/membership.ts';
import type { Order } from '../../../src/fleet/order.ts';
import { KEYS } from '../../../src/fleet/record-keys.ts';
import type { Signed } from '../../../src/fleet/signing.ts';
import { makeSigningKey, parseBody, readSigningKey, trustedKeys } from '../../../src/fleet/signing.ts';
import { PolicyStore } from '../../../src/store/store.ts';

interface Recorded {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly operators: readonly string[];
  readonly records: Readonly<Record<string, object | string>>;
  readonly blobs: Readonly<Record<string, string>>;
  readonly follow: readonly object[];
  /** fleet.json of web1. */
  readonly host: string;
}

const RECORDED = JSON.parse(
  readFileSync(new URL('releases/0.1.0.json', import.meta.url), 'utf8'),
) as unknown as Recorded;
const TRUSTED = trustedKeys(RECORDED.operators);
const KEY = present(readSigningKey(makeSigningKey()));

let folder: string;
let store: EmbeddedStore;

beforeAll(async () => {
  // Orders end, and are refused where they are ahead of the clock.
  vi.useFakeTimers({ toFake: ['Date'], now: RECORDED.now });
  folder = mkdtempSync(join(tmpdir(), 'xdpol-releases-'));
  store = new EmbeddedStore(join(folder, 'store'));
  const values = Object.entries(RECORDED.records).map(([key, record]): [string, Buffer] => [
    key,
    Buffer.from(typeof record === 'string' ? record : JSON.stringify(record)),
  ]);
  const blobs = Object.entries(RECORDED.blobs).map(([key, text]): [string, Buffer] => [
    key,
    Buffer.from(text, 'base64'),
  ]);
  for (const [key, value] of [...values, ...blobs]) await store.put([{ key, value, ifRevision: 0 }]);
});

afterAll(async () => {
  vi.useRealTimers();
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function countOf(prefix: string): number {
  return Object.keys(RECORDED.records).filter((key) => key.startsWith(`/xdpol/v1/${prefix}/`)).length;
}

test('every record of its store is read', async () => {
  const { hosts, groups, memberships, orders, statuses, rollouts } = await takeSnapshot(store);
  const read = { host: hosts, group: groups, membership: memberships, status: statuses, rollout: rollouts };
  const tables = { ...read, order: orders.policy, bans: orders.bans };
  for (const [prefix, table] of Object.entries(tables)) {
    expect([prefix, table.size]).toEqual([prefix, countOf(prefix)]);
    expect([prefix, table.size > 0]).toEqual([prefix, true]);
  }
  const snapshot = await takeSnapshot(store);
  const rollout = present(runningRollout(snapshot, 'group/web')).value;
  const [first] = present(rollout.waves[0]?.hosts);
  const order = orderedFor(snapshot, present(first))?.order;
  expect(order).toMatchObject({ kind: 'policy', policy: { name: 'web', version: 2 } });
  const bundle = order?.kind === 'policy' ? await findBundle(store, order.policy.sha256) : undefined;
  expect([bundle?.text, [...present(bundle).files.keys()]]).toEqual(['name: web # 2\n', ['list.txt']]);
});

function linesOfFront(): readonly FollowLine[] {
  return RECORDED.follow.map((line) => present(readFollowLine(JSON.stringify(line))));
}

test('a host takes what its front says', () => {
  const state = join(folder, 'fresh');
  mkdirSync(state);
  const book = new OrderBook(new PolicyStore(state).fleet, 'web1', TRUSTED);
  const taken = linesOfFront().flatMap((line): readonly unknown[] => {
    if (line.kind === 'membership') return [book.takeMembership(line.signed)];
    return line.kind === 'order' ? [book.takeOrder(line.signed)] : [];
  });
  expect(taken[0]).toBeUndefined();
  expect(taken.slice(1)).toEqual(taken.slice(1).map(() => ({ isNew: true })));
  expect(book.targets).toEqual(['host/web1', 'group/web', 'fleet']);
});

test('a host goes on with what is on its disk, and refuses what is older', () => {
  const state = join(folder, 'state');
  mkdirSync(state);
  writeFileSync(join(state, 'fleet.json'), RECORDED.host);
  const book = new OrderBook(new PolicyStore(state).fleet, 'web1', TRUSTED);
  expect(book.carried).toMatchObject({ target: 'group/web', policy: { name: 'web' } });
  expect(book.effective?.digest).toBe(book.carried?.digest);
  const older = RECORDED.records[`/xdpol/v1/previous/group/web`] as Signed;
  expect(book.takeOrder(older)).toMatchObject({ refused: 'replayed' });
});

/** The names of all members, those of parts too. */
function membersOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(membersOf);
  if (typeof value !== 'object' || value === null) return null;
  const entries = Object.entries(value).map(([name, part]): [string, unknown] => [name, membersOf(part)]);
  return Object.fromEntries(entries);
}

/** By kind: a host that does not know a member of an order refuses it. */
function membersByKind(orders: readonly Order[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    orders.map((order) => [`${order.kind}${order.wave === null ? '' : ' wave'}`, membersOf(order)]),
  );
}

test('what is signed now has no members that its hosts do not know', async () => {
  const { orders, rollouts, memberships } = await takeSnapshot(store);
  const rolled = [...rollouts.values()].flatMap(({ value }) =>
    value.waves.map(({ signed }) => parseBody(signed) as Order),
  );
  const stored = [...orders.policy.values(), ...orders.bans.values()].map(({ value }) => value.order);
  const known = membersByKind([...stored, ...rolled.slice(0, 1)]);
  const policy = present(stored.flatMap((order) => (order.kind === 'policy' ? [order.policy] : []))[0]);
  const intent = { kind: 'policy', policy } as const;
  const give = async (given: Parameters<typeof giveOrder>[3]): Promise<Order> =>
    (await giveOrder(store, await takeSnapshot(store), KEY, given)).order;
  const bans = { set: 'bans', entries: [{ prefix: '203.0.113.9', until: RECORDED.now + 60_000 }] };
  const gates = { hold: 0, patience: 0, silent: 0, drops: 0, probe: null };
  const made = await beginRollout(store, KEY, { target: 'host/web2', intent, rings: [{ count: 1 }, 'all'], gates });
  const now = [
    await give({ target: 'host/web1', intent }),
    await give({ target: 'host/web1', intent: { kind: 'unassign' } }),
    (await addBans(store, KEY, 'host/web1', bans)).order,
    parseBody(present(made.waves[0]).signed) as Order,
  ];
  expect(membersByKind(now)).toEqual(known);
  const membership = parseBody(signMembership({ host: 'web1', groups: ['web'], seq: 1 }, KEY));
  const [before] = memberships.keys();
  const recorded = RECORDED.records[KEYS.membership(present(before))] as Signed;
  expect(membersOf(membership)).toEqual(membersOf(parseBody(recorded)));
});
