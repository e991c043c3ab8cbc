/** Changes to be confirmed, as an operator makes them: by the verbs, with connections, agents, reboots and kills. */
import { once } from 'node:events';
import { readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { KEPT_PINS } from '../support/pins.ts';
import { program } from '../support/program.ts';

const TIMED_OUT = 124;
const REFUSED = 1;
const PATIENCE = 240_000;

let pair: NamespacePair;
let open: string;
let shut: string;

function writePolicy(name: string, filters: string): string {
  const path = join(pair.directory, `${name}.yaml`);
  writeFileSync(path, `name: ${name}\nrules:\n  - { name: rest, action: block, filters: [${filters}] }\n`);
  return path;
}

beforeEach(() => {
  pair = new NamespacePair({ ipv6: false });
  open = writePolicy('open', '{ source: any, destination: me, protocol: tcp, destinationPort: 9 }');
  shut = writePolicy('shut', '{ source: any, destination: me, protocol: tcp }');
});

afterEach(() => {
  pair[Symbol.dispose]();
});

function xdpol(...args: readonly string[]): string {
  return pair.exec(pair.host, pair.xdpol(...args));
}

interface Status {
  readonly assigned: { readonly policy: string; readonly version: number } | null;
  readonly policy: string | null;
  readonly pending: { readonly policy: string; readonly secondsLeft: number } | null;
  readonly gaps: readonly string[];
}

function status(): Status {
  return JSON.parse(xdpol('status', '--json')) as Status;
}

/** What becomes of a connection of the peer: nothing listens, so it is refused where it gets through. */
function connect(address: string = pair.host.ipv4): number | null {
  return pair.run(pair.peer, ['timeout', '1', 'bash', '-c', `echo > /dev/tcp/${address}/80`]).status;
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 90_000;
  while (!condition() && performance.now() < end) await sleep(200);
  expect(condition()).toBe(true);
}

/** A SYN that is lost while a filter is detached is sent again after a second: a silent try alone says nothing. */
async function untilRefused(address?: string): Promise<void> {
  await until(() => connect(address) === REFUSED);
}

function pins(): readonly string[] {
  const all = readdirSync(pair.env['XDPOL_BPFFS'] ?? '', { recursive: true, encoding: 'utf8' });
  return all.filter((path) => path.includes(`/${pair.host.device}/`)).map((path) => path.replace(/^.*\//u, ''));
}

/** What a reboot does to the kernel. */
function reboot(): void {
  const root = join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol');
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (/\/(?:ingress|egress|gate-[^/]*|counters-\d+|budgets-\d+|samples|sampling|slots)$/u.test(path))
      unlinkSync(join(root, path));
  }
}

function tallies(): unknown {
  return JSON.parse(readFileSync(join(pair.env['XDPOL_STATE_DIR'] ?? '', 'tallies.json'), 'utf8'));
}

describe('nobody confirms', () => {
  test('the first policy ever goes, and the next verb makes it permanent and says so', {
    timeout: PATIENCE,
  }, async () => {
    xdpol('apply', shut, '-i', pair.host.device, '--confirm', '8s');
    expect(connect()).toBe(TIMED_OUT);
    expect(status()).toMatchObject({ assigned: null, policy: 'shut', pending: { policy: 'shut' }, gaps: [] });
    await untilRefused();
    const { stderr } = pair.run(pair.host, pair.xdpol('list'));
    expect(stderr).toContain('note: shut, version 1 was not confirmed in time: nothing is filtered');
    expect(status()).toMatchObject({ assigned: null, policy: null, pending: null });
    expect([...pins()].sort()).toEqual(KEPT_PINS);
    expect(tallies()).toEqual({ applies: 1, applyFailures: {}, rollbacks: { unconfirmed: 1 } });
  });

  test('an agent settles it, logs it and counts it', { timeout: PATIENCE }, async () => {
    xdpol('apply', open, '-i', pair.host.device);
    const agent = await AgentProcess.start(pair);
    xdpol('apply', shut, '-i', pair.host.device, '--confirm', '10s');
    expect(agent.scrape().value('xdpol_policy_confirm_pending')).toBe(1);
    await until(() =>
      agent.log.includes('shut, version 1 was not confirmed in time: open, generation 1, is in force again'),
    );
    await untilRefused();
    const scrape = agent.scrape();
    expect(scrape.value('xdpol_policy_confirm_pending')).toBe(0);
    expect(scrape.value('xdpol_applies_total')).toBe(2);
    expect(scrape.value('xdpol_rollbacks_total{reason="unconfirmed"}')).toBe(1);
    expect(scrape.value('xdpol_apply_failures_total{reason="policy"}')).toBe(0);
    expect(status()).toMatchObject({ assigned: { policy: 'open' }, policy: 'open', pending: null });
  });
});

test('a reboot while it waits brings back what was confirmed', { timeout: PATIENCE }, async () => {
  xdpol('apply', open, '-i', pair.host.device);
  xdpol('apply', shut, '-i', pair.host.device, '--confirm', '1h');
  expect(connect()).toBe(TIMED_OUT);
  reboot();
  expect(xdpol('restore')).toContain('open: version 1 in force');
  await untilRefused();
  expect(status()).toMatchObject({ assigned: { policy: 'open' }, policy: 'open', pending: null, gaps: [] });
});

test('an interface that loses its filter while a policy waits gets both: what waits, and what comes back', {
  timeout: PATIENCE,
}, async () => {
  xdpol('apply', open, '-i', pair.host.device);
  xdpol('apply', shut, '-i', pair.host.device, '--confirm', '18s');
  const root = join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol');
  const link = readdirSync(root, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('/ingress'));
  unlinkSync(join(root, link ?? ''));
  await untilRefused();
  xdpol('restore');
  expect(status()).toMatchObject({ pending: { policy: 'shut' }, gaps: [] });
  expect(connect()).toBe(TIMED_OUT);
  await untilRefused();
  xdpol('list');
  expect(status()).toMatchObject({ assigned: { policy: 'open' }, policy: 'open', pending: null, gaps: [] });
});

test('addresses are followed while a policy waits, and it goes on waiting', { timeout: PATIENCE }, async () => {
  const second = '192.0.2.77';
  xdpol('apply', open, '-i', pair.host.device);
  await AgentProcess.start(pair);
  xdpol('apply', shut, '-i', pair.host.device, '--confirm', '28s');
  const { host, peer } = pair;
  pair.exec(peer, ['ip', 'neighbour', 'replace', second, 'lladdr', host.mac, 'dev', peer.device]);
  pair.exec(host, ['ip', 'address', 'add', `${second}/24`, 'dev', host.device]);
  await until(() => connect(second) === TIMED_OUT);
  expect(status().pending).toMatchObject({ policy: 'shut' });
  await untilRefused();
  expect(status()).toMatchObject({ assigned: { policy: 'open' }, policy: 'open' });
});

test('dynamic rules can change while a policy waits, and are those of now when it is gone', {
  timeout: PATIENCE,
}, async () => {
  xdpol('apply', open, '-i', pair.host.device);
  const agent = await AgentProcess.start(pair);
  xdpol('apply', shut, '-i', pair.host.device, '--confirm', '20s');
  pair.exec(pair.host, program('ipsecpol', '-r', 'web', '-f', '*+0:80:TCP', '-n', 'BLOCK'));
  expect(status().pending).toMatchObject({ policy: 'shut' });
  await until(() => agent.log.includes('with the dynamic rules of now: open'));
  expect(connect()).toBe(TIMED_OUT);
  expect(status()).toMatchObject({ assigned: { policy: 'open' }, policy: 'open', pending: null });
});

test('ipsecpol -x waits where XDPOL_CONFIRM says so', { timeout: PATIENCE }, () => {
  xdpol('apply', open, '-i', pair.host.device);
  pair.exec(pair.host, program('ipsecpol', '-w', 'REG', '-p', 'web', '-r', 'r', '-f', '*+0:80:TCP', '-n', 'BLOCK'));
  const assign = program('ipsecpol', '-w', 'REG', '-p', 'web', '-x');
  expect(pair.run(pair.host, ['env', 'XDPOL_CONFIRM=soon', ...assign]).status).toBe(2);
  expect(pair.exec(pair.host, ['env', 'XDPOL_CONFIRM=2m', ...assign])).toContain(
    'web, version 1 waits to be confirmed',
  );
  expect(status()).toMatchObject({ assigned: { policy: 'open' }, policy: 'web', pending: { policy: 'web' } });
  xdpol('rollback');
  expect(status()).toMatchObject({ assigned: { policy: 'open' }, policy: 'open', pending: null });
});

test('killed at any moment: one whole policy is in force, and what is assigned was confirmed', {
  timeout: PATIENCE,
}, async () => {
  xdpol('apply', open, '-i', pair.host.device);
  const kills = 12;
  for (let i = 0; i < kills; i++) {
    const verb = [['apply', shut, '-i', pair.host.device, '--confirm', '10m'], ['confirm'], ['rollback']][i % 3] ?? [];
    const child = pair.spawn(pair.host, pair.xdpol(...verb), { stdio: 'ignore' });
    const ended = once(child, 'exit');
    await Promise.race([ended, sleep(100 + (900 * i) / kills)]);
    child.kill('SIGKILL');
    await ended;
    const { assigned, policy, pending, gaps } = status();
    expect(gaps).toEqual([]);
    expect(['open', 'shut']).toContain(policy);
    // Where nothing waits, what is in force is what a reboot brings back.
    if (pending === null) expect(policy).toBe(assigned?.policy);
    if (policy === 'shut') expect(connect()).toBe(TIMED_OUT);
    else await untilRefused();
  }
});

test('on a terminal the first line of every verb says what waits', { timeout: PATIENCE }, () => {
  xdpol('apply', shut, '-i', pair.host.device, '--confirm', '10m');
  const line =
    /^shut, version 1 waits to be confirmed until .*, then nothing is filtered: xdpol confirm, or xdpol rollback/u;
  for (const verb of ['list', 'counters', 'check']) {
    const words = verb === 'check' ? [verb, shut, '--me', pair.host.ipv4] : [verb];
    const command = pair.xdpol(...words).join(' ');
    expect(pair.exec(pair.host, ['script', '-qec', command, '/dev/null']), verb).toMatch(line);
    expect(pair.run(pair.host, pair.xdpol(...words)).stderr, verb).not.toMatch(line);
  }
});
