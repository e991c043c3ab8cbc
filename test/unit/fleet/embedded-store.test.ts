/** The store of files: what every store does, and what crashes and damage leave. */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { present } from '../../../src/base/assert.ts';
import { EmbeddedStore } from '../../../src/fleet/embedded/embedded-store.ts';
import { Knowledge, ROOT, testStore, write } from '../../support/fleet-store-suite.ts';

let parent: string;
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'xdpol-fleet-store-'));
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

describe('as every store', () => {
  let store: EmbeddedStore;
  beforeAll(() => {
    store = new EmbeddedStore(join(parent, 'suite'));
  });
  afterAll(async () => await store[Symbol.asyncDispose]());
  testStore(() => store);
});

describe('on the disk', () => {
  const path = (name: string): string => join(parent, name);

  async function fill(name: string): Promise<number> {
    await using store = new EmbeddedStore(path(name));
    await write(store, 'a', '1');
    await write(store, 'b', 'x'.repeat(100_000));
    await write(store, 'c', '1');
    return await write(store, 'c', undefined);
  }

  test('all is there again, with its revisions, and what was replaced is not', async () => {
    const revision = await fill('again');
    await using store = new EmbeddedStore(path('again'));
    const { entries, revision: now } = await store.list(ROOT);
    expect(entries.map(({ key, revision: last }) => [key.slice(ROOT.length), last])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(now).toBe(revision);
    await write(store, 'b', 'y'.repeat(50_000));
    expect(await write(store, 'd', '1')).toBe(revision + 2);
    await store[Symbol.asyncDispose]();
    await using third = new EmbeddedStore(path('again'));
    expect((await third.get(`${ROOT}b`))?.value).toHaveLength(50_000);
    expect(readdirSync(join(path('again'), 'values'))).toHaveLength(1);
  });

  test('a line that a crash cut off was never there', async () => {
    const revision = await fill('cut');
    appendFileSync(join(path('cut'), 'journal'), '0123456789abcdef {"revision":9');
    await using store = new EmbeddedStore(path('cut'));
    expect(await write(store, 'e', '1')).toBe(revision + 1);
  });

  test('a damaged line is said, and nothing is guessed', async () => {
    await fill('damaged');
    const journal = join(path('damaged'), 'journal');
    writeFileSync(journal, readFileSync(journal, 'utf8').replace('"revision":1', '"revision":7'));
    expect(() => new EmbeddedStore(path('damaged'))).toThrow(/line 2 is damaged/u);
    writeFileSync(journal, '');
    await new EmbeddedStore(path('damaged'))[Symbol.asyncDispose]();
  });

  test('one process has it', async () => {
    await using _store = new EmbeddedStore(path('locked'));
    expect(() => new EmbeddedStore(path('locked'))).toThrow(/uses the store/u);
  });

  test('a follower who changes what it follows is told in order', async () => {
    await using store = new EmbeddedStore(path('nested'));
    const known = new Knowledge();
    using _first = store.follow([ROOT], {
      state: () => undefined,
      changes: ([change]) => {
        if (change?.key === `${ROOT}a`) void write(store, 'b', '1');
      },
    });
    using _second = store.follow([ROOT], known);
    await write(store, 'a', '1');
    await known.until(({ values }) => values.has('b'));
    expect(known.revisions).toEqual([1, 2]);
    expect(present([...known.values][0])).toEqual(['a', '1']);
  });
});
