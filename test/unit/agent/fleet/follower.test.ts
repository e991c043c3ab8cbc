/** Following a fleet: what fails on this host ends neither the agent nor the following. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Http2SecureServer } from 'node:http2';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FrontAsks } from '../../../../src/agent/fleet/carry-out.ts';
import { FleetFollower } from '../../../../src/agent/fleet/follower.ts';
import type { OrderBook } from '../../../../src/agent/fleet/order-book.ts';
import type { OrdersInForce } from '../../../../src/agent/fleet/orders-in-force.ts';
import { openLog } from '../../../../src/agent/log.ts';
import { TestAuthority } from '../../../support/certificates.ts';

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

/** Of the first connection it says that all is told; whether it takes later ones, `takes` says. */
async function listenAsFront(tls: object, takes: () => boolean): Promise<{ server: Http2SecureServer; url: URL }> {
  const server = createSecureServer({ ...tls, requestCert: true, rejectUnauthorized: true });
  server.on('session', (session) => {
    if (!takes()) session.destroy();
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': headers[':path'] === '/v1/status' ? 204 : 200 });
    if (headers[':path'] === '/v1/status') stream.end();
    else stream.write('{"kind":"hello","epoch":"e"}\n{"kind":"current","revision":1}\n');
  });
  server.on('sessionError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`) };
}

test('where the front that orders come from takes no new connection, another one is reached', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'xdpol-follower-'));
  const authority = await TestAuthority.make(join(directory, 'pki'));
  const tlsOf = async (name: string, address: string): Promise<Record<'ca' | 'crl' | 'cert' | 'key', string>> => {
    const folder = await authority.host(name, address);
    const [ca = '', crl = '', cert = '', key = ''] = ['ca.crt', 'crl.pem', 'host.crt', 'host.key'].map((file) =>
      readFileSync(join(folder, file), 'utf8'),
    );
    return { ca, crl, cert, key };
  };
  const tls = await tlsOf('front', '127.0.0.1');
  const own = { ...(await tlsOf('web1', '192.0.2.1')), minVersion: 'TLSv1.3' } as const;
  let followed: URL | undefined;
  const isOther = (url: () => URL) => () => followed === undefined || followed.href !== url().href;
  const one: { server: Http2SecureServer; url: URL } = await listenAsFront(
    tls,
    isOther(() => one.url),
  );
  const two: { server: Http2SecureServer; url: URL } = await listenAsFront(
    tls,
    isOther(() => two.url),
  );
  const stop = new AbortController();
  const outcomes: string[] = [];
  const tried = async (fronts: FrontAsks): Promise<void> => {
    await fronts.reachAnew().then(
      () => outcomes.push('reached'),
      () => outcomes.push('not reached'),
    );
  };
  const follower: FleetFollower = new FleetFollower({
    fronts: [one.url, two.url],
    credentials: () => ({ tls: own }) as never,
    book: { takeLate: () => false } as OrderBook,
    orders: {
      isDue: false,
      look: () => Promise.resolve(),
      noteKeeping: () => undefined,
      status: () => ({}),
      settle: async (fronts: FrontAsks) => {
        followed = new URL(`https://${follower.standing().front}`);
        await tried(fronts);
        await tried(fronts);
        stop.abort();
      },
    } as unknown as OrdersInForce,
    log: openLog('json', () => undefined),
  });
  await follower.run(stop.signal);
  for (const { server } of [one, two]) server.close();
  rmSync(directory, { recursive: true });
  expect(outcomes).toEqual(['not reached', 'reached']);
});
