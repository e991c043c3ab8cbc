/** The hash of pairs as the kernel program probes it: every pair is found, no other is. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { present } from '../../../../src/base/assert.ts';
import type { PairEntry, PairTable } from '../../../../src/compiler/encode/pair-hash.ts';
import { encodePairs } from '../../../../src/compiler/encode/pair-hash.ts';
import { ENUMS, STRUCTS } from '../../../../src/layout/layout.gen.ts';

const { BUCKET_SLOTS, BUCKET_PROBES } = ENUMS.layout;
const { keys, sets, overflowed } = STRUCTS.bucket.fields;

/** What bpf/classify.h does, byte by byte. */
function probe({ bytes, mask }: PairTable, key: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hash = Math.imul(key, 2654435761) >>> 0;
  let number = ((hash ^ (hash >>> 15)) & mask) >>> 0;
  for (let probed = 0; probed < BUCKET_PROBES; probed++) {
    const at = number * STRUCTS.bucket.size;
    for (let i = 0; i < BUCKET_SLOTS; i++) {
      if (view.getUint32(at + keys.offset + 4 * i, true) === key >>> 0)
        return view.getUint32(at + sets.offset + 4 * i, true);
    }
    if (view.getUint32(at + overflowed.offset, true) === 0) return 0;
    number = (number + 1) & mask;
  }
  return 0;
}

function keyOf(source: number, destination: number): number {
  return (((source << 16) | destination) + 1) >>> 0;
}

function entriesOf(pairs: readonly (readonly [number, number])[]): readonly PairEntry[] {
  const unique = new Map(pairs.map(([s, d]) => [keyOf(s, d), 0]));
  return [...unique.keys()].map((key, i) => ({ key, set: i + 1 }));
}

function expectFound(entries: readonly PairEntry[], absent: readonly number[]): void {
  const table = present(encodePairs(entries));
  expect(table.bytes.length).toBe((table.mask + 1) * STRUCTS.bucket.size);
  expect((table.mask + 1) & table.mask, 'a power of two').toBe(0);
  const wrong = entries.filter(({ key, set }) => probe(table, key) !== set);
  expect(wrong).toEqual([]);
  const known = new Set(entries.map(({ key }) => key));
  expect(absent.filter((key) => !known.has(key) && probe(table, key) !== 0)).toEqual([]);
}

test('none', () => expectFound([], [1, 2, keyOf(1, 1), keyOf(65_534, 65_534)]));

test('one bucket, filled to its last slot and one more', () => {
  for (const count of [1, BUCKET_SLOTS, BUCKET_SLOTS + 1]) {
    expectFound(entriesOf(Array.from({ length: count }, (_, i) => [1, i])), [keyOf(1, count), keyOf(2, 0)]);
  }
});

// Classes are numbered from 0 in a row, so keys come in runs; the highest have the sign bit.
test('runs of classes, up to the highest', () => {
  const run = (from: number, width: number): (readonly [number, number])[] =>
    Array.from({ length: width * width }, (_, i) => [from + Math.floor(i / width), from + (i % width)] as const);
  for (const from of [0, 32_700, 65_435]) {
    expectFound(
      entriesOf(run(from, 100)),
      run(from + 1, 100).map(([s, d]) => keyOf(s, d)),
    );
  }
});

test('a diagonal, a row and a column of many classes', () => {
  const all = Array.from({ length: 20_000 }, (_, i) => i);
  const absent = all.map((i) => keyOf(i, i + 1));
  expectFound(entriesOf(all.map((i) => [i, i])), absent);
  expectFound(entriesOf(all.map((i) => [7, i])), absent.slice(8));
  expectFound(entriesOf(all.map((i) => [i, 7])), absent.slice(8));
});

test('pairs that were made to have one hash are not put into ever larger tables', () => {
  const hashOf = (key: number): number => {
    const hash = Math.imul(key, 2654435761) >>> 0;
    return (hash ^ (hash >>> 15)) & 0xff;
  };
  const alike: PairEntry[] = [];
  for (let key = 1; alike.length <= BUCKET_SLOTS * BUCKET_PROBES; key++)
    if (hashOf(key) === 0) alike.push({ key, set: 1 });
  expect(encodePairs(alike)).toBeUndefined();
  expect(encodePairs(alike.slice(1))).toBeDefined();
});

test('any pairs', () => {
  const number = fc.integer({ min: 0, max: 65_534 });
  const pairs = fc.array(fc.tuple(number, number), { maxLength: 500 });
  fc.assert(
    fc.property(pairs, fc.array(fc.tuple(number, number)), (some, others) =>
      expectFound(
        entriesOf(some),
        others.map(([s, d]) => keyOf(s, d)),
      ),
    ),
  );
});
