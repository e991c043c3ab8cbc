/** What hosts and the centre agree on: signatures, orders, memberships, records, precedence. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { present } from '../../../src/base/assert.ts';
import { decodeBundle, encodeBundle, packBlob, unpackBlob } from '../../../src/fleet/bundle.ts';
import type { Target } from '../../../src/fleet/fleet-names.ts';
import { isName, isTarget, targetsOf } from '../../../src/fleet/fleet-names.ts';
import { readFollowLine } from '../../../src/fleet/front-routes.ts';
import { openMembership, signMembership } from '../../../src/fleet/membership.ts';
import type { Opened, Order, OrderReader } from '../../../src/fleet/order.ts';
import { digestOf, isPrefix, nextSeq, openOrder, readOrder, signOrder } from '../../../src/fleet/order.ts';
import { effectiveOrder, findTies, groupsOf } from '../../../src/fleet/precedence.ts';
import { isKey, KEYS } from '../../../src/fleet/record-keys.ts';
import type { GroupRecord, HostRecord, StatusReport } from '../../../src/fleet/records.ts';
import { readGroup, readHost, readStatusReport } from '../../../src/fleet/records.ts';
import { matchesSelector, readSelector } from '../../../src/fleet/selector.ts';
import type { Signed } from '../../../src/fleet/signing.ts';
import {
  decodeSigned,
  encodeSigned,
  makeSigningKey,
  publicKeyText,
  readPublicKey,
  readSigned,
  readSigningKey,
  sha256,
  signBody,
  trustedKeys,
} from '../../../src/fleet/signing.ts';

const ALICE = present(readSigningKey(makeSigningKey()));
const MALLORY = present(readSigningKey(makeSigningKey()));
const KEYS_OF_HOST = trustedKeys([publicKeyText(ALICE.key)]);
const DIGEST = 'ab'.repeat(32);
const POLICY = { name: 'edge', version: 3, sha256: DIGEST, size: 120 };
const NOW = 1_800_000_000_000;
const WEEK = 7 * 86_400_000;
const HEAD = { target: 'host/web1', seq: NOW, issued: NOW, expires: NOW + 1000, previous: null, wave: null } as const;
const ORDER: Order = { kind: 'policy', ...HEAD, policy: POLICY };

const HOST: OrderReader = {
  host: 'web1',
  keys: KEYS_OF_HOST,
  targets: targetsOf('web1', ['web', 'all-linux']),
  taken: () => undefined,
  now: NOW,
};

function refusalOf(signed: Signed, reader: Partial<OrderReader> = {}): string {
  const opened: Opened = openOrder(signed, { ...HOST, ...reader });
  return 'refused' in opened ? opened.refused : opened.isNew ? 'new' : 'known';
}

function reencode(signed: Signed, change: (body: string) => string): Signed {
  const body = Buffer.from(signed.body, 'base64').toString();
  return { ...signed, body: Buffer.from(change(body)).toString('base64') };
}

describe('orders', () => {
  const signed = signOrder(ORDER, ALICE);

  test.each([
    ['as it was signed', signed, {}, 'new'],
    ['through the store and back', present(decodeSigned(encodeSigned(signed))), {}, 'new'],
    ['of a key that the host does not trust', signOrder(ORDER, MALLORY), {}, 'unknown-key'],
    [
      'of a stranger under the id of a trusted key',
      { ...signOrder(ORDER, MALLORY), keyId: ALICE.id },
      {},
      'bad-signature',
    ],
    ['the same order written anew', reencode(signed, (body) => `${body} `), {}, 'bad-signature'],
    ['another seq', reencode(signed, (body) => body.replace(`${NOW}`, `${NOW + 1}`)), {}, 'bad-signature'],
    [
      'signed for another purpose',
      signBody('membership', Buffer.from(JSON.stringify(ORDER)), ALICE),
      {},
      'bad-signature',
    ],
    ['of another host', signOrder({ ...ORDER, target: 'host/web2' }, ALICE), {}, 'other-target'],
    ['of a group that the host is not in', signOrder({ ...ORDER, target: 'group/mail' }, ALICE), {}, 'other-target'],
    ['of its group', signOrder({ ...ORDER, target: 'group/web' }, ALICE), {}, 'new'],
    ['of the fleet', signOrder({ ...ORDER, target: 'fleet' }, ALICE), {}, 'new'],
    ['at its end', signed, { now: NOW + 1000 }, 'new'],
    ['after its end', signed, { now: NOW + 1001 }, 'expired'],
    ['taken before', signed, { taken: () => ({ seq: NOW, digest: digestOf(signed) }) }, 'known'],
    [
      'taken before, after its end',
      signed,
      { now: NOW + 9e9, taken: () => ({ seq: NOW, digest: digestOf(signed) }) },
      'known',
    ],
    ['another one of the same seq', signed, { taken: () => ({ seq: NOW, digest: DIGEST }) }, 'replayed'],
    ['a week ahead of the clock', signed, { now: NOW - WEEK }, 'new'],
    ['further ahead', signed, { now: NOW - WEEK - 1 }, 'ahead'],
    ['further ahead, that was taken before', signed, { now: undefined }, 'new'],
    ['an old one', signed, { taken: () => ({ seq: NOW + 1, digest: DIGEST }) }, 'replayed'],
    ['that is no order', signBody('order', Buffer.from('{"kind":"policy"}'), ALICE), {}, 'not-an-order'],
  ])('%s', (_name, order, reader, expected) => {
    expect(refusalOf(order, reader)).toBe(expected);
  });

  test('a wave is for the hosts that it names', () => {
    const wave = { rollout: 'r1', number: 1, of: 2, hosts: ['web1'] };
    expect(refusalOf(signOrder({ ...ORDER, wave }, ALICE))).toBe('new');
    expect(refusalOf(signOrder({ ...ORDER, wave: { ...wave, hosts: ['web2'] } }, ALICE))).toBe('other-wave');
    expect(refusalOf(signOrder({ ...ORDER, wave: { ...wave, number: 2, hosts: null } }, ALICE))).toBe('new');
  });

  test('a policy and bans of one target do not count against each other', () => {
    const taken: OrderReader['taken'] = (lane) => (lane === 'bans' ? { seq: NOW + 5, digest: DIGEST } : undefined);
    expect(refusalOf(signed, { taken })).toBe('new');
    const bans: Order = {
      kind: 'bans',
      ...HEAD,
      bans: { set: 'bans', entries: [{ prefix: '203.0.113.7', until: NOW }] },
    };
    expect(refusalOf(signOrder(bans, ALICE), { taken })).toBe('replayed');
  });

  test('what is read is what was signed, and nothing that is not known', () => {
    expect(readOrder(JSON.parse(JSON.stringify(ORDER)))).toEqual(ORDER);
    expect(readOrder({ kind: 'unassign', ...HEAD })).toEqual({ kind: 'unassign', ...HEAD });
    const bad: readonly object[] = [
      { ...ORDER, onlyOn: 'mondays' },
      { ...ORDER, policy: { ...POLICY, onlyOn: 'mondays' } },
      { ...ORDER, wave: { rollout: 'r', number: 1, of: 2, hosts: null, onlyOn: 'mondays' } },
      { kind: 'bans', ...HEAD, bans: { set: 'b', entries: [], onlyOn: 'mondays' } },
      { kind: 'bans', ...HEAD, bans: { set: 'b', entries: [{ prefix: '1.2.3.4', until: 1, onlyOn: 'mondays' }] } },
      { ...ORDER, kind: 'unassign' },
      { ...ORDER, seq: 1.5 },
      { ...ORDER, target: 'group/../x' },
      { ...ORDER, wave: { rollout: 'r', number: 3, of: 2, hosts: null } },
      { ...ORDER, policy: { ...POLICY, sha256: 'x' } },
      { ...ORDER, policy: { ...POLICY, size: 1e12 } },
      { ...ORDER, previous: undefined },
      { kind: 'bans', ...HEAD, bans: { set: 'b', entries: [{ prefix: '1.2.3.4/33', until: 1 }] } },
    ];
    for (const one of bad) expect([one, readOrder(one)]).toEqual([one, undefined]);
    expect(readOrder('text')).toBeUndefined();
    expect(['::1', '10.0.0.0/8', '2001:db8::/128'].every(isPrefix)).toBe(true);
    expect(['::1/129', '10.0.0.0/08', 'fe80::1%eth0', 'web1', '1.2.3.4/5/6'].some(isPrefix)).toBe(false);
  });

  test('seq grows though the clock went back', () => {
    expect([nextSeq(undefined, 50), nextSeq(40, 50), nextSeq(60, 50)]).toEqual([50, 50, 61]);
  });
});

test('a membership is for one host, and does not go back', () => {
  const signed = signMembership({ host: 'web1', groups: ['web'], seq: 7 }, ALICE);
  const reader = { host: 'web1', keys: KEYS_OF_HOST, taken: 7, now: 0 };
  expect(openMembership(signed, reader)).toEqual({ membership: { host: 'web1', groups: ['web'], seq: 7 } });
  expect(openMembership(signed, { ...reader, taken: 8 })).toEqual({ refused: 'replayed' });
  expect(openMembership(signed, { ...reader, host: 'web2' })).toEqual({ refused: 'other-host' });
  const ahead = signMembership({ host: 'web1', groups: ['web'], seq: WEEK + 1 }, ALICE);
  expect(openMembership(ahead, reader)).toEqual({ refused: 'ahead' });
  expect(openMembership(ahead, { ...reader, now: 1 })).toHaveProperty('membership');
  expect(openMembership(ahead, { ...reader, now: undefined })).toHaveProperty('membership');
  expect(openMembership(signOrder(ORDER, ALICE), reader)).toEqual({ refused: 'bad-signature' });
  expect(openMembership(signed, { ...reader, keys: trustedKeys([publicKeyText(MALLORY.key)]) })).toEqual({
    refused: 'unknown-key',
  });
});

test('keys as a line of text', () => {
  const text = publicKeyText(ALICE.key);
  expect(text).toMatch(/^ed25519:[A-Za-z0-9+/]{43}=$/u);
  expect(publicKeyText(present(readPublicKey(text)))).toBe(text);
  expect([...trustedKeys([text, 'ed25519:short'])].map(([id]) => id)).toEqual([ALICE.id]);
  expect(readSigningKey('no key')).toBeUndefined();
  expect(readSigned({ keyId: 'k', body: 1, signature: '' })).toBeUndefined();
});

describe('precedence', () => {
  const targets: readonly Target[] = ['host/web1', 'group/web', 'fleet'];
  const of = (...orders: readonly Order[]): string | undefined =>
    effectiveOrder(targets, new Map(orders.map((order) => [order.target, { order }])))?.order.target;
  const unassign = (target: Target): Order => ({ kind: 'unassign', ...HEAD, target });
  const policy = (target: Target): Order => ({ ...ORDER, target }) as Order;

  test('host before group before fleet; unassigned gives way; nothing ordered is nothing', () => {
    expect(of(policy('fleet'), policy('group/web'), policy('host/web1'))).toBe('host/web1');
    expect(of(policy('fleet'), policy('group/web'))).toBe('group/web');
    expect(of(unassign('host/web1'), policy('fleet'))).toBe('fleet');
    expect(of(unassign('host/web1'), unassign('fleet'))).toBe('host/web1');
    expect(of(policy('group/mail'))).toBeUndefined();
  });

  const groups: readonly GroupRecord[] = [
    { name: 'web', priority: 10, selector: 'role = web' },
    { name: 'ams', priority: 20, selector: null },
    { name: 'edge', priority: 10, selector: 'site in (ams, fra)' },
  ];
  const host: HostRecord = { name: 'web1', labels: { role: 'web', site: 'fra' }, groups: ['ams'], fingerprint: null };

  test('groups by name and by labels, by priority', () => {
    expect(groupsOf(host, groups).map(({ name }) => name)).toEqual(['ams', 'edge', 'web']);
    expect(groupsOf({ ...host, labels: {} }, groups).map(({ name }) => name)).toEqual(['ams']);
  });

  test('two groups that count alike are found where both have orders', () => {
    expect(findTies([host], groups, () => true)).toEqual([{ host: 'web1', groups: ['edge', 'web'], priority: 10 }]);
    expect(findTies([host], groups, (name) => name !== 'web')).toEqual([]);
  });
});

test('selectors', () => {
  const labels = { role: 'web', site: 'ams' };
  const rows: readonly (readonly [string, boolean])[] = [
    ['role = web', true],
    ['role=web, site in (ams, fra)', true],
    ['site in (fra,ber)', false],
    ['site not in (fra, ber)', true],
    ['tier != test', true],
    ['role != web', false],
    ['tier = test', false],
    ['constructor in (x)', false],
  ];
  for (const [text, expected] of rows) expect([text, matchesSelector(text, labels)]).toEqual([text, expected]);
  const wrong = ['', 'role', 'role = ', 'role == web', 'site in ams', 'site in ()', 'role = web,', 'a = b; c = d'];
  for (const text of wrong) expect([text, readSelector(text)]).toEqual([text, undefined]);
});

test('records', () => {
  const host: HostRecord = { name: 'web1', labels: { role: 'web' }, groups: [], fingerprint: DIGEST };
  expect(readHost(host)).toEqual(host);
  for (const change of [{ name: 'Web1' }, { labels: { role: 1 } }, { groups: [''] }, { fingerprint: 'x' }]) {
    expect(readHost({ ...host, ...change })).toBeUndefined();
  }
  expect(readGroup({ name: 'g', priority: 1, selector: 'role = web' })).toBeDefined();
  expect(readGroup({ name: 'g', priority: 1, selector: 'role' })).toBeUndefined();
  const status: StatusReport = {
    seq: 4,
    inForce: { target: 'fleet', seq: 4, sha256: DIGEST, policy: 'edge' },
    isPending: false,
    isRolledBack: false,
    isDrifted: true,
    bans: { seq: 1, members: 2 },
    newDrops: null,
    error: { seq: 4, code: 'expired', message: 'x'.repeat(5000) },
    version: '1.0',
  };
  expect(readStatusReport(status)?.error?.message).toHaveLength(2000);
  expect(readStatusReport({ ...status, error: null, bans: null, seq: null })).toMatchObject({ isDrifted: true });
  expect(readStatusReport({ ...status, inForce: {} })).toBeUndefined();
});

test('the report of a host of any version is read: a policy is confirmed by it', () => {
  // As the first version wrote it. The file never changes: members that are added later may be missing for ever.
  const text = readFileSync(new URL('reports/version-1.json', import.meta.url), 'utf8');
  const kept = JSON.parse(text) as StatusReport;
  expect(readStatusReport(kept)).toEqual(kept);
  expect(readStatusReport({ ...kept, newDrops: undefined })).toEqual({ ...kept, newDrops: null });
  // Of a newer host: it says more, also in parts, and what is optional in another form.
  const { inForce, bans, error } = kept;
  const more = { mood: 'fine', newDrops: { rate: 1 } };
  const parts = { inForce: { ...inForce, since: 1 }, bans: { ...bans, refused: 0 }, error: { ...error, help: '' } };
  expect(readStatusReport({ ...kept, ...more, ...parts })).toEqual({ ...kept, newDrops: null });
});

test('names, targets and keys', () => {
  expect(['web1', 'a', 'web-1.example_x'].every(isName)).toBe(true);
  expect(['', 'Web', '-a', 'a-', '..', 'a/b', 'a'.repeat(64)].some(isName)).toBe(false);
  expect(['fleet', 'group/web', 'host/a'].every(isTarget)).toBe(true);
  expect(['fleet/', 'group/', 'groups/web', 'host/a/b'].some(isTarget)).toBe(false);
  expect(KEYS.order('policy', 'group/web')).toBe('/xdpol/v1/order/group/web');
  expect(isKey(KEYS.blobPart(DIGEST, 3))).toBe(true);
  expect(['/xdpol/v2/x', '/xdpol/v1/../x', '/xdpol/v1//x', '/xdpol/v1/ü'].some(isKey)).toBe(false);
});

test('a bundle is found again, and only the one that was meant', () => {
  const bundle = {
    text: 'name: edge\n',
    files: new Map([
      ['b.txt', Buffer.from([0, 255])],
      ['a.txt', Buffer.from('x')],
    ]),
  };
  const bytes = encodeBundle(bundle);
  expect(encodeBundle({ ...bundle, files: new Map([...bundle.files].reverse()) })).toEqual(bytes);
  expect(decodeBundle(bytes)).toEqual({ text: bundle.text, files: new Map([...bundle.files]) });
  const wanted = { sha256: sha256(bytes), size: bytes.length };
  const packed = packBlob(bytes);
  expect(unpackBlob(packed, wanted)).toEqual(Buffer.from(bytes));
  expect(unpackBlob(packed, { ...wanted, sha256: DIGEST })).toBeUndefined();
  expect(unpackBlob(packed, { ...wanted, size: bytes.length - 1 })).toBeUndefined();
  expect(unpackBlob(packed.subarray(0, -9), wanted)).toBeUndefined();
  expect(unpackBlob(packBlob(new Uint8Array(5_000_000)), wanted)).toBeUndefined();
});

test('lines of the stream', () => {
  const signed = signOrder(ORDER, ALICE);
  const lines = [
    { kind: 'hello', epoch: 'e' },
    { kind: 'membership', signed },
    { kind: 'order', lane: 'bans', signed },
    { kind: 'policy', sha256: DIGEST, packed: 'eA==' },
    { kind: 'current', revision: 3, hosts: 5000 },
  ];
  for (const line of lines) expect(readFollowLine(JSON.stringify(line))).toEqual(line);
  // Of a newer front: what is not known is passed over.
  expect(readFollowLine(JSON.stringify({ ...lines[4], mood: 'fine' }))).toEqual(lines[4]);
  // Of an older one.
  expect(readFollowLine('{"kind":"current","revision":3}')).toEqual({ kind: 'current', revision: 3, hosts: 1 });
  const policies = [{ sha256: 'x', packed: '' }, { sha256: DIGEST }].map((one) => ({ kind: 'policy', ...one }));
  for (const line of policies) expect(readFollowLine(JSON.stringify(line))).toBeUndefined();
  for (const text of ['', 'x', '{"kind":"new"}', '{"kind":"order","lane":"x"}', 'null']) {
    expect(readFollowLine(text)).toBeUndefined();
  }
});
