import { expect, test } from 'vitest';
import { blockCount, chooseLevels, levelFor, levelLength } from '../../../../src/compiler/encode/block-levels.ts';

function repeated(...counts: readonly (readonly [length: number, count: number])[]): Uint8Array {
  return Uint8Array.from(counts.flatMap(([length, count]) => new Array<number>(count).fill(length)));
}

function lengthsFor(...counts: readonly (readonly [length: number, count: number])[]): readonly number[] | undefined {
  return chooseLevels(repeated(...counts))?.map(levelLength);
}

const cases: readonly (readonly [
  name: string,
  lengths: readonly (readonly [number, number])[],
  levels: readonly number[],
])[] = [
  ['/64 alone have one level', [[64, 100_000]], [64]],
  ['hosts need none, and one is always there', [[128, 100_000]], [64]],
  [
    'between a /64 and a host: widened to the /64',
    [
      [65, 10],
      [127, 10],
    ],
    [64],
  ],
  [
    'a few shorter ones are cut into blocks of the next level in use',
    [
      [64, 1000],
      [56, 10],
    ],
    [64],
  ],
  [
    'many keep the level',
    [
      [64, 1000],
      [48, 20_000],
    ],
    [48, 64],
  ],
  [
    'a /32 is not cut into /64',
    [
      [64, 10],
      [32, 1],
    ],
    [32, 64],
  ],
  [
    'each length of many has its own',
    [
      [32, 9000],
      [40, 9000],
      [48, 9000],
      [64, 9000],
    ],
    [32, 40, 48, 64],
  ],
];
for (const [name, lengths, levels] of cases) {
  test(name, () => expect(lengthsFor(...lengths)).toEqual(levels));
}

test('prefixes that are too wide for blocks have none', () => {
  expect(lengthsFor([12, 1])).toBeDefined();
  expect(lengthsFor([12, 2])).toBeUndefined();
  expect(lengthsFor([11, 1])).toBeUndefined();
});

test('a prefix falls into the blocks of the first level that is as long', () => {
  const levels = [0, 4, 8];
  expect([20, 32, 33, 48, 49, 64, 65, 127].map((length) => levelLength(levelFor(length, levels)))).toEqual([
    32, 32, 48, 48, 64, 64, 64, 64,
  ]);
  expect([20, 32, 64, 100].map((length) => blockCount(length, levelFor(length, levels)))).toEqual([4096, 1, 1, 1]);
});
