/** The files of a fleet: what each must be. */
import { expect, test } from 'vitest';
import { pathInTree, readTree } from '../../../src/fleet/centre/tree.ts';

const GROUP = { name: 'web', priority: 10, selector: 'role = web' };
const HOST = { name: 'web1', labels: { role: 'web' }, groups: [], fingerprint: null };
const POLICY = { name: 'web', version: 3, sha256: 'ab'.repeat(32), size: 9 };

function files(entries: Readonly<Record<string, unknown>>): Map<string, Uint8Array> {
  return new Map(Object.entries(entries).map(([path, value]) => [path, Buffer.from(JSON.stringify(value))]));
}

test('groups, hosts, policies and orders are read; bans and other files are not', () => {
  const tree = readTree(
    files({
      'groups/web.json': GROUP,
      'hosts/web1.json': HOST,
      'orders/policy/group/web.json': { kind: 'policy', target: 'group/web', seq: 5, policy: POLICY },
      'orders/policy/fleet.json': { kind: 'unassign', target: 'fleet' },
      'orders/policy/host/web1.json': { kind: 'policy', target: 'host/web1', policy: { name: 'web', version: 2 } },
      'orders/bans/fleet.json': 'whatever',
      'policies/web/policy.yaml': 'name: web',
      'policies/web/version.json': { ...POLICY, published: 1, by: 'anna' },
      'policies/web/files/list.txt': '',
    }),
  );
  expect([tree.groups, tree.hosts, tree.policies]).toEqual([[GROUP], [HOST], ['web']]);
  expect(tree.orders.map(({ target, policy }) => [target, policy])).toEqual([
    ['group/web', { name: 'web', version: 3, sha256: POLICY.sha256 }],
    ['fleet', null],
    ['host/web1', { name: 'web', version: 2, sha256: null }],
  ]);
});

test.each([
  ['groups/web.json', { ...GROUP, name: 'mail' }],
  ['groups/web.json', { ...GROUP, selector: 'role' }],
  ['hosts/web2.json', HOST],
  ['hosts/web1.json', 'damaged'],
  ['orders/policy/fleet.json', { kind: 'policy', target: 'group/web', policy: POLICY }],
  ['orders/policy/fleet.json', { kind: 'bans', target: 'fleet' }],
  ['orders/policy/fleet.json', { kind: 'policy', target: 'fleet', policy: { name: 'web', version: 'newest' } }],
  ['orders/policy/fleet.json', { kind: 'policy', target: 'fleet', policy: { ...POLICY, sha256: 'abc' } }],
  ['orders/policy/group.json', { kind: 'unassign', target: 'group' }],
  ['policies/web/version.json', { ...POLICY, name: 'mail', published: 1, by: 'anna' }],
])('%s is refused by its name: %j', (path, value) => {
  expect(() => readTree(files({ [path]: value }))).toThrow(`${path} is no `);
});

test('what is not JSON is said to be none', () => {
  const damaged = new Map([['hosts/web1.json', Buffer.from('{oops')]]);
  expect(() => readTree(damaged)).toThrow('hosts/web1.json is not JSON');
});

test('a file that a policy names is in the folder of the policy', () => {
  expect(pathInTree('web', '/etc/../../lists/./bad.txt')).toBe('policies/web/files/etc/lists/bad.txt');
});
