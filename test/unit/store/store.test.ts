import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EnvironmentError } from '../../../src/base/environment-error.ts';
import type { Assignment, PolicyText } from '../../../src/store/store.ts';
import { hashOfPolicy, PolicyStore, VERSIONS_KEPT } from '../../../src/store/store.ts';

let directory: string;
let store: PolicyStore;
let reports: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-store-'));
  reports = [];
  store = new PolicyStore(directory, { report: (line) => reports.push(line) });
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function textOf(body: string): PolicyText {
  return { text: body, setFiles: new Map([['a/list.txt', new TextEncoder().encode(`${body}\n`)]]) };
}

function assignmentOf(policy: string, version: number): Assignment {
  return { policy, version, hash: 'h', interfaces: ['eth0'], mode: 'auto', at: '2026-01-01T00:00:00.000Z' };
}

function helpOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof EnvironmentError) return `${error.message} | ${error.help}`;
    throw error;
  }
  return 'no error';
}

test('reads back what was written, any name, set files included', () => {
  for (const name of ['edge', '..', 'a/b', 'Packet Filter', 'ü.yaml']) {
    expect(store.write(name, textOf(name))).toBe(1);
    expect(store.read(name)).toMatchObject({ ...textOf(name), version: 1 });
  }
  expect(store.list()).toEqual(['..', 'Packet Filter', 'a/b', 'edge', 'ü.yaml']);
  expect(store.read('none')).toBeUndefined();
  expect(store.read('edge', 2)).toBeUndefined();
});

test('names that no folder could have: too long for one, and not encodable', () => {
  const names = ['\u6f22'.repeat(80), '\u6f22'.repeat(200), '\ud800', '\ud801', '@', '~a'];
  for (const name of names) {
    store.write(name, textOf('first'));
    expect(store.write(name, textOf('again'))).toBe(2);
    store.assign(assignmentOf(name, 2));
    expect(store.assignment()?.policy).toBe(name);
    expect(store.read(name, 2)?.text).toBe('again');
  }
  expect(new PolicyStore(directory).list()).toEqual(names.toSorted());
  store.unassign();
  for (const name of names) store.delete(name);
  expect(store.list()).toEqual([]);
  expect(readdirSync(join(directory, 'policies'))).toEqual([]);
});

test('the same text is the same version; another is the next; each can be read', () => {
  expect([
    store.write('edge', textOf('1')),
    store.write('edge', textOf('1')),
    store.write('edge', textOf('2')),
  ]).toEqual([1, 1, 2]);
  expect(store.read('edge', 1)?.text).toBe('1');
  expect(store.read('edge')?.text).toBe('2');
});

test('the last ten versions are kept, and the assigned one', () => {
  store.write('edge', textOf('0'));
  store.write('edge', textOf('1'));
  store.assign(assignmentOf('edge', 2));
  for (let i = 2; i < 15; i++) store.write('edge', textOf(String(i)));
  const kept = store.versions('edge').map(({ version }) => version);
  expect(kept).toEqual([2, ...Array.from({ length: VERSIONS_KEPT }, (_, i) => 6 + i)]);
  expect(store.read('edge', 2)?.text).toBe('1');
});

test('a version that came to nothing is taken back, and nothing was pruned for it', () => {
  for (let i = 0; i < VERSIONS_KEPT; i++) store.write('edge', textOf(String(i)));
  const before = store.versions('edge');
  expect(store.add('edge', textOf('0'))).toEqual({ version: VERSIONS_KEPT + 1, isNew: true });
  store.takeBack('edge', VERSIONS_KEPT + 1);
  expect(store.versions('edge')).toEqual(before);
  expect(store.add('first', textOf('0'))).toEqual({ version: 1, isNew: true });
  store.takeBack('first', 1);
  expect(readdirSync(join(directory, 'policies'))).toEqual(['edge']);
  expect(store.add('edge', textOf(String(VERSIONS_KEPT - 1)))).toEqual({ version: VERSIONS_KEPT, isNew: false });
});

test('a rehearsal writes what is wanted and leaves nothing', () => {
  store.write('edge', textOf('0'));
  const before = readdirSync(directory, { recursive: true });
  let rehearsed = 0;
  store.rehearse((trial) => {
    rehearsed = trial.write('edge', textOf('1'));
    trial.assign(assignmentOf('edge', rehearsed));
  });
  expect(rehearsed).toBe(1);
  expect(readdirSync(directory, { recursive: true })).toEqual(before);
});

test('with a version goes what was compiled of it, unless another one has the same text', () => {
  const cache = join(directory, 'cache');
  mkdirSync(cache, { recursive: true });
  const compiled = (text: string): string => `${hashOfPolicy(textOf(text))}.facts`;
  for (const text of [
    'same',
    'gone',
    ...Array.from({ length: VERSIONS_KEPT - 2 }, (_, i) => String(i)),
    'same',
    'last',
  ]) {
    store.write('edge', textOf(text));
    writeFileSync(join(cache, compiled(text)), '');
  }
  expect(store.versions('edge')).toHaveLength(VERSIONS_KEPT);
  expect(readdirSync(cache)).toContain(compiled('same'));
  expect(readdirSync(cache)).not.toContain(compiled('gone'));
});

test('a version says who, when, and its hash', () => {
  const { SUDO_USER: before } = process.env;
  process.env['SUDO_USER'] = 'ada';
  try {
    store.write('edge', textOf('1'));
  } finally {
    if (before === undefined) delete process.env['SUDO_USER'];
    else process.env['SUDO_USER'] = before;
  }
  const [record] = store.versions('edge');
  expect(record).toMatchObject({ version: 1, who: 'ada' });
  expect(record?.hash).toMatch(/^[0-9a-f]{64}$/u);
  expect(Math.abs(Date.parse(record?.at ?? '') - Date.now())).toBeLessThan(10_000);
});

test('delete refuses what is assigned, and says what to do', () => {
  store.write('edge', textOf('1'));
  store.assign(assignmentOf('edge', 1));
  expect(helpOf(() => store.delete('edge'))).toContain('xdpol unassign');
  store.unassign();
  expect(store.lastAssignment()).toMatchObject({ policy: 'edge', interfaces: ['eth0'] });
  store.delete('edge');
  expect(store.list()).toEqual([]);
  expect(store.lastAssignment()).toBeUndefined();
});

const DAMAGE: readonly (readonly [string, (folder: string) => void, string])[] = [
  ['a record that is not JSON', (folder) => writeFileSync(join(folder, 'version.json'), '{'), 'not JSON'],
  ['a record without its fields', (folder) => writeFileSync(join(folder, 'version.json'), '{}'), 'lacks fields'],
  ['a missing record', (folder) => rmSync(join(folder, 'version.json')), 'version.json is missing'],
  ['a missing text', (folder) => rmSync(join(folder, 'policy.yaml')), 'policy.yaml is missing'],
  ['a missing address set', (folder) => rmSync(join(folder, 'set-0')), 'set-0 is missing'],
  ['another text', (folder) => writeFileSync(join(folder, 'policy.yaml'), 'name: evil\n'), 'its hash'],
  ['another address set', (folder) => writeFileSync(join(folder, 'set-0'), ''), 'its hash'],
];

for (const [name, damage, said] of DAMAGE) {
  test(`${name}: reported, set aside, an older version offered, its number not given again`, () => {
    store.write('edge', textOf('1'));
    store.write('edge', textOf('2'));
    damage(join(directory, 'policies/edge/2'));
    const message = helpOf(() => store.read('edge'));
    expect(message).toContain('version 2 of edge is damaged');
    expect(message).toContain(said);
    expect(message).toContain("xdpol assign 'edge' --version 1");
    expect(store.setAside()).toHaveLength(1);
    expect(readdirSync(store.setAside()[0] ?? '').length).toBeGreaterThan(0);
    expect(store.read('edge')?.text).toBe('1');
    expect(store.write('edge', textOf('3'))).toBe(3);
    expect(store.list()).toEqual(['edge']);
  });
}

test('a write over a damaged newest version reports it and keeps it', () => {
  store.write('edge', textOf('1'));
  writeFileSync(join(directory, 'policies/edge/1/policy.yaml'), 'x');
  expect(store.write('edge', textOf('1'))).toBe(2);
  expect(reports.join()).toContain('version 1 of edge is damaged');
  expect(store.setAside()).toHaveLength(1);
});

test('a store of a newer format is refused and not touched', () => {
  store.write('edge', textOf('1'));
  writeFileSync(join(directory, 'format'), '2\n');
  const actions: readonly (() => unknown)[] = [
    () => store.read('edge'),
    () => store.write('edge', textOf('2')),
    () => store.list(),
    () => store.assignment(),
    () => store.lock(),
    () => store.delete('edge'),
  ];
  for (const action of actions) expect(helpOf(action)).toContain('has format 2, this xdpol knows 1');
  expect(existsSync(join(directory, 'policies/edge/2'))).toBe(false);
});
