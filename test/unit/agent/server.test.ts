/** Listening and stopping, with routes of the test. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Route } from '../../../src/agent/routes.ts';
import { routesOf, text } from '../../../src/agent/routes.ts';
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
