import { describe, expect, test } from 'vitest';
import { NameWatch } from '../../../src/host/name-watch.ts';

const A = ['192.0.2.20'];
const B = ['192.0.2.21'];
const NOTHING = { addresses: [], age: undefined, failures: 0 };

/** Seconds until the next question, asked at time 1000. */
function interval(run: (watch: NameWatch) => void): number {
  const watch = new NameWatch('www.example.test', NOTHING, 0);
  run(watch);
  let seconds = 0;
  while (!watch.isDue(1000 + seconds)) seconds++;
  return seconds;
}

test('a name is due at once', () => {
  expect(new NameWatch('www.example.test', { addresses: A, age: 3600, failures: 0 }, 50).isDue(50)).toBe(true);
});

describe('the next question', () => {
  test.each([
    [5, 30],
    [30, 30],
    [600, 600],
    [86_400, 3600],
    [undefined, 300],
  ])('after an answer that holds %s s: %i s', (ttl, expected) => {
    expect(interval((watch) => watch.answered({ addresses: A, ttl }, 1000, 0))).toBe(expected);
  });

  test('comes up to a tenth earlier, by chance', () => {
    expect(interval((watch) => watch.answered({ addresses: A, ttl: 600 }, 1000, 1))).toBe(540);
  });

  test('after failures: soon, then less often, up to the usual interval', () => {
    const after = (failures: number): number =>
      interval((watch) => {
        for (let i = 0; i < failures; i++) watch.failed(1000, 0);
      });
    expect([1, 2, 3, 7, 30].map(after)).toEqual([5, 10, 20, 300, 300]);
  });

  test('after an answer that followed failures: as after any', () => {
    const once = interval((watch) => {
      for (let i = 0; i < 5; i++) watch.failed(1000, 0);
      watch.answered({ addresses: A, ttl: 30 }, 1000, 0);
      watch.failed(1000, 0);
    });
    expect(once).toBe(5);
  });
});

test('the last good answer stays through failures, and ages', () => {
  const watch = new NameWatch('www.example.test', { addresses: A, age: 50, failures: 0 }, 100);
  expect([watch.addresses, watch.age(100), watch.failures]).toEqual([A, 50, 0]);
  watch.failed(110, 0);
  watch.failed(120, 0);
  expect([watch.addresses, watch.age(120), watch.failures]).toEqual([A, 70, 2]);
  watch.answered({ addresses: B, ttl: 60 }, 130, 0);
  expect([watch.addresses, watch.age(131), watch.failures]).toEqual([B, 1, 2]);
});

test('a name that never had an answer has no age', () => {
  const watch = new NameWatch('www.example.test', NOTHING, 100);
  watch.failed(100, 0);
  expect([watch.addresses, watch.age(200)]).toEqual([[], undefined]);
});
