import { expect, test } from 'vitest';
import type { PolicyDiff } from '../../../src/formats/diff.ts';
import { diffPolicies } from '../../../src/formats/diff.ts';
import { verdictChanges } from '../../../src/host/verdict-changes.ts';
import { NO_ADDRESSES } from '../../../src/policy/defaults.ts';
import type { Policy } from '../../../src/policy/model.ts';
import { formatPacket } from '../../../src/policy/packet/text.ts';
import { readText } from '../../support/read-text.ts';

function read(rules: readonly string[], more = ''): Policy {
  const { policy, codes } = readText(`{name: t, ${more} rules: [\n${rules.join(',\n')}\n]}`);
  if (policy === undefined) throw new Error(codes.join());
  return policy;
}

const WEB = '{name: web, action: permit, filters: ["*+192.0.2.1:80:TCP"]}';
const REST = '{name: rest, action: block, filters: ["*+192.0.2.1"]}';
const HOST = NO_ADDRESSES;
const NOTHING: PolicyDiff = { settings: [], rules: [], addressSets: [] };

function changesBetween(before: Policy, after: Policy): readonly string[] {
  const found = verdictChanges(
    { policy: before, host: HOST },
    { policy: after, host: HOST },
    diffPolicies(before, after),
  );
  expect(found.tried).toBeGreaterThan(0);
  return found.changes.map(
    ({ before: a, after: b, example, interfaceName }) =>
      `${formatPacket(example)} ${interfaceName ?? '*'}: ${a.verdict} ${a.rule ?? a.by} -> ${b.verdict} ${b.rule ?? b.by}`,
  );
}

test('the order of rules and other words for a filter are no difference', () => {
  const other =
    '{name: web, action: permit, filters: [{source: any, destination: 192.0.2.1, destinationPort: 80, protocol: tcp, mirrored: true}]}';
  expect(diffPolicies(read([WEB, REST]), read([REST, other]))).toEqual(NOTHING);
  expect(changesBetween(read([WEB, REST]), read([REST, other]))).toEqual([]);
});

test('rules added, removed, changed; settings', () => {
  const ssh = '{name: ssh, action: permit, filters: ["*+192.0.2.1:22:TCP"]}';
  const { rules, settings } = diffPolicies(
    read([WEB, REST]),
    read([WEB.replace('permit', 'block').replace('80', '81'), ssh], 'default: block,'),
  );
  const short = rules.map(({ rule, change, values, added, removed }) => [
    rule,
    change,
    values.length,
    added.length,
    removed.length,
  ]);
  expect(short).toEqual([
    ['web', 'changed', 1, 1, 1],
    ['rest', 'removed', 0, 0, 1],
    ['ssh', 'added', 0, 1, 0],
  ]);
  expect(settings).toEqual([{ what: 'default', before: 'permit', after: 'block' }]);
});

test('a port that is opened is found, at the packet that shows it', () => {
  const before = read([WEB, REST]);
  const after = read([WEB.replace(':80:', ':443:'), REST]);
  const found = changesBetween(before, after).join('\n');
  expect(found).toMatch(/-> 192\.0\.2\.1:80 \*: pass web -> drop rest/u);
  expect(found).toMatch(/-> 192\.0\.2\.1:443 \*: drop rest -> pass web/u);
});

test('one address more in a large set is found', () => {
  const set = (extra: string): string =>
    `addressSets: {bad: [${Array.from({ length: 300 }, (_, i) => `10.0.${i % 250}.${(i * 7) % 250}`).join(', ')}${extra}]},`;
  const rule = '{name: bad, action: block, filters: [{source: $bad, destination: any}]}';
  const [before, after] = [read([rule], set('')), read([rule], set(', 203.0.113.77'))];
  expect(diffPolicies(before, after).addressSets).toMatchObject([
    { set: 'bad', change: 'changed', added: [{}], removed: [] },
  ]);
  expect(changesBetween(before, after).join()).toContain('203.0.113.77');
});

test('a rule limited to an interface is tried there', () => {
  const found = changesBetween(read([WEB, REST]), read([WEB.replace('action', 'interfaces: [eth1], action'), REST]));
  expect(found.join('\n')).toContain('192.0.2.1:80 *: pass web -> drop rest');
});
