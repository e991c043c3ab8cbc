import { expect, test } from 'vitest';
import { pauseAfter, Retries, shuffle, spreadOf } from '../../../../src/agent/fleet/backoff.ts';
import { Random } from '../../../../src/base/random.ts';

test('the bound doubles from a second to five minutes', () => {
  const bounds = [1, 2, 3, 8, 9, 10, 11, 2000].map((failures) => pauseAfter(failures, 1));
  expect(bounds).toEqual([1000, 2000, 4000, 128_000, 256_000, 300_000, 300_000, 300_000]);
});

test('the whole time is drawn, from nothing on', () => {
  expect(pauseAfter(9, 0)).toBe(0);
  expect(pauseAfter(9, 0.25)).toBe(64_000);
  const drawn = Array.from({ length: 200 }, () => pauseAfter(12));
  expect(drawn.every((pause) => pause >= 0 && pause < 300_000)).toBe(true);
  expect(new Set(drawn).size).toBeGreaterThan(100);
});

test('a front that has too much to do makes no bound double, and one that was followed begins anew', () => {
  const retries = new Retries();
  const [down, busy, told] = [
    { wasTold: false, isBusy: false },
    { wasTold: false, isBusy: true },
    { wasTold: true, isBusy: false },
  ];
  const pauses = [down, down, busy, busy, busy, down, told, down].map((ended) => retries.pause(ended, 1));
  expect(pauses).toEqual([1000, 2000, 5000, 5000, 5000, 4000, 1000, 2000]);
  expect(retries.pause(busy, 0)).toBe(0);
});

test('hosts begin at different fronts, and each goes through all of them', () => {
  const fronts = ['a', 'b', 'c'];
  const random = new Random(7);
  const orders = Array.from({ length: 300 }, () => shuffle(fronts, () => random.share()));
  for (const order of orders) expect([...order].sort()).toEqual(fronts);
  for (const front of fronts) {
    const first = orders.filter(([one]) => one === front).length;
    expect(first).toBeGreaterThan(60);
    expect(first).toBeLessThan(140);
  }
});

test('the more hosts are told of a policy, the longer they take to put it in force, up to a minute', () => {
  const spreads = (isBrought: boolean): readonly number[] =>
    [1, 500, 5000, 100_000, -1].map((hosts) => spreadOf(hosts, isBrought));
  expect(spreads(false)).toEqual([2000, 2000, 15_000, 60_000, 2000]);
  expect(spreads(true)).toEqual([3, 1500, 15_000, 60_000, 0]);
});
