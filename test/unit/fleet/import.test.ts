/** What a tree changes in a fleet: all that differs, or nothing where a part of it is wrong. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { present } from '../../../src/base/assert.ts';
import { encodeBundle } from '../../../src/fleet/bundle.ts';
import {
  findPolicy,
  giveOrder,
  orderedPolicy,
  publishPolicy,
  putGroup,
  putHost,
} from '../../../src/fleet/centre/change.ts';
import type { Imported } from '../../../src/fleet/centre/import-tree.ts';
import { importTree } from '../../../src/fleet/centre/import-tree.ts';
import { beginRollout } from '../../../src/fleet/centre/rollout.ts';
import { orderedFor, takeSnapshot } from '../../../src/fleet/centre/snapshot.ts';
import { exportFiles, readTree } from '../../../src/fleet/centre/tree.ts';
import { EmbeddedStore } from '../../../src/fleet/embedded/embedded-store.ts';
import { KEYS, ROOT } from '../../../src/fleet/record-keys.ts';
import { makeSigningKey, readSigningKey, sha256 } from '../../../src/fleet/signing.ts';

const KEY = present(readSigningKey(makeSigningKey()));
const NOTHING: Imported = { groups: [], hosts: [], policies: [], orders: [] };
const GATES = { hold: 0, patience: 1, silent: 0, drops: 0, probe: null };

let folder: string;
let store: EmbeddedStore;
/** As they were exported. */
let files: Map<string, string>;

function bundleOf(text: string): Uint8Array {
  return encodeBundle({ text, files: new Map() });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'xdpol-import-'));
  store = new EmbeddedStore(join(folder, 'store'));
  await putGroup(store, KEY, { name: 'web', priority: 10, selector: 'role = web' });
  await putGroup(store, KEY, { name: 'mail', priority: 20, selector: 'role = mail' });
  for (const [name, role] of [
    ['web1', 'web'],
    ['mail1', 'mail'],
  ] as const) {
    await putHost(store, KEY, name, () => ({ name, labels: { role }, groups: [], fingerprint: 'ab'.repeat(32) }));
  }
  await publishPolicy(store, 'web', bundleOf('web 1'), 'anna');
  await publishPolicy(store, 'web', bundleOf('web 2'), 'anna');
  const policy = orderedPolicy(await findPolicy(store, 'web', 2));
  for (const target of ['group/web', 'group/mail'] as const) {
    await giveOrder(store, await takeSnapshot(store), KEY, { target, intent: { kind: 'policy', policy } });
  }
  files = new Map([...(await exportFiles(store))].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]));
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function edit(path: string, from: string | RegExp, to: string): void {
  const before = present(files.get(path));
  files.set(path, before.replace(from, to));
  expect([path, files.get(path)]).not.toEqual([path, before]);
}

async function imported(into: EmbeddedStore = store): Promise<Imported> {
  const tree = readTree(new Map([...files].map(([path, text]) => [path, Buffer.from(text)])));
  const bundles = new Map(
    tree.policies.map((name) => [name, bundleOf(present(files.get(`policies/${name}/policy.yaml`)))]),
  );
  return await importTree(into, KEY, { tree, bundles, by: 'anna' });
}

/** Changes of every kind, which are right. */
function changeAll(): void {
  edit('groups/web.json', '10', '11');
  edit('hosts/web1.json', '"role": "web"', '"role": "web", "site": "ams"');
  edit('policies/web/policy.yaml', 'web 2', 'web 3');
  edit('orders/policy/group/mail.json', '"version": 2', '"version": 1');
}

test('all that differs is written, and then nothing is', async () => {
  expect(await imported()).toEqual(NOTHING);
  changeAll();
  edit('orders/policy/group/web.json', '"version": 2', '"version": 3');
  const { groups, hosts, policies, orders } = await imported();
  expect([groups, hosts, policies]).toEqual([['web'], ['web1'], ['web@3']]);
  expect(orders.toSorted()).toEqual(['group/mail', 'group/web']);
  const snapshot = await takeSnapshot(store);
  expect(orderedFor(snapshot, 'web1')?.order).toMatchObject({ policy: { version: 3 } });
  expect(orderedFor(snapshot, 'mail1')?.order).toMatchObject({ policy: { version: 1 } });
  expect(await imported()).toEqual(NOTHING);
});

test('groups that swap their priorities, with a host in both, are no tie', async () => {
  await putHost(store, KEY, 'both1', () => ({
    name: 'both1',
    labels: { role: 'mail' },
    groups: ['web'],
    fingerprint: null,
  }));
  edit('groups/web.json', '10', '20');
  edit('groups/mail.json', '20', '10');
  expect((await imported()).groups.toSorted()).toEqual(['mail', 'web']);
  expect((await takeSnapshot(store)).memberships.get('both1')?.value.groups).toEqual(['web', 'mail']);
});

test('in another fleet the policy that was exported is ordered, whatever its number there', async () => {
  await using other = new EmbeddedStore(join(folder, 'other'));
  await publishPolicy(other, 'web', bundleOf('theirs'), 'anna');
  await publishPolicy(other, 'web', bundleOf('theirs too'), 'anna');
  const { policies } = await imported(other);
  expect(policies).toEqual(['web@3']);
  const ordered = orderedFor(await takeSnapshot(other), 'web1')?.order;
  expect(ordered).toMatchObject({ policy: { version: 3, sha256: sha256(bundleOf('web 2')) } });
  expect(await imported(other)).toEqual(NOTHING);
  // The version of that number is theirs.
  edit('orders/policy/group/web.json', /"sha256": "[^"]*"/u, `"sha256": "${sha256(bundleOf('web 1'))}"`);
  await expect(imported(other)).rejects.toThrow('group/web.json orders web@2, which neither');
});

const CASES: readonly (readonly [what: string, damage: () => Promise<void> | void, message: string])[] = [
  ['a group is no JSON', () => edit('groups/web.json', '{', ''), 'groups/web.json is not JSON'],
  [
    'the selector of a group is none',
    () => edit('groups/web.json', 'role = web', 'role'),
    'groups/web.json is no group',
  ],
  [
    'a host is in a group that is nowhere',
    () => edit('hosts/mail1.json', '[]', '["nowhere"]'),
    'hosts/mail1.json names the group nowhere',
  ],
  [
    'groups of a host would count alike',
    () => {
      edit('hosts/mail1.json', '[]', '["web"]');
      edit('groups/mail.json', '20', '11');
    },
    'mail1 is in the groups',
  ],
  [
    'an order is cut off',
    () => edit('orders/policy/group/web.json', /"policy".*$/su, ''),
    'group/web.json is not JSON',
  ],
  [
    'an order names a version that is nowhere',
    () => edit('orders/policy/group/web.json', '"version": 2', '"version": 9'),
    'orders web@9, which neither',
  ],
  [
    'an order names a policy that is nowhere',
    () => edit('orders/policy/group/web.json', '"name": "web"', '"name": "edge"'),
    'orders edge@2, which neither',
  ],
  [
    'an order is for a group that is nowhere',
    () => {
      files.set(
        'orders/policy/group/edge.json',
        present(files.get('orders/policy/group/web.json')).replace('group/web', 'group/edge'),
      );
    },
    'group/edge.json is for group/edge, which neither',
  ],
  [
    'a rollout of an ordered target runs',
    async () => {
      const policy = orderedPolicy(await findPolicy(store, 'web', 1));
      await beginRollout(store, KEY, {
        target: 'group/mail',
        intent: { kind: 'policy', policy },
        rings: ['all'],
        gates: GATES,
      });
    },
    'the rollout group-mail',
  ],
  [
    'the bundle of an ordered version is damaged in the store',
    async () => {
      const key = KEYS.blobPart(sha256(bundleOf('web 1')), 0);
      const { revision, value } = present(await store.get(key));
      await store.put([{ key, value: Buffer.from(value).fill(0x5a, 12, 20), ifRevision: revision }]);
    },
    'orders web@1, whose bundle',
  ],
  [
    'the bundle of an ordered version is missing in the store',
    async () => {
      const key = KEYS.blob(sha256(bundleOf('web 1')));
      const { revision } = present(await store.get(key));
      await store.put([{ key, value: undefined, ifRevision: revision }]);
    },
    'orders web@1, whose bundle',
  ],
];

test.each(CASES)('nothing is written where %s', async (_what, damage, message) => {
  changeAll();
  await damage();
  const { revision } = await store.list(ROOT);
  await expect(imported()).rejects.toThrow(message);
  expect((await store.list(ROOT)).revision).toBe(revision);
});
