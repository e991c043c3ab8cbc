/** The agent keeps what is assigned in force: whatever is taken away by hand is back within two seconds, and is told. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPinnedLink, openProgramById, unlinkPin } from 'libbpf-ts-bindings';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
import { holdStore } from '../support/hold-store.ts';
import { NamespacePair } from '../support/namespaces.ts';

const POLICY = `name: keep
rules:
  - { name: ping, action: block, filters: [{ source: any, destination: any, protocol: icmp }] }
`;
const POLL_MS = 50;
/** Many times what is promised, for a machine that does other things. */
const PATIENCE_MS = 30_000;

let pair: NamespacePair;
let agent: AgentProcess;

beforeEach(async () => {
  pair = new NamespacePair({ ipv6: false });
  const state = join(pair.directory, 'state');
  mkdirSync(state);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=0700', 'tmpfs', state]);
  const policy = join(pair.directory, 'keep.yaml');
  writeFileSync(policy, POLICY);
  link('add', 'spare0', 'type', 'veth', 'peer', 'name', 'spare1');
  pair.exec(pair.host, pair.xdpol('apply', policy, '-i', 'eth0', '-i', 'spare0'));
  agent = await AgentProcess.start(pair);
});

afterEach(() => {
  pair[Symbol.dispose]();
});

function link(...args: readonly string[]): void {
  pair.exec(pair.host, ['ip', 'link', ...args]);
}

function hasXdp(name: string): boolean {
  return pair.exec(pair.host, ['ip', '-d', 'link', 'show', name]).includes('prog/xdp');
}

/** Of this network namespace. */
function pinRoot(): string {
  const all = join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol');
  return join(all, readdirSync(all)[0] ?? '');
}

async function waitFor(what: string, condition: () => boolean): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end && !condition(); ) await sleep(POLL_MS);
  expect({ what, is: condition() }).toEqual({ what, is: true });
}

async function told(text: string): Promise<void> {
  await waitFor(text, () => agent.log.includes(text));
}

test('an interface that is deleted and made again is filtered again', async () => {
  link('del', 'spare0');
  link('add', 'spare0', 'type', 'veth', 'peer', 'name', 'spare1');
  await waitFor('XDP on spare0', () => hasXdp('spare0'));
  await told('spare0 ingress is not filtered: its link has ended');
  await told('keep is in force again, generation 2');
});

test('so is one whose link was detached by hand, and one whose pins were removed', async () => {
  {
    using ingress = openPinnedLink(join(pinRoot(), 'eth0', 'ingress'));
    ingress.detach();
  }
  await waitFor('XDP on eth0', () => hasXdp('eth0'));
  await told('eth0 ingress is not filtered: its link has ended, detached by hand');
  for (const pin of readdirSync(join(pinRoot(), 'spare0'))) unlinkPin(join(pinRoot(), 'spare0', pin));
  await waitFor('XDP on spare0', () => hasXdp('spare0'));
  await told('spare0 ingress and egress was not filtered');
});

test('what a command left that was killed between two hooks: status says so, and the agent mends it', async () => {
  const place = join(pinRoot(), 'eth0', 'egress');
  using egress = openPinnedLink(place);
  using before = openProgramById(egress.programId);
  pair.exec(pair.host, pair.xdpol('restore'));
  {
    using _held = holdStore(pair);
    egress.update(before);
    const { warnings } = JSON.parse(pair.exec(pair.host, pair.xdpol('status', '--json'))) as { warnings: unknown };
    expect(warnings).toEqual(['eth0 egress has generation 1, and not 2: a change was cut off: xdpol restore']);
  }
  await told('eth0 egress has generation 1, and not 2: a change was cut off; keep is in force again, generation 3');
  expect(pair.exec(pair.host, pair.xdpol('status'))).not.toContain('cut off');
});

test('what a command left that was killed before it assigned what it had put in force: the agent assigns it', async () => {
  const files = ['assigned.json', 'assigned.copy.json'].map((name) => join(pair.directory, 'state', name));
  const before = files.map((file) => readFileSync(file));
  using egress = openPinnedLink(join(pinRoot(), 'spare0', 'egress'));
  using earlier = openProgramById(egress.programId);
  const policy = join(pair.directory, 'next.yaml');
  writeFileSync(policy, POLICY.replace('name: keep', 'name: next'));
  pair.exec(pair.host, pair.xdpol('apply', policy, '-i', 'eth0'));
  {
    using _held = holdStore(pair);
    egress.update(earlier);
    for (const [i, file] of files.entries()) writeFileSync(file, before[i] ?? '');
  }
  await told('next, version 1 is in force, and its assignment was not written: it is assigned now');
  await told('spare0 egress has generation 1, and not 2: a change was cut off; next is in force again, generation 3');
  const status = JSON.parse(pair.exec(pair.host, pair.xdpol('status', '--json'))) as unknown;
  expect(status).toMatchObject({ assigned: { policy: 'next' }, policy: 'next', gaps: [], warnings: [] });
});

test('pins of counters that were removed are there again', async () => {
  const directory = join(pinRoot(), 'eth0');
  unlinkPin(join(directory, 'slots'));
  await told('the pins of the counters of eth0 were removed');
  await waitFor('counters', () => ['counters-0', 'slots'].every((pin) => readdirSync(directory).includes(pin)));
  pair.run(pair.peer, ['ping', '-c', '1', '-W', '1', pair.host.ipv4]);
  expect(pair.exec(pair.host, pair.xdpol('counters'))).toMatch(/eth0 +ingress +rule +ping +block +1 /u);
});

test('pins of a renamed interface move along, and nothing is put in force anew', async () => {
  link('set', 'spare0', 'down');
  link('set', 'spare0', 'name', 'lan0');
  await told('spare0 is now lan0, and is filtered as it was');
  expect(readdirSync(pinRoot())).toEqual(['eth0', 'lan0']);
  expect(agent.log).not.toContain('in force again');
});

test('unassign is obeyed, also where the store could not be written', async () => {
  execFileSync('mount', ['-o', 'remount,ro', join(pair.directory, 'state')]);
  const { stderr } = pair.run(pair.host, ['env', '-u', 'XDPOL_AGENT_SOCKET', ...pair.xdpol('unassign')]);
  expect(stderr).toContain('the next boot brings it back');
  await sleep(2500);
  expect(hasXdp('eth0')).toBe(false);
  execFileSync('mount', ['-o', 'remount,rw', join(pair.directory, 'state')]);
  await sleep(2500);
  expect(hasXdp('eth0')).toBe(false);
  pair.exec(pair.host, pair.xdpol('restore'));
  expect(hasXdp('eth0')).toBe(true);
});
