/**
 * A fleet on etcd with three members, two fronts and five hosts, while its parts fail: every host keeps the last good
 * policy, gets the last one that was ordered when the fault is over, and nothing of others.
 */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { putBlob } from '../../src/fleet/blobs.ts';
import { putGroup } from '../../src/fleet/centre/change.ts';
import type { Target } from '../../src/fleet/fleet-names.ts';
import { signMembership } from '../../src/fleet/membership.ts';
import type { Order } from '../../src/fleet/order.ts';
import { signOrder } from '../../src/fleet/order.ts';
import { KEYS } from '../../src/fleet/record-keys.ts';
import type { SigningKey } from '../../src/fleet/signing.ts';
import { encodeSigned, makeSigningKey, publicKeyText, readSigningKey } from '../../src/fleet/signing.ts';
import { FleetSite } from '../support/fleet-site.ts';
import type { RecordingHost } from '../support/recording-host.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Seconds that a member of etcd stands still or is cut off. */
const LONG = Number(process.env['XDPOL_FLEET_FAULT_SECONDS'] ?? 3);
const IS_LONG = process.env['XDPOL_FLEET_FAULT_SECONDS'] !== undefined;

let site: FleetSite;
let web: readonly RecordingHost[];
let mail: RecordingHost;
/** Of the last order for web, and the only one for mail. */
let last = '';
let ofMail = '';
const figures: string[] = [];

beforeAll(async () => {
  site = await FleetSite.start({ web: ['web1', 'web2', 'web3', 'web4'], mail: ['mail1'] });
  web = site.hostsIn('web');
  mail = site.host('mail1');
  ofMail = await site.orderNext('mail');
  last = await site.orderNext('web');
  await site.untilInForce(web, last);
  await site.untilInForce([mail], ofMail);
});

afterEach(() => {
  site.requireOwnOrders();
  expect(mail.inForce).toBe(ofMail);
});

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  if (IS_LONG) process.stdout.write(`${figures.join('\n')}\n`);
});

function requireKept(): void {
  expect(web.map(({ name, inForce }) => [name, inForce])).toEqual(web.map(({ name }) => [name, last]));
}

/** Orders during the fault: seconds until the order was taken, and from then on until the last host has it. */
async function orderNow(what: string): Promise<void> {
  requireKept();
  const begun = performance.now();

  const next = await site.orderNext('web');
  const taken = (performance.now() - begun) / 1000;
  const told = await site.untilInForce(web, next);
  figures.push(`${what}: ordered after ${taken.toFixed(1)} s, in force everywhere ${told.toFixed(1)} s later`);
  last = next;
}

async function refusedEverywhere(why: string): Promise<void> {
  const refused = (): boolean => web.every(({ refusals }) => refusals.some((text) => text.includes(why)));
  await expect.poll(refused, { timeout: 30_000 }).toBe(true);
}

async function standStill(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, LONG * 1000));
}

async function write(key: string, value: Uint8Array): Promise<void> {
  const ifRevision = (await site.admin.get(key))?.revision ?? 0;
  expect(await site.admin.put([{ key, value, ifRevision }])).toMatchObject({ isDone: true });
}

describe('etcd', () => {
  test('its leader is killed', async () => {
    const leader = await site.cluster.leader();
    await site.cluster.kill(leader);
    await orderNow('leader killed');
    site.cluster.begin(leader);
    await orderNow('leader is back');
  });

  test('its leader stands still', async () => {
    const leader = await site.cluster.leader();
    site.cluster.stop(leader);
    await orderNow('leader stands still');
    await standStill();
    site.cluster.goOn(leader);
    await orderNow('leader goes on');
  });

  test('a member is cut off from the others, with the fronts that ask it', async () => {
    for (const member of IS_LONG ? [0, 1, 2] : [await site.cluster.leader()]) {
      site.cluster.cut(member);
      await orderNow(`member ${member} cut off`);
      site.cluster.heal();
    }
    await orderNow('members are together again');
  });

  test('what a front missed while its member was away is compacted', async () => {
    const member = ((await site.cluster.leader()) + 1) % 3;
    await site.endFront(1);
    await site.endFront(0);
    await site.startFront(0, [present(site.cluster.urls[member])]);
    await orderNow('front on one member');
    await site.cluster.kill(member);
    requireKept();
    await site.orderNext('web');
    const next = await site.orderNext('web');
    const others = site.cluster.urls.filter((_, at) => at !== member);
    const { revision } = present(await site.admin.get(KEYS.order('policy', 'group/web')));
    await site.cluster.ctl(others, 'compaction', String(revision));
    requireKept();
    site.cluster.begin(member);
    figures.push(`compacted while away: ${(await site.untilInForce(web, next)).toFixed(1)} s after it is back`);
    last = next;
    await site.endFront(0);
    await site.startFront(0);
    await site.startFront(1);
  });

  test('it is restored from a backup: older orders are refused, and a new one counts', async () => {
    const backup = join(site.folder, 'backup');
    await site.cluster.ctl(site.cluster.urls.slice(0, 1), 'snapshot', 'save', backup);
    await orderNow('after the backup');
    await site.cluster.restore(backup);
    requireKept();
    await refusedEverywhere('a newer order');
    await orderNow('restored from a backup');
  });
});

describe('fronts', () => {
  test('one of two is killed, then both', async () => {
    await site.endFront(0);
    await orderNow('one of two fronts killed');
    await site.endFront(1);
    requireKept();
    const next = await site.orderNext('web');
    requireKept();
    await site.startFront(0);
    figures.push(`both fronts killed: ${(await site.untilInForce(web, next)).toFixed(1)} s after one is back`);
    last = next;
    await site.startFront(1);
  });
});

describe('the store', () => {
  test('a damaged blob changes nothing until it is published again', async () => {
    const policy = await site.publish();
    const key = KEYS.blobPart(policy.sha256, 0);
    const whole = present(await site.admin.get(key)).value;
    await write(key, Buffer.from(whole).fill(0x5a, 12, 20));
    await site.order('group/web', { kind: 'policy', policy });
    await expect.poll(() => web.every(({ error }) => error !== null), { timeout: 30_000 }).toBe(true);
    requireKept();
    expect(await putBlob(site.admin, site.bundleOf(policy))).toBe(policy.sha256);
    figures.push(
      `blob damaged: ${(await site.untilInForce(web, policy.sha256)).toFixed(1)} s after it is published again`,
    );
    last = policy.sha256;
  });

  test('orders of others, old, ended and forged ones in it are refused; so are damaged records', async () => {
    const old = present(await site.admin.get(KEYS.order('policy', 'group/web'))).value;
    await orderNow('before the theft');
    const policy = await site.publish();
    const signed = (target: Target, change: Partial<Order>, key: SigningKey = site.key): Uint8Array => {
      const now = Date.now();
      const head = { target, seq: now + HOUR, issued: now, expires: now + HOUR, previous: null, wave: null };
      return encodeSigned(signOrder({ kind: 'policy', ...head, policy, ...change } as Order, key));
    };
    const thief = present(readSigningKey(makeSigningKey()));
    const own = KEYS.order('policy', 'host/web1');
    const ofGroup = KEYS.order('policy', 'group/web');
    const cases: readonly (readonly [string, Uint8Array, string])[] = [
      [own, signed('host/web2', {}), 'not part of'],
      [own, signed('group/mail', {}), 'not part of'],
      [own, signed('host/web1', { expires: Date.now() - 1 }), 'after its end'],
      [own, signed('host/web1', {}, thief), 'none that this host trusts'],
      [ofGroup, old, 'a newer order'],
      [
        KEYS.membership('web1'),
        encodeSigned(signMembership({ host: 'web1', groups: ['mail'], seq: 9e15 }, thief)),
        'unknown-key',
      ],
      [
        KEYS.membership('web1'),
        encodeSigned(signMembership({ host: 'mail1', groups: ['mail'], seq: 9e15 }, site.key)),
        'other-host',
      ],
    ];
    const [web1] = web;
    for (const [key, value, why] of cases) {
      const before = await site.admin.get(key);
      const known = web1?.refusals.length;
      await write(key, value);
      await expect.poll(() => web1?.refusals.slice(known).join(), { timeout: 30_000 }).toContain(why);
      requireKept();
      await write(key, before?.value ?? Buffer.from('damaged'));
    }
    await write(ofGroup, Buffer.from('damaged'));
    await orderNow('orders of a thief');
  });
});

test('a new signing key takes the place of the old one, though that was stolen', async () => {
  const fresh = present(readSigningKey(makeSigningKey()));
  const both = [...site.operators, publicKeyText(fresh.key)];
  const restart = async (operators: readonly string[]): Promise<void> => {
    for (const host of site.hosts) {
      await host.end();
      host.start(operators);
    }
  };
  await restart(both);
  requireKept();
  // Memberships and orders are signed anew while both keys count.
  await putGroup(site.admin, fresh, { name: 'web' });
  await orderNow('both keys');
  last = await site.orderNext('web', fresh);
  await site.untilInForce(web, last);
  // Who has the old key, and the way to the hosts, orders with a seq that none of the operators reaches for days.
  const key = KEYS.order('policy', 'group/web');
  const before = present(await site.admin.get(key)).value;
  const policy = await site.publish();
  site.note('group/web', policy.sha256);
  const stolen = (ahead: number): Uint8Array => {
    const now = Date.now();
    const head = {
      target: 'group/web',
      seq: now + ahead,
      issued: now,
      expires: now + HOUR,
      previous: null,
      wave: null,
    };
    return encodeSigned(signOrder({ kind: 'policy', ...head, policy } as Order, site.key));
  };
  await write(key, stolen(8 * DAY));
  await refusedEverywhere('a week ahead');
  requireKept();
  await write(key, stolen(6 * DAY));
  last = policy.sha256;
  await site.untilInForce(web, last);
  await write(key, before);
  const next = await site.orderNext('web', fresh);
  await refusedEverywhere('a newer order');
  requireKept();
  // Without the old key its orders count no more, whatever their seq.
  await restart(both.slice(1));
  last = next;
  await site.untilInForce(web, last);
  await site.orderNext('web');
  await refusedEverywhere('trusts');
  requireKept();
  last = await site.orderNext('web', fresh);
  await site.untilInForce(web, last);
  // The old key comes back, as on a host that was restored from a backup: what it signed before does not count again.
  await restart(both);
  requireKept();
  await orderNow('the old key comes back');
});
