/**
 * How the console feels with large policies and sets, and whether an open one grows:
 * npx tsx test/browser/measure-console.ts [RULES [MEMBERS [MINUTES]]], as root.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'puppeteer-core';
import { AgentProcess } from '../support/agent-process.ts';
import { consoleAddress, press, startBrowser, waitForText } from '../support/browser.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { sendUdp, UdpSink } from '../support/udp.ts';

/** Milliseconds. */
const LONGEST_SCREEN = 300_000;
const [rules = 1000, members = 0, minutes = 0] = process.argv.slice(2).map(Number);
/** What must be in the page for it to be usable, by screen. */
const SCREENS: Readonly<Record<string, string>> = {
  overview: '.facts',
  policies: 'tbody tr',
  'policies/large': '[aria-label=Rules] tbody tr',
  'edit/large': '.editor',
  sets: members > 0 ? '[aria-label="Members of bans"] tbody tr, [aria-label="Set bans"]' : 'main .scroll',
  explain: 'form',
  drops: 'form',
  report: 'main .scroll',
  changes: 'tbody tr',
};
/** In the page: milliseconds of each task that kept it busy for more than 50, and how long the last input took. */
const WATCH = `
  globalThis.busy = [];
  new PerformanceObserver((list) => busy.push(...list.getEntries().map((e) => e.duration))).observe({ type: 'longtask', buffered: true });
`;

function policyText(): string {
  const lines = Array.from({ length: rules }, (_, i) => {
    const source = `10.${(i >> 9) & 255}.${(i >> 1) & 255}.1`;
    const filter = `{ source: ${source}, destination: me, protocol: udp, destinationPort: ${1 + (i & 1)} }`;
    return `  - { name: customer ${String(i).padStart(6, '0')}, action: ${i % 3 === 0 ? 'block' : 'permit'}, filters: [${filter}] }`;
  });
  const sets = 'addressSets: { bans: { live: true, capacity: 1000000 } }\n';
  const ban = '  - { name: banned, action: block, filters: [{ source: $bans, destination: me }] }\n';
  return `name: large\n${sets}rules:\n${ban}${lines.join('\n')}\n`;
}

async function heapOf(page: Page): Promise<number> {
  const session = await page.createCDPSession();
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize / 1e6;
}

async function busyOf(page: Page): Promise<string> {
  const busy = (await page.evaluate('busy')) as readonly number[];
  await page.evaluate('busy.length = 0');
  return `${busy.length} long tasks, longest ${Math.round(Math.max(0, ...busy))} ms`;
}

/** Milliseconds from a key in the search field until the page has drawn its answer. */
async function searchTime(page: Page): Promise<string> {
  const field = await page.$('main input[type=search]');
  if (field === null) return 'no search';
  await field.click();
  const time = await page.evaluate(async () => {
    const input = document.querySelector<HTMLInputElement>('main input[type=search]');
    if (input === null) return -1;
    const started = performance.now();
    input.value = '77';
    input.dispatchEvent(new Event('input', { bubbles: true }));
    do await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    while (
      input
        .closest('.search')
        ?.nextElementSibling?.querySelector('tbody tr:not(.space)')
        ?.textContent?.includes('77') !== true &&
      performance.now() - started < 50_000
    );
    return performance.now() - started;
  });
  return `search ${time.toFixed(0)} ms`;
}

/** Longer than one call to the browser may take. */
async function waitFor(page: Page, selector: string): Promise<void> {
  const end = Date.now() + LONGEST_SCREEN;
  while ((await page.$(selector)) === null) {
    if (Date.now() > end) throw new Error(`no ${selector} in ${LONGEST_SCREEN / 1000} s`);
    await sleep(20);
  }
}

/** Asks for /healthz all the time, as a monitor that is too eager would. */
class HealthWatch {
  #longest = 0;

  constructor(pair: NamespacePair, url: string) {
    const ask = `setInterval(async () => { const at = performance.now(); await (await fetch('${url}/healthz')).text();
      console.log(performance.now() - at); }, 50);`;
    const child = pair.spawn(pair.host, [process.execPath, '-e', ask], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout?.on('data', (lines: Buffer) => {
      this.#longest = Math.max(this.#longest, ...lines.toString().trim().split('\n').map(Number));
    });
  }

  /** Since the last call. */
  take(): string {
    const longest = this.#longest;
    this.#longest = 0;
    return `longest /healthz ${Math.round(longest)} ms`;
  }
}

/** Of the agent, its threads among it. */
function memoryOf(pid: number): string {
  const kilobytes = /^VmRSS:\s+(?<size>\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.groups?.['size'];
  return `agent ${Math.round(Number(kilobytes) / 1024)} MiB`;
}

async function measureAssign(page: Page): Promise<void> {
  const started = performance.now();
  await page.goto(`${new URL(page.url()).origin}/console/#/policies/large`);
  await page.reload();
  await waitFor(page, '[aria-label=Rules] tbody tr');
  await press(page, 'Assign…');
  await page.waitForSelector('dialog[open]');
  await press(page, 'Assign');
  await waitFor(page, '.pending');
  console.log(`assign: ${Math.round(performance.now() - started)} ms, ${health.take()}, ${memoryOf(agent.pid)}`);
}

async function measureScreens(page: Page): Promise<void> {
  const { origin } = new URL(page.url());
  for (const [screen, selector] of Object.entries(SCREENS)) {
    const started = performance.now();
    await page.goto(`${origin}/console/#/${screen}`);
    await page.reload();
    try {
      await waitFor(page, selector);
      const usable = performance.now() - started;
      const paint = (await page.evaluate(
        `performance.getEntriesByName('first-contentful-paint')[0]?.startTime`,
      )) as number;
      await sleep(5000);
      const busy = await busyOf(page);
      const search = await searchTime(page);
      console.log(
        `${screen}: painted ${paint.toFixed(0)} ms, usable ${usable.toFixed(0)} ms, in 5 s ${busy}, ${search}, heap ${(await heapOf(page)).toFixed(1)} MB, ${health.take()}, ${memoryOf(agent.pid)}`,
      );
    } catch (error) {
      console.log(`${screen}: ${String(error)}`);
    }
  }
}

async function measureGrowth(page: Page, pair: NamespacePair): Promise<void> {
  await page.goto(`${new URL(page.url()).origin}/console/#/overview`);
  await page.reload();
  const end = Date.now() + minutes * 60_000;
  for (let i = 0; Date.now() < end; i++) {
    sendUdp(pair, pair.peer, [{ to: pair.host.ipv4, port: 1, count: 500 }]);
    await sleep(5000);
    if (i % 12 === 0) {
      const nodes = (await page.metrics()).Nodes ?? 0;
      console.log(`minute ${Math.round(i / 12)}: heap ${(await heapOf(page)).toFixed(2)} MB, ${nodes} nodes`);
    }
  }
}

using pair = new NamespacePair({ ipv6: false, ownProcesses: true });
await UdpSink.start(pair, pair.host, [1]);
const path = join(pair.directory, 'large.yaml');
writeFileSync(path, policyText());
console.log(pair.exec(pair.host, pair.xdpol('apply', path, '-i', 'eth0')).trim());
const agent = await AgentProcess.start(pair);
if (members > 0) {
  const list = join(pair.directory, 'members.txt');
  const address = (i: number): string => `${100 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.${(i * 7) & 255}`;
  writeFileSync(list, Array.from({ length: members }, (_, i) => `${address(i)}\n`).join(''));
  console.log(pair.exec(pair.host, pair.xdpol('set', 'load', 'bans', list)).trim());
}
const browser = await startBrowser(pair, pair.host);
const page = await browser.newPage();
await page.evaluateOnNewDocument(WATCH);
await page.goto(consoleAddress(pair));
await waitForText(page, 'Overview', 'h1');
const health = new HealthWatch(pair, agent.url);
await measureScreens(page);
await measureAssign(page);
if (minutes > 0) await measureGrowth(page, pair);
await browser.close();
