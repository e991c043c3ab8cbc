/** Following a fleet: what fails on this host ends neither the agent nor the following. */
import { expect, test } from 'vitest';
import { FleetFollower } from '../../../../src/agent/fleet/follower.ts';
import type { OrderBook } from '../../../../src/agent/fleet/order-book.ts';
import type { OrdersInForce } from '../../../../src/agent/fleet/orders-in-force.ts';
import { openLog } from '../../../../src/agent/log.ts';

test('a host whose pins cannot be read is looked at again, and it is logged once', async () => {
  const stop = new AbortController();
  let looks = 0;
  const orders = {
    isDue: false,
    look: () => {
      if (++looks === 3) stop.abort();
      return Promise.reject(new Error('the pins cannot be read'));
    },
  } as unknown as OrdersInForce;
  const lines: string[] = [];
  const log = openLog('json', (line) => lines.push(line));
  const credentials = (): never => {
    throw new Error('no credentials');
  };
  const book = { takeLate: () => false } as OrderBook;
  const fronts = [new URL('https://127.0.0.1:1')];
  await new FleetFollower({ fronts, credentials, book, orders, log }).run(stop.signal);
  expect(looks).toBe(3);
  expect(lines.filter((line) => line.includes('the pins cannot be read'))).toHaveLength(1);
});
