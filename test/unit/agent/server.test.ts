/** Listening and stopping, with routes of the test. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Route } from '../../../src/agent/http-routes.ts';
import { routesOf, text } from '../../../src/agent/http-routes.ts';
import { startServer, stopServer, urlOf } from '../../../src/agent/server.ts';
import { EnvironmentError } from '../../../src/base/environment-error.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const routes = (metrics: Route): ReadonlyMap<string, Route> => routesOf(metrics);

test('a running answer is finished before the server stops', async () => {
  const server = await startServer(
    routes(async () => {
      await sleep(200);
      return text(200, 'slow');
    }),
    LOOPBACK,
  );
  const answer = fetch(`${urlOf(server)}/metrics`);
  await sleep(50);
  const started = Date.now();
  await stopServer(server);
  expect(await (await answer).text()).toBe('slow\n');
  expect(Date.now() - started).toBeLessThan(1000);
});

test('a client that says nothing does not hold up the stop', async () => {
  const server = await startServer(
    routes(() => text(200, '')),
    LOOPBACK,
  );
  const { port } = new URL(urlOf(server));
  const client = connect(Number(port), '127.0.0.1');
  await new Promise((resolve) => client.once('connect', resolve));
  client.on('error', () => client.destroy());
  const started = Date.now();
  await stopServer(server);
  expect(Date.now() - started).toBeLessThan(5000);
  client.destroy();
});

test('without an address the server listens on all of them', async () => {
  const server = await startServer(
    routes(() => text(200, '')),
    { host: undefined, port: 0 },
  );
  const { port } = new URL(urlOf(server));
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  await stopServer(server);
});

test.each([
  ['a port that is taken', async (port: number) => ({ host: '127.0.0.1', port })],
  ['an address that is not of this host', async () => ({ host: '192.0.2.77', port: 0 })],
])('%s is said with the next step', async (_, listenOf) => {
  const server = await startServer(
    routes(() => text(200, '')),
    LOOPBACK,
  );
  const listen = await listenOf(Number(new URL(urlOf(server)).port));
  const failure = await startServer(
    routes(() => text(200, '')),
    listen,
  ).catch((error: unknown) => error);
  await stopServer(server);
  expect(failure).toBeInstanceOf(EnvironmentError);
  expect((failure as EnvironmentError).help).toMatch(/^see/u);
});

/** Everything that the server sends on one connection until it ends it. */
async function exchange(url: string, sent: string): Promise<string> {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  let received = '';
  socket.setEncoding('utf8').on('data', (data: string) => {
    received += data;
  });
  socket.on('error', () => undefined);
  socket.write(sent);
  await new Promise((resolve) => socket.once('close', resolve));
  return received;
}

test('a client that sends requests without waiting for answers is cut off, and the rest is served', async () => {
  let scrapes = 0;
  const server = await startServer(
    routes(async () => {
      scrapes++;
      await sleep(20);
      return text(200, 'x'.repeat(100_000));
    }),
    LOOPBACK,
  );
  const url = urlOf(server);
  await exchange(url, 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5000));
  expect(scrapes).toBeLessThanOrEqual(1);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  await stopServer(server);
});

test('a client that reads its answer slowly is cut off at the deadline, and others are served meanwhile', async () => {
  const deadline = 600;
  // More than the kernel keeps for a socket: what is not read stays with the server.
  const body = 'x'.repeat(32 << 20);
  const server = await startServer(
    routes(() => text(200, body)),
    LOOPBACK,
    deadline,
  );
  const url = urlOf(server);
  const ended = new Promise<number>((resolve) => {
    server.once('connection', (one) => one.once('close', () => resolve(performance.now())));
  });
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
  let received = 0;
  const readSome = (chunk: Buffer): void => {
    received += chunk.length;
    socket.pause();
  };
  socket.on('data', readSome);
  const reading = setInterval(() => socket.resume(), 50);
  const started = performance.now();
  socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await ended) - started).toBeGreaterThan(deadline - 1);
  clearInterval(reading);
  socket.off('data', readSome).resume();
  await closed;
  expect(received).toBeLessThan(body.length);
  await stopServer(server);
});

test('requests that wait for their answers share a connection', async () => {
  const server = await startServer(
    routes(() => text(200, 'ok')),
    LOOPBACK,
  );
  for (let i = 0; i < 3; i++) expect(await (await fetch(`${urlOf(server)}/metrics`)).text()).toBe('ok\n');
  await stopServer(server);
});

test('no more than 64 connections are open at once', async () => {
  const server = await startServer(
    routes(() => text(200, 'ok')),
    LOOPBACK,
  );
  const { port } = new URL(urlOf(server));
  const sockets = Array.from({ length: 100 }, () => connect(Number(port), '127.0.0.1').on('error', () => undefined));
  const isOpen = (): number => sockets.filter((socket) => !socket.destroyed && socket.readyState === 'open').length;
  await expect.poll(isOpen).toBe(64);
  for (const socket of sockets) socket.destroy();
  await stopServer(server);
});

test('an answer that is packed says so', async () => {
  const body = gzipSync('line\n'.repeat(10_000));
  const server = await startServer(
    routes(() => ({ ...text(200, ''), encoding: 'gzip', body })),
    LOOPBACK,
  );
  const answer = await fetch(`${urlOf(server)}/metrics`, { headers: { 'Accept-Encoding': 'gzip' } });
  expect(answer.headers.get('content-encoding')).toBe('gzip');
  expect(answer.headers.get('content-length')).toBe(String(body.length));
  expect((await answer.text()).length).toBe(50_000);
  await stopServer(server);
});
