/** What was carried out of a fleet's orders, on the disk. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FleetRecord } from '../../../src/store/store.ts';
import { PolicyStore } from '../../../src/store/store.ts';

let directory: string;
let reported: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-fleet-'));
  reported = [];
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

const RECORD: FleetRecord = {
  statements: new Map([
    ['membership', '{"keyId":"a"}'],
    ['policy host/web1', '{"keyId":"b"}'],
  ]),
  carried: {
    digest: 'd1',
    target: 'host/web1',
    seq: 7,
    policy: { sha256: 's1', name: 'web', version: 3, hash: 'ab' },
  },
  failed: { digest: 'd2', code: 'XDPOL_E_WENT_BACK', message: 'it went back' },
};
const NOTHING: FleetRecord = { statements: new Map(), carried: null, failed: null };

function open(): PolicyStore {
  return new PolicyStore(directory, { report: (line) => reported.push(line) });
}

function damage(name: string, from = 'host/web1', to = 'host/web2'): void {
  const path = join(directory, name);
  writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
}

test('what is written is read again; an order that ended filtering has no policy', () => {
  expect(open().fleet.read()).toEqual(NOTHING);
  open().fleet.write(RECORD);
  expect(open().fleet.read()).toEqual(RECORD);
  const ended = { ...NOTHING, carried: { digest: 'd', target: 'fleet', seq: 1, policy: null } };
  open().fleet.write(ended);
  expect(open().fleet.read()).toEqual(ended);
  expect(reported).toEqual([]);
});

test('a file that is damaged or lost falls back to its copy, and is written anew', () => {
  open().fleet.write(RECORD);
  damage('fleet.json');
  const store = open();
  expect(store.fleet.read()).toEqual(RECORD);
  expect(store.fleet.read()).toEqual(RECORD);
  expect(reported).toEqual([`${join(directory, 'fleet.json')} is damaged: its copy is used`]);
  rmSync(join(directory, 'fleet.json'));
  expect(open().fleet.read()).toEqual(RECORD);
  expect(reported.at(-1)).toContain('is missing: its copy is used');
  open().fleet.write(RECORD);
  damage('fleet.copy.json');
  reported = [];
  expect(open().fleet.read()).toEqual(RECORD);
  expect(reported).toEqual([]);
});

for (const [name, text] of [
  ['empty', ''],
  ['cut off', 'abc'],
  ['zeros', '\0\0\0\n\0'],
] as const) {
  test(`where both are ${name}, orders are taken anew`, () => {
    open().fleet.write(RECORD);
    for (const file of ['fleet.json', 'fleet.copy.json']) writeFileSync(join(directory, file), text);
    expect(open().fleet.read()).toEqual(NOTHING);
    expect(reported).toHaveLength(1);
    expect(reported[0]).toContain('and so is its copy');
  });
}

test('one flipped number is damage', () => {
  open().fleet.write(RECORD);
  for (const file of ['fleet.json', 'fleet.copy.json']) damage(file, '"seq":7', '"seq":8');
  expect(open().fleet.read()).toEqual(NOTHING);
});
