import { expect, test } from 'vitest';
import { editDistance, findClosest } from '../../../src/base/suggest.ts';

const distances: readonly (readonly [a: string, b: string, distance: number])[] = [
  ['', '', 0],
  ['', 'abc', 3],
  ['tcp', 'tcp', 0],
  ['tpc', 'tcp', 1], // neighbours swapped
  ['tc', 'tcp', 1],
  ['tcpp', 'tcp', 1],
  ['ucp', 'tcp', 1],
  ['kitten', 'sitting', 3],
];
for (const [a, b, distance] of distances) {
  test(`editDistance: ${a} and ${b}`, () => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
}

const words = ['source', 'sourcePort', 'destination', 'mirrored'];
const suggestions: readonly (readonly [word: string, expected: string | undefined])[] = [
  ['sorce', 'source'],
  ['SOURCE', 'source'],
  ['sourceport', 'sourcePort'],
  ['mirorred', 'mirrored'],
  ['xyz', undefined],
  ['', undefined],
  ['s'.repeat(1000), undefined],
];
for (const [word, expected] of suggestions) {
  test(`closest: ${word.slice(0, 20)}`, () => expect(findClosest(word, words)).toBe(expected));
}
