import { expect, test } from 'vitest';
import { HISTORY, RateMeter } from '../../../../src/cli/top/rates.ts';
import type { CounterOutcome, HostCounters } from '../../../../src/host/counters.ts';

function web(packets: number, bytes: number): CounterOutcome {
  return { by: 'rule', rule: 'web', reason: null, action: 'permit', packets, bytes, policy: 'edge' };
}

function rest(packets: bigint): CounterOutcome {
  const bytes = 100n * packets;
  return { by: 'default', rule: null, reason: null, action: 'block', packets, bytes, policy: 'edge' };
}

function counters(...sides: readonly (readonly [name: string, counters: readonly CounterOutcome[]])[]): HostCounters {
  const fragments = { packets: 0, bytes: 0 };
  const interfaces = sides.map(([name, all]) => ({
    name,
    direction: 'ingress' as const,
    counters: all,
    retired: [],
    fragments,
  }));
  return { policy: 'edge', generation: 1, interfaces };
}

test('the first reading has totals and no rates', () => {
  const view = new RateMeter().take({ counters: counters(['eth0', [web(7, 700)]]), at: 5 });
  expect(view.rows).toMatchObject([{ name: 'web', packets: 7, bytes: 700, packetsPerSecond: 0, history: [] }]);
});

test('rates are by second, added up over interfaces; verdicts too', () => {
  const meter = new RateMeter();
  meter.take({ counters: counters(['eth0', [web(0, 0), rest(0n)]], ['eth1', [web(10, 1000)]]), at: 100 });
  const view = meter.take({
    counters: counters(['eth0', [web(20, 2000), rest(8n)]], ['eth1', [web(30, 3000)]]),
    at: 102,
  });
  expect(view.rows).toMatchObject([
    { name: 'web', packets: 50, packetsPerSecond: 20, bitsPerSecond: 16_000, history: [20] },
    { name: 'default', packets: 8, packetsPerSecond: 4, bitsPerSecond: 3200, history: [4] },
  ]);
  expect(view.pass).toEqual({ packetsPerSecond: 20, bitsPerSecond: 16_000 });
  expect(view.drop).toEqual({ packetsPerSecond: 4, bitsPerSecond: 3200 });
  expect(view.interfaces).toMatchObject([
    { name: 'eth0', pass: { packetsPerSecond: 10 }, drop: { packetsPerSecond: 4 } },
    { name: 'eth1', pass: { packetsPerSecond: 10 }, drop: { packetsPerSecond: 0 } },
  ]);
});

test('an interface that goes makes no negative rate, one that comes no false one', () => {
  const meter = new RateMeter();
  meter.take({ counters: counters(['eth0', [web(50, 5000)]], ['eth1', [web(50, 5000)]]), at: 0 });
  const gone = meter.take({ counters: counters(['eth0', [web(60, 6000)]]), at: 1 });
  expect(gone.rows).toMatchObject([{ packetsPerSecond: 0 }]);
  expect(gone.interfaces).toMatchObject([{ name: 'eth0', pass: { packetsPerSecond: 10 } }]);
  const back = meter.take({ counters: counters(['eth0', [web(60, 6000)]], ['eth2', [rest(1000n)]]), at: 2 });
  expect(back.rows).toMatchObject([
    { name: 'web', packetsPerSecond: 0 },
    { name: 'default', packetsPerSecond: 0 },
  ]);
});

test('the history is bounded', () => {
  const meter = new RateMeter();
  for (let i = 0; i <= HISTORY + 5; i++) meter.take({ counters: counters(['eth0', [web(i * i, 0)]]), at: i });
  const { rows } = meter.take({ counters: counters(['eth0', [web((HISTORY + 6) ** 2, 0)]]), at: HISTORY + 6 });
  expect(rows[0]?.history).toHaveLength(HISTORY);
  expect(rows[0]?.history.at(-1)).toBe(2 * (HISTORY + 6) - 1);
});
