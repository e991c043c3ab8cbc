/** Orders that wait for their turn: nothing else waits with them. */
import { expect, test } from 'vitest';
import { ChangeTurns } from '../../../../src/agent/control/change-turn.ts';
import type { FrontAsks } from '../../../../src/agent/fleet/carry-out.ts';
import type { OrderBook } from '../../../../src/agent/fleet/order-book.ts';
import { OrdersInForce } from '../../../../src/agent/fleet/orders-in-force.ts';
import { openLog } from '../../../../src/agent/log.ts';
import type { HostConfig } from '../../../../src/host/config.ts';
import type { HostOperations } from '../../../../src/host/operations.ts';

/** Hosts: with so many each waits its turn for up to a minute. */
const MANY = 1_000_000;

/** What a host that was told of these orders in turn asked a front for. */
async function askedFor(
  ...targets: readonly string[]
): Promise<{ asked: string[]; isDue: boolean; isUnderWay: boolean; bans: number }> {
  const asked: string[] = [];
  let bans = 0;
  const book = {
    carried: null,
    failed: null,
    effective: undefined as unknown,
    get bans() {
      bans++;
      return [];
    },
  };
  const orders = new OrdersInForce({
    book: book as unknown as OrderBook,
    fleet: {} as HostConfig['fleet'],
    turns: new ChangeTurns(),
    operations: () => ({}) as HostOperations,
    log: openLog('json', () => undefined),
  });
  const fronts: FrontAsks = {
    toldAtOnce: MANY,
    broughtBlob: () => undefined,
    fetchBlob: (sha256) => {
      asked.push(sha256);
      return Promise.reject(new Error('not there'));
    },
    reachAnew: () => Promise.resolve(),
  };
  for (const [seq, target] of targets.entries()) {
    const policy = { name: 'edge', version: 1, sha256: target, size: 1 };
    book.effective = { digest: `${seq}`, order: { kind: 'policy', target, seq, policy } };
    await orders.settle(fronts);
  }
  return { asked, isDue: orders.isDue, isUnderWay: orders.isUnderWay, bans };
}

test('a policy for many hosts is not asked for before its time, and bans are looked at meanwhile', async () => {
  expect(await askedFor('fleet')).toEqual({ asked: [], isDue: false, isUnderWay: true, bans: 1 });
});

test('one for this host alone is asked for at once, also where it replaces one that waits', async () => {
  // That it failed is to be reported now.
  expect(await askedFor('fleet', 'host/web1')).toMatchObject({ asked: ['host/web1'], isUnderWay: false, bans: 2 });
});
