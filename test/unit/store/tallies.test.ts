/** What happened on a host, counted in a file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PolicyStore } from '../../../src/store/store.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-tallies-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

test('counts are kept by reason, over the process', () => {
  const { tallies } = new PolicyStore(directory);
  tallies.add({ kind: 'apply' });
  tallies.add({ kind: 'apply' });
  tallies.add({ kind: 'apply-failure', reason: 'policy' });
  tallies.add({ kind: 'rollback', reason: 'unconfirmed' });
  tallies.add({ kind: 'rollback', reason: 'requested' });
  tallies.add({ kind: 'rollback', reason: 'unconfirmed' });
  expect(new PolicyStore(directory).tallies.read()).toEqual({
    applies: 2,
    applyFailures: new Map([['policy', 1]]),
    rollbacks: new Map([
      ['unconfirmed', 2],
      ['requested', 1],
    ]),
  });
});

const NOTHING = { applies: 0, applyFailures: new Map(), rollbacks: new Map() };

test('without a file there is nothing', () => {
  expect(new PolicyStore(directory).tallies.read()).toEqual(NOTHING);
});

for (const text of [
  '',
  '{',
  '[]',
  '\0\0\0',
  '{"applies":-1}',
  '{"applies":1,"applyFailures":{"a":"b"},"rollbacks":{}}',
]) {
  test(`a damaged file counts from 0 again: ${JSON.stringify(text)}`, () => {
    writeFileSync(join(directory, 'tallies.json'), text);
    const { tallies } = new PolicyStore(directory);
    expect(tallies.read()).toEqual(NOTHING);
    tallies.add({ kind: 'apply' });
    expect(tallies.read()).toEqual({ ...NOTHING, applies: 1 });
  });
}
