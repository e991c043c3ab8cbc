import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OwnNetworkCache, readOwnNetwork } from '../../../src/host/live-sets/own-network.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

test('what the host lives by is read anew after a second, and no sooner', async () => {
  const cache = new OwnNetworkCache();
  const first = await cache.read();
  expect(first).toEqual(await readOwnNetwork());
  vi.advanceTimersByTime(1000);
  expect(await cache.read()).toBe(first);
  vi.advanceTimersByTime(1);
  expect(await cache.read()).not.toBe(first);
});
