/** Members of live sets on the disk. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatPrefix } from '../../../src/base/ip.ts';
import type { Member } from '../../../src/store/store.ts';
import { PolicyStore } from '../../../src/store/store.ts';
import { prefixFrom } from '../../support/policies.ts';

let directory: string;
let reports: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-live-sets-'));
  reports = [];
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function store(): PolicyStore['liveSets'] {
  return new PolicyStore(directory, { report: (line) => reports.push(line) }).liveSets;
}

function member(prefix: string, endsAt = 0, note = ''): Member {
  return { prefix: prefixFrom(prefix), endsAt, note };
}

const COUNTS = { adds: 2, expired: 1, refused: { full: 3 } };

function put(...members: readonly Member[]): void {
  store().change('bans', { put: members, removed: [], counts: COUNTS });
}

function listed(): readonly string[] {
  return [...store().members('bans').members()].map(
    ({ prefix, endsAt, note }) => `${formatPrefix(prefix)} ${endsAt} ${note}`,
  );
}

function path(): string {
  return join(directory, 'live-sets', 'bans.members');
}

/** What another process wrote: the same content in a file that this one has not seen. */
function rewrite(text: string): void {
  rmSync(path());
  writeFileSync(path(), text);
}

test('members of both families come back with their ends and notes, and so do counts', () => {
  put(member('255.255.255.255', 7, 'a note: 100 %'), member('0.0.0.0'), member('10.0.0.0/24'));
  put(member('2001:db8::/64', 1_900_000_000_000), member('::1'));
  store().change('bans', { put: [], removed: [prefixFrom('0.0.0.0')], counts: COUNTS });
  rewrite(readFileSync(path(), 'utf8'));
  expect(listed()).toEqual([
    '255.255.255.255 7 a note: 100 %',
    '10.0.0.0/24 0 ',
    '2001:db8::/64 1900000000000 ',
    '::1 0 ',
  ]);
  expect(store().counts('bans')).toEqual(COUNTS);
});

test('a line that was cut off costs that member alone, and the next change is whole', () => {
  put(member('10.0.0.1'), member('10.0.0.2'));
  rewrite(`${readFileSync(path(), 'utf8')}+10.0.0.3 `);
  expect(listed()).toEqual(['10.0.0.1 0 ', '10.0.0.2 0 ']);
  put(member('10.0.0.4'));
  rewrite(readFileSync(path(), 'utf8'));
  expect(listed()).toEqual(['10.0.0.1 0 ', '10.0.0.2 0 ', '10.0.0.4 0 ']);
  expect(reports).toEqual([]);
});

test('damaged lines are passed over and reported', () => {
  put(member('10.0.0.1'));
  appendFileSync(path(), '+10.0.0.300/32 0\n+10.0.0.1/24 0\nnobody\n+10.0.0.2/32 0\n');
  rewrite(readFileSync(path(), 'utf8'));
  expect(listed()).toEqual(['10.0.0.1 0 ', '10.0.0.2 0 ']);
  expect(reports).toEqual([`${path()}: 3 of 6 lines are damaged and passed over`]);
});

test('a file without one whole line is reported, and written anew with the next change', () => {
  for (const text of ['', '\0'.repeat(4096), '+192.0.2.1/32']) {
    put(member('192.0.2.1'));
    reports.length = 0;
    rewrite(text);
    expect(listed()).toEqual([]);
    expect(reports.join()).toContain('the members of the set are not known');
    put(member('192.0.2.2'));
    rewrite(readFileSync(path(), 'utf8'));
    expect(listed()).toEqual(['192.0.2.2 0 ']);
  }
});

test('a file of many changes is written anew, with a line for each member', () => {
  for (let i = 0; i < 3000; i++) {
    put(member('10.0.0.1'));
    store().change('bans', { put: [], removed: [prefixFrom('10.0.0.1')], counts: COUNTS });
  }
  expect(readFileSync(path(), 'utf8').split('\n').length).toBeLessThan(5000);
});

test('what ends is taken out once, and the next end is known', () => {
  put(member('10.0.0.1', 100), member('10.0.0.2', 200), member('10.0.0.3'));
  const table = store().members('bans');
  expect([table.nextEnd, table.countAt(150), table.size]).toEqual([100, 2, 3]);
  expect(table.expire(150).map(formatPrefix)).toEqual(['10.0.0.1']);
  expect([table.nextEnd, table.size, table.expire(150)]).toEqual([200, 2, []]);
});

test('sets that are declared come back; a damaged file is none', () => {
  const set = { name: 'bans', number: 3, capacity: 9, levels4: [32], levels6: [128, 64], blocks: true };
  store().declare([set]);
  expect(store().declared()).toEqual([set]);
  writeFileSync(join(directory, 'live-sets', 'sets.json'), '{"sets":[{"name":"../x"}]}');
  expect(store().declared()).toEqual([]);
  expect(reports[0]).toContain('sets.json is damaged');
});

test('what was read ahead is at hand, unless the file was written meanwhile', async () => {
  const sets = store();
  const declared = { name: 'bans', number: 0, capacity: 100_000, levels4: [32], levels6: [], blocks: true };
  sets.declare([declared]);
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, i) => `+10.0.${i >> 8}.${i & 255}/32 0\n`).join('');
  put(member('192.0.2.1'));
  rewrite(lines(20_000));
  await sets.readAhead();
  expect(sets.members('bans').size).toBe(20_000);
  rewrite(lines(15_000));
  const ahead = sets.readAhead();
  rewrite(lines(12_345));
  await ahead;
  expect(sets.members('bans').size).toBe(12_345);
});
