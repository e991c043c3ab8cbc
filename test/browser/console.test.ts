/** The web console in a browser, with a real agent and real traffic behind it. */

import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { consoleAddress, fill, press, startBrowser, textOf, waitForText } from '../support/browser.ts';
import { TestAuthority } from '../support/certificates.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { sendUdp, UdpSink } from '../support/udp.ts';
import { nameOfFocused, pressOn, tabTo } from './keyboard.ts';
import { seriousFaults } from './look-at-page.ts';
import { downloaded, untilSampled } from './samples-on-page.ts';

const POLICY = `name: edge
rules:
  - { name: web, action: permit, filters: [{ source: any, destination: me, protocol: udp, destinationPort: 1000 }] }
  - { name: noise, action: block, filters: [{ source: any, destination: me, protocol: udp, destinationPort: 2000 }] }
`;
const OTHER = `name: other
rules:
  - { name: all, action: block, filters: [{ source: any, destination: me, protocol: udp }] }
`;

/** Of the agent, for other hosts. */
const PORT = 9478;

const ROOT = new URL('../../', import.meta.url);

let pair: NamespacePair;
let agent: AgentProcess;
let authority: TestAuthority;
let browser: Browser;
let page: Page;
/** Every address that the page asked for. */
const asked: string[] = [];
/** What the page wrote to its console as errors: a violated content security policy among them. */
const complaints: string[] = [];

function store(name: string, text: string): void {
  const path = join(pair.directory, `${name}.yaml`);
  writeFileSync(path, text);
  pair.exec(pair.host, pair.xdpol('apply', path, '-i', 'eth0'));
}

async function openConsole(context: Browser | BrowserContext, ...options: readonly string[]): Promise<Page> {
  const opened = await context.newPage();
  opened.on('request', (request) => asked.push(request.url()));
  opened.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await opened.goto(consoleAddress(pair, ...options));
  await waitForText(opened, 'Overview', 'h1');
  return opened;
}

/** Shows a copy that the page does not know of, so that no answer that is on its way changes anything under axe. */
async function holdStill(): Promise<void> {
  await page.evaluate(() => document.body.replaceWith(document.body.cloneNode(true)));
}

async function show(screen: string): Promise<void> {
  await page.goto(`${new URL(page.url()).origin}/console/#/${screen}`);
}

beforeAll(async () => {
  pair = new NamespacePair({ ipv6: false });
  await UdpSink.start(pair, pair.host, [1000, 2000]);
  authority = await TestAuthority.make(join(pair.directory, 'pki'));
  const credentials = await authority.host('web1', pair.host.ipv4);
  writeFileSync(pair.config, `api: { listen: ":${PORT}", credentials: ${credentials} }\n`);
  agent = await AgentProcess.start(pair);
  browser = await startBrowser(pair, pair.host);
});

afterAll(async () => {
  await browser.close();
  pair[Symbol.dispose]();
});

describe('signing in', () => {
  test('a host without policies says so, and what to do', async () => {
    page = await openConsole(browser);
    await waitForText(page, 'No policy is in force: every packet passes.');
    expect(await textOf(page, 'main')).toContain('xdpol apply POLICY -i eth0');
    await press(page, 'Policies', 'link');
    await waitForText(page, 'No policy is stored.');
  });

  test('the token is gone from the address, and opens nothing again', async () => {
    const address = consoleAddress(pair);
    const context = await browser.createBrowserContext();
    const first = await context.newPage();
    await first.goto(address);
    await waitForText(first, 'Overview', 'h1');
    expect(first.url()).not.toContain('token');
    const second = await (await browser.createBrowserContext()).newPage();
    await second.goto(address);
    await waitForText(second, 'this address of the console was used, or it is too old');
    expect(await textOf(second, '.notice')).toContain('Help: get a new address on the host: xdpol console');
  });

  test('the cookie is out of reach of scripts and of other sites', async () => {
    const [cookie] = await browser.cookies();
    expect(cookie).toMatchObject({
      name: `xdpol-console-${new URL(page.url()).port}`,
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
    });
    expect(await page.evaluate(() => document.cookie)).toBe('');
  });

  test('the page may load nothing from elsewhere, and no script in line', async () => {
    const answer = await page.goto(page.url().replace(/#.*/u, ''));
    const policy = answer?.headers()['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(policy).not.toMatch(/https?:/u);
  });

  test('a change without the secret of the session is refused', async () => {
    const status = await page.evaluate(async () => (await fetch('/v1/unassign', { method: 'POST' })).status);
    expect(status).toBe(403);
  });

  test('a request by another name of the host is refused', () => {
    const url = `${new URL(page.url()).origin}/console/`;
    const answer = pair.exec(pair.host, ['curl', '-sS', '-H', 'Host: evil.example', url]);
    expect(JSON.parse(answer)).toMatchObject({ code: 'XDPOL_E_FORGED' });
  });

  test('ten wrong tokens end the attempts for a minute', async () => {
    const url = `${new URL(page.url()).origin}/console/session`;
    const codes = Array.from({ length: 12 }, () => {
      const body = ['-H', 'content-type: application/json', '-d', '{"token":"wrong"}'];
      const answer = pair.exec(pair.host, ['curl', '-sS', ...body, url]);
      return (JSON.parse(answer) as { readonly code: string }).code;
    });
    expect(codes.at(0)).toBe('XDPOL_E_SIGNED_OUT');
    expect(codes.at(-1)).toBe('XDPOL_E_SIGN_IN_LIMIT');
    await page.reload();
    await waitForText(page, 'Overview', 'h1');
  });
});

describe('what is in force', () => {
  test('the overview shows interfaces, verdicts and the rule that drops, as they come', async () => {
    store('edge', POLICY);
    await waitForText(page, 'edge, version 1', '.facts');
    sendUdp(pair, pair.peer, [
      { to: pair.host.ipv4, port: 1000, count: 30 },
      { to: pair.host.ipv4, port: 2000, count: 70 },
    ]);
    await page.waitForFunction(
      () =>
        [...document.querySelectorAll('tr')].some(({ textContent }) =>
          /^eth0ingressxdp.*edge.*30.*70/u.test(textContent),
        ),
      { polling: 100 },
    );
    const rows = await page.$$eval('.columns tbody tr:not(.u-series)', (found) => found.map((row) => row.textContent));
    expect(rows[0]).toMatch(/^noiseeth0 ingressdrop70/u);
  });

  test('the policies have the assigned one marked', async () => {
    store('other', OTHER);
    await press(page, 'Policies', 'link');
    await waitForText(page, 'other', 'tbody');
    const rows = await page.$$eval('tbody tr', (found) => found.map((row) => row.textContent));
    expect(rows.map((row) => row.slice(0, 5))).toEqual(['edge1', 'other']);
    expect(rows.map((row) => row.includes('version 1'))).toEqual([false, true]);
  });
});

describe('a change', () => {
  test('is assigned with a time to confirm, and kept', async () => {
    await page.locator('tbody tr:first-child button').click();
    await press(page, 'Assign');
    await waitForText(page, 'edge, version 1, waits to be confirmed');
    expect(await textOf(page, '.countdown')).toMatch(/^(?:1:00|0:5\d)$/u);
    await press(page, 'Keep');
    await page.waitForFunction(() => document.querySelector('.pending') === null, { polling: 100 });
    expect(pair.exec(pair.host, pair.xdpol('status'))).toContain('edge');
    await waitForText(page, 'version 1', 'tbody tr:first-child .mark');
  });

  test('that nobody keeps goes back by itself', async () => {
    await page.locator('tbody tr:nth-child(2) button').click();
    // The dialog's shortest time is 30 s: here 5 s, which the page sends as it sends any other.
    await page.$eval('dialog option', (option) => {
      option.value = '5';
    });
    await page.select('dialog select', '5');
    await press(page, 'Assign');
    await waitForText(page, 'other, version 1, waits to be confirmed');
    await page.waitForFunction(() => document.querySelector('.pending') === null, { polling: 100 });
    await waitForText(page, 'version 1', 'tbody tr:first-child .mark');
    expect(JSON.parse(pair.exec(pair.host, pair.xdpol('status', '--json')))).toMatchObject({ policy: 'edge' });
  });

  test('that the host refuses is told with the next step', async () => {
    await page.locator('tbody tr:nth-child(2) button').click();
    await fill(page, 'dialog input', 'eth9');
    await press(page, 'Assign');
    await waitForText(page, 'XDPOL_E_NO_INTERFACE', 'dialog .notice');
    expect(await textOf(page, 'dialog .help')).toContain('Help:');
    await press(page, 'Cancel');
  });

  test('leaves the versions, with who stored each', async () => {
    const [record] = (
      JSON.parse(pair.exec(pair.host, pair.xdpol('history', 'edge', '--json'))) as {
        readonly versions: readonly { readonly who: string }[];
      }
    ).versions;
    expect(record?.who).toBe('root');
    await page.locator('tbody tr:first-child a').click();
    await waitForText(page, 'destinationPort: 2000', 'pre');
  });
});

describe('dropped packets', () => {
  test('are shown as they come, and can be explained', async () => {
    store('edge', POLICY);
    await show('drops');
    await waitForText(page, 'No packet was dropped since this page was opened.', 'main');
    // Samples are taken from when the agent has been asked for them.
    await untilSampled(page, () => sendUdp(pair, pair.peer, [{ to: pair.host.ipv4, port: 2000, count: 2 }]));
    const [cells = []] = await page.$$eval('tbody tr', (rows) =>
      rows.map((row) => [...row.children].map(({ textContent }) => textContent)),
    );
    expect(cells.slice(1, 3)).toEqual(['eth0 in', 'drop']);
    expect(cells.slice(4)).toEqual(['rule noise', '142']);
    expect(cells[3]).toMatch(new RegExp(`^udp ${pair.peer.ipv4}:\\d+ -> ${pair.host.ipv4}:2000$`, 'u'));
  });

  test('stay as they are while the list is paused, and are downloaded with their comments', async () => {
    await press(page, 'Pause');
    const shown = await page.$$eval('tbody tr', (rows) => rows.length);
    sendUdp(pair, pair.peer, [{ to: pair.host.ipv4, port: 2000, count: 3 }]);
    const file = join(pair.directory, 'drops.pcapng');
    writeFileSync(file, Buffer.from(await downloaded(page), 'base64'));
    const fields = [
      '-T',
      'fields',
      '-e',
      'frame.interface_name',
      '-e',
      'udp.dstport',
      '-e',
      'frame.len',
      '-e',
      'frame.comment',
    ];
    const lines = pair
      .exec(pair.host, ['tshark', '-r', file, ...fields])
      .trim()
      .split('\n');
    expect(lines).toEqual(Array.from({ length: shown }, () => 'eth0\t2000\t142\tdrop: rule noise of edge'));
    expect(await page.$$eval('tbody tr', (rows) => rows.length)).toBe(shown);
    await press(page, 'Continue');
    await page.waitForFunction(
      (before) => document.querySelectorAll('tbody tr').length > before,
      { polling: 100 },
      shown,
    );
  });

  test('of one rule are followed with those that it passes', async () => {
    await page.select('main select', 'web');
    await waitForText(page, 'No packet was dropped since this page was opened.', 'main');
    await page.locator('main input[type=checkbox]').click();
    await untilSampled(page, () => sendUdp(pair, pair.peer, [{ to: pair.host.ipv4, port: 1000, count: 1 }]));
    expect(await textOf(page, 'tbody')).toContain('pass');
    expect(await textOf(page, 'tbody')).not.toContain('rule noise');
  });

  test('lead to their explanation', async () => {
    await page.locator('tbody tr:first-child a').click();
    await waitForText(page, 'rule web', '[aria-label=Answer]');
    expect(await textOf(page, '[aria-label=Answer]')).toContain('pass');
  });

  test('are not shown to a viewer, who is told why', async () => {
    const viewer = await openConsole(await browser.createBrowserContext(), '--role', 'viewer');
    await press(viewer, 'Drops', 'link');
    await waitForText(viewer, 'xdpol console --role operator', 'main');
    await viewer.close();
  });
});

describe('the report', () => {
  test('has the window, the rules that decided, and those that matched nothing', async () => {
    store(
      'edge',
      `${POLICY}  - { name: unused, action: permit, filters: [{ source: any, destination: me, protocol: udp, destinationPort: 9 }] }\n`,
    );
    sendUdp(pair, pair.peer, [{ to: pair.host.ipv4, port: 2000, count: 4 }]);
    await show('report');
    await waitForText(page, 'Policy edge, observed from', 'main');
    expect(await textOf(page, '[aria-label="Rules by packets"] tbody')).toMatch(/noiseblock\d+/u);
    expect(await textOf(page, '[aria-label="Rules that matched no packet"] tbody')).toMatch(/^unusedpermit0.*never$/u);
    await waitForText(page, 'unused: it matched no packet: the rule could be deleted.', '.candidates');
    await page.select('main select', String(86_400));
    await waitForText(page, 'unused: it matched no packet', '.candidates');
  });
});

describe('live sets', () => {
  test('get members with an end and a note, refuse those of the host, and lose them', async () => {
    store(
      'edge',
      `addressSets: { bans: { live: true, capacity: 1000 } }\n${POLICY}  - { name: banned, action: block, filters: [{ source: $bans, destination: me }] }\n`,
    );
    await show('sets');
    await waitForText(page, 'The set has no member.', 'main');
    await fill(page, 'form.row input', `198.51.100.9 ${pair.host.ipv4}`);
    await fill(page, 'form.row label:nth-of-type(3) input', 'ssh');
    await press(page, 'Add');
    await waitForText(page, '198.51.100.9', '[aria-label="Members of bans"]');
    expect(await textOf(page, '[aria-label="Members of bans"] tbody')).toMatch(/^198\.51\.100\.9\d.*sshRemove$/u);
    expect(await textOf(page, 'main')).toContain('1 refused:');
    const held = pair.run(pair.host, pair.xdpol('set', 'test', 'bans', '198.51.100.9'));
    expect(held.status).toBe(0);
    await press(page, 'Remove 198.51.100.9');
    await waitForText(page, 'The set has no member.', 'main');
    expect(pair.run(pair.host, pair.xdpol('set', 'test', 'bans', '198.51.100.9')).status).toBe(3);
  });
});

describe('with the keys alone', () => {
  /** From the top of the page, as after a jump there. */
  async function toScreen(screen: string): Promise<void> {
    await pressOn(page, screen);
    await waitForText(page, screen, 'h1');
  }

  test('a policy is assigned and kept; Escape closes a dialog, and the focus is where it was', async () => {
    await show('overview');
    await page.reload();
    await waitForText(page, 'Overview', 'h1');
    await toScreen('Policies');
    await pressOn(page, 'Assign…');
    await waitForText(page, 'takes effect at once', 'dialog');
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelector('dialog') === null);
    expect(await nameOfFocused(page)).toBe('Assign…');
    await page.keyboard.press('Enter');
    await waitForText(page, 'takes effect at once', 'dialog');
    await pressOn(page, 'Cancel');
    await page.waitForFunction(() => document.querySelector('dialog') === null);
    expect(await nameOfFocused(page)).toBe('Assign…');
    await page.keyboard.press('Enter');
    await waitForText(page, 'takes effect at once', 'dialog');
    await page.keyboard.press('Enter');
    await waitForText(page, 'waits to be confirmed');
    await pressOn(page, 'Keep');
    await page.waitForFunction(() => document.querySelector('.pending') === null, { polling: 100 });
  });

  test('a rule is added by the wizard and saved; Tab leaves the editor', async () => {
    await pressOn(page, 'edge');
    await waitForText(page, 'edge', 'h1');
    await pressOn(page, 'Edit');
    await waitForText(page, 'edge: rules: 3', '[aria-label=Findings]');
    await tabTo(page, 'Text of edge');
    await page.keyboard.down('Control');
    await page.keyboard.press('End');
    await page.keyboard.up('Control');
    await page.keyboard.type('# by keys');
    await page.keyboard.press('Escape');
    await pressOn(page, 'Add rule…');
    await waitForText(page, 'Add rule: Rule', 'dialog h2');
    await page.keyboard.type('by keys');
    for (const step of ['Source', 'Destination', 'Protocol', 'Way back', 'Review']) {
      await pressOn(page, 'Next');
      await waitForText(page, `Add rule: ${step}`, 'dialog h2');
      // Of what can be chosen there, the other one and back.
      if (step === 'Source') for (const key of ['ArrowDown', 'ArrowUp'] as const) await page.keyboard.press(key);
    }
    await waitForText(page, 'by keys', 'dialog');
    await page.waitForSelector('dialog button[type=submit]:not([disabled])');
    await pressOn(page, 'Add to the text');
    await waitForText(page, 'edge: rules: 4', '[aria-label=Findings]');
    expect(await nameOfFocused(page)).toBe('Add rule…');
    await pressOn(page, 'Save');
    await waitForText(page, 'Versions', 'main');
    await waitForText(page, 'by keys', '[aria-label=Rules]');
  });

  test('members, charts and packets are typed, and lists are paused, searched and looked through', async () => {
    await toScreen('Sets');
    await tabTo(page, 'Addresses');
    await page.keyboard.type('198.51.100.77');
    await page.keyboard.press('Enter');
    await waitForText(page, '198.51.100.77', '[aria-label="Members of bans"]');
    await pressOn(page, 'Remove 198.51.100.77');
    await waitForText(page, 'The set has no member.', 'main');
    await toScreen('Chart');
    for (const [column, text] of [
      ['Role', 'Web server'],
      ['Direction', 'in'],
      ['From/to', 'any'],
      ['Interface IP address', pair.host.ipv4],
      ['IP Protocol', 'TCP'],
      ['TCP/UDP port', '443'],
    ] as const) {
      await tabTo(page, `${column}, row 1`);
      await page.keyboard.type(text);
    }
    await waitForText(page, 'Web server', 'main pre');
    await toScreen('Explain');
    await tabTo(page, 'Packet');
    await page.keyboard.type(`udp ${pair.peer.ipv4}:4000 -> ${pair.host.ipv4}:2000`);
    await page.keyboard.press('Enter');
    await waitForText(page, 'rule noise', '.facts');
    await toScreen('Drops');
    await pressOn(page, 'Pause', 'Space');
    await waitForText(page, 'Continue', 'main');
    await toScreen('Report');
    await waitForText(page, 'observed from', 'main');
    await tabTo(page, 'Rules by packets');
    await toScreen('Doctor');
    await waitForText(page, 'checks, of the host', 'main');
    await pressOn(page, 'Look again');
    await waitForText(page, 'checks, of the host', 'main');
    await toScreen('Changes');
    await tabTo(page, 'Search Changes');
    await page.keyboard.type('store');
    await page.waitForFunction(
      () => [...document.querySelectorAll('tbody tr:not(.space)')].every((row) => row.textContent?.includes('store')),
      { polling: 100 },
    );
    await tabTo(page, 'Changes, the newest first');
  });
});

describe('live sets with a feed', () => {
  test('show where their members come from, and why they may be old', async () => {
    const list = join(pair.directory, 'listed.txt');
    writeFileSync(list, '198.51.100.0/24\n203.0.113.7\n');
    const sets = `addressSets: { listed: { file: ${list}, watch: true } }`;
    const rule = '  - { name: listed, action: block, filters: [{ source: $listed, destination: me }] }';
    store('edge', `${sets}\n${POLICY}${rule}\n`);
    // The feed is read within seconds.
    const reloadUntil = async (selector: string): Promise<void> => {
      for (let i = 0; i < 30 && (await page.$(selector)) === null; i++) {
        await sleep(500);
        await page.reload();
        await press(page, 'listed');
        await waitForText(page, list, '.facts');
      }
    };
    await show('sets');
    await page.reload();
    await waitForText(page, 'listed', 'tbody');
    await press(page, 'listed');
    await waitForText(page, list, '.facts');
    await reloadUntil('[aria-label="Members of listed"]');
    await waitForText(page, '203.0.113.7', '[aria-label="Members of listed"]');
    expect(await page.$('form.row button.primary')).toBeNull();
    writeFileSync(list, 'no address\n');
    await reloadUntil('main .notice.warn');
    await waitForText(page, 'The last members stay:', 'main .notice.warn');
    await waitForText(page, '203.0.113.7', '[aria-label="Members of listed"]');
  });
});

describe('a viewer', () => {
  test('sees the host and no button that changes it', async () => {
    const viewer = await openConsole(await browser.createBrowserContext(), '--role', 'viewer');
    await press(viewer, 'Policies', 'link');
    await waitForText(viewer, 'edge', 'tbody');
    expect(await viewer.$$eval('main button', (found) => found.map((button) => button.textContent))).toEqual([]);
    const refused = await viewer.evaluate(async () => {
      const { csrf } = (await (await fetch('/console/session')).json()) as { readonly csrf: string };
      const answer = await fetch('/v1/unassign', { method: 'POST', headers: { 'xdpol-csrf': csrf } });
      return { status: answer.status, body: (await answer.json()) as unknown };
    });
    expect(refused).toMatchObject({ status: 403, body: { code: 'XDPOL_E_ROLE' } });
    await viewer.close();
  });
});

describe('the console of another host', () => {
  /** Of an operator at the peer; what the command prints first is the address. */
  async function consoleFrom(operator: string, there: Browser, ...options: readonly string[]): Promise<Page> {
    const folder = await authority.operator(operator, operator === 'alice' ? 'administrator' : 'viewer');
    const command = (...words: readonly string[]): readonly string[] => [
      ...['env', `XDPOL_CLIENT_DIR=${folder}`, 'XDPOL_AGENT_SOCKET='],
      ...pair.xdpol(...words),
    ];
    pair.exec(pair.peer, command('host', 'add', 'web1', `https://${pair.host.ipv4}:${PORT}`));
    const server = pair.spawn(pair.peer, command('--host', 'web1', 'console', '--no-open', ...options), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(server, 'exit').then(() => ['the command ended']);
    const [line] = (await Promise.race([
      once(present(server.stdout).setEncoding('utf8'), 'data'),
      ended,
    ])) as readonly string[];
    const opened = await there.newPage();
    await opened.goto(present(line).trim());
    await waitForText(opened, 'Overview', 'h1');
    return opened;
  }

  test('is served where the operator is, and asks with his certificate', async () => {
    const there = await startBrowser(pair, pair.peer);
    const alice = await consoleFrom('alice', there);
    expect(await textOf(alice, '.host')).toBe('web1');
    await waitForText(alice, 'edge, version', '.facts');
    await press(alice, 'Policies', 'link');
    await alice.locator('tbody tr:first-child button').click();
    await press(alice, 'Assign');
    await waitForText(alice, 'waits to be confirmed');
    await press(alice, 'Keep');
    await alice.waitForFunction(() => document.querySelector('.pending') === null, { polling: 100 });
    await press(alice, 'Changes', 'link');
    await waitForText(alice, 'certificate alice', 'tbody');
    await press(alice, 'Drops', 'link');
    await waitForText(alice, 'No packet was dropped since', 'main');
    await untilSampled(alice, () => sendUdp(pair, pair.peer, [{ to: pair.host.ipv4, port: 2000, count: 2 }]));
    await waitForText(alice, 'rule noise', 'tbody');
    const vera = await consoleFrom('vera', there);
    await press(vera, 'Policies', 'link');
    await waitForText(vera, 'edge', 'tbody');
    expect(await vera.$$eval('main button', (found) => found.map((button) => button.textContent))).toEqual([]);
    await there.close();
  });

  test('needs a certificate that the host knows', () => {
    const url = `https://${pair.host.ipv4}:${PORT}/v1/status`;
    const without = pair.run(pair.peer, ['curl', '-sS', '--cacert', join(authority.folder, 'ca.crt'), url]);
    expect([without.status, without.stdout]).toEqual([56, '']);
  });
});

describe('the page as a whole', () => {
  test('is below 250 kB, packed', () => {
    const sizes = ['index.html', 'app.js', 'app.css', 'icon.svg'].map(
      (name) => gzipSync(readFileSync(new URL(`dist/console/${name}`, ROOT))).length,
    );
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(250_000);
  });

  test('has nothing that axe finds serious, on any screen', async () => {
    await page.setBypassCSP(true);
    const screens = {
      overview: 'table',
      policies: 'table',
      'policies/edge': 'table',
      'edit/edge': '.editor',
      sets: 'table',
      chart: 'table',
      explain: 'form',
      drops: 'form',
      report: 'table',
      doctor: '.findings, .empty',
      changes: 'table',
    };
    for (const [screen, content] of Object.entries(screens)) {
      await page.goto(`${new URL(page.url()).origin}/console/#/${screen}`);
      await page.reload();
      await page.waitForSelector(`main :is(${content})`);
      await holdStill();
      expect(await seriousFaults(page)).toEqual([]);
    }
  });

  test('asked nobody but the agent, and broke no rule of its security policy', () => {
    const { origin } = new URL(page.url());
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith(`blob:${origin}`))).toEqual([]);
    expect(complaints.filter((text) => /Content Security Policy/iu.test(text))).toEqual([]);
  });

  test('says when the agent is gone, and keeps what it showed', async () => {
    await page.goto(`${new URL(page.url()).origin}/console/#/overview`);
    await page.reload();
    await waitForText(page, 'edge', '.facts');
    await agent.end('SIGTERM');
    await waitForText(page, 'The agent does not answer.');
    expect(await textOf(page, '.facts')).toContain('edge');
  });
});
