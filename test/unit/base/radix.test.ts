/** Keys are sorted like those that a plain comparison sorts, in whatever order they come. */
import { describe, expect, test } from 'vitest';
import { sortOrder } from '../../../src/base/radix.ts';
import { Random } from '../../../src/base/random.ts';

const SEED = 7;
/** More than are compared one by one. */
const MANY = 5000;

interface Key {
  readonly words: readonly number[];
  readonly minor: number;
}

function compareKeys(a: Key, b: Key): number {
  const differences = [...a.words.map((word, w) => word - b.words[w]!), a.minor - b.minor];
  return differences.find((difference) => difference !== 0) ?? 0;
}

/** Few different words, so that there are equal keys and equal digits too. */
function randomKeys(random: Random, size: number, count: number): Key[] {
  const word = (): number => (random.below(2) === 0 ? random.below(50) : random.u32());
  return Array.from({ length: count }, () => ({
    words: Array.from({ length: size }, word),
    minor: random.below(3),
  }));
}

function ascending(random: Random, size: number, count: number): Key[] {
  return randomKeys(random, size, count).sort(compareKeys);
}

function orderOf(keys: readonly Key[], size: number): number[] {
  const words = Uint32Array.from(keys.flatMap((key) => key.words));
  return [
    ...sortOrder(
      words,
      size,
      keys.length,
      Uint8Array.from(keys, ({ minor }) => minor),
    ),
  ];
}

describe.each([1, 4])('keys of %i words', (size) => {
  const shapes: Readonly<Record<string, (random: Random) => Key[]>> = {
    none: () => [],
    few: (random) => randomKeys(random, size, 100),
    'in no order': (random) => randomKeys(random, size, MANY),
    ascending: (random) => ascending(random, size, MANY),
    'all equal': (random) => new Array<Key>(MANY).fill(randomKeys(random, size, 1)[0]!),
    'a long run and some single ones': (random) => [...ascending(random, size, MANY), ...randomKeys(random, size, 3)],
    'runs of several lengths': (random) => [1, MANY, 2, 1000, MANY].flatMap((count) => ascending(random, size, count)),
    'more runs than are merged': (random) => Array.from({ length: 30 }, () => ascending(random, size, 200)).flat(),
    descending: (random) => ascending(random, size, MANY).reverse(),
  };
  test.each(Object.keys(shapes))('%s', (shape) => {
    const keys = shapes[shape]!(new Random(SEED));
    const wanted = keys.map((_, i) => i).sort((a, b) => compareKeys(keys[a]!, keys[b]!) || a - b);
    expect(orderOf(keys, size)).toEqual(wanted);
  });
});
