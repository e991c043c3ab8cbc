/** A host that takes the orders of its fleet: a real agent, and a front that says what the test wants, lies among it. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { machine } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FleetStanding } from '../../src/api/fleet-standing.ts';
import { packBlob } from '../../src/fleet/bundle.ts';
import { SILENCE } from '../../src/fleet/front-routes.ts';
import type { Signed } from '../../src/fleet/signing.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { askAgent } from '../support/ask-agent.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { ScriptedFront } from '../support/scripted-front.ts';

const HOUR = 3_600_000;
/** Seconds that the link of the host is cut. */
const CUT = Number(process.env['XDPOL_FLEET_FAULT_SECONDS'] ?? 3);
const PATIENCE = { timeout: 60_000, interval: 100 };

let pair: NamespacePair;
let agent: AgentProcess;
let front: ScriptedFront;

beforeAll(async () => {
  pair = new NamespacePair({ ipv6: false });
  const state = join(pair.directory, 'state');
  mkdirSync(state);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=0700,size=16m', 'tmpfs', state]);
  front = await ScriptedFront.start(pair, 'drift: undo, bans: 3');
  agent = await AgentProcess.start(pair);
}, 120_000);

afterAll(() => {
  pair[Symbol.dispose]();
});

/** A policy with a rule that blocks one port, beside what else is given. */
function policyText(name: string, port: number, more = ''): string {
  return `name: ${name}
addressSets: { bans: { live: true } }
rules:
  - { name: port, action: block, filters: [{ source: any, destination: me, protocol: tcp, destinationPort: ${port} }] }
  - { name: banned, action: block, filters: [{ source: $bans, destination: any }] }
${more}`;
}

/** Of the policy that an order names. */
function digestIn(signed: Signed): string {
  const { policy } = JSON.parse(Buffer.from(signed.body, 'base64').toString()) as { policy: { sha256: string } };
  return policy.sha256;
}

async function reported(wanted: object): Promise<void> {
  await expect.poll(() => front.status(), PATIENCE).toMatchObject(wanted);
}

function xdpol(...args: readonly string[]): string {
  return pair.exec(pair.host, pair.xdpol(...args));
}

/** Name of the assigned policy. */
function inForce(): string | null {
  return (JSON.parse(xdpol('status', '--json')) as { readonly policy: string | null }).policy;
}

test('an order for a group comes in force, and one for the host in its place', async () => {
  front.give(front.order('group/web', 'web', policyText('web', 23)));
  await reported({ inForce: { target: 'group/web', policy: 'web' }, isDrifted: false, isPending: false, error: null });
  expect(inForce()).toBe('web');
  front.give(front.order('host/web1', 'own', policyText('own', 24)));
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
  const old = front.order('host/web1', 'old', policyText('old', 25));
  const newer = front.order('host/web1', 'own', policyText('own', 24));
  front.give(newer);
  await reported({ inForce: { policy: 'own' }, error: null });
  const cases: readonly (readonly [Signed, string])[] = [
    [old, 'a newer order'],
    [front.order('host/web2', 'old', policyText('old', 25)), 'not part of'],
    [front.order('group/mail', 'old', policyText('old', 25)), 'not part of'],
    [front.order('host/web1', 'old', policyText('old', 25), { expires: Date.now() - 1 }), 'after its end'],
    [
      { ...front.order('host/web1', 'old', policyText('old', 25)), keyId: '0'.repeat(32) },
      'none that this host trusts',
    ],
  ];
  for (const [signed, why] of cases) {
    front.give(signed);
    await expect.poll(() => front.status()?.error?.message, PATIENCE).toContain(why);
    expect(front.status()?.inForce.policy).toBe('own');
  }
  expect(inForce()).toBe('own');
});

test('a policy with errors and one that is not what was ordered leave the last one', async () => {
  front.give(front.order('host/web1', 'own', policyText('own', 24).replace('action: block', 'action: blok')));
  await expect.poll(() => front.status()?.error?.code, PATIENCE).toBe('XDPOL_E_POLICY');
  const signed = front.order('host/web1', 'own', policyText('own', 26));
  const sha256 = digestIn(signed);
  const whole = readFileSync(front.pathOf(sha256));
  const other = packBlob(Buffer.from('other'));
  writeFileSync(front.pathOf(sha256), other);
  front.bring(sha256, other);
  front.give(signed);
  await expect.poll(() => front.status()?.error?.message, PATIENCE).toContain('another policy than the ordered one');
  expect(front.status()).toMatchObject({ inForce: { policy: 'own' }, isRolledBack: false });
  expect(agent.scrape().value('xdpol_fleet_in_sync')).toBe(0);
  // The store is mended: the order is tried again by itself.
  writeFileSync(front.pathOf(sha256), whole);
  await reported({ inForce: { sha256 }, error: null });
});

test('a policy that comes along with its order is not fetched, unless it is another one', async () => {
  const signed = front.order('host/web1', 'own', policyText('own', 29));
  const packed = readFileSync(front.pathOf(digestIn(signed)));
  rmSync(front.pathOf(digestIn(signed)));
  front.bring(digestIn(signed), packed);
  front.give(signed);
  await reported({ inForce: { sha256: digestIn(signed) }, error: null });
  const next = front.order('host/web1', 'own', policyText('own', 30));
  front.bring(digestIn(next), packed);
  front.give(next);
  await reported({ inForce: { sha256: digestIn(next) }, error: null });
});

test('a large policy, which a thread checks and puts in force; with an error in it the last one stays', async () => {
  const filter = (i: number): string => `{ source: 10.1.${i >> 8}.${i & 255}, destination: me, protocol: tcp }`;
  const rule = (i: number): string => `  - { name: customer ${i}, action: permit, filters: [ ${filter(i)} ] }\n`;
  const text = policyText('large', 24, Array.from({ length: 1300 }, (_, i) => rule(i)).join(''));
  front.give(front.order('host/web1', 'large', text));
  await reported({ inForce: { policy: 'large' }, isPending: false, error: null });
  expect(xdpol('history', 'large')).toContain('fleet, order');
  front.give(front.order('host/web1', 'large', text.replace('permit', 'permitt')));
  await expect.poll(() => front.status()?.error?.code, PATIENCE).toBe('XDPOL_E_POLICY');
  expect(inForce()).toBe('large');
  front.give(front.order('host/web1', 'own', policyText('own', 26)));
  await reported({ inForce: { policy: 'own' }, error: null });
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
    return front.sign({ kind: 'bans', ...front.head('fleet'), bans: ordered });
  };
  front.give(bans('203.0.113.7', '203.0.113.8', pair.host.ipv4), 'bans');
  await reported({ bans: { members: 2 }, error: { code: 'XDPOL_E_SET' } });
  expect(front.status()?.error?.message).toContain('is an address of this host');
  expect(xdpol('set', 'list', 'bans')).toContain('203.0.113.7');
  front.give(bans('203.0.113.8', '203.0.113.9'), 'bans');
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
  front.give(bans('203.0.113.8', '203.0.113.9'), 'bans');
  await expect.poll(() => endsOf('203.0.113.9'), PATIENCE).toBeLessThan(before - HOUR / 4);
  front.give(bans('203.0.113.10', '203.0.113.11', '203.0.113.12', '203.0.113.13'), 'bans');
  await expect.poll(() => front.status()?.error?.message, PATIENCE).toContain('this host takes 3');
  expect(xdpol('set', 'list', 'bans')).toContain('203.0.113.9');
  front.give(bans(), 'bans');
  await reported({ bans: { members: 0 }, error: null });
});

test('a policy is confirmed though the front sent the host away at first, because it had too much to do', async () => {
  const signed = front.order('host/web1', 'own', policyText('own', 28));
  front.setBusy(true);
  front.give(signed);
  await expect.poll(() => front.hasSentAway, PATIENCE).toBe(true);
  front.setBusy(false);
  await reported({ inForce: { sha256: digestIn(signed) }, isPending: false, error: null });
  expect(agent.log).not.toContain('more hosts came than it can serve');
});

test('a policy that cuts the way to the front goes back, also from a busy one, and is not tried again when it was to blame', async () => {
  const before = front.status()?.inForce.sha256;
  const cut = `  - { name: cut, action: block, filters: [{ source: me, destination: any, protocol: tcp, destinationPort: ${ScriptedFront.port} }] }\n`;
  front.setBusy(true);
  front.give(front.order('host/web1', 'own', policyText('own', 27, cut)));
  // Its stream may have ended with the policy: what the host had just sent was not acknowledged. A busy front takes no other.
  await expect.poll(() => agent.log, PATIENCE).toContain('no front could be reached over a new connection');
  expect(inForce()).toBe('own');
  expect(front.hasSentAway).toBe(true);
  front.setBusy(false);
  await reported({ isRolledBack: true, isPending: false, error: { code: 'XDPOL_E_WENT_BACK' } });
  expect([front.status()?.inForce.sha256, inForce()]).toEqual([before, 'own']);
});

test('without a front the host keeps its policy, also over a restart; what was ordered meanwhile comes in force', async () => {
  front.kill();
  await agent.end('SIGKILL');
  agent = await AgentProcess.start(pair);
  await expect.poll(() => agent.log, PATIENCE).toContain('cannot be used');
  expect(inForce()).toBe('own');
  front.give(front.sign({ kind: 'unassign', ...front.head('host/web1') }));
  await front.start();
  await reported({ inForce: { target: 'group/web', policy: 'web' } });
  front.give(front.sign({ kind: 'unassign', ...front.head('group/web') }));
  await reported({ inForce: { sha256: null, policy: null } });
  expect(inForce()).toBeNull();
  expect(existsSync(join(pair.directory, 'state', 'fleet.json'))).toBe(true);
});

/** Orders a policy that blocks the port; its digest. */
function orderWeb(port: number): string {
  const signed = front.order('group/web', 'web', policyText('web', port));
  front.give(signed);
  return digestIn(signed);
}

test('a host whose disk is full keeps its policy and says so, and takes the last order when there is room', async () => {
  await reported({ inForce: { sha256: orderWeb(31) }, error: null });
  const filling = join(pair.directory, 'state', 'filling');
  expect(spawnSync('dd', ['if=/dev/zero', `of=${filling}`, 'bs=64k']).status).not.toBe(0);
  const last = orderWeb(32);
  await reported({ error: { code: 'XDPOL_E_STORE' }, inForce: { policy: 'web' } });
  expect(front.status()?.error?.message).toContain('ENOSPC');
  await expect.poll(() => agent.log, PATIENCE).toContain('what the fleet ordered is not taken');
  expect(front.status()?.inForce.sha256).not.toBe(last);
  expect(inForce()).toBe('web');
  rmSync(filling);
  await reported({ inForce: { sha256: last }, error: null });
});

test('a host whose link is cut keeps its policy, and takes the last order when it is back', async () => {
  const link = (state: string): string => pair.exec(pair.peer, ['ip', 'link', 'set', pair.peer.device, state]);
  const before = front.status()?.inForce.sha256;
  link('down');
  const last = orderWeb(33);
  await sleep(CUT * 1000);
  expect(agent.scrape().value('xdpol_fleet_last_contact_seconds')).toBeGreaterThan(CUT - 1);
  if (CUT > SILENCE) expect(agent.log).toContain(`nothing came for ${SILENCE} seconds`);
  expect([front.status()?.inForce.sha256, inForce()]).toEqual([before, 'web']);
  link('up');
  await reported({ inForce: { sha256: last }, error: null });
});

test('a host whose clock is off by a day keeps its policy and says so, and takes the last order when it is right', async () => {
  const clock = join(pair.directory, 'clock');
  const jump = (offset: string): void => {
    writeFileSync(`${clock}.new`, `${offset}\n`);
    renameSync(`${clock}.new`, clock);
  };
  jump('+0');
  const library = `/usr/lib/${machine()}-linux-gnu/faketime/libfaketimeMT.so.1`;
  const faked = [`LD_PRELOAD=${library}`, `FAKETIME_TIMESTAMP_FILE=${clock}`, 'FAKETIME_NO_CACHE=1'];
  await agent.end('SIGTERM');
  agent = await AgentProcess.start(pair, undefined, (argv) => [
    ...['env', ...faked, 'FAKETIME_DONT_FAKE_MONOTONIC=1'],
    ...argv,
  ]);
  let last = orderWeb(34);
  await reported({ inForce: { sha256: last }, error: null });
  for (const [offset, port, why] of [
    ['+1d', 35, 'after its end'],
    ['-1d', 36, 'not yet valid'],
  ] as const) {
    jump(offset);
    const before = last;
    last = orderWeb(port);
    await expect.poll(() => front.status()?.error?.message, PATIENCE).toContain(why);
    expect([front.status()?.inForce.sha256, front.status()?.isRolledBack, inForce()]).toEqual([before, false, 'web']);
    expect(agent.log).toContain(why);
    jump('+0');
    await reported({ inForce: { sha256: last }, error: null });
  }
});
