/**
 * The article's walk through the original's console, done in this one: two filter lists, a policy with a rule for each,
 * assigned. It ends with the policy that the article's three commands make.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
import { choose, consoleAddress, fill, press, startBrowser, textOf, waitForText } from '../support/browser.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { sendUdp, UdpSink } from '../support/udp.ts';

const FOLDER = fileURLToPath(new URL('../../build/screens/', import.meta.url));

let pair: NamespacePair;
let browser: Browser;
let page: Page;

function xdpol(...args: readonly string[]): string {
  return pair.exec(pair.host, pair.xdpol(...args));
}

async function next(title: string): Promise<void> {
  await press(page, 'Next');
  await waitForText(page, title, 'dialog h2');
}

interface FilterPages {
  readonly protocol: string;
  readonly port: string;
}

/** The pages of the wizard from the source on. */
async function answerFilter({ protocol, port }: FilterPages): Promise<void> {
  await choose(page, 'Any address');
  await next('Destination');
  await choose(page, 'Addresses or subnets');
  await fill(page, 'dialog > form > div > label input', pair.host.ipv4);
  await next('Protocol');
  await page.select('dialog select', protocol);
  if (port !== '') await fill(page, 'dialog input', port);
  await next('Way back');
  await choose(page, 'Yes, mirrored');
  await next('Review');
}

async function photograph(name: string): Promise<void> {
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
}

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  pair = new NamespacePair({ ipv6: false });
  await UdpSink.start(pair, pair.host, [80, 443, 53]);
  await AgentProcess.start(pair);
  browser = await startBrowser(pair, pair.host);
  page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(consoleAddress(pair));
  await waitForText(page, 'Overview', 'h1');
});

afterAll(async () => {
  await browser.close();
  pair[Symbol.dispose]();
});

describe('creating the policy', () => {
  test('a new policy has a name, and permits what no filter matches', async () => {
    await press(page, 'Policies', 'link');
    await press(page, 'New policy', 'link');
    await waitForText(page, 'New policy', 'h1');
    const name = await page.waitForSelector('.editor >>> .cm-line');
    await name?.click();
    await page.keyboard.press('Home');
    await page.keyboard.down('Shift');
    await page.keyboard.press('End');
    await page.keyboard.up('Shift');
    await page.keyboard.type('name: Packet Filter');
    await waitForText(page, 'Packet Filter: rules: 0, filters: 0');
  });

  test('the list of permitted protocols gets a filter for each port', async () => {
    await press(page, 'Add rule…');
    await fill(page, 'dialog input', 'Inbound web protocols');
    await choose(page, 'Permit');
    await next('Source');
    await answerFilter({ protocol: 'tcp', port: '80' });
    await waitForText(page, 'Lines that change', 'dialog');
    await press(page, 'Another filter');
    await waitForText(page, 'Source', 'dialog h2');
    await answerFilter({ protocol: 'tcp', port: '443' });
    await waitForText(page, 'Lines that change', 'dialog');
    expect(await textOf(page, 'dialog ul')).toContain(
      `Permit TCP packets from any address to ${pair.host.ipv4}, port 443.`,
    );
    expect(await textOf(page, 'dialog ul')).toContain('Whoever sends them may open connections too.');
    await photograph('wizard-review');
    await press(page, 'Add to the text');
    await waitForText(page, 'Packet Filter: rules: 1, filters: 2');
  });

  test('a second rule blocks all inbound traffic, and the wizard says whose verdict that changes', async () => {
    await press(page, 'Add rule…');
    await fill(page, 'dialog input', 'All inbound traffic');
    await choose(page, 'Block');
    await next('Source');
    await answerFilter({ protocol: 'any', port: '' });
    await waitForText(page, 'Packets such as', 'dialog');
    const packets = await textOf(page, 'dialog table');
    expect(packets).toMatch(/pass, the default\s*drop, All inbound traffic/u);
    await press(page, 'Add to the text');
    await waitForText(page, 'Packet Filter: rules: 2, filters: 3');
    await photograph('editor');
    await press(page, 'Save');
    await waitForText(page, 'Packet Filter', 'h1');
  });

  test('it is the policy that the three commands make', () => {
    const web = [80, 443].map((port) => `*+${pair.host.ipv4}:${port}:TCP`);
    const three = [
      ['-w', 'REG', '-p', 'Three', '-r', 'Inbound web protocols', '-f', ...web, '-n', 'PASS'],
      ['-w', 'REG', '-p', 'Three', '-r', 'All inbound traffic', '-f', `*+${pair.host.ipv4}`, '-n', 'BLOCK'],
    ];
    for (const words of three) xdpol('ipsecpol', ...words);
    const { rules, packets } = JSON.parse(xdpol('diff', 'Packet Filter', 'Three', '--json')) as {
      readonly rules: readonly unknown[];
      readonly packets: { readonly changes: readonly unknown[] };
    };
    expect(rules).toEqual([]);
    expect(packets.changes).toEqual([]);
  });
});

describe('assigning it', () => {
  test('the policy is assigned, kept, and drops what the rules say', async () => {
    await press(page, 'Assign…');
    await fill(page, 'dialog input', 'eth0');
    await press(page, 'Assign');
    await waitForText(page, 'Packet Filter, version 1, waits to be confirmed');
    await press(page, 'Keep');
    await page.waitForFunction(() => document.querySelector('.pending') === null, { polling: 100 });
    sendUdp(pair, pair.peer, [{ to: pair.host.ipv4, port: 53, count: 40 }]);
    await page.waitForFunction(
      () =>
        [...document.querySelectorAll('.virtual tbody tr')].some(({ textContent }) =>
          /^All inbound trafficblock40/u.test(textContent),
        ),
      { polling: 100 },
    );
    await photograph('policy');
  });

  test('explain says why one of them was dropped', async () => {
    await press(page, 'Explain', 'link');
    await fill(page, 'main input', `udp ${pair.peer.ipv4}:4000 -> ${pair.host.ipv4}:53`);
    await press(page, 'Explain');
    await waitForText(page, 'rule All inbound traffic', '.facts');
    await fill(page, 'main input', `tcp ${pair.peer.ipv4}:4000 -> ${pair.host.ipv4}:443`);
    await press(page, 'Explain');
    await waitForText(page, 'rule Inbound web protocols', '.facts');
    const rows = await page.$$eval('tbody tr', (found) => found.map((row) => row.textContent));
    expect(rows.map((row) => row.slice(0, 11))).toEqual(['1Inbound we', '2All inboun']);
    await photograph('explain');
  });

  test('the log has who stored it, and who assigned it', async () => {
    await press(page, 'Changes', 'link');
    await waitForText(page, 'Packet Filter@1', 'tbody');
    const log = await textOf(page, 'tbody');
    expect(log).toMatch(/root \(console\)confirm/u);
    expect(log).toMatch(/root \(console\)store.*Packet Filter@1/u);
    await press(page, 'Doctor', 'link');
    await waitForText(page, 'checks, of the host and of eth0');
  });
});

describe('a mistake', () => {
  test('is shown where it is, as it is typed, and cannot be saved', async () => {
    await press(page, 'Policies', 'link');
    await press(page, 'Packet Filter', 'link');
    await press(page, 'Edit', 'link');
    const line = await page.waitForSelector('.editor >>> .cm-line:last-child');
    await line?.click();
    await page.keyboard.down('Control');
    await page.keyboard.press('End');
    await page.keyboard.up('Control');
    await page.keyboard.press('Escape');
    await page.keyboard.type('defualt:    block');
    await waitForText(page, 'defualt', '[aria-label="Findings"]');
    expect(await textOf(page, '[aria-label="Findings"]')).toContain('did you mean');
    const isDisabled = await page.$eval('.heading .primary', (button) => (button as HTMLButtonElement).disabled);
    expect(isDisabled).toBe(true);
  });

  test('does not keep the text from being put into the usual layout', async () => {
    const lines = (): Promise<readonly string[]> =>
      page.$$eval('.editor >>> .cm-line', (found) => found.map(({ textContent }) => textContent ?? ''));
    expect(await lines()).toContain('defualt:    block');
    await press(page, 'Format');
    await expect.poll(lines, { timeout: 10_000 }).toContain('defualt: block');
  });

  test('is not lost by a look at another screen, and discarded when it is asked for', async () => {
    await press(page, 'Overview', 'link');
    await page.goBack();
    await waitForText(page, 'defualt', '[aria-label="Findings"]');
    await press(page, 'Discard');
    await waitForText(page, 'Versions');
    await press(page, 'Edit', 'link');
    await waitForText(page, 'rules: 2, filters: 3');
  });
});

describe('planning with a chart', () => {
  const COLUMNS = ['Role', 'Direction', 'From/to', 'Interface IP address', 'IP Protocol', 'TCP/UDP port'];

  async function type(row: number, cells: readonly string[]): Promise<void> {
    for (const [i, cell] of cells.entries()) {
      await fill(page, `::-p-aria([name="${COLUMNS[i]}, row ${row}"][role="textbox"])`, cell);
    }
  }

  test('a mistake is shown with its row', async () => {
    await press(page, 'Chart', 'link');
    await type(1, ['Web server', 'sideways', 'any', pair.host.ipv4, 'TCP', '80, 443']);
    await waitForText(page, 'row 1: Direction: expected in, out', '.diagnostics');
  });

  test('the chart becomes the policy that import makes of it, in the editor', async () => {
    await type(1, ['Web server', 'in', 'any', pair.host.ipv4, 'TCP', '80, 443']);
    await press(page, 'Add row');
    await type(2, ['Mail server', 'in', 'any', pair.host.ipv4, 'TCP', '25']);
    await waitForText(page, 'Mail server', 'main pre');
    const text = await textOf(page, 'main pre');
    await press(page, 'Open as a policy');
    await waitForText(page, 'Packet Filter: rules: 3');
    const path = join(pair.directory, 'chart.csv');
    const rows = [COLUMNS, ...['Web server;80, 443', 'Mail server;25'].map((row) => row.split(';'))].map((row) =>
      row.length === 2 ? [row[0], 'in', 'any', pair.host.ipv4, 'TCP', row[1]] : row,
    );
    writeFileSync(path, rows.map((row) => `${row.map((cell) => `"${cell}"`).join(',')}\n`).join(''));
    const imported = join(pair.directory, 'imported.yaml');
    xdpol('import', path, '-o', imported);
    const typed = join(pair.directory, 'typed.yaml');
    writeFileSync(typed, text);
    expect(JSON.parse(xdpol('diff', typed, imported, '--json'))).toMatchObject({ rules: [], packets: { changes: [] } });
  });
});
