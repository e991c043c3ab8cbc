/** The console of a fleet in a browser: a real front with its store, hosts that follow it, a rollout watched and taken back. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import type { StatusReport } from '../../src/fleet/records.ts';
import { fill, press, startBrowser, textOf, waitForText } from '../support/browser.ts';
import { statusReport } from '../support/fleet-status.ts';
import type { HostTask } from '../support/host-process.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { ownProcess } from '../support/own-process.ts';
import { nameOfFocused, pressOn } from './keyboard.ts';
import { photographIn, seriousFaults } from './look-at-page.ts';

const FOLDER = fileURLToPath(new URL('../../build/screens/', import.meta.url));
const FRONT = 'https://localhost:9479';
const WEB = ['web1', 'web2', 'web3', 'web4'] as const;
/** Sends what a host says of itself, with its certificate. */
const SAY = `
const { connect } = require('node:http2');
const { readFileSync } = require('node:fs');
const [front, folder, body] = process.argv.slice(1);
const read = (file) => readFileSync(folder + '/' + file);
const session = connect(front, { ca: read('ca.crt'), cert: read('host.crt'), key: read('host.key') });
const stream = session.request({ ':method': 'POST', ':path': '/v1/status' });
stream.on('response', (headers) => { console.log(headers[':status']); session.destroy(); });
stream.end(body);
`;

interface Upload {
  readonly uploadFile: (path: string) => Promise<void>;
}

let pair: NamespacePair;
let browser: Browser;
let page: Page;
let server: ChildProcess;

const centre = (): string => join(pair.directory, 'centre');
const credentials = (host: string): string => join(pair.directory, 'joined', host);

function fleet(...words: readonly string[]): string {
  const [verb = '', ...rest] = words;
  return pair.exec(pair.host, pair.xdpol('fleet', verb, '--dir', centre(), ...rest));
}

function policyText(port: number): string {
  return `name: web\nrules:\n  - { name: web, action: permit, filters: ['*+192.0.2.1:${port}:TCP'] }\n`;
}

function publish(port: number): void {
  const path = join(pair.directory, 'web.yaml');
  writeFileSync(path, policyText(port));
  fleet('publish', path);
}

/** As its agent would: the key is made on the host. */
function join1(host: string, role: string): void {
  fleet('host', host, '--label', `role=${role}`);
  const { token } = JSON.parse(fleet('token', host, '--json')) as { readonly token: string };
  const words = ['fleet', 'join', 'localhost', '--name', host, '--token', token, '--to', credentials(host)];
  pair.exec(pair.host, pair.xdpol(...words));
}

function say(host: string, report: StatusReport): void {
  const answer = pair.exec(pair.host, [process.execPath, '-e', SAY, FRONT, credentials(host), JSON.stringify(report)]);
  expect(answer.trim()).toBe('204');
}

function startHosts(hosts: readonly string[]): void {
  const folders = hosts.map((name) => {
    const state = join(pair.directory, 'states', name);
    mkdirSync(state, { recursive: true });
    return { name, credentials: credentials(name), state };
  });
  const operators = readFileSync(join(centre(), 'operators'), 'utf8').trim().split('\n');
  const task: HostTask = { hosts: folders, fronts: [FRONT], operators };
  pair.spawn(pair.host, ownProcess('host-process', JSON.stringify(task)), { stdio: 'ignore' });
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [line] = (await once(present(child.stdout).setEncoding('utf8'), 'data')) as readonly string[];
  return present(line).trim();
}

function spawnFleet(verb: string, ...more: readonly string[]): ChildProcess {
  const words = pair.xdpol('fleet', verb, '--dir', centre(), ...more);
  return pair.spawn(pair.host, words, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Rows of the table of hosts. */
async function hosts(): Promise<readonly string[]> {
  return await page.$$eval('[aria-label="Hosts of the fleet"] tbody tr', (rows) =>
    rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent).join(' | ')),
  );
}

/** Until every host of the group is in sync with that version. */
async function untilInForce(version: string): Promise<void> {
  await page.waitForFunction(
    (wanted) =>
      [...document.querySelectorAll('[aria-label="Hosts of the fleet"] tbody tr')].filter((row) =>
        row.textContent?.includes(`in sync${wanted} (group/web)${wanted}`),
      ).length === 4,
    { polling: 100, timeout: 20_000 },
    version,
  );
}

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  pair = new NamespacePair({ ipv6: false });
  fleet('init');
  await firstLine(spawnFleet('front'));
  fleet('group', 'web', '--priority', '10', '--select', 'role = web');
  fleet('group', 'mail', '--priority', '5', '--select', 'role = mail');
  for (const host of WEB) join1(host, 'web');
  for (const host of ['mail1', 'mail2']) join1(host, 'mail');
  fleet('host', 'web5', '--label', 'role=backup');
  publish(80);
  fleet('order', 'group/web', 'web');
  publish(443);
  startHosts(WEB);
  const error = { seq: null, code: 'XDPOL_E_DRIFT', message: 'the policy tried here is assigned in place of web@1' };
  say(
    'mail1',
    statusReport({ isDrifted: true, error, inForce: { target: null, seq: null, sha256: null, policy: 'tried here' } }),
  );
  server = spawnFleet('console', '--no-open');
  browser = await startBrowser(pair, pair.host);
  page = await browser.newPage();
  await page.setBypassCSP(true);
  await page.goto(await firstLine(server));
  await waitForText(page, '7 hosts', '.totals');
});

afterAll(async () => {
  await browser?.close();
  pair?.[Symbol.dispose]();
});

test('every host with its state, searched and filtered by the server', async () => {
  await untilInForce('web@1');
  expect(await textOf(page, '.totals')).toBe('7 hosts4 in sync1 drifted1 silent1 not joined');
  expect((await hosts()).map((row) => row.split(' | ').slice(0, 2).join(' '))).toEqual([
    'mail1 drifted',
    'mail2 silent',
    'web5 not joined',
    ...WEB.map((host) => `${host} in sync`),
  ]);
  await press(page, '1 drifted');
  await page.waitForFunction(
    () => document.querySelectorAll('[aria-label="Hosts of the fleet"] tbody tr').length === 1,
  );
  await press(page, 'mail1');
  await waitForText(page, 'the policy tried here is assigned', '[aria-label="Host mail1"]');
  await press(page, 'Close');
  await press(page, '1 drifted');
  await page.type('[aria-label="Search hosts"]', 'role=web web3');
  await waitForText(page, 'web3', '[aria-label="Hosts of the fleet"] tbody tr:only-child');
  await fill(page, '[aria-label="Search hosts"]', 'x');
  await page.keyboard.press('Backspace');
  await waitForText(page, '7 of 7', '.search');
});

/** The dialog, filled in. */
async function beginRollout(seconds: string): Promise<void> {
  await press(page, 'Roll out…');
  await waitForText(page, 'group/web has 4 hosts', 'dialog');
  await fill(page, 'dialog input:not([type])', '1, 2, all');
  await fill(page, 'dialog input[type=number]', seconds);
  await waitForText(page, 'rings of 1, 1 and 2', 'dialog');
}

test('a rollout by rings: begun, watched, stopped, gone on with, and taken back', async () => {
  await beginRollout('600');
  await photographIn(page, FOLDER, 'fleet-roll-out');
  await press(page, 'Roll out to 4 hosts');
  await waitForText(page, 'Ring 1: 1 of 1 host', '.rings');
  expect(await textOf(page, '.rings')).toContain('Ring 2: 1 host');
  await photographIn(page, FOLDER, 'fleet-rollout', [3840, 390, 1280]);
  expect(await seriousFaults(page)).toEqual([]);
  await press(page, 'Stop…');
  await waitForText(page, '1 host of group/web is given web@2 already and keeps it; 3 hosts do not get it', 'dialog');
  await press(page, 'Stop');
  await waitForText(page, 'an operator stopped it', '.rollout');
  await press(page, 'Go on…');
  await waitForText(page, 'The next ring has 1 host', 'dialog');
  await press(page, 'Go on');
  await waitForText(page, 'the ring is held', '.rollout');
  await press(page, 'Roll back…');
  await waitForText(page, '1 host of 4 hosts of group/web gets web@1 at once', 'dialog');
  await press(page, 'Roll back 1 host');
  await waitForText(page, 'taken back', '[aria-label="Rollouts that are over"]');
  await untilInForce('web@1');
});

test('a rollout to its end, and with the keys alone the order before it again', async () => {
  await beginRollout('0');
  await press(page, 'Roll out to 4 hosts');
  await untilInForce('web@2');
  await waitForText(page, 'done', '[aria-label="Rollouts that are over"]');
  await pressOn(page, 'Roll back group/web');
  await waitForText(page, '4 hosts of 4 hosts of group/web get web@1 at once', 'dialog');
  await pressOn(page, 'Roll back 4 hosts');
  await untilInForce('web@1');
  expect(await nameOfFocused(page)).toBe('Roll back group/web');
  await waitForText(page, 'operator, administrator', '[aria-label="Changes of the fleet"]');
});

test('a policy from a file: refused with what is wrong, then published and rolled out', async () => {
  const file = join(pair.directory, 'from-here.yaml');
  writeFileSync(file, policyText(8080).replace('permit', 'permitt'));
  await press(page, 'Roll out…');
  await waitForText(page, 'group/web has 4 hosts', 'dialog');
  await page.select('dialog label:nth-of-type(2) select', 'a file');
  const input = await page.waitForSelector('dialog input[type=file]');
  await (input as unknown as Upload).uploadFile(file);
  await fill(page, 'dialog input[type=number]', '0');
  await press(page, 'Roll out to 4 hosts');
  await waitForText(page, 'permitt', 'dialog [role=alert]');
  const right = join(pair.directory, 'right.yaml');
  writeFileSync(right, policyText(8080));
  await (input as unknown as Upload).uploadFile(right);
  await press(page, 'Roll out to 4 hosts');
  await untilInForce('web@3');
});

test('without the signing key: what can be read is shown, and why nothing can be ordered', async () => {
  const key = join(centre(), 'signing.key');
  renameSync(key, `${key}.away`);
  await waitForText(page, 'Nothing new can be ordered here', '#unsigned');
  expect(await textOf(page, '#unsigned')).toContain('signing.key');
  expect(await page.$eval('[aria-label=Rollouts] .primary', (button) => (button as HTMLButtonElement).disabled)).toBe(
    true,
  );
  await photographIn(page, FOLDER, 'fleet-without-key');
  renameSync(`${key}.away`, key);
  await page.waitForFunction(() => document.querySelector('#unsigned') === null);
});

test('the server ends with the command, and the page says so', async () => {
  const ended = once(server, 'exit');
  server.kill('SIGINT');
  expect((await ended)[0]).toBe(0);
  await waitForText(page, 'does not answer', '[role=alert]');
  expect(await textOf(page, '.totals')).toContain('7 hosts');
});
