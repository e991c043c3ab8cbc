/** What every store of a fleet does, whatever it is made of. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { putBlob, readPacked } from '../../src/fleet/blobs.ts';
import { unpackBlob } from '../../src/fleet/bundle.ts';
import type { FleetStore, Follower, Put } from '../../src/fleet/fleet-store.ts';
import { MOST_VALUE } from '../../src/fleet/fleet-store.ts';
import { KEYS } from '../../src/fleet/record-keys.ts';
import { sha256 } from '../../src/fleet/signing.ts';

export const ROOT = '/xdpol/v1/host/';

function put(key: string, value: string | undefined, ifRevision: number): Put {
  return { key: ROOT + key, value: value === undefined ? undefined : Buffer.from(value), ifRevision };
}

export async function write(store: FleetStore, key: string, value: string | undefined): Promise<number> {
  const ifRevision = (await store.get(ROOT + key))?.revision ?? 0;
  const result = await store.put([put(key, value, ifRevision)]);
  expect(result.isDone).toBe(true);
  return result.isDone ? result.revision : 0;
}

/** What a follower knows, and how it was told. */
export class Knowledge implements Follower {
  readonly values: Map<string, string> = new Map();
  readonly revisions: number[] = [];
  states: number = 0;
  #wake: (() => void)[] = [];

  state: Follower['state'] = ({ entries }) => {
    this.values.clear();
    for (const { key, value } of entries) this.values.set(key.slice(ROOT.length), Buffer.from(value).toString());
    this.states += 1;
    this.#tell();
  };

  changes: Follower['changes'] = (changes) => {
    for (const { key, entry, revision } of changes) {
      this.revisions.push(revision);
      if (entry === undefined) this.values.delete(key.slice(ROOT.length));
      else this.values.set(key.slice(ROOT.length), Buffer.from(entry.value).toString());
    }
    this.#tell();
  };

  async until(isReached: (knowledge: Knowledge) => boolean): Promise<void> {
    while (!isReached(this)) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #tell(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}

/** `store` is asked in each test: the tests use keys of their own. */
export function testStore(store: () => FleetStore): void {
  test('a key has the value and the revision of its last write', async () => {
    expect(await store().get(`${ROOT}get-none`)).toBeUndefined();
    const first = await write(store(), 'get', 'a');
    const second = await write(store(), 'get', 'b');
    expect(second).toBeGreaterThan(first);
    const entry = present(await store().get(`${ROOT}get`));
    expect([Buffer.from(entry.value).toString(), entry.revision]).toEqual(['b', second]);
  });

  test('a write from an old state changes nothing', async () => {
    const revision = await write(store(), 'cas', 'a');
    for (const wrong of [0, revision - 1, revision + 1]) {
      const result = await store().put([put('cas-beside', 'x', 0), put('cas', 'b', wrong)]);
      expect(result).toMatchObject({ isDone: false });
    }
    expect(await store().get(`${ROOT}cas-beside`)).toBeUndefined();
    expect(present(await store().get(`${ROOT}cas`)).revision).toBe(revision);
    const result = await store().put([put('cas-beside', 'x', 0), put('cas', 'b', revision)]);
    expect(result).toMatchObject({ isDone: true });
  });

  test('of many writers from one state one is first', async () => {
    const revision = await write(store(), 'race', '0');
    const results = await Promise.all(
      ['1', '2', '3', '4', '5'].map((text) => store().put([put('race', text, revision)])),
    );
    expect(results.filter(({ isDone }) => isDone)).toHaveLength(1);
  });

  test('what is removed is not there, and can be made again', async () => {
    const revision = await write(store(), 'gone', 'a');
    await write(store(), 'gone', undefined);
    expect(await store().get(`${ROOT}gone`)).toBeUndefined();
    expect(await store().put([put('gone', 'b', revision)])).toMatchObject({ isDone: false });
    await write(store(), 'gone', 'c');
  });

  test('a list has the keys of its prefix, in order', async () => {
    for (const key of ['list/b', 'list/a', 'list/c', 'lisu']) await write(store(), key, key);
    const { entries, revision } = await store().list(`${ROOT}list/`);
    expect(entries.map(({ key }) => key.slice(ROOT.length))).toEqual(['list/a', 'list/b', 'list/c']);
    expect(revision).toBeGreaterThanOrEqual(Math.max(...entries.map((entry) => entry.revision)));
  });

  test('a follower is told the state and then every change in order', async () => {
    await write(store(), 'follow/a', '1');
    const known = new Knowledge();
    using _following = store().follow([`${ROOT}follow/`, `${ROOT}followed-too/`], known);
    await known.until(({ states }) => states === 1);
    expect([...known.values]).toEqual([['follow/a', '1']]);
    for (let n = 2; n < 10; n += 1) await write(store(), 'follow/a', `${n}`);
    await write(store(), 'followed-not', 'x');
    await write(store(), 'followed-too/a', 'x');
    await write(store(), 'follow/b', '1');
    await write(store(), 'follow/a', undefined);
    await known.until(({ values }) => values.size === 2 && values.has('follow/b'));
    expect(known.revisions).toEqual([...known.revisions].sort((a, b) => a - b));
    expect([known.revisions.length, known.states]).toEqual([11, 1]);
  });

  test('a follower who comes back is told what it missed', async () => {
    const since = await write(store(), 'back/a', '1');
    await write(store(), 'back/b', '2');
    await write(store(), 'back/a', undefined);
    const known = new Knowledge();
    known.values.set('back/a', '1');
    using _following = store().follow([`${ROOT}back/`], known, since);
    await known.until(({ values }) => values.get('back/b') === '2' && !values.has('back/a'));
  });

  test('a follower from a revision that is not there yet is told the state', async () => {
    const revision = await write(store(), 'future/a', '1');
    const known = new Knowledge();
    known.values.set('future/old', 'x');
    using _following = store().follow([`${ROOT}future/`], known, revision + 1000);
    await known.until(({ values }) => values.size === 1 && values.get('future/a') === '1');
  });

  test('values too large are refused before they are sent', async () => {
    const large = { key: `${ROOT}large`, value: new Uint8Array(MOST_VALUE + 1), ifRevision: 0 };
    await expect((async () => await store().put([large]))()).rejects.toMatchObject({ code: 'XDPOL_E_FLEET_STORE' });
    await write(store(), 'large', 'x'.repeat(600_000));
    expect((await store().get(`${ROOT}large`))?.value).toHaveLength(600_000);
  });

  test('a blob of several parts is whole, or not there', async () => {
    const content = randomBytes(1_500_000);
    const digest = await putBlob(store(), content);
    expect(await putBlob(store(), content)).toBe(digest);
    const packed = present(await readPacked(store(), digest));
    const unpacked = unpackBlob(packed, { sha256: sha256(content), size: content.length });
    expect(content.equals(present(unpacked))).toBe(true);
    const part = KEYS.blobPart(digest, 1);
    const { revision } = present(await store().get(part));
    await store().put([{ key: part, value: undefined, ifRevision: revision }]);
    expect(await readPacked(store(), digest)).toBeUndefined();
    expect(await readPacked(store(), 'ab'.repeat(32))).toBeUndefined();
  });
}
