/** A page of the members of a live set, with and without a search. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HostContext } from '../../../src/host/context.ts';
import { openContext } from '../../../src/host/context.ts';
import type { SetReadRequest } from '../../../src/host/live-sets/read-sets.ts';
import { readSet } from '../../../src/host/live-sets/read-sets.ts';
import { prefixFrom } from '../../support/policies.ts';

const COUNTS = { adds: 0, expired: 0, refused: {} };

let directory: string;
let context: HostContext;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-read-sets-'));
  context = openContext(() => {}, directory);
  const { liveSets } = context.store;
  liveSets.declare([{ name: 'bans', number: 0, capacity: 100, levels4: [32], levels6: [128], blocks: true }]);
  const put = Array.from({ length: 25 }, (_, i) => ({ prefix: prefixFrom(`10.0.0.${i}`), endsAt: 0, note: '' }));
  const ended = { prefix: prefixFrom('10.0.1.1'), endsAt: 1, note: 'SSH' };
  const noted = { prefix: prefixFrom('2001:db8::7'), endsAt: 0, note: 'Brute force over SSH' };
  liveSets.change('bans', { put: [...put, ended, noted], removed: [], counts: COUNTS });
});

afterAll(() => rmSync(directory, { recursive: true }));

async function page(request: Omit<SetReadRequest, 'set'>): Promise<readonly [found: number, ...members: string[]]> {
  const { found, members } = await readSet(context, { set: 'bans', ...request });
  return [found, ...members.map(({ prefix }) => prefix)];
}

test('all that have not ended, without a limit', async () => {
  expect(await page({})).toHaveLength(27);
  expect((await page({}))[0]).toBe(26);
});

test('pages have every member once, and none is behind the last', async () => {
  const pages = await Promise.all([1, 2, 3, 4].map((number) => page({ page: number, limit: 10 })));
  expect(pages.map(([found, ...members]) => [found, members.length])).toEqual([
    [26, 10],
    [26, 10],
    [26, 6],
    [26, 0],
  ]);
  expect(new Set(pages.flatMap(([, ...members]) => members)).size).toBe(26);
});

test('a search looks for each word in the member and its note', async () => {
  expect(await page({ search: '0.2', limit: 3 })).toEqual([6, '10.0.0.2', '10.0.0.20', '10.0.0.21']);
  expect(await page({ search: ' ssh  2001:DB8 ' })).toEqual([1, '2001:db8::7']);
  expect(await page({ search: 'ssh 10.0' })).toEqual([0]);
});
