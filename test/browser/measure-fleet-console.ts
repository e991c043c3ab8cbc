/** How the console of a fleet feels with many hosts: npx tsx test/browser/measure-fleet-console.ts [HOSTS], as root. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'puppeteer-core';
import { present } from '../../src/base/assert.ts';
import { giveOrder } from '../../src/fleet/centre/change.ts';
import { takeSnapshot } from '../../src/fleet/centre/snapshot.ts';
import { putOrThrow } from '../../src/fleet/check-puts.ts';
import { EmbeddedStore } from '../../src/fleet/embedded/embedded-store.ts';
import type { Put } from '../../src/fleet/fleet-store.ts';
import { MOST_PUTS } from '../../src/fleet/fleet-store.ts';
import { signMembership } from '../../src/fleet/membership.ts';
import { KEYS } from '../../src/fleet/record-keys.ts';
import { encodeRecord } from '../../src/fleet/records.ts';
import { encodeSigned, readSigningKey } from '../../src/fleet/signing.ts';
import { startBrowser, waitForText } from '../support/browser.ts';
import { statusReport } from '../support/fleet-status.ts';
import { NamespacePair } from '../support/namespaces.ts';

const [size = 5000] = process.argv.slice(2).map(Number);
const GROUPS = 20;
const SHA256 = 'ab'.repeat(32);
const POLICY = { name: 'edge', version: 1, sha256: SHA256, size: 1000 };
/** Ticks of a second in /proc. */
const TICKS = 100;

using pair = new NamespacePair({ ipv6: false });
const centre = join(pair.directory, 'centre');
const fleet = (verb: string, ...words: readonly string[]): readonly string[] =>
  pair.xdpol('fleet', verb, '--dir', centre, ...words);

/** Hosts in groups, which have what is ordered in force, but for some. */
async function fillStore(): Promise<void> {
  const key = present(readSigningKey(readFileSync(join(centre, 'signing.key'), 'utf8')));
  await using store = new EmbeddedStore(join(centre, 'store'));
  const puts: Put[] = [];
  const put = (at: string, value: Uint8Array): void => void puts.push({ key: at, value, ifRevision: 0 });
  for (let i = 0; i < GROUPS; i++)
    put(KEYS.group(`group-${i}`), encodeRecord({ name: `group-${i}`, priority: i, selector: `site = s${i}` }));
  const error = { seq: 1, code: 'XDPOL_E_SYSTEM', message: 'cannot write /var/lib/xdpol: no space left on device' };
  for (let i = 0; i < size; i++) {
    const name = `web${String(i).padStart(5, '0')}`;
    const groups = [`group-${i % GROUPS}`];
    const labels = { role: 'web', site: `s${i % GROUPS}` };
    put(KEYS.host(name), encodeRecord({ name, labels, groups: [], fingerprint: SHA256 }));
    put(KEYS.membership(name), encodeSigned(signMembership({ host: name, groups, seq: 1 }, key)));
    const inForce = { target: 'fleet', seq: 1, sha256: i % 100 === 1 ? null : SHA256, policy: 'edge' };
    const failure = i % 500 === 3 ? error : null;
    put(
      KEYS.status(name),
      encodeRecord({ ...statusReport({ seq: Date.now() * 2, inForce, error: failure }), at: Date.now() }),
    );
  }
  for (let at = 0; at < puts.length; at += MOST_PUTS) await putOrThrow(store, puts.slice(at, at + MOST_PUTS));
  await giveOrder(store, await takeSnapshot(store), key, {
    target: 'fleet',
    intent: { kind: 'policy', policy: POLICY },
  });
}

function cpuOf(pid: number): number {
  const words = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(words[11]) + Number(words[12])) / TICKS;
}

async function spawn(
  verb: string,
  ...words: readonly string[]
): Promise<{ readonly pid: number; readonly line: string }> {
  const child = pair.spawn(pair.host, fleet(verb, ...words), { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(present(child.stdout).setEncoding('utf8'), 'data')) as readonly string[];
  return { pid: present(child.pid), line: present(line).trim() };
}

/** Milliseconds from an act in the page until the page has drawn what it leads to. */
async function timed(page: Page, act: string, isDone: string): Promise<string> {
  const script = `(async () => {
    const started = performance.now();
    ${act};
    do await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    while (!(${isDone}) && performance.now() - started < 30000);
    return performance.now() - started;
  })()`;
  const times: number[] = [];
  times.push((await page.evaluate(script)) as number);
  return `${Math.round(present(times[0]))} ms`;
}

const ROWS = `document.querySelectorAll('[aria-label="Hosts of the fleet"] tbody tr:not(.space)')`;
const typed = (text: string): string =>
  `const field = document.querySelector('[aria-label="Search hosts"]'); field.value = '${text}'; field.dispatchEvent(new Event('input', { bubbles: true }))`;

pair.exec(pair.host, fleet('init'));
await fillStore();
const front = await spawn('front');
let at = performance.now();
const server = await spawn('console', '--no-open');
console.log(`${size} hosts: address after ${Math.round(performance.now() - at)} ms`);
await sleep(5000);
console.log(`the server has used ${cpuOf(server.pid)} s`);
const browser = await startBrowser(pair, pair.host);
const page = await browser.newPage();
at = performance.now();
await page.goto(server.line);
await page.waitForSelector('[aria-label="Hosts of the fleet"] tbody tr');
console.log(`opened: ${Math.round(performance.now() - at)} ms`);
await waitForText(page, 'hosts', '.totals');
at = performance.now();
await page.reload();
await page.waitForSelector('[aria-label="Hosts of the fleet"] tbody tr');
const paint = await page.evaluate(`performance.getEntriesByName('first-contentful-paint')[0]?.startTime`);
console.log(`opened again: painted ${Math.round(paint as number)} ms, hosts ${Math.round(performance.now() - at)} ms`);
console.log(`search: ${await timed(page, typed('web01234'), `${ROWS}.length === 1`)}`);
console.log(`all again: ${await timed(page, typed(''), `${ROWS}.length > 10`)}`);
const failed = `[...document.querySelectorAll('.totals button')].find((one) => one.textContent.includes('failed')).click()`;
console.log(
  `one state: ${await timed(page, failed, `[...${ROWS}].every((row) => row.textContent.includes('failed'))`)}`,
);
console.log(
  `every state: ${await timed(page, failed, `[...${ROWS}].some((row) => row.textContent.includes('pending'))`)}`,
);
const next = `[...document.querySelectorAll('.pages button')].find((one) => one.textContent === 'Next').click()`;
console.log(
  `next page: ${await timed(page, next, `document.querySelector('.pages .help').textContent.includes('page 2 of') && ${ROWS}[0].textContent.includes('in sync')`)}`,
);
const before = [cpuOf(server.pid), cpuOf(front.pid)];
await sleep(10_000);
console.log(
  `in 10 s at rest: server ${(cpuOf(server.pid) - present(before[0])).toFixed(2)} s, front ${(cpuOf(front.pid) - present(before[1])).toFixed(2)} s`,
);
const kilobytes = /^VmRSS:\s+(?<size>\d+) kB$/mu.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.groups?.[
  'size'
];
console.log(`server ${Math.round(Number(kilobytes) / 1024)} MiB`);
await browser.close();
