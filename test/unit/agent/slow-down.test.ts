import { expect, test } from 'vitest';
import { slowDownOnFailure } from '../../../src/agent/duties.ts';

test('what fails is tried again after pauses that double, up to a minute; success begins anew', async () => {
  let now = 0;
  let fails = true;
  const tried: number[] = [];
  const step = slowDownOnFailure(
    () => {
      tried.push(now / 1000);
      return fails ? Promise.reject(new Error('no')) : Promise.resolve();
    },
    () => now,
  );
  for (; now < 300_000; now += 1000) await step().catch(() => undefined);
  expect(tried).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
  fails = false;
  for (; now < 306_000; now += 1000) await step();
  expect(tried.slice(10)).toEqual([303, 304, 305]);
});
