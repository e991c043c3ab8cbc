import { expect, test } from 'vitest';
import { shareRunning } from '../../../src/agent/shared-scrape.ts';

test('calls while one runs share its result, the next call starts anew', async () => {
  let calls = 0;
  const work = shareRunning(async (key: string) => {
    calls++;
    await new Promise((resolve) => setImmediate(resolve));
    return `${key}${calls}`;
  });
  expect(await Promise.all([work('a'), work('a'), work('b'), work('a')])).toEqual(['a2', 'a2', 'b2', 'a2']);
  expect(calls).toBe(2);
  expect(await work('a')).toBe('a3');
});

test('a failure reaches all who wait, and the next call tries again', async () => {
  let calls = 0;
  const work = shareRunning(async () => {
    calls++;
    await Promise.resolve();
    if (calls === 1) throw new Error('kernel');
    return calls;
  });
  const settled = await Promise.allSettled([work('x'), work('x')]);
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await work('x')).toBe(2);
});
