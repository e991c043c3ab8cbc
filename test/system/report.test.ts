/** `xdpol report`: what the agent has observed, on real traffic, over restarts of the agent. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ReportOutcome } from '../../src/host/evidence/report.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { sendUdp } from '../support/udp.ts';
import { problemsOf } from '../support/verb-schema.ts';

const to = (port: number): string => `{ source: any, destination: me, protocol: udp, destinationPort: ${port} }`;
const POLICY = `name: edge
default: permit
rules:
  - { name: dns, action: block, filters: [${to(53)}] }
  - { name: log, action: permit, filters: [${to(514)}, ${to(515)}] }
  - { name: unused, action: permit, filters: [${to(9)}] }
  - { name: twice, action: block, filters: [${to(53)}] }
`;

let pair: NamespacePair;

beforeEach(() => {
  pair = new NamespacePair({ ipv6: false });
  apply(POLICY);
});

afterEach(() => {
  pair[Symbol.dispose]();
});

function apply(text: string): void {
  const path = join(pair.directory, 'edge.yaml');
  writeFileSync(path, text);
  pair.exec(pair.host, pair.xdpol('apply', path, '-i', pair.host.device));
}

function send(port: number, count: number): void {
  sendUdp(pair, pair.peer, [{ to: pair.host.ipv4, port, count }]);
}

function report(...options: readonly string[]): ReportOutcome {
  return JSON.parse(pair.exec(pair.host, pair.xdpol('report', '--json', ...options))) as ReportOutcome;
}

function packetsOf({ rules }: ReportOutcome): ReadonlyMap<string | null, number> {
  return new Map(rules.map(({ rule, packets }) => [rule, packets]));
}

test('without an agent nothing was observed', () => {
  const { status, stderr } = pair.run(pair.host, pair.xdpol('report'));
  expect(status).toBe(1);
  expect(stderr).toContain('no traffic has been observed on this host');
});

test('rules and filters that matched, exactly, from the beginning of the window, over a restart and a re-apply', async () => {
  send(53, 7);
  send(515, 7);
  const first = await AgentProcess.start(pair);
  const text = pair.exec(pair.host, pair.xdpol('report', '--json'));
  expect(problemsOf('report', text)).toEqual([]);
  expect(packetsOf(JSON.parse(text) as ReportOutcome).get('dns')).toBe(0);
  send(53, 30);
  send(514, 3);
  const before = report();
  expect(before.gaps).toEqual([]);
  expect([...packetsOf(before)].slice(0, 4)).toEqual([
    ['dns', 30],
    ['log', 3],
    ['unused', 0],
    ['twice', 0],
  ]);
  expect(before.unusedRules.map(({ rule }) => rule)).toEqual(['unused', 'twice']);
  expect(before.unusedFilters?.map(({ rule, filter }) => [rule, filter])).toEqual([['log', to(515)]]);
  expect(before.topRules[0]).toMatchObject({ rule: 'dns', packets: 30 });
  expect(before.shadowed.map(({ code, rules }) => [code, rules])).toEqual([['XP0402', ['twice', 'dns']]]);
  expect(before.hours.reduce((sum, { drop }) => sum + drop, 0)).toBe(30);
  await first.end('SIGTERM');

  // Without an agent the kernel counts, and marks filters, as before.
  send(53, 5);
  send(515, 1);
  await AgentProcess.start(pair);
  const after = report();
  expect(after.since).toBe(before.since);
  expect(packetsOf(after).get('dns')).toBe(35);
  expect(packetsOf(after).get('log')).toBe(4);
  expect(after.unusedFilters).toEqual([]);

  // What the policy before has marked since the last look is not lost with it.
  apply(POLICY.replace(to(9), `${to(9)}, ${to(10)}, ${to(11)}`));
  expect(report().unusedRules.map(({ rule }) => rule)).toEqual(['unused', 'twice']);
  send(9, 1);
  apply(POLICY.replace(to(9), `${to(9)}, ${to(10)}`));
  const last = report();
  expect(packetsOf(last).get('dns')).toBe(35);
  expect(last.unusedFilters?.map(({ filter }) => filter)).toEqual([to(10)]);
  expect(last.gaps).toEqual([]);
  const edit = last.candidates.find(({ rule }) => rule === 'unused')?.edit ?? '';
  expect(edit).toContain('destinationPort: 9');
  expect(edit).not.toContain('destinationPort: 10');
});

test('a policy that came and went while nobody looked is a gap, and so is a host that is not filtered', async () => {
  const agent = await AgentProcess.start(pair);
  report();
  await agent.end('SIGTERM');
  apply(POLICY.replace('514', '516'));
  apply(POLICY);
  await AgentProcess.start(pair);
  expect(report().gaps.map(({ kind }) => kind)).toEqual(['filters']);
  pair.exec(pair.host, pair.xdpol('unassign'));
  const { status, stderr } = pair.run(pair.host, pair.xdpol('report'));
  expect(status).toBe(1);
  expect(stderr).toContain('no policy is in force');
  apply(POLICY);
  expect(report().gaps.map(({ kind }) => kind)).toContain('unfiltered');
});

test('who uses a permit, by samples, with a narrower rule that the policy takes', async () => {
  // Two seconds of each minute are sampled, the first ones soon after the start.
  await AgentProcess.start(pair);
  const deadline = performance.now() + 90_000;
  let found = report();
  const isEarly = (): boolean => found.fewSources.length === 0 || found.sampledSeconds === 0;
  while (isEarly() && performance.now() < deadline) {
    send(514, 100_000);
    found = report();
  }
  const [few] = found.fewSources;
  expect(few).toMatchObject({ rule: 'log', filter: to(514), end: 'source' });
  expect(few?.sources.map(({ address }) => address)).toEqual([pair.peer.ipv4]);
  expect(found.sampledSeconds).toBeGreaterThan(0);
  const edit = found.candidates.find(({ rule }) => rule === 'log')?.edit ?? '';
  expect(edit).toContain(`source: ${pair.peer.ipv4}`);
  const path = join(pair.directory, 'narrow.yaml');
  writeFileSync(path, `name: narrow\ndefault: permit\n${edit}`);
  pair.exec(pair.host, pair.xdpol('check', path));
}, 180_000);

test('as text, and as one HTML file that asks nothing of any other', async () => {
  await AgentProcess.start(pair);
  report();
  send(53, 4);
  const text = pair.exec(pair.host, pair.xdpol('report'));
  expect(text).toMatch(/^Policy edge, observed from .+ UTC to .+ UTC \(\d+ s\)\nno gaps\n/u);
  expect(text).toMatch(/dns {2,}block {2,}4 {2,}[\d.]+ %/u);
  expect(text).toContain('unused (permit), last match never');
  const file = join(pair.directory, 'report.html');
  pair.exec(pair.host, pair.xdpol('report', '--html', file));
  const html = readFileSync(file, 'utf8');
  expect(html).toContain('<svg');
  expect(html).not.toMatch(/<(?:script|link|img|iframe)|https?:|url\(|@import/u);
});
