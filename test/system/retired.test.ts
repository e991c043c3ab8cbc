/** Counters of rules that are no longer in force: in one sum a direction, each by --retired in pages, however many there are. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openPinnedMap } from 'libbpf-ts-bindings';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCountersFor, readSlots, writeSlots } from '../../src/engine/counter-maps.ts';
import { counterIndex } from '../../src/engine/counts.ts';
import type { RetiredPage } from '../../src/host/counters.ts';
import { STRUCTS } from '../../src/layout/layout.gen.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { NamespacePair } from '../support/namespaces.ts';

const POLICY = `name: now
rules:
  - { name: ping, action: block, filters: [{ source: any, destination: me, protocol: icmp }] }
`;
/** As hosts have after a year of block lists with a rule for each entry. */
const RETIRED = 96_000;
/** Milliseconds, beside other work. */
const PATIENCE = 120_000;

let pair: NamespacePair;

beforeAll(() => {
  pair = new NamespacePair({ ipv6: false });
  const file = join(pair.directory, 'now.yaml');
  writeFileSync(file, POLICY);
  xdpol('apply', file, '-i', pair.host.device);
  retire(RETIRED);
}, PATIENCE);

afterAll(() => {
  pair[Symbol.dispose]();
});

function xdpol(...args: readonly string[]): string {
  return pair.exec(pair.host, pair.xdpol(...args));
}

/** As applies of an earlier policy would have left it: a slot each, with one packet of 100 bytes, arrived and blocked. */
function retire(rules: number): void {
  const root = join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol');
  const directory = join(root, readdirSync(root)[0] ?? '', pair.host.device);
  const registry = readSlots(directory);
  const slots = Array.from({ length: rules }, (_, i) =>
    registry.slot({ by: 'rule', policy: 'before', rule: `rule ${i}`, action: 'block' }),
  );
  writeSlots(directory, registry);
  using counters = openCountersFor(directory, registry);
  const value = new Uint8Array(counters.valueStride);
  const { packets, bytes } = STRUCTS.counter.fields;
  const view = new DataView(value.buffer);
  view.setBigUint64(packets.offset, 1n, true);
  view.setBigUint64(bytes.offset, 100n, true);
  for (const slot of slots) {
    counters.update(new Uint8Array(Uint32Array.of(counterIndex(slot, 'ingress')).buffer), value);
  }
}

function page(...args: readonly string[]): RetiredPage {
  return JSON.parse(xdpol('counters', '--retired', '--json', ...args)) as RetiredPage;
}

test('the pin that a policy counts in is still there', () => {
  const root = join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol');
  using first = openPinnedMap(join(root, readdirSync(root)[0] ?? '', pair.host.device, 'counters-0'));
  expect(first.spec.maxEntries).toBeGreaterThan(0);
});

test('counters has one line for all of them, and their sum', { timeout: PATIENCE }, () => {
  const text = xdpol('counters');
  expect(text).toMatch(/eth0 +ingress +retired +96000 no longer in force +block +96000 +9\.6M/u);
  expect(text.trimEnd().split('\n').length).toBeLessThan(30);
  const json = xdpol('counters', '--json');
  expect(json.length).toBeLessThan(20_000);
  expect(json).toContain('"retired":[{"action":"block","counters":96000,"packets":96000,"bytes":9600000}]');
});

test('--retired has a thousand a page, each once', { timeout: PATIENCE }, () => {
  const first = page();
  expect(first).toMatchObject({ page: 1, pages: 96, limit: 1000, total: RETIRED });
  const last = page('--page', '96');
  const names = [first, last].flatMap(({ counters }) => counters.map(({ rule }) => rule));
  expect(new Set(names).size).toBe(2000);
  expect(names[0]).toBe('rule 0');
  expect(names.at(-1)).toBe('rule 95999');
  expect(first.counters[0]).toEqual({
    ...{ interface: 'eth0', direction: 'ingress', by: 'rule', rule: 'rule 0', reason: null, action: 'block' },
    ...{ packets: 1, bytes: 100, policy: 'before' },
  });
  expect(page('--limit', '5', '--page', '2').counters.map(({ rule }) => rule)).toEqual(
    [5, 6, 7, 8, 9].map((i) => `rule ${i}`),
  );
  const text = xdpol('counters', '--retired', '--limit', '3');
  expect(text).toContain('1 to 3 of 96000, page 1 of 32000');
  expect(xdpol('counters', '--retired', '--page', '97')).toBe('there is no page 97: the last one is 96\n');
});

test('pages are for --retired alone', () => {
  const { status, stderr } = pair.run(pair.host, pair.xdpol('counters', '--page', '2'));
  expect(status).toBe(2);
  expect(stderr).toContain('add --retired');
});

test('the agent answers the same, and its totals have them', { timeout: PATIENCE }, async () => {
  const [here, second] = [xdpol('counters', '--json'), xdpol('counters', '--retired', '--page', '2')];
  const agent = await AgentProcess.start(pair);
  expect(xdpol('counters', '--json')).toBe(here);
  expect(xdpol('counters', '--retired', '--page', '2')).toBe(second);
  const scrape = agent.scrape();
  expect(scrape.sum('xdpol_packets_total', 'direction="ingress"', 'verdict="drop"')).toBe(RETIRED);
  expect(scrape.text).not.toContain('rule 0');
  await agent.end('SIGTERM');
});
