/** A host that takes the orders of its fleet: a real agent, and a front that says what the test wants, lies among it. */

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FleetStanding } from '../../src/api/fleet-standing.ts';
import { present } from '../../src/base/assert.ts';
import { encodeBundle, packBlob } from '../../src/fleet/bundle.ts';
import { signMembership } from '../../src/fleet/membership.ts';
import type { Order } from '../../src/fleet/order.ts';
import { signOrder } from '../../src/fleet/order.ts';
import type { StatusReport } from '../../src/fleet/records.ts';
import { readStatusReport } from '../../src/fleet/records.ts';
import type { Signed } from '../../src/fleet/signing.ts';
import { makeSigningKey, publicKeyText, readSigningKey, sha256 } from '../../src/fleet/signing.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { askAgent } from '../support/ask-agent.ts';
import { TestAuthority } from '../support/certificates.ts';
import { NamespacePair } from '../support/namespaces.ts';

const ALICE = present(readSigningKey(makeSigningKey()));
const PORT = 9479;
const HOUR = 3_600_000;
const PATIENCE = { timeout: 60_000, interval: 100 };

let pair: NamespacePair;
let agent: AgentProcess;
let front: ChildProcess;
let folder: string;
let seq = 1000;

beforeAll(async () => {
  pair = new NamespacePair({ ipv6: false });
  const authority = await TestAuthority.make(join(pair.directory, 'pki'));
  folder = await authority.host('front', pair.peer.ipv4);
  mkdirSync(join(folder, 'blobs'));
  writeFileSync(join(folder, 'lines'), '');
  writeFileSync(join(folder, 'statuses'), '');
  const own = await authority.host('web1', pair.host.ipv4);
  for (const [from, to] of [
    ['host.crt', 'fleet.crt'],
    ['host.key', 'fleet.key'],
  ] as const)
    copyFileSync(join(own, from), join(own, to));
  writeFileSync(join(own, 'operators'), `# alice\n${publicKeyText(ALICE.key)}\n`);
  const fleet = `{ fronts: ["https://${pair.peer.ipv4}:${PORT}"], credentials: ${own}, drift: undo, bans: 3 }`;
  writeFileSync(pair.config, `interfaces: [${pair.host.device}]\nfleet: ${fleet}\n`);
  front = await startFront();
  send({ kind: 'hello', epoch: 'e1' });
  send({ kind: 'membership', signed: signMembership({ host: 'web1', groups: ['web'], seq: 1 }, ALICE) });
  current();
  agent = await AgentProcess.start(pair);
}, 120_000);

afterAll(() => {
  pair[Symbol.dispose]();
});

async function startFront(): Promise<ChildProcess> {
  const argv = [process.execPath, 'test/support/scripted-front.mjs', folder, pair.peer.ipv4, String(PORT)];
  const child = pair.spawn(pair.peer, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(present(child.stdout), 'data');
  return child;
}

function send(line: object): void {
  appendFileSync(join(folder, 'lines'), `${JSON.stringify(line)}\n`);
}

/** A policy with a rule that blocks one port, beside what else is given. */
function policyText(name: string, port: number, more = ''): string {
  return `name: ${name}
addressSets: { bans: { live: true } }
rules:
  - { name: port, action: block, filters: [{ source: any, destination: me, protocol: tcp, destinationPort: ${port} }] }
  - { name: banned, action: block, filters: [{ source: $bans, destination: any }] }
${more}`;
}

function head(target: Order['target']): Omit<Order & { kind: 'unassign' }, 'kind'> {
  const now = Date.now();
  return { target, seq: ++seq, issued: now, expires: now + HOUR, previous: null, wave: null };
}

/** Puts the policy where the front finds it; the order for it, signed. */
function orderOf(target: Order['target'], name: string, text: string, more: object = {}): Signed {
  const bundle = encodeBundle({ text, files: new Map() });
  writeFileSync(join(folder, 'blobs', sha256(bundle)), packBlob(bundle));
  const policy = { name, version: 1, sha256: sha256(bundle), size: bundle.length };
  return signOrder({ kind: 'policy', ...head(target), policy, ...more } as Order, ALICE);
}

function sendOrder(signed: Signed, lane = 'policy'): void {
  send({ kind: 'order', lane, signed });
  current();
}

function current(): void {
  send({ kind: 'current', revision: ++seq });
}

function status(): StatusReport | undefined {
  const line = readFileSync(join(folder, 'statuses'), 'utf8').trim().split('\n').at(-1) ?? '';
  return line === '' ? undefined : readStatusReport(JSON.parse(line));
}

async function reported(wanted: object): Promise<void> {
  await expect.poll(() => status(), PATIENCE).toMatchObject(wanted);
}

function xdpol(...args: readonly string[]): string {
  return pair.exec(pair.host, pair.xdpol(...args));
}

/** Name of the assigned policy. */
function inForce(): string | null {
  return (JSON.parse(xdpol('status', '--json')) as { readonly policy: string | null }).policy;
}

test('an order for a group comes in force, and one for the host in its place', async () => {
  sendOrder(orderOf('group/web', 'web', policyText('web', 23)));
  await reported({ inForce: { target: 'group/web', policy: 'web' }, isDrifted: false, isPending: false, error: null });
  expect(inForce()).toBe('web');
  sendOrder(orderOf('host/web1', 'own', policyText('own', 24)));
  await reported({ inForce: { target: 'host/web1', policy: 'own' }, error: null });
  const scrape = agent.scrape();
  expect(scrape.value('xdpol_fleet_in_sync')).toBe(1);
  expect(scrape.sum('xdpol_fleet_desired_info', 'group="host/web1"')).toBe(1);
  expect(scrape.value('xdpol_fleet_last_contact_seconds')).toBeLessThan(60);
  const standing = (await askAgent(pair, 'GET', '/v1/fleet')) as FleetStanding;
  expect(standing).toMatchObject({ isInSync: true, isDrifted: false, error: null });
  expect(standing.fronts).toContain(standing.front);
  expect(xdpol('history', 'own')).toContain('fleet, order');
});

test('what is not for this host, old or ended is refused and told, and changes nothing', async () => {
  const old = orderOf('host/web1', 'old', policyText('old', 25));
  const newer = orderOf('host/web1', 'own', policyText('own', 24));
  sendOrder(newer);
  await reported({ inForce: { policy: 'own' }, error: null });
  const cases: readonly (readonly [Signed, string])[] = [
    [old, 'a newer order'],
    [orderOf('host/web2', 'old', policyText('old', 25)), 'not part of'],
    [orderOf('group/mail', 'old', policyText('old', 25)), 'not part of'],
    [orderOf('host/web1', 'old', policyText('old', 25), { expires: Date.now() - 1 }), 'after its end'],
    [{ ...orderOf('host/web1', 'old', policyText('old', 25)), keyId: '0'.repeat(32) }, 'none that this host trusts'],
  ];
  for (const [signed, why] of cases) {
    sendOrder(signed);
    await expect.poll(() => status()?.error?.message, PATIENCE).toContain(why);
    expect(status()?.inForce.policy).toBe('own');
  }
  expect(inForce()).toBe('own');
});

test('a policy with errors and one that is not what was ordered leave the last one', async () => {
  sendOrder(orderOf('host/web1', 'own', policyText('own', 24).replace('action: block', 'action: blok')));
  await expect.poll(() => status()?.error?.code, PATIENCE).toBe('XDPOL_E_POLICY');
  const signed = orderOf('host/web1', 'own', policyText('own', 26));
  const { policy } = JSON.parse(Buffer.from(signed.body, 'base64').toString()) as { policy: { sha256: string } };
  const whole = readFileSync(join(folder, 'blobs', policy.sha256));
  writeFileSync(join(folder, 'blobs', policy.sha256), packBlob(Buffer.from('other')));
  sendOrder(signed);
  await expect.poll(() => status()?.error?.message, PATIENCE).toContain('another policy than the ordered one');
  expect(status()).toMatchObject({ inForce: { policy: 'own' }, isRolledBack: false });
  expect(agent.scrape().value('xdpol_fleet_in_sync')).toBe(0);
  // The store is mended: the order is tried again by itself.
  writeFileSync(join(folder, 'blobs', policy.sha256), whole);
  await reported({ inForce: { sha256: policy.sha256 }, error: null });
});

test('a change that somebody makes here is told and undone', async () => {
  writeFileSync(join(pair.directory, 'local.yaml'), policyText('local', 99));
  xdpol('apply', join(pair.directory, 'local.yaml'), '-i', pair.host.device);
  await expect.poll(() => agent.log, PATIENCE).toContain('local, version 1, is assigned in the place of own');
  await expect.poll(() => agent.log, PATIENCE).toMatch(/what order \d+ asked for is in force again/u);
  expect(inForce()).toBe('own');
  await reported({ isDrifted: false, error: null });
});

test('bans are held and lifted, no more than the host takes, and never its own addresses', async () => {
  let until = Date.now() + HOUR;
  const bans = (...entries: readonly string[]): Signed => {
    const ordered = { set: 'bans', entries: entries.map((prefix) => ({ prefix, until })) };
    return signOrder({ kind: 'bans', ...head('fleet'), bans: ordered }, ALICE);
  };
  sendOrder(bans('203.0.113.7', '203.0.113.8', pair.host.ipv4), 'bans');
  await reported({ bans: { members: 2 }, error: { code: 'XDPOL_E_SET' } });
  expect(status()?.error?.message).toContain('is an address of this host');
  expect(xdpol('set', 'list', 'bans')).toContain('203.0.113.7');
  sendOrder(bans('203.0.113.8', '203.0.113.9'), 'bans');
  await reported({ bans: { members: 2 }, error: null });
  expect(xdpol('set', 'list', 'bans')).not.toContain('203.0.113.7');
  const endsOf = (prefix: string): number => {
    const { members } = JSON.parse(xdpol('set', 'list', 'bans', '--json')) as {
      readonly members: readonly { readonly prefix: string; readonly ends: string }[];
    };
    return Date.parse(members.find((member) => member.prefix === prefix)?.ends ?? '');
  };
  const before = endsOf('203.0.113.9');
  until = Date.now() + HOUR / 2;
  sendOrder(bans('203.0.113.8', '203.0.113.9'), 'bans');
  await expect.poll(() => endsOf('203.0.113.9'), PATIENCE).toBeLessThan(before - HOUR / 4);
  sendOrder(bans('203.0.113.10', '203.0.113.11', '203.0.113.12', '203.0.113.13'), 'bans');
  await expect.poll(() => status()?.error?.message, PATIENCE).toContain('this host takes 3');
  expect(xdpol('set', 'list', 'bans')).toContain('203.0.113.9');
});

test('a policy that cuts the way to the front goes back, and is not tried again', async () => {
  const cut = `  - { name: cut, action: block, filters: [{ source: me, destination: any, protocol: tcp, destinationPort: ${PORT} }] }\n`;
  sendOrder(orderOf('host/web1', 'own', policyText('own', 27, cut)));
  await reported({ isRolledBack: true, isPending: false, error: { code: 'XDPOL_E_WENT_BACK' } });
  expect(inForce()).toBe('own');
});

test('without a front the host keeps its policy, also over a restart; what was ordered meanwhile comes in force', async () => {
  front.kill('SIGKILL');
  await agent.end('SIGKILL');
  agent = await AgentProcess.start(pair);
  await expect.poll(() => agent.log, PATIENCE).toContain('cannot be used');
  expect(inForce()).toBe('own');
  sendOrder(signOrder({ kind: 'unassign', ...head('host/web1') }, ALICE));
  front = await startFront();
  await reported({ inForce: { target: 'group/web', policy: 'web' } });
  sendOrder(signOrder({ kind: 'unassign', ...head('group/web') }, ALICE));
  await reported({ inForce: { sha256: null, policy: null } });
  expect(inForce()).toBeNull();
  expect(existsSync(join(pair.directory, 'state', 'fleet.json'))).toBe(true);
});
