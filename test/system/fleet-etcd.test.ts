/** The store in a real etcd with TLS: what every store does; compaction, a restart and a restored backup under a follower. */
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EtcdStore } from '../../src/fleet/etcd/etcd-store.ts';
import { TestAuthority } from '../support/certificates.ts';
import { Knowledge, ROOT, testStore, write } from '../support/fleet-store-suite.ts';

let folder = '';
let credentials = '';
let etcd: ChildProcess;
let store: EtcdStore;
let port = 0;
let peerPort = 0;
const url = (): string => `https://localhost:${port}`;
const file = (name: string): string => join(credentials, name);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: free } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return free;
}

function start(name: string): void {
  const peer = `http://127.0.0.1:${peerPort}`;
  etcd = spawn(
    'etcd',
    [
      ...['--name', 'm', '--data-dir', join(folder, name), '--listen-client-urls', `https://127.0.0.1:${port}`],
      ...['--advertise-client-urls', url(), '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', `m=${peer}`, '--cert-file', file('host.crt'), '--key-file', file('host.key')],
      ...['--trusted-ca-file', file('ca.crt'), '--client-cert-auth', '--log-level', 'error', '--logger', 'zap'],
    ],
    { stdio: 'ignore' },
  );
}

async function end(): Promise<void> {
  const ended = new Promise((resolve) => etcd.once('exit', resolve));
  etcd.kill('SIGKILL');
  await ended;
}

function etcdctl(...args: readonly string[]): string {
  const tls = ['--cacert', file('ca.crt'), '--cert', file('host.crt'), '--key', file('host.key')];
  const env = { ...process.env, ETCDCTL_API: '3' };
  return execFileSync('etcdctl', ['--endpoints', url(), ...tls, ...args], { env, encoding: 'utf8', stdio: 'pipe' });
}

async function untilUp(): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await store.get(ROOT);
      return;
    } catch (error) {
      if (tries > 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'xdpol-fleet-etcd-'));
  const authority = await TestAuthority.make(join(folder, 'pki'));
  credentials = await authority.host('front', 'localhost', '127.0.0.1');
  [port, peerPort] = [await freePort(), await freePort()];
  start('first');
  const read = (name: string): string => readFileSync(file(name), 'utf8');
  store = new EtcdStore([url()], { ca: read('ca.crt'), cert: read('host.crt'), key: read('host.key') });
  await untilUp();
});

afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await end();
  rmSync(folder, { recursive: true, force: true });
});

describe('as every store', () => testStore(() => store));

describe('under a follower', () => {
  test('compaction of what it missed: it is told the state', async () => {
    const since = await write(store, 'compacted/a', '1');
    await write(store, 'compacted/b', '2');
    const last = await write(store, 'compacted/a', undefined);
    etcdctl('compaction', String(last));
    const known = new Knowledge();
    known.values.set('compacted/a', '1');
    using _following = store.follow([`${ROOT}compacted/`], known, since);
    await known.until(({ values }) => values.size === 1 && values.get('compacted/b') === '2');
    expect(known.states).toBe(1);
  });

  test('killed, and restored from a backup whose revisions went back: it ends with what is there', async () => {
    const known = new Knowledge();
    using _following = store.follow([`${ROOT}restored/`], known);
    await known.until(({ states }) => states === 1);
    await write(store, 'restored/a', '1');
    await known.until(({ values }) => values.get('restored/a') === '1');
    const backup = join(folder, 'backup');
    etcdctl('snapshot', 'save', backup);
    for (let n = 0; n < 5; n += 1) await write(store, 'restored/b', `${n}`);
    await known.until(({ values }) => values.get('restored/b') === '4');
    await end();
    start('first');
    await untilUp();
    await write(store, 'restored/c', '1');
    await known.until(({ values }) => values.get('restored/c') === '1');
    await end();
    const peer = `http://127.0.0.1:${peerPort}`;
    etcdctl(
      'snapshot',
      'restore',
      backup,
      '--name',
      'm',
      '--data-dir',
      join(folder, 'second'),
      '--initial-cluster',
      `m=${peer}`,
      '--initial-advertise-peer-urls',
      peer,
    );
    start('second');
    await known.until(({ values }) => values.size === 1 && values.get('restored/a') === '1');
  });

  test('a member that is not there is said, and the next one is asked', async () => {
    await using none = new EtcdStore([`https://localhost:${await freePort()}`], {});
    await expect(none.get(ROOT)).rejects.toMatchObject({ code: 'XDPOL_E_FLEET_STORE' });
  });
});
