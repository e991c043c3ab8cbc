/** Rollouts: a policy reaches the hosts of a target ring by ring, and returns where a ring is not well. */
import { randomBytes } from 'node:crypto';
import { putOrThrow } from '../check-puts.ts';
import type { Target } from '../fleet-names.ts';
import type { FleetStore, Put } from '../fleet-store.ts';
import type { Order } from '../order.ts';
import { MOST_NAMED, signOrder } from '../order.ts';
import { KEYS } from '../record-keys.ts';
import { encodeRecord } from '../records.ts';
import type { Gates, RolloutRecord, RolloutWave } from '../rollout-record.ts';
import type { SigningKey } from '../signing.ts';
import { encodeSigned, sha256 } from '../signing.ts';
import type { Intent } from './change.ts';
import { draftOrder, fleetError, ORDER_LIFE, previousPut, putOf } from './change.ts';
import type { Snapshot, Stored } from './snapshot.ts';
import { hostsOf, runningRollout, takeSnapshot } from './snapshot.ts';

/** Up to how many hosts have the policy: a number, a share of them, or all. */
export type Ring = { readonly count: number } | { readonly share: number } | 'all';

/** `1, 1%, 10%, all`; undefined where the text is something else, or does not end with all. */
export function readRings(text: string): readonly Ring[] | undefined {
  const rings = text.split(',').map((part): Ring | undefined => {
    const groups = /^(?<number>\d{1,5})(?<percent>%?)$/u.exec(part.trim())?.groups;
    if (part.trim() === 'all') return 'all';
    const number = Number(groups?.['number'] ?? 0);
    if (number === 0 || (groups?.['percent'] === '%' && number > 100)) return undefined;
    return groups?.['percent'] === '%' ? { share: number / 100 } : { count: number };
  });
  const areRead = rings.every((ring) => ring !== undefined);
  return areRead && rings.indexOf('all') === rings.length - 1 ? rings : undefined;
}

/** Hosts that each ring adds, by chance and always the same for an id; null: all that are left. Rings that add none go. */
export function planRings(
  id: string,
  hosts: readonly string[],
  rings: readonly Ring[],
): readonly (readonly string[] | null)[] {
  const drawn = hosts
    .map((host) => [sha256(Buffer.from(`${id} ${host}`)), host] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const planned: (readonly string[] | null)[] = [];
  let taken = 0;
  for (const ring of rings) {
    if (ring === 'all') {
      planned.push(null);
      break;
    }
    const upTo = 'count' in ring ? ring.count : Math.ceil(ring.share * hosts.length);
    const added = drawn.slice(taken, upTo).map(([, host]) => host);
    if (added.length === 0) continue;
    if (added.length > MOST_NAMED) {
      throw fleetError(
        `a ring would have ${added.length} hosts, at most ${MOST_NAMED} are named`,
        'put smaller rings before it',
      );
    }
    planned.push(added.sort());
    taken = upTo;
  }
  return planned;
}

/** What was ordered before, as an intent; nothing where nothing was. */
export function intentOf(order: Order | undefined): Intent {
  return order?.kind === 'policy' ? { kind: 'policy', policy: order.policy } : { kind: 'unassign' };
}

export interface RolloutPlan {
  readonly target: Target;
  readonly intent: Intent;
  readonly rings: readonly Ring[];
  readonly gates: Gates;
}

/** Signs every wave and the way back, and releases none. Throws where a rollout of the target is not over. */
export async function beginRollout(
  store: FleetStore,
  key: SigningKey,
  plan: RolloutPlan,
  known?: Snapshot,
): Promise<RolloutRecord> {
  const { target, intent, rings, gates } = plan;
  const snapshot = known ?? (await takeSnapshot(store));
  const other = runningRollout(snapshot, target)?.value;
  if (other !== undefined) {
    throw fleetError(
      `the rollout ${other.id} of ${target} is ${other.state}`,
      `go on with it: xdpol fleet rollout --resume ${other.id}; or take it back: xdpol fleet rollback ${target}`,
    );
  }
  const draft = draftOrder(snapshot, target, intent, ORDER_LIFE);
  const id = `${target.replace('/', '-').slice(0, 40)}-${draft.seq}`;
  const planned = planRings(id, hostsOf(snapshot, target), rings);
  const waves = planned.map((hosts, at): RolloutWave => {
    const wave = { rollout: id, number: at + 1, of: planned.length, hosts };
    return { signed: signOrder({ ...draft, seq: draft.seq + at, wave }, key), hosts };
  });
  const before = snapshot.orders.policy.get(target);
  const { previous, issued, expires } = draft;
  const head = { target, seq: draft.seq + waves.length, previous, issued, expires, wave: null };
  const back = signOrder({ ...intentOf(before?.value.order), ...head } as Order, key);
  const record: RolloutRecord = {
    ...{ id, target, waves, back, gates },
    ...{ released: 0, releasedAt: 0, state: 'running', reason: null, driver: null },
  };
  // Writing the order as it is makes a second rollout, or an order, of the same moment too late.
  const same = before === undefined ? [] : [orderPut(snapshot, target, before.value.signed)];
  await putOrThrow(store, [{ key: KEYS.rollout(id), value: encodeRecord(record), ifRevision: 0 }, ...same]);
  return record;
}

function orderPut(snapshot: Snapshot, target: Target, signed: RolloutWave['signed']): Put {
  return putOf(snapshot, KEYS.order('policy', target), encodeSigned(signed));
}

/** The record and, where the rollout is over, the order of the target, in one write. The record as it was written. */
export async function writeRollout(
  store: FleetStore,
  snapshot: Snapshot,
  before: Stored<RolloutRecord>,
  change: Partial<RolloutRecord>,
): Promise<Stored<RolloutRecord>> {
  const record = { ...before.value, ...change };
  const { id, target, state, waves, back } = record;
  const order = snapshot.orders.policy.get(target);
  const signed = state === 'done' ? waves.at(-1)?.signed : state === 'returned' ? back : undefined;
  const puts: Put[] = [{ key: KEYS.rollout(id), value: encodeRecord(record), ifRevision: before.revision }];
  if (signed !== undefined) puts.push(orderPut(snapshot, target, signed));
  if (signed !== undefined && order !== undefined && state === 'done')
    puts.push(await previousPut(store, target, order.value.signed));
  return { value: record, revision: await putOrThrow(store, puts) };
}

/** Milliseconds after which another process may drive a rollout whose driver says nothing. */
export const DRIVER_LIFE = 30_000;

export function newDriver(): string {
  return randomBytes(8).toString('hex');
}

/** Throws where another process drives the rollout. */
export function drivenBy(record: RolloutRecord, driver: string, now: number): RolloutRecord['driver'] {
  const { driver: other } = record;
  if (other !== null && other.id !== driver && other.until > now) {
    throw fleetError(
      `another command drives the rollout ${record.id}`,
      'wait for it, or end it and try again half a minute later',
    );
  }
  return { id: driver, until: now + DRIVER_LIFE };
}

/** Who writes to the store would else run commands on the machine of whoever drives the rollout. */
export function requireOwnProbe({ id, gates: { probe } }: RolloutRecord, own: string | null): void {
  if (probe === null || probe === own) return;
  const command = JSON.stringify(probe);
  throw fleetError(
    `the rollout ${id} has the probe ${command}, which is not run because the store names it`,
    `where you want it run on this machine: xdpol fleet rollout --resume ${id} --probe ${command}; or take it back`,
  );
}
