import { describe, expect, test } from 'vitest';
import { countDistinct } from '../../../src/measure/distinct.ts';

/** Records of two words. */
function records(...words: readonly (readonly [number, number])[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words.flat()).buffer);
}

describe('distinct records', () => {
  test('of none', () => expect(countDistinct(new Uint8Array(0), 8, 0)).toBe(0));

  test('each once, whatever comes between', () => {
    expect(countDistinct(records([1, 2], [2, 1], [1, 2], [0, 0], [2, 1]), 8, 5)).toBe(3);
  });

  test('only of the first ones', () => expect(countDistinct(records([1, 2], [3, 4], [5, 6]), 8, 2)).toBe(2));

  test('as many as a set finds, of random ones from a small space', () => {
    const count = 20_000;
    const words = Uint32Array.from({ length: 2 * count }, (_, i) => Math.imul(i ^ (i >>> 3), 2654435761) >>> 24);
    const known = new Set(Array.from({ length: count }, (_, i) => `${words[2 * i]} ${words[2 * i + 1]}`));
    expect(countDistinct(new Uint8Array(words.buffer), 8, count)).toBe(known.size);
  });
});
