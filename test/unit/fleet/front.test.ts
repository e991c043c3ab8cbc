/** A front on loopback with real certificates: what each kind of peer is told, and what it is refused. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import { connect } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { FrontConnection } from '../../../src/agent/fleet/front-connection.ts';
import { reachInTime } from '../../../src/agent/fleet/reach-in-time.ts';
import { present } from '../../../src/base/assert.ts';
import { putBlob } from '../../../src/fleet/blobs.ts';
import { unpackBlob } from '../../../src/fleet/bundle.ts';
import { connectSocket } from '../../../src/fleet/connect-socket.ts';
import { EmbeddedStore } from '../../../src/fleet/embedded/embedded-store.ts';
import type { Target } from '../../../src/fleet/fleet-names.ts';
import type { FrontOptions } from '../../../src/fleet/front/front.ts';
import { Front } from '../../../src/fleet/front/front.ts';
import { HOST_ROUTES, OPERATOR_ROUTES } from '../../../src/fleet/front-routes.ts';
import { FrontStore } from '../../../src/fleet/front-store.ts';
import { joinFleet } from '../../../src/fleet/join.ts';
import { digestOfAuthority, encodeToken, makeToken, readToken } from '../../../src/fleet/join-token.ts';
import { signMembership } from '../../../src/fleet/membership.ts';
import type { Order, Wave } from '../../../src/fleet/order.ts';
import { signOrder } from '../../../src/fleet/order.ts';
import { KEYS } from '../../../src/fleet/record-keys.ts';
import { encodeRecord, parseRecord, readHost } from '../../../src/fleet/records.ts';
import { encodeSigned, makeSigningKey, publicKeyText, readSigningKey, sha256 } from '../../../src/fleet/signing.ts';
import { TestAuthority } from '../../support/certificates.ts';
import { statusReport } from '../../support/fleet-status.ts';
import { Knowledge, ROOT, testStore, write as writeKey } from '../../support/fleet-store-suite.ts';
import { FrontAsker } from '../../support/front-asker.ts';

const KEY = present(readSigningKey(makeSigningKey()));
const OPERATORS = [publicKeyText(KEY.key)];
const STATUS = statusReport();
const DAY = 86_400_000;
/** Hosts: more than may make their handshakes at once. */
const CROWD = 300;

let parent: string;
let authority: TestAuthority;
let store: EmbeddedStore;
let front: Front;
const folders = new Map<string, string>();

interface Tls {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

function tlsOf(name: string): Tls {
  const folder = present(folders.get(name));
  const kind = name.startsWith('op-') ? 'operator' : 'host';
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  return { ca: read('ca.crt'), cert: read(`${kind}.crt`), key: read(`${kind}.key`) };
}

async function write(key: string, value: Uint8Array): Promise<void> {
  const ifRevision = (await store.get(key))?.revision ?? 0;
  expect(await store.put([{ key, value, ifRevision }])).toMatchObject({ isDone: true });
}

let seq = 0;
async function writeOrder(target: Target, sha: string, wave: Wave | null = null): Promise<void> {
  await write(KEYS.order('policy', target), encodeSigned(signOrder(makeOrder(target, sha, wave), KEY)));
}

function makeOrder(target: Target, sha: string, wave: Wave | null): Order {
  seq += 1;
  const policy = { name: 'edge', version: 1, sha256: sha, size: 1 };
  return { kind: 'policy', target, seq, issued: 0, expires: 9e15, previous: null, wave, policy };
}

async function writeHost(name: string, groups: readonly string[]): Promise<void> {
  const cert = present(tlsOf(name).cert);
  const record = { name, labels: {}, groups: [], fingerprint: digestOfAuthority(cert) };
  await write(KEYS.host(name), encodeRecord(record));
  seq += 1;
  await write(KEYS.membership(name), encodeSigned(signMembership({ host: name, groups, seq }, KEY)));
}

class Asker extends FrontAsker {
  constructor(name: string | undefined, port: number = front.address.port) {
    super(name === undefined ? { ca: tlsOf('web1').ca } : tlsOf(name), port);
  }
}

function options(): Omit<FrontOptions, 'admit'> {
  const { cert, ...tls } = tlsOf('front');
  const listen = { host: '127.0.0.1', port: 0 };
  return { store, tls: { ...tls, cert: `${cert}${tls.ca}` }, listen, warn: (message) => expect.fail(message) };
}

beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), 'xdpol-front-'));
  authority = await TestAuthority.make(join(parent, 'pki'));
  folders.set('front', await authority.host('front', 'localhost'));
  for (const name of ['web1', 'web2', 'stranger']) folders.set(name, await authority.host(name));
  folders.set('op-view', await authority.operator('op-view', 'viewer'));
  folders.set('op-ban', await authority.operator('op-ban', 'operator'));
  folders.set('op-all', await authority.operator('op-all', 'administrator'));
  store = new EmbeddedStore(join(parent, 'store'));
  await write(KEYS.epoch, Buffer.from('first'));
  await writeHost('web1', ['web']);
  await writeHost('web2', []);
  front = await Front.start({
    ...options(),
    admit: async (name, request) => {
      const { pem } = await authority.authority.admit(name, request);
      const { authority: ca, revoked } = authority.authority.published;
      return { certificate: pem, authority: ca, revoked, operators: OPERATORS, fingerprint: digestOfAuthority(pem) };
    },
  });
});

afterAll(async () => {
  await front[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  rmSync(parent, { recursive: true, force: true });
});

describe('hosts', () => {
  test('each is told its own orders, as they change, and fetches what they name', async () => {
    const bundle = Buffer.from('the policy of web');
    const sha = await putBlob(store, bundle);
    await writeOrder('fleet', 'aa'.repeat(32));
    await writeOrder('host/web2', 'bb'.repeat(32));
    await writeOrder('group/web', sha);
    const first = seq;
    using web1 = new Asker('web1');
    using web2 = new Asker('web2');
    web1.follow();
    web2.follow();
    expect(await web1.told()).toEqual(['hello', 'membership', `group/web ${first}`, `fleet ${first - 2}`, 'current']);
    expect(await web2.told()).toEqual([
      'hello',
      'membership',
      `host/web2 ${first - 1}`,
      `fleet ${first - 2}`,
      'current',
    ]);
    const path = `/v1/blob/${sha}`;
    const [status, packed] = await web1.ask('GET', path);
    expect([status, unpackBlob(packed, { sha256: sha256(bundle), size: bundle.length })]).toEqual([200, bundle]);
    for (const foreign of [path, '/v1/blob/x', `/v1/blob/${'cc'.repeat(32)}`]) {
      expect((await web2.ask('GET', foreign))[0]).toBe(404);
    }
    await writeOrder('host/web1', sha);
    expect(await web1.told()).toEqual([`host/web1 ${seq}`, 'current']);
    expect(web1.toldAtOnce).toBe(1);
    await writeHost('web2', ['web']);
    expect(await web2.told()).toEqual(['membership', `group/web ${first}`, 'current']);
    expect((await web2.ask('GET', path))[0]).toBe(200);
    await writeOrder('fleet', sha);
    await Promise.all([web1.told(), web2.told()]);
    expect([web1.toldAtOnce, web2.toldAtOnce]).toEqual([2, 2]);
  });

  test('a small policy that a host does not have comes along with its order, to hosts that take it', async () => {
    const publish = async (bytes: number): Promise<readonly [Buffer, string]> => {
      const bundle = randomBytes(bytes);
      return [bundle, await putBlob(store, bundle)];
    };
    const [bundle, sha] = await publish(20_000);
    const [, large] = await publish(40_000);
    const [, fleets] = await publish(1000);
    await writeHost('web2', ['web']);
    await writeOrder('host/web1', sha);
    await writeOrder('host/web2', sha);
    using older = new Asker('web1');
    older.follow();
    expect(await older.told()).not.toContain('policy');
    using having = new Asker('web1');
    having.follow(`?has=${sha}`);
    expect(await having.told()).not.toContain('policy');
    using web1 = new Asker('web1');
    using web2 = new Asker('web2');
    web1.follow('?has=');
    web2.follow(`?has=${large}`);
    for (const asker of [web1, web2]) {
      expect((await asker.told()).slice(0, 2)).toEqual(['policy', 'hello']);
      expect(asker.brought.map((packed) => unpackBlob(packed, { sha256: sha, size: 20_000 }))).toEqual([bundle]);
    }
    // Not of an order that does not count, not twice, not a large one, and with no bans.
    await writeOrder('fleet', fleets);
    expect(await web1.told()).toEqual([`fleet ${seq}`, 'current']);
    await writeOrder('host/web1', sha);
    expect(await web1.told()).toEqual([`host/web1 ${seq}`, 'current']);
    await writeOrder('host/web1', large);
    expect(await web1.told()).toEqual([`host/web1 ${seq}`, 'current']);
    await writeOrder('host/web1', sha);
    expect(await web1.told()).toEqual(['policy', `host/web1 ${seq}`, 'current']);
  });

  test('a host that does not read what it is sent gets no more policies, and holds up no other', async () => {
    await writeHost('web2', []);
    using web1 = new Asker('web1');
    using web2 = new Asker('web2');
    web1.follow('?has=');
    await web1.told();
    const stream = web2.session.request({ ':path': `${HOST_ROUTES.follow.path}?has=` });
    await once(stream, 'response');
    const orders = 8;
    for (let made = 0; made < orders; made += 1) {
      const sha = await putBlob(store, randomBytes(24_000));
      await writeOrder('host/web2', sha);
      await writeOrder('host/web1', sha);
      expect(await web1.told()).toEqual(['policy', `host/web1 ${seq}`, 'current']);
    }
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await expect.poll(() => text.match(/"lane":"policy"/gu)?.length).toBeGreaterThanOrEqual(orders);
    const policies = text.match(/"kind":"policy"/gu)?.length;
    expect(policies).toBeGreaterThan(0);
    expect(policies).toBeLessThan(orders);
  });

  test('who comes back is told what is new, and everything after a restore', async () => {
    using web1 = new Asker('web1');
    web1.follow();
    const all = await web1.told();
    const revision = web1.current;
    await writeOrder('fleet', 'dd'.repeat(32));
    expect(await web1.told()).toEqual([`fleet ${seq}`, 'current']);
    using again = new Asker('web1');
    again.follow(`?since=${revision}&epoch=${web1.epoch}`);
    expect(await again.told()).toEqual(['hello', `fleet ${seq}`, 'current']);
    for (const query of [
      `?since=${revision}&epoch=second`,
      `?since=999999&epoch=${web1.epoch}`,
      `?since=x&epoch=${web1.epoch}`,
    ]) {
      using other = new Asker('web1');
      other.follow(query);
      expect(await other.told()).toHaveLength(all.length);
    }
  });

  test('who was away while its groups changed is told the orders of the new ones, which are older', async () => {
    await writeHost('web2', []);
    await writeOrder('group/late', 'ab'.repeat(32));
    const late = seq;
    await writeOrder('fleet', 'dd'.repeat(32));
    using web2 = new Asker('web2');
    web2.follow();
    await web2.told();
    const { current, epoch } = web2;
    web2[Symbol.dispose]();
    await writeHost('web2', ['late']);
    using again = new Asker('web2');
    again.follow(`?since=${current}&epoch=${epoch}`);
    expect(await again.told()).toContain(`group/late ${late}`);
  });

  test('a front does not go on from the revisions that another one told', async () => {
    using web1 = new Asker('web1');
    web1.follow();
    const all = await web1.told();
    await using second = await Front.start({ ...options(), admit: undefined });
    using moved = new Asker('web1', second.address.port);
    moved.follow(`?since=${web1.current}&epoch=${web1.epoch}`);
    expect(await moved.told()).toHaveLength(all.length);
  });

  test('a damaged blob is not sent, and is when the policy was published again', async () => {
    const bundle = Buffer.from('the policy of web, damaged later');
    const sha = await putBlob(store, bundle);
    await writeOrder('host/web1', sha);
    const key = KEYS.blobPart(sha, 0);
    const whole = present(await store.get(key)).value;
    await write(key, Buffer.from(whole).fill(0x5a, 12, 20));
    using web1 = new Asker('web1');
    expect((await web1.ask('GET', `/v1/blob/${sha}`))[0]).toBe(404);
    await putBlob(store, bundle);
    const [status, packed] = await web1.ask('GET', `/v1/blob/${sha}`);
    expect([status, unpackBlob(packed, { sha256: sha, size: bundle.length })]).toEqual([200, bundle]);
  });

  test('a wave of a rollout is told to its hosts, when it is released', async () => {
    const waves = [['web2'], null].map((hosts, index) => {
      const wave: Wave = { rollout: 'r1', number: index + 1, of: 2, hosts };
      return { signed: signOrder(makeOrder('fleet', 'ee'.repeat(32), wave), KEY), hosts };
    });
    const last = seq;
    const back = signOrder(makeOrder('fleet', 'dd'.repeat(32), null), KEY);
    const gates = { hold: 0, patience: 60, silent: 0, drops: 0, probe: null };
    const record = { id: 'r1', target: 'fleet', waves, back, releasedAt: 0, gates, reason: null, driver: null };
    using web1 = new Asker('web1');
    using web2 = new Asker('web2');
    web1.follow();
    web2.follow();
    await web1.told();
    await web2.told();
    await write(KEYS.rollout('r1'), encodeRecord({ ...record, released: 1, state: 'running' }));
    expect(await web2.told()).toEqual([`fleet ${last - 1}`, 'current']);
    await write(KEYS.rollout('r1'), encodeRecord({ ...record, released: 2, state: 'running' }));
    expect(await web2.told()).toEqual([`fleet ${last}`, 'current']);
    expect(await web1.told()).toEqual([`fleet ${last}`, 'current']);
  });

  test('a report is stored under the name of the certificate', async () => {
    using web1 = new Asker('web1');
    expect((await web1.ask('POST', HOST_ROUTES.status.path, { ...STATUS, host: 'web2', name: 'web2' }))[0]).toBe(204);
    // Of an older host, and of a newer one.
    const { newDrops: _later, ...older } = STATUS;
    expect((await web1.ask('POST', HOST_ROUTES.status.path, older))[0]).toBe(204);
    expect((await web1.ask('POST', HOST_ROUTES.status.path, { ...STATUS, mood: 'fine' }))[0]).toBe(204);
    expect((await web1.ask('POST', HOST_ROUTES.status.path, { seq: 1 }))[0]).toBe(400);
    expect((await web1.ask('POST', HOST_ROUTES.status.path, { ...STATUS, version: 'x'.repeat(20_000) }))[0]).toBe(413);
    for (let tries = 0; tries < 400 && (await store.get(KEYS.status('web1'))) === undefined; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const entry = present(await store.get(KEYS.status('web1')));
    expect(parseRecord(entry.value)).toMatchObject({ seq: 1, version: '1' });
    expect(await store.get(KEYS.status('web2'))).toBeUndefined();
  });
});

/** The TLS session that a front gave last. */
let ticket: Buffer;

/** Reports over a new connection, with the TLS session of an earlier one where it is given; whether it went on, and the answer. */
async function reportAnew(at: Front, name: string, session?: Buffer): Promise<readonly [boolean, unknown]> {
  const { port } = at.address;
  const socket = connectSocket(new URL(`https://localhost:${port}`), { ...tlsOf(name), session });
  socket.on('session', (fresh: Buffer) => (ticket = fresh));
  const asking = connect(`https://localhost:${port}`, { createConnection: () => socket });
  const stream = asking.request({ ':method': 'POST', ':path': HOST_ROUTES.status.path });
  stream.end(JSON.stringify(STATUS));
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders & IncomingHttpStatusHeader];
  const isReused = socket.isSessionReused();
  socket.destroy();
  return [isReused, headers[':status']];
}

test('a TLS session does not outlive the certificate of its host, neither revoked nor ended', async () => {
  folders.set('web3', await authority.host('web3'));
  await writeHost('web3', []);
  const revoked = (): string => readFileSync(join(parent, 'pki', 'crl.pem'), 'utf8');
  const { tls } = options();
  await using second = await Front.start({ ...options(), tls: { ...tls, crl: revoked() }, admit: undefined });
  expect(await reportAnew(second, 'web3')).toEqual([false, 204]);
  const kept = ticket;
  expect(await reportAnew(second, 'web3', kept)).toEqual([true, 204]);
  onTestFinished(() => void vi.useRealTimers());
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11 * DAY });
  expect(await reportAnew(second, 'web3', kept)).toEqual([true, 403]);
  vi.useRealTimers();
  await authority.authority.revoke('web3');
  second.useCredentials({ ...tls, crl: revoked() });
  expect(await reportAnew(second, 'web3', kept)).toEqual([false, 403]);
});

test('a crowd of hosts that confirm at once, over new connections, is served', async () => {
  const { ca, cert = '', key = '' } = tlsOf('web1');
  const crl = readFileSync(join(parent, 'pki', 'crl.pem'), 'utf8');
  const url = new URL(`https://localhost:${front.address.port}`);
  const confirm = async (): Promise<void> => {
    using connection = await FrontConnection.open(url, { ca, crl, cert, key, minVersion: 'TLSv1.3' });
    const { method, path } = HOST_ROUTES.status;
    expect(await connection.ask({ method, path, body: JSON.stringify(STATUS) })).toMatchObject({ status: 204 });
  };
  await Promise.all(Array.from({ length: CROWD }, async () => await reachInTime(confirm)));
});

test('connections that say nothing hold no host up', async () => {
  const silent = Array.from({ length: 300 }, () => connectTcp(front.address.port, '127.0.0.1'));
  try {
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    using web1 = new Asker('web1');
    web1.follow();
    expect(await web1.told()).toContain('current');
  } finally {
    for (const socket of silent) socket.destroy();
  }
});

describe('every route', () => {
  const all = [...Object.values(HOST_ROUTES), ...Object.values(OPERATOR_ROUTES)];
  const pathOf = (path: string): string => `${path.replace(':sha256', 'aa'.repeat(32))}?prefix=/xdpol/v1/host/`;

  test.each(['web1', 'stranger', 'op-view', undefined])('as %s', async (name) => {
    using asker = new Asker(name);
    const got: Record<string, number> = {};
    for (const { method, path } of all) {
      const [status] = await asker.ask(method, pathOf(path), method === 'POST' ? {} : undefined);
      got[`${method} ${path}`] = status;
    }
    expect(got).toMatchSnapshot();
    const unknown = await asker.ask('GET', '/v1/secrets');
    expect(unknown[0]).toBe(name === undefined ? 401 : name === 'stranger' ? 403 : 404);
  });

  test('a host with its old certificate, or removed, is told nothing more', async () => {
    await writeHost('web2', []);
    const record = present(readHost(parseRecord(present(await store.get(KEYS.host('web2'))).value)));
    using web2 = new Asker('web2');
    web2.follow();
    await web2.told();
    const followed = front.following;
    await write(KEYS.host('web2'), encodeRecord({ ...record, fingerprint: 'ab'.repeat(32) }));
    await expect.poll(() => front.following).toBe(followed - 1);
    for (const { method, path } of [HOST_ROUTES.follow, HOST_ROUTES.blob, HOST_ROUTES.status]) {
      expect((await web2.ask(method, pathOf(path), method === 'POST' ? STATUS : undefined))[0]).toBe(403);
    }
  });

  test('a certificate of another authority of the same name is none', async () => {
    const other = await TestAuthority.make(join(parent, 'other'));
    folders.set('op-false', await other.operator('op-false', 'administrator'));
    const tls = tlsOf('op-false');
    await using wrong = new FrontStore(`https://localhost:${front.address.port}`, { ...tls, ca: tlsOf('web1').ca });
    await expect(wrong.get(KEYS.epoch)).rejects.toMatchObject({ code: 'XDPOL_E_ROLE' });
  });
});

describe('operators', () => {
  const asOperator = (name: string): FrontStore =>
    new FrontStore(`https://localhost:${front.address.port}`, tlsOf(name));
  let admin: FrontStore;
  beforeAll(() => {
    admin = asOperator('op-all');
  });
  afterAll(async () => await admin[Symbol.asyncDispose]());

  describe('the store through a front is as every store', () => testStore(() => admin));

  test('a front that went away and is back is asked and followed again', async () => {
    const start = async (port: number): Promise<Front> =>
      await Front.start({ ...options(), admit: undefined, listen: { host: '127.0.0.1', port } });
    let own = await start(0);
    const { port } = own.address;
    await using asking = new FrontStore(`https://localhost:${port}`, tlsOf('op-all'));
    const known = new Knowledge();
    using _following = asking.follow([`${ROOT}away-`], known);
    await writeKey(asking, 'away-a', '1');
    await known.until(({ values }) => values.get('away-a') === '1');
    await own[Symbol.asyncDispose]();
    await writeKey(store, 'away-a', '2');
    await expect(asking.get(KEYS.epoch)).rejects.toMatchObject({ code: 'XDPOL_E_FLEET_STORE' });
    own = await start(port);
    await writeKey(asking, 'away-b', '3');
    await known.until(({ values }) => values.get('away-a') === '2' && values.get('away-b') === '3');
    await own[Symbol.asyncDispose]();
  });

  test('who has not read yet what it follows, of a large fleet, is answered meanwhile', async () => {
    const records = Array.from({ length: 12 }, (_, at) => `${ROOT}large-${at}`);
    for (const key of records) await write(key, randomBytes(800_000));
    using op = new Asker('op-view');
    const following = op.session.request({ ':path': `${OPERATOR_ROUTES.changes.path}?prefix=${ROOT}large-` });
    await once(following, 'response');
    expect((await op.ask('GET', `${OPERATOR_ROUTES.record.path}?key=${KEYS.epoch}`))[0]).toBe(200);
    for (const key of records)
      await store.put([{ key, value: undefined, ifRevision: present(await store.get(key)).revision }]);
  });

  test('rights: to read, to ban, to order', async () => {
    const ban: Order = {
      ...{ kind: 'bans', target: 'fleet', seq: 1, issued: 0, expires: 1, previous: null, wave: null },
      bans: { set: 'bans', entries: [] },
    };
    const bans = { key: KEYS.order('bans', 'fleet'), value: encodeSigned(signOrder(ban, KEY)), ifRevision: 0 };
    const host = { key: KEYS.host('new'), value: Buffer.from('{}'), ifRevision: 0 };
    await using viewer = asOperator('op-view');
    await using banner = asOperator('op-ban');
    expect(await viewer.get(KEYS.epoch)).toBeDefined();
    await expect(viewer.put([bans])).rejects.toMatchObject({ code: 'XDPOL_E_ROLE' });
    await expect(banner.put([host])).rejects.toMatchObject({ code: 'XDPOL_E_ROLE' });
    await expect(banner.put([bans, host])).rejects.toMatchObject({ code: 'XDPOL_E_ROLE' });
    expect(await banner.put([bans])).toMatchObject({ isDone: true });
    const audits = (await store.list('/xdpol/v1/audit/')).entries.map(({ value }) => parseRecord(value));
    expect(audits.at(-1)).toEqual({ who: 'op-ban', role: 'operator', keys: [bans.key] });
  });

  test('an order stands under its own target and lane, and is never removed', async () => {
    const { revision } = present(await store.get(KEYS.order('policy', 'fleet')));
    const value = encodeSigned(signOrder(makeOrder('host/web1', 'aa'.repeat(32), null), KEY));
    const limited = { ...makeOrder('fleet', 'aa'.repeat(32), null), onlyOn: 'mondays' };
    const newer = signOrder(limited, KEY);
    const ahead = signOrder({ ...makeOrder('fleet', 'aa'.repeat(32), null), seq: Number.MAX_SAFE_INTEGER }, KEY);
    const wrong = [
      { key: KEYS.order('policy', 'fleet'), value, ifRevision: revision },
      { key: KEYS.order('policy', 'fleet'), value: encodeSigned(newer), ifRevision: revision },
      { key: KEYS.order('policy', 'fleet'), value: encodeSigned(ahead), ifRevision: revision },
      { key: KEYS.order('bans', 'host/web1'), value, ifRevision: 0 },
      { key: KEYS.order('policy', 'fleet'), value: undefined, ifRevision: revision },
      { key: KEYS.audit(1, 'x'), value: Buffer.from('{}'), ifRevision: 0 },
    ];
    for (const put of wrong) await expect(admin.put([put])).rejects.toMatchObject({ code: 'XDPOL_E_FLEET' });
  });
});

describe('joining', () => {
  const url = (): string => `https://localhost:${front.address.port}`;

  async function give(host: string): Promise<ReturnType<typeof makeToken>> {
    const token = makeToken(authority.authority.published.authority, OPERATORS);
    const record = { host, expires: Date.now() + 60_000 };
    await write(KEYS.token(sha256(Buffer.from(token.secret))), encodeRecord(record));
    return token;
  }

  test('a token lets one host in, once', async () => {
    await write(KEYS.host('mail1'), encodeRecord({ name: 'mail1', labels: {}, groups: [], fingerprint: null }));
    const token = await give('mail1');
    expect(readToken(encodeToken(token))).toEqual(token);
    const folder = join(parent, 'mail1');
    const joining = { front: url(), token, name: 'mail1', folder };
    await expect(joinFleet({ ...joining, name: 'web1' })).rejects.toThrow(/does not hold/u);
    // Where the folder takes nothing, nothing was asked.
    await expect(joinFleet({ ...joining, folder: '/proc/none' })).rejects.toThrow('cannot write /proc/none: ENOENT');
    await joinFleet(joining);
    expect(readdirSync(folder).sort()).toEqual(['ca.crt', 'crl.pem', 'host.crt', 'host.key', 'operators']);
    folders.set('mail1', folder);
    using mail1 = new Asker('mail1');
    mail1.follow();
    expect((await mail1.told())[0]).toBe('hello');
    expect(readFileSync(join(folder, 'operators'), 'utf8')).toBe(`${OPERATORS[0]}\n`);
    await expect(joinFleet(joining)).rejects.toThrow(/does not hold/u);
  });

  test('the secret goes to no front of another authority, and other operators are not believed', async () => {
    const token = await give('web1');
    const joining = { front: url(), name: 'web1', folder: join(parent, 'none') };
    await expect(joinFleet({ ...joining, token: { ...token, authority: 'ab'.repeat(32) } })).rejects.toThrow(
      /authority/u,
    );
    await expect(joinFleet({ ...joining, token: { ...token, operators: 'ab'.repeat(32) } })).rejects.toThrow(
      /operators/u,
    );
    expect(readToken('xdj1.short')).toBeUndefined();
  });
});
