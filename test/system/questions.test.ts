/** Questions that take long: the agent answers everything else meanwhile. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReportOutcome } from '../../src/host/evidence/report.ts';
import type { OutlineOutcome } from '../../src/host/outline-policy.ts';
import type { ChangeRecords } from '../../src/store/store.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { askAgent } from '../support/ask-agent.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { sendUdp, UdpSink } from '../support/udp.ts';

const WITHIN = { timeout: 20_000, interval: 200 };

let pair: NamespacePair;
let agent: AgentProcess;

beforeAll(async () => {
  pair = new NamespacePair({ ipv6: false });
  agent = await AgentProcess.start(pair);
});

afterAll(() => pair[Symbol.dispose]());

function largeText(rules: number): string {
  const lines = Array.from({ length: rules }, (_, i) => {
    const filter = `{ source: 10.${i >> 8}.${i & 255}.0/24, destination: any, protocol: udp, destinationPort: ${1 + i} }`;
    return `  - { name: customer ${i}, action: permit, filters: [${filter}] }`;
  });
  return `name: large\nrules:\n${lines.join('\n')}\n`;
}

function ask<T>(path: string, body: unknown): Promise<T> {
  return askAgent(pair, 'POST', path, body) as Promise<T>;
}

function textInput(text: string): unknown {
  return { file: 'policy.yaml', text, files: {} };
}

test('what is short does not wait for what is long', async () => {
  const order: string[] = [];
  const long = ask<OutlineOutcome>('/v1/outline', { input: textInput(largeText(1500)), limit: 1 }).then((outline) => {
    order.push('outline');
    return outline;
  });
  for (let i = 0; i < 3; i++) {
    await askAgent(pair, 'GET', '/v1/policies');
    await ask('/v1/check', { input: textInput(largeText(1)) });
    order.push('policies and check');
  }
  expect(await long).toMatchObject({ policy: 'large', found: 1500, total: 1500, rules: [{ name: 'customer 0' }] });
  expect(order.indexOf('outline')).toBe(3);
});

test('what nobody waits for any more is not answered, and is no fault', async () => {
  const gone = new AbortController();
  const long = ask('/v1/check', { input: textInput(largeText(1500)) });
  const waiting = askAgent(pair, 'POST', '/v1/check', { input: textInput(largeText(1499)) }, gone.signal);
  setTimeout(() => gone.abort(), 200);
  await expect(waiting).rejects.toThrow('aborted');
  await long;
  expect(await ask('/v1/check', { input: textInput(largeText(1)) })).toMatchObject({ errors: 0 });
  expect(agent.log.trim().split('\n')).toEqual([expect.stringContaining('listening on')]);
});

test('a page of the rules that a search finds', async () => {
  const asked = { input: textInput(largeText(300)), search: 'PERMIT 10.1.', limit: 5 };
  const first = await ask<OutlineOutcome>('/v1/outline', asked);
  expect([first.found, first.total]).toEqual([44, 300]);
  expect(first.rules.map(({ name }) => name)).toEqual([256, 257, 258, 259, 260].map((i) => `customer ${i}`));
  const last = await ask<OutlineOutcome>('/v1/outline', { ...asked, page: 9 });
  expect(last.rules.map(({ name }) => name)).toEqual([296, 297, 298, 299].map((i) => `customer ${i}`));
});

test('a change with a large policy: the agent answers meanwhile, and is changed by nobody else', async () => {
  const apply = (rules: number): Promise<{ readonly generation: number }> =>
    ask('/v1/apply', { input: textInput(largeText(rules)), interfaces: ['eth0'], mode: 'auto' });
  let isOver = false;
  const applied = apply(1500).finally(() => {
    isOver = true;
  });
  let answers = 0;
  let refused = '';
  while (!isOver) {
    await askAgent(pair, 'GET', '/v1/policies');
    if (answers++ === 1) refused = await apply(1).then(() => 'not refused', String);
  }
  expect(answers).toBeGreaterThan(2);
  expect(refused).toMatch(/409 .*"XDPOL_E_LOCKED"/u);
  expect(await applied).toMatchObject({ policy: 'large', generation: 1 });
  expect(await askAgent(pair, 'GET', '/v1/status')).toMatchObject({ policy: 'large', generation: 1 });
  expect(await askAgent(pair, 'GET', '/v1/changes')).toMatchObject({ changes: [{ verb: 'apply', result: 'ok' }] });
});

test('the traffic of a large policy is observed, and the window goes on when a thread observes it', async () => {
  const report = (): Promise<ReportOutcome> => askAgent(pair, 'GET', '/v1/report') as Promise<ReportOutcome>;
  await ask('/v1/apply', { input: textInput(largeText(1)), interfaces: ['eth0'], mode: 'auto' });
  const small = await report();
  await ask('/v1/apply', { input: textInput(largeText(1500)), interfaces: ['eth0'], mode: 'auto' });
  await UdpSink.start(pair, pair.host, [1]);
  sendUdp(pair, pair.peer, [{ to: pair.host.ipv4, port: 1, count: 3 }]);
  const large = await report();
  expect([large.since, large.rules.length]).toEqual([small.since, 1501]);
  expect(large.rules.at(-1)).toMatchObject({ rule: null, packets: 3 });
  expect(large.unusedFilters).toEqual([]);
  expect(large.gaps).toEqual([]);
  const { fewSources, shadowed, candidates, until, sampledSeconds, notes, ...same } = large;
  expect(await askAgent(pair, 'GET', '/v1/report/traffic')).toMatchObject(same);
  expect(await agent.end('SIGTERM')).toBe(0);
  expect(agent.log).not.toContain('warn');
  await AgentProcess.start(pair);
  expect(await report()).toMatchObject({ since: small.since, gaps: [], rules: large.rules });
});

test('a large policy with me follows the addresses of the host', async () => {
  const filter = { source: 'any', destination: 'me', protocol: 'udp', destinationPort: 9 };
  const own = { name: 'own', action: 'block', filters: [filter] };
  const text = `${largeText(1500)}  - ${JSON.stringify(own)}\n`;
  await ask('/v1/apply', { input: textInput(text), interfaces: ['eth0'], mode: 'auto' });
  pair.exec(pair.host, ['ip', 'address', 'add', '192.0.2.9/24', 'dev', pair.host.device]);
  const followed = { verb: 'follow', result: 'ok', message: 'me is now 192.0.2.1, 192.0.2.9' };
  const newest = async (): Promise<unknown> =>
    ((await askAgent(pair, 'GET', '/v1/changes')) as ChangeRecords).changes.at(-1);
  await expect.poll(newest, { timeout: 20_000, interval: 200 }).toMatchObject(followed);
  const asked = { packet: 'udp 198.51.100.1:9 -> 192.0.2.9:9' };
  expect(await ask('/v1/explain', asked)).toMatchObject({ explanation: { rule: 'own' } });
});

test('errors are those of the agent itself', async () => {
  const wrong = ask('/v1/outline', { input: textInput('name: wrong\nrulse: []\n') });
  await expect(wrong).rejects.toThrow(/422 .*"XDPOL_E_POLICY".*rulse/u);
  const large = ask('/v1/policies', { input: textInput(largeText(1500).replace('permit', 'permitt')) });
  await expect(large).rejects.toThrow(/422 .*"XDPOL_E_POLICY".*permitt/u);
  await expect(ask('/v1/outline', { input: { stored: 'none' } })).rejects.toThrow(/404 .*"XDPOL_E_NOT_STORED"/u);
  await expect(ask('/v1/explain', { packet: 'nonsense' })).rejects.toThrow(/"XDPOL_E_PACKET"/u);
});

test('a host that takes no orders has no standing in a fleet', async () => {
  expect(await askAgent(pair, 'GET', '/v1/fleet')).toBeNull();
});

test('a change that is given up before anything has changed ends, and leaves what was', async () => {
  const apply = (input: unknown, gone?: AbortSignal): Promise<unknown> =>
    askAgent(pair, 'POST', '/v1/apply', { input, interfaces: ['eth0'], mode: 'auto' }, gone);
  await apply(textInput('name: before\nrules: []\n'));
  const gone = new AbortController();
  const given = apply(textInput(largeText(6000).replace('large', 'given up')), gone.signal);
  setTimeout(() => gone.abort(), 500);
  await expect(given).rejects.toThrow('aborted');
  // It has the lock until it has ended.
  await expect
    .poll(() => apply(textInput('name: next\nrules: []\n')).then(() => 'in force', String), WITHIN)
    .toBe('in force');
  expect(await askAgent(pair, 'GET', '/v1/status')).toMatchObject({ policy: 'next' });
  expect(JSON.stringify(await askAgent(pair, 'GET', '/v1/changes'))).not.toContain('given up');
  expect(JSON.stringify(await askAgent(pair, 'GET', '/v1/policies'))).not.toContain('given up');
  expect(agent.log).not.toContain('given up');
});
