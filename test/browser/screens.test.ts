/** Pictures of every screen, wide and narrow, light and dark, for people to look at: build/screens. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
import { consoleAddress, fill, press, startBrowser, textOf, waitForText } from '../support/browser.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { ScriptedFront } from '../support/scripted-front.ts';
import { sendUdp, UdpSink } from '../support/udp.ts';
import { photographIn } from './look-at-page.ts';

const FOLDER = fileURLToPath(new URL('../../build/screens/', import.meta.url));

const POLICY = `name: Packet Filter
description: web and mail server, default deny
addressSets: { bans: { live: true, capacity: 100000 } }
filterLists:
  Web protocols: ['*+192.0.2.1:80:UDP', '*+192.0.2.1:443:UDP']
rules:
  - { name: Banned, action: block, filters: [{ source: $bans, destination: 192.0.2.1 }] }
  - { name: Inbound web protocols, action: permit, filterList: Web protocols }
  - name: Administration from the office networks and the two data centres, by the jump hosts only
    action: permit
    filters: ['192.0.2.0/24+192.0.2.1:22:UDP']
  - name: Orders of the fleet
    action: permit
    filters: [{ source: 192.0.2.2, destination: 192.0.2.1, protocol: tcp, sourcePort: 9479 }]
  - { name: All inbound traffic, action: block, filters: ['*+192.0.2.1'] }
tests:
  - { packet: 'udp 192.0.2.2:4000 -> 192.0.2.1:443', expect: pass, rule: Inbound web protocols }
  - { packet: 'udp 198.51.100.7:4000 -> 192.0.2.1:53', expect: drop }
`;

/** A long name, and so many rules that a person scrolls. */
function largePolicy(rules: number): string {
  const lines = Array.from({ length: rules }, (_, i) => {
    const filter = `{ source: 10.${i >> 8}.${i & 255}.0/24, destination: me, protocol: udp, destinationPort: ${1 + i} }`;
    return `  - { name: customer ${String(i).padStart(4, '0')}, action: ${i % 3 === 0 ? 'block' : 'permit'}, filters: [${filter}] }`;
  });
  return `name: a-policy-with-a-name-that-goes-on-and-on-so-that-no-column-is-wide-enough-for-it\nrules:\n${lines.join('\n')}\n`;
}

/** The way to the front stays open. */
function fleetPolicy(name: string): string {
  return `name: ${name}\nrules:\n  - { name: No names for others, action: block, filters: ['*+192.0.2.1:53:UDP'] }\n`;
}

let pair: NamespacePair;
let browser: Browser;
let page: Page;
let front: ScriptedFront;

function apply(name: string, text: string, ...options: readonly string[]): void {
  const path = join(pair.directory, `${name}.yaml`);
  writeFileSync(path, text);
  pair.exec(pair.host, pair.xdpol('apply', path, '-i', 'eth0', ...options));
}

const photograph = (name: string): Promise<void> => photographIn(page, FOLDER, name);

async function show(screen: string, text: string): Promise<void> {
  await page.goto(`${new URL(page.url()).origin}/console/#/${screen}`);
  await waitForText(page, text, 'main');
}

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  pair = new NamespacePair({ ipv6: false });
  front = await ScriptedFront.start(pair, 'drift: report');
  await UdpSink.start(pair, pair.host, [80, 22]);
  await AgentProcess.start(pair);
  browser = await startBrowser(pair, pair.host);
  page = await browser.newPage();
  await page.goto(consoleAddress(pair));
  await waitForText(page, 'Overview', 'h1');
});

afterAll(async () => {
  await browser.close();
  pair[Symbol.dispose]();
});

test('a host without policies', async () => {
  await photograph('overview-empty');
  await show('policies', 'No policy is stored.');
  await photograph('policies-empty');
});

test('a small policy', async () => {
  apply('small', POLICY);
  const to = pair.host.ipv4;
  sendUdp(pair, pair.peer, [
    { to, port: 80, count: 3000 },
    { to, port: 22, count: 12 },
    { to, port: 53, count: 900 },
  ]);
  await show('overview', 'All inbound traffic');
  await photograph('overview');
  await show('policies/Packet%20Filter', 'Inbound web protocols');
  await page.waitForSelector('[aria-label=Rules] tbody tr');
  await photograph('policy');
  await press(page, 'Run the tests');
  await waitForText(page, 'holds', '[aria-label=Tests]');
  await page.$eval('[aria-label=Tests]', (frame) => frame.scrollIntoView({ block: 'center' }));
  await photograph('policy-tests');
  await show('drops', 'No packet was dropped');
  await photograph('drops-empty');
  // Samples are taken from when the agent has been asked for them: at most ten times.
  for (let i = 0; i < 10 && (await page.$('tbody tr')) === null; i++) {
    sendUdp(
      pair,
      pair.peer,
      [53, 123, 5353, 1900].map((port) => ({ to, port, count: 3, bytes: 60 + Math.floor(port / 8) })),
    );
    await sleep(500);
  }
  await waitForText(page, 'rule All inbound traffic', 'tbody');
  await photograph('drops');
  await show('sets', 'The set has no member.');
  await photograph('sets-empty');
  const members = join(pair.directory, 'members');
  writeFileSync(members, Array.from({ length: 3000 }, (_, i) => `198.18.${i >> 8}.${i & 255}\n`).join(''));
  pair.exec(pair.host, pair.xdpol('set', 'load', 'bans', members));
  const note = 'Many attempts to sign in by SSH, seen by the jump hosts of both data centres';
  pair.exec(pair.host, pair.xdpol('set', 'add', 'bans', '2001:db8:1234:5678:9abc:def0:1234:5678', '--note', note));
  await page.reload();
  await waitForText(page, '198.18.0.1', 'main');
  await photograph('sets');
  await page.type('main input[type=search]', 'jump hosts');
  await waitForText(page, '2001:db8:1234', 'main');
  await photograph('sets-search');
});

test('a change that waits', async () => {
  apply('large', largePolicy(3000), '--confirm', '600');
  await show('overview', 'waits to be confirmed');
  await photograph('overview-pending');
  await show('policies', 'Packet Filter');
  await photograph('policies');
  await page.locator('tbody tr:last-child button').click();
  await waitForText(page, 'takes effect at once', 'dialog');
  await photograph('assign');
});

test('writing and asking', async () => {
  await page.keyboard.press('Escape');
  await show('edit/Packet%20Filter', 'Packet Filter: rules: 5');
  await photograph('editor');
  await press(page, 'Add rule…');
  await photograph('wizard');
  await page.keyboard.press('Escape');
  await show(
    'policies/a-policy-with-a-name-that-goes-on-and-on-so-that-no-column-is-wide-enough-for-it',
    'customer 0001',
  );
  await page.waitForSelector('[aria-label=Rules] tbody tr');
  await photograph('policy-large');
  // On paper every row of the page is there, and nothing scrolls.
  await page.emulateMediaType('print');
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
  expect(await page.$$eval('[aria-label=Rules] tbody tr', (rows) => rows.length)).toBe(500);
  expect(await page.$eval('[aria-label=Rules]', (frame) => frame.scrollHeight - frame.clientHeight)).toBe(0);
  await page.screenshot({ path: join(FOLDER, 'policy-large-print.png') });
  await page.emulateMediaType('screen');
  await page.evaluate(() => dispatchEvent(new Event('afterprint')));
  await show('explain', 'Explain');
  await fill(page, 'main input', `udp 10.3.232.9:4000 -> ${pair.host.ipv4}:1001`);
  await press(page, 'Explain');
  await waitForText(page, 'customer', '.facts');
  await photograph('explain');
  await show('chart', 'Chart');
  await photograph('chart');
  await page.emulateMediaType('print');
  await page.screenshot({ path: join(FOLDER, 'chart-print.png') });
  await page.emulateMediaType('screen');
  await show('doctor', 'checks, of the host');
  await photograph('doctor');
  await show('report', 'observed from');
  await photograph('report');
  await show('changes', 'Packet Filter@1');
  await photograph('changes');
});

test('a host of a fleet', async () => {
  pair.exec(pair.host, pair.xdpol('confirm'));
  await show('fleet', 'no order applies to this host');
  expect(await textOf(page, 'nav [aria-current]')).toBe('Fleet');
  await photograph('fleet-without-order');
  front.give(front.order('group/web', 'web-servers', fleetPolicy('web-servers')));
  await waitForText(page, 'in sync', '.facts');
  await waitForText(page, 'web-servers', '.facts');
  await photograph('fleet');
  apply('local', fleetPolicy('tried here'));
  await waitForText(page, 'was changed on this host', 'main');
  await waitForText(page, 'drifted', '.facts');
  await photograph('fleet-drifted');
  front.give(
    front.order('group/web', 'web-servers', fleetPolicy('web-servers').replace('action: block', 'action: blok')),
  );
  await waitForText(page, 'XDPOL_E_POLICY', '[role=alert]');
  front.kill();
  await waitForText(page, 'no front can be reached', '.facts');
  await photograph('fleet-refused-and-alone');
});
