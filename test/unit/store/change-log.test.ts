/** The audit log: what is written is read again, whatever happens to the file in between. */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ChangeRecord } from '../../../src/store/store.ts';
import { PolicyStore } from '../../../src/store/store.ts';
import { FaultyFiles } from '../../support/faulty-files.ts';

const RECORD: ChangeRecord = {
  at: '2026-01-01T00:00:00.000Z',
  who: 'jane',
  uid: 1000,
  via: 'agent',
  verb: 'apply',
  policy: 'edge',
  from: null,
  to: { policy: 'edge', version: 1, hash: 'h' },
  result: 'ok',
  message: null,
};

let directory: string;
let store: PolicyStore;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-changes-'));
  store = new PolicyStore(directory);
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const path = (): string => join(directory, 'changes.jsonl');
const verbs = (): readonly string[] => store.changes.read().changes.map(({ verb }) => verb);

test('nothing was changed yet', () => {
  expect(store.changes.read()).toEqual({ changes: [], damaged: 0 });
});

test('records come back oldest first, and others may not read them', () => {
  const failed = { ...RECORD, verb: 'assign', uid: null, result: 'XDPOL_E_NOT_STORED', message: 'two\nlines "x"' };
  store.changes.add(RECORD);
  store.changes.add(failed);
  expect(store.changes.read()).toEqual({ changes: [RECORD, failed], damaged: 0 });
  expect(statSync(path()).mode & 0o777).toBe(0o600);
});

test.each([
  ['no JSON', 'garbage\n'],
  ['another object', '{"at":"2026"}\n'],
  ['a wrong version', `${JSON.stringify({ ...RECORD, to: { policy: 'edge', version: 'one', hash: 'h' } })}\n`],
  ['bytes that are no text', '\u0000\ufffd\n'],
  ['a line that was cut off', JSON.stringify(RECORD).slice(0, 50)],
])('%s: that line is left out and counted, those around it are read', (_, damage) => {
  store.changes.add(RECORD);
  appendFileSync(path(), damage);
  store.changes.add({ ...RECORD, verb: 'unassign' });
  expect(verbs()).toEqual(['apply', 'unassign']);
  expect(store.changes.read().damaged).toBe(1);
});

test('the log is two files of half a MiB at most, and the newest records stay', () => {
  const line = `${JSON.stringify({ ...RECORD, verb: 'old' })}\n`;
  for (const verb of ['first', 'second', 'third']) {
    appendFileSync(path(), line.repeat(Math.ceil((512 << 10) / line.length) - 1));
    store.changes.add({ ...RECORD, verb, message: 'x'.repeat(100_000) });
    store.changes.add({ ...RECORD, verb });
  }
  const files = readdirSync(directory).filter((name) => name.startsWith('changes'));
  expect(files.sort()).toEqual(['changes.1.jsonl', 'changes.jsonl']);
  for (const name of files) expect(statSync(join(directory, name)).size).toBeLessThan(513 << 10);
  expect(verbs().at(-1)).toBe('third');
  expect(verbs()).not.toContain('first');
  expect(verbs()).toContain('second');
});

test('a full file is turned over later while another command holds the lock', () => {
  writeFileSync(path(), `${'x'.repeat(600 << 10)}\n`);
  {
    using _lock = store.lock();
    store.changes.add(RECORD);
    expect(readdirSync(directory)).not.toContain('changes.1.jsonl');
  }
  store.changes.add(RECORD);
  expect(readFileSync(path(), 'utf8').trimEnd().split('\n')).toHaveLength(1);
  expect(verbs()).toEqual(['apply', 'apply']);
});

test('a write that fails at any call is an error, and takes no earlier record along', () => {
  store.changes.add(RECORD);
  // An append is at least: open, write, fsync, close.
  for (const call of [1, 2, 3, 4]) {
    const faulty = new PolicyStore(directory, { fileSystem: new FaultyFiles({ kind: 'fails', call, code: 'ENOSPC' }) });
    expect(() => faulty.changes.add({ ...RECORD, verb: 'lost' })).toThrow(/ENOSPC/u);
    expect(verbs()[0]).toBe('apply');
  }
  store.changes.add({ ...RECORD, verb: 'later' });
  expect(verbs().at(-1)).toBe('later');
});
