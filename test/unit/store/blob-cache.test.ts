import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BlobCache } from '../../../src/store/blob-cache.ts';

let folder: string;
let reports: string[];
let cache: BlobCache;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'xdpol-blobs-'));
  reports = [];
  cache = new BlobCache(join(folder, 'cache'), (line) => reports.push(line));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (name: string, key: string): string | undefined => {
  const found = cache.read(name, key);
  return found === undefined ? undefined : new TextDecoder().decode(found);
};

test('what was written is read by its key alone', () => {
  cache.write('a', 'key', bytes('content'));
  expect([read('a', 'key'), read('a', 'other'), read('b', 'key')]).toEqual(['content', undefined, undefined]);
  expect(reports).toEqual([]);
});

test.each([
  ['empty', () => Buffer.alloc(0)],
  ['cut', (content: Buffer) => content.subarray(0, content.length - 1)],
  ['zeroed', (content: Buffer) => Buffer.alloc(content.length)],
])('a file that is %s is set aside and said', (_, damage) => {
  cache.write('a', 'key', bytes('content'));
  const path = join(folder, 'cache/a');
  writeFileSync(path, damage(readFileSync(path)));
  expect(read('a', 'key')).toBeUndefined();
  expect(reports.join()).toContain('damaged, set aside as');
  expect(readdirSync(join(folder, 'cache'))).toEqual([expect.stringMatching(/^a\.damaged-/u)]);
});

test('those that were used last are kept', () => {
  for (const name of ['a', 'b', 'c']) cache.write(name, 'key', bytes(name));
  read('a', 'key');
  cache.prune(2);
  expect(readdirSync(join(folder, 'cache')).sort()).toEqual(['a', 'c']);
});

test('also after the clock was set back by a day', () => {
  for (const name of ['a', 'b']) cache.write(name, 'key', bytes(name));
  const tomorrow = new Date(Date.now() + 86_400_000);
  for (const name of ['a', 'b']) utimesSync(join(folder, 'cache', name), tomorrow, tomorrow);
  cache.write('c', 'key', bytes('c'));
  read('a', 'key');
  cache.prune(2);
  expect(readdirSync(join(folder, 'cache')).sort()).toEqual(['a', 'c']);
});
