/** Writing a policy without putting it in force: a rule added to a text, a version stored, what a policy consists of. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { spanOfFile } from '../../../src/base/diagnostics.ts';
import { PolicyRejected } from '../../../src/base/policy-rejected.ts';
import type { HostContext } from '../../../src/host/context.ts';
import { openContext } from '../../../src/host/context.ts';
import type { HostOperations } from '../../../src/host/operations.ts';
import { localOperations } from '../../../src/host/operations.ts';
import type { PolicyTextInput } from '../../../src/host/policy-input.ts';
import { ReadingCache } from '../../../src/host/reading-cache.ts';

let directory: string;
let context: HostContext;
let host: HostOperations;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-edit-'));
  context = openContext(() => undefined, directory);
  host = localOperations(context);
});

afterEach(() => rmSync(directory, { recursive: true }));

const TEXT = `# ours
name: edge
addressSets:
  office: [ 10.1.0.0/16, 10.2.0.0/16, 2001:db8::/32 ]
rules:
  # the rest
  - { name: rest, action: block, interfaces: [ eth1 ], filters: [ { source: any, destination: 192.0.2.1 } ] }
`;

function input(text: string): PolicyTextInput {
  return { file: 'edge.yaml', text, readSetFile: () => ({ error: 'ENOENT' }) };
}

const WEB = {
  name: 'web',
  action: 'permit',
  filters: [{ source: 'any', destination: '192.0.2.1', protocol: 'tcp', destinationPort: [80, '443'] }],
} as const;

describe('a rule added to a text', () => {
  test('leaves the rest of the text as it is, comments included, and says whose verdict changes', async () => {
    const { text, replaced, checked, packets } = await host.edit({ input: input(TEXT), rule: WEB });
    for (const line of TEXT.trim().split('\n')) expect(text).toContain(line);
    expect(text).toContain('- { source: any, destination: 192.0.2.1, protocol: tcp, destinationPort: [ 80');
    expect(replaced).toBe(false);
    expect(checked).toMatchObject({ policy: 'edge', rules: 2, errors: 0 });
    expect(packets?.changes.map(({ before, after }) => [before.verdict, after.verdict, after.rule])).toContainEqual([
      'drop',
      'pass',
      'web',
    ]);
    expect(context.store.list()).toEqual([]);
  });

  test('takes the place of the rule of its name', async () => {
    const rule = { ...WEB, name: 'rest', interfaces: ['eth0'] };
    const { text, replaced } = await host.edit({ input: input(TEXT), rule });
    expect(replaced).toBe(true);
    expect(text).not.toContain('eth1');
    const { rules } = await host.outline({ input: input(text) });
    expect(rules).toMatchObject([{ name: 'rest', action: 'permit', interfaces: ['eth0'] }]);
  });

  test('with a mistake is an answer with the diagnostics, and without packets', async () => {
    const rule = { ...WEB, filters: [{ source: 'any', destination: '192.0.2.256' }] };
    const { checked, packets } = await host.edit({ input: input(TEXT), rule });
    expect(checked.errors).toBe(1);
    expect(checked.diagnostics[0]?.message).toContain('192.0.2.256');
    expect(packets).toBeNull();
  });

  test('begins the rules of a policy that has none, in lines of their own', async () => {
    for (const empty of ['name: edge\n', 'name: edge\nrules: []\n', 'name: edge\nrules:\n']) {
      const { text } = await host.edit({ input: input(empty), rule: WEB });
      expect(text).toMatch(/^rules:\n {2}- \{ name: web,/mu);
    }
  });

  test('is refused for a text that is no mapping', async () => {
    const edit = host.edit({ input: input('- a\n- b\n'), rule: WEB });
    await expect(edit).rejects.toMatchObject({ code: 'XDPOL_E_NOT_EDITABLE' });
  });
});

describe('a version stored', () => {
  test('is the newest, is not assigned, and is in the log of changes', async () => {
    expect(await host.store({ input: input(TEXT) })).toMatchObject({ policy: 'edge', version: 1 });
    const second = await host.store({ input: input(TEXT.replace('block', 'permit')) });
    expect(second.version).toBe(2);
    expect((await host.readStored('edge')).text).toContain('action: permit');
    expect(await host.assignment()).toBeNull();
    const { changes } = await host.changes();
    expect(changes.map(({ verb, policy, from, to }) => [verb, policy, from?.version, to?.version])).toEqual([
      ['store', 'edge', undefined, 1],
      ['store', 'edge', 1, 2],
    ]);
  });

  test('of the text that is stored already is that version', async () => {
    await host.store({ input: input(TEXT) });
    expect(await host.store({ input: input(TEXT) })).toMatchObject({ version: 1 });
  });

  test('is refused where the policy has errors, and nothing is stored', async () => {
    await expect(host.store({ input: input('name: edge\nrulse: []\n') })).rejects.toThrow(PolicyRejected);
    expect(context.store.list()).toEqual([]);
  });
});

describe('formatting', () => {
  test('keeps comments and meaning, and JSON as JSON', async () => {
    const text = 'default:   block # all\nname: edge\nrules: []\n';
    expect(await host.format({ text })).toEqual({ text: 'name: edge\ndefault: block # all\n\nrules: []\n' });
    const { text: json } = await host.format({ text: '{"rules":[],"name":"edge"}' });
    expect(JSON.parse(json)).toEqual({ name: 'edge', rules: [] });
  });

  test('is refused where the text cannot be read', async () => {
    await expect(host.format({ text: 'name: [\n' })).rejects.toThrow(PolicyRejected);
  });
});

test('an outline has the rules with their filters as written, the sets and the default', async () => {
  const outline = await host.outline({ input: input(TEXT) });
  expect(outline).toMatchObject({
    policy: 'edge',
    default: 'permit',
    rules: [{ name: 'rest', action: 'block', interfaces: ['eth1'], line: 7 }],
    addressSets: [{ name: 'office', prefixes: 3, live: false, rules: 0 }],
    filterLists: [],
    tests: [],
    testCount: 0,
  });
  expect(outline.rules[0]?.filters).toEqual(['{ source: any, destination: 192.0.2.1 }']);
});

test('a policy that was read is not read again while its text and its files are the same', async () => {
  const files = new Map([['list.txt', '198.51.100.0/24\n']]);
  const text = 'name: edge\naddressSets: { bans: { file: list.txt } }\nrules: []\n';
  const readSetFile = (path: string) => Buffer.from(files.get(path) ?? '');
  const sized = async (): Promise<number | undefined> => {
    const reader = localOperations({ ...context, readings });
    return (await reader.outline({ input: { file: 'edge.yaml', text, readSetFile } })).addressSets[0]?.prefixes;
  };
  const readings = new ReadingCache();
  expect(await sized()).toBe(1);
  const given = { file: 'edge.yaml', text, readSetFile };
  const known = readings.find(given);
  expect(known?.policy?.name).toBe('edge');
  const before = readings.find(given)?.diags.all;
  known?.diags.report('XP0221', known.policy?.span ?? spanOfFile('edge.yaml'), 'found by one use alone');
  expect(readings.find(given)?.diags.all).toEqual(before);
  files.set('list.txt', '198.51.100.0/24\n203.0.113.0/24\n');
  expect(readings.find(given)).toBeUndefined();
  expect(await sized()).toBe(2);
});

test('the outline of a large policy is kept when it is stored, and is the same without its text being read', async () => {
  const lines = Array.from({ length: 2000 }, (_, i) => {
    return `  - { name: rule${i}, action: permit, filters: [ { source: 10.1.${i >> 8}.${i & 255}, destination: me } ] }`;
  });
  const text = `name: large\nrules:\n${lines.join('\n')}\n`;
  const { hash } = await host.store({ input: input(text) });
  const path = join(directory, 'cache', `${hash}.outline`);
  const asked = { search: 'rule199', page: 1, limit: 5 };
  const expected = await host.outline({ input: input(text), ...asked });
  expect(expected.found).toBe(11);
  const kept = readFileSync(path);
  expect(await host.outline({ input: { stored: 'large' }, ...asked })).toEqual(expected);
  writeFileSync(path, kept.subarray(0, kept.length - 1));
  expect(await host.outline({ input: { stored: 'large' }, ...asked })).toEqual(expected);
  expect(readFileSync(path)).toEqual(kept);
});

test('an outline has the tests', async () => {
  const packet = 'tcp 10.1.0.1:4000 -> 192.0.2.1:80';
  const tests = `tests: [ { packet: '${packet}', expect: drop, rule: rest, interface: eth1 } ]\n`;
  const test = { packet, expect: 'drop', rule: 'rest', interface: 'eth1', direction: null, line: 8 };
  expect(await host.outline({ input: input(`${TEXT}${tests}`) })).toMatchObject({ tests: [test], testCount: 1 });
});

test('an outline has the filter lists and sets that rules share, the most shared first', async () => {
  const text = `name: edge
addressSets: { office: [ 10.1.0.0/16 ], bans: { live: true, capacity: 10 } }
filterLists:
  web: [ { source: $office, destination: me, protocol: tcp, destinationPort: 80 } ]
  bad: [ { source: $bans, destination: me } ]
rules:
  - { name: a, action: block, filterList: bad }
  - { name: b, action: permit, filterList: web, interfaces: [ eth0 ] }
  - { name: c, action: permit, filterList: web, interfaces: [ eth1 ] }
`;
  expect(await host.outline({ input: input(text) })).toMatchObject({
    filterLists: [
      { name: 'web', filters: 1, rules: 2 },
      { name: 'bad', filters: 1, rules: 1 },
    ],
    addressSets: [
      { name: 'office', prefixes: 1, live: false, rules: 2 },
      { name: 'bans', live: true, rules: 1 },
    ],
  });
});
