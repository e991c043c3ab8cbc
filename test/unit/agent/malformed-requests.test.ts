/** Requests with bytes changed, cut, doubled and put in: none ends the server, and what is answered is an HTTP answer. */
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { routesOf, text } from '../../../src/agent/http-routes.ts';
import { startServer, stopServer, urlOf } from '../../../src/agent/server.ts';
import { Random } from '../../../src/base/random.ts';

/** XDPOL_MALFORMED_REQUESTS asks for more. */
const REQUESTS = Number(process.env['XDPOL_MALFORMED_REQUESTS'] ?? 1000);
const AT_ONCE = 16;
const SEED = 20_261;
/** Milliseconds after which a client goes away that has no answer: the server may wait for the rest of a request. */
const PATIENCE = 40;

const WHOLE: readonly string[] = [
  'GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\n\r\n',
  'POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello',
  'GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'GET /%zz?a=%00&b=../../etc/passwd HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
];

function mutated(random: Random): Buffer {
  let bytes = Buffer.from(random.pick(WHOLE));
  for (let changes = random.between(1, 4); changes > 0; changes--) {
    const at = random.below(bytes.length + 1);
    const before = bytes.subarray(0, at);
    const kinds = [
      () => Buffer.concat([before, Buffer.from([random.below(256)]), bytes.subarray(at + 1)]),
      () => before,
      () => Buffer.concat([before, bytes]),
      () => Buffer.concat([before, Buffer.alloc(random.below(20_000), random.below(256)), bytes.subarray(at)]),
    ];
    bytes = random.pick(kinds)();
  }
  return bytes;
}

/** What was answered until either end went away. */
function send(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const timer = setTimeout(() => socket.destroy(), PATIENCE);
    socket.setEncoding('latin1').on('data', (data: string) => {
      answer += data;
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}

test('the server answers whoever asks properly, during and after', { timeout: 60_000 + 100 * REQUESTS }, async () => {
  const server = await startServer(
    routesOf(() => text(200, 'metrics')),
    { host: '127.0.0.1', port: 0 },
  );
  const url = urlOf(server);
  const port = Number(new URL(url).port);
  const random = new Random(SEED);
  const statuses = new Set<string>();
  for (let sent = 0; sent < REQUESTS; sent += AT_ONCE) {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => send(port, mutated(random))));
    for (const answer of answers.filter((one) => one !== '')) {
      expect(answer).toMatch(/^HTTP\/1\.1 [2-5]\d\d /u);
      statuses.add(answer.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length));
    }
  }
  // Both were met: requests that are none, and some that are.
  expect([...statuses]).toEqual(expect.arrayContaining(['200', '400']));
  expect([...statuses].filter((status) => status >= '500' && status !== '503')).toEqual([]);
  expect(await (await fetch(`${url}/metrics`)).text()).toBe('metrics\n');
  await stopServer(server);
});
