/** A connection to a front, over real TLS on the loopback. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Http2SecureServer, ServerHttp2Stream } from 'node:http2';
import { constants, createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { FrontTls } from '../../../../src/agent/fleet/front-connection.ts';
import { FrontConnection, isBusy, isUnanswered } from '../../../../src/agent/fleet/front-connection.ts';
import { TestAuthority } from '../../../support/certificates.ts';

const directory = mkdtempSync(join(tmpdir(), 'xdpol-front-'));
let host: FrontTls;
let stranger: FrontTls;
let server: Http2SecureServer;
let url: URL;
let answer: (stream: ServerHttp2Stream, path: string) => void;
let open: FrontConnection[] = [];
const stop = new AbortController();

beforeAll(async () => {
  const authority = await TestAuthority.make(join(directory, 'pki'));
  const front = readTls(await authority.host('front', '127.0.0.1'));
  host = readTls(await authority.host('web1', '192.0.2.1'));
  const other = await TestAuthority.make(join(directory, 'other'));
  stranger = readTls(await other.host('web1', '192.0.2.1'));
  server = createSecureServer({ ...front, requestCert: true, rejectUnauthorized: true });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    answer(stream, String(headers[':path']));
  });
  server.on('sessionError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
}, 60_000);

afterEach(() => {
  for (const one of open) one[Symbol.dispose]();
  open = [];
});

afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

function readTls(folder: string): FrontTls {
  const [ca = '', crl = '', cert = '', key = ''] = ['ca.crt', 'crl.pem', 'host.crt', 'host.key'].map((name) =>
    readFileSync(join(folder, name), 'utf8'),
  );
  return { ca, crl, cert, key, minVersion: 'TLSv1.3' };
}

async function connect(credentials = host): Promise<FrontConnection> {
  const connection = await FrontConnection.open(url, credentials);
  open.push(connection);
  return connection;
}

async function linesOf(connection: FrontConnection, silence: number): Promise<{ lines: string[]; end: string }> {
  const lines: string[] = [];
  try {
    for await (const line of connection.follow('/v1/follow', silence, stop.signal)) lines.push(line);
    return { lines, end: 'stopped' };
  } catch (error) {
    return { lines, end: (error as Error).message };
  }
}

test('lines come whole however they are cut, and the end of the stream is told', async () => {
  answer = (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('{"a":"ä');
    setImmediate(() => stream.end('"}\n\nrest\nhalf a line'));
  };
  const { lines, end } = await linesOf(await connect(), 5000);
  expect(lines).toEqual(['{"a":"ä"}', '', 'rest']);
  expect(end).toContain(`the front ${url.host} cannot be used`);
});

test('a front that is silent is left, one that sends empty lines is not', async () => {
  let sent = 0;
  answer = (stream) => {
    stream.respond({ ':status': 200 });
    const timer = setInterval(() => {
      if (++sent < 8) stream.write('\n');
      else clearInterval(timer);
    }, 50);
    stream.once('close', () => clearInterval(timer));
  };
  const { lines, end } = await linesOf(await connect(), 200);
  expect(lines).toHaveLength(7);
  expect(end).toContain('nothing came for 0.2 seconds');
});

test('who was stopped while the connection was made follows nothing', async () => {
  answer = (stream) => stream.respond({ ':status': 200 });
  const connection = await connect();
  const lines: string[] = [];
  for await (const line of connection.follow('/v1/follow', 60_000, AbortSignal.abort())) lines.push(line);
  expect(lines).toEqual([]);
});

test('a refusal, an answer that is too long and one that breaks off are errors', async () => {
  answer = (stream) => {
    stream.respond({ ':status': 403 });
    stream.end('no');
  };
  const connection = await connect();
  expect((await linesOf(connection, 5000)).end).toContain('status 403');
  const again = await connect();
  expect(await again.ask({ method: 'GET', path: '/v1/blob/x' })).toEqual({ status: 403, body: Buffer.from('no') });
  answer = (stream) => {
    stream.respond({ ':status': 403 });
    stream.end('{"message":"web1 has another certificate by now"}');
  };
  expect((await linesOf(await connect(), 5000)).end).toContain('cannot be used: web1 has another certificate by now');
  answer = (stream) => {
    stream.respond({ ':status': 200 });
    stream.end('x'.repeat(100));
  };
  await expect(again.ask({ method: 'GET', path: '/', most: 99 })).rejects.toThrow('more than 99 bytes');
  answer = (stream) => stream.session?.destroy();
  await expect((await connect()).ask({ method: 'POST', path: '/', body: '{}' })).rejects.toThrow('cannot be used');
});

test('a stream that breaks before it is answered is an error, and ends nothing else', async () => {
  answer = (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  const connection = await connect();
  await expect(connection.ask({ method: 'POST', path: '/', body: '{}' })).rejects.toThrow('cannot be used');
  expect((await linesOf(connection, 5000)).end).toContain('cannot be used');
});

test('neither takes a certificate of another authority', async () => {
  answer = (stream) => {
    stream.respond({ ':status': 200 });
    stream.end();
  };
  await expect(connect(stranger)).rejects.toMatchObject({ code: 'XDPOL_E_FRONT' });
  const own = { ...host, ca: stranger.ca, crl: stranger.crl };
  const refused = { code: 'XDPOL_E_FRONT', message: expect.stringContaining('of another authority') as string };
  await expect(FrontConnection.open(url, own)).rejects.toMatchObject(refused);
});

test('a front that sends a host away after a while is busy; one that ends connections at once is not', async () => {
  const endAfter = async (wait: number): Promise<unknown> => {
    const other = createServer((socket) => setTimeout(() => socket.destroy(), wait)).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const error = await FrontConnection.open(new URL(`https://127.0.0.1:${port}`), host).catch((e: unknown) => e);
    other.close();
    return error;
  };
  answer = (stream) => setTimeout(() => stream.session?.destroy(), 5200);
  const used = await connect();
  const ended = used.ask({ method: 'POST', path: '/', body: '{}' }).catch((e: unknown) => e);
  const [late, soon, served] = await Promise.all([endAfter(5200), endAfter(20), ended]);
  expect([isBusy(late), isBusy(soon), isUnanswered(late)]).toEqual([true, false, false]);
  expect([isBusy(served), isUnanswered(served)]).toEqual([false, false]);
  expect(late).toMatchObject({ code: 'XDPOL_E_FRONT' });
});

test('a front has answered where the host was too busy to look at it for longer than it waits', async () => {
  answer = (stream) => stream.respond({ ':status': 204 }, { endStream: true });
  const opened = connect();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3100);
  expect(await (await opened).ask({ method: 'POST', path: '/', body: '{}' })).toMatchObject({ status: 204 });
});

test('nobody listens there', async () => {
  const nobody = new URL('https://127.0.0.1:1');
  await expect(FrontConnection.open(nobody, host)).rejects.toThrow('ECONNREFUSED');
});
