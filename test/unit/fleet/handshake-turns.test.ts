/** Turns of connections over loopback: how many at once, who waits, and who has waited too long. */
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { TurnLimits } from '../../../src/fleet/front/handshake-turns.ts';
import { HandshakeTurns } from '../../../src/fleet/front/handshake-turns.ts';

let server: Server;
let turns: HandshakeTurns;
let begun: Socket[];
let clients: Socket[] = [];
/** Of the clients whose connection was ended. */
let ended: number[];

async function open(limits: TurnLimits, count: number): Promise<void> {
  begun = [];
  // Clients of the test before may end late.
  const own: number[] = [];
  ended = own;
  turns = new HandshakeTurns(limits, (socket) => begun.push(socket));
  let accepted = 0;
  server = createServer({ pauseOnConnect: true }, (socket) => {
    turns.add(socket);
    accepted += 1;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  for (let at = 0; at < count; at += 1) {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.on('close', () => own.push(at));
    client.resume();
    clients.push(client);
    await once(client, 'connect');
    // In the order in which they came.
    await expect.poll(() => accepted, { interval: 1 }).toBe(at + 1);
  }
}

afterEach(async () => {
  turns[Symbol.dispose]();
  for (const socket of [...clients, ...begun]) socket.destroy();
  clients = [];
  await new Promise((resolve) => server.close(resolve));
});

test('the next one begins when a handshake is done, and when a connection ends', async () => {
  await open({ atOnce: 2, longest: 60_000, patience: 60_000 }, 4);
  expect(begun).toHaveLength(2);
  turns.done(begun[1] as Socket);
  expect(begun.map(({ remotePort }) => remotePort)).toEqual(clients.slice(0, 3).map(({ localPort }) => localPort));
  // Only once.
  turns.done(begun[1] as Socket);
  expect(begun).toHaveLength(3);
  begun[0]?.destroy();
  await expect.poll(() => begun.length).toBe(4);
  expect(ended).toEqual([0]);
});

test('who says nothing has a turn for a time, and stays connected', async () => {
  await open({ atOnce: 1, longest: 20, patience: 60_000 }, 3);
  await expect.poll(() => begun.length).toBe(3);
  expect(ended).toEqual([]);
});

test('who has waited too long is sent away, and whoever came later is served', async () => {
  await open({ atOnce: 1, longest: 60_000, patience: 100 }, 2);
  await new Promise((resolve) => setTimeout(resolve, 150));
  const last = connect((server.address() as AddressInfo).port, '127.0.0.1');
  clients.push(last);
  await once(last, 'connect');
  turns.done(begun[0] as Socket);
  await expect.poll(() => begun.at(-1)?.remotePort).toBe(last.localPort);
  await expect.poll(() => ended).toEqual([1]);
});

test('whoever waits is sent away when the front ends', async () => {
  await open({ atOnce: 1, longest: 60_000, patience: 60_000 }, 3);
  turns[Symbol.dispose]();
  await expect.poll(() => ended.length).toBe(2);
  expect(begun).toHaveLength(1);
});
