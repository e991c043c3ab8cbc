/** A pattern in the assignment: what matches is filtered, also what appears later, and nothing that is gone is missed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { reboot } from '../support/reboot.ts';

interface Status {
  readonly assigned: { readonly interfaces: readonly string[] } | null;
  readonly interfaces: readonly { readonly name: string }[];
  readonly gaps: readonly unknown[];
}

const POLICY = `name: pods
rules:
  - { name: ping, action: block, filters: [{ protocol: icmp }] }
`;
const POLL_MS = 100;
/** Many times what is promised, for a machine that does other things. */
const PATIENCE_MS = 60_000;

let pair: NamespacePair;
let policy: string;

beforeEach(() => {
  pair = new NamespacePair({ ipv6: false });
  policy = join(pair.directory, 'pods.yaml');
  writeFileSync(policy, POLICY);
  for (const number of [1, 2]) addPod(number);
});

afterEach(() => pair[Symbol.dispose]());

function addPod(number: number): void {
  pair.exec(pair.host, ['ip', 'link', 'add', `pod${number}`, 'type', 'veth', 'peer', 'name', `inner${number}`]);
}

function removePod(number: number): void {
  pair.exec(pair.host, ['ip', 'link', 'del', `pod${number}`]);
}

function xdpol(...args: readonly string[]): Outcome {
  return pair.run(pair.host, pair.xdpol(...args));
}

function succeeds(...args: readonly string[]): void {
  const { status, stderr } = xdpol(...args);
  expect({ args, status, stderr: status === 0 ? '' : stderr }).toEqual({ args, status: 0, stderr: '' });
}

function status(): Status {
  return JSON.parse(xdpol('status', '--json').stdout) as Status;
}

function filtered(): readonly string[] {
  return status().interfaces.map(({ name }) => name);
}

test('what matches is filtered, and the pattern is what is assigned', () => {
  succeeds('apply', policy, '-i', 'pod*');
  expect(status()).toMatchObject({ assigned: { interfaces: ['pod*'] }, gaps: [] });
  expect(filtered().toSorted()).toEqual(['pod1', 'pod2']);
  succeeds('apply', policy, '-i', 'eth0');
  expect(status().assigned?.interfaces).toEqual(['eth0', 'pod*']);
  expect(filtered().toSorted()).toEqual(['eth0', 'pod1', 'pod2']);
});

test('a pattern that matches nothing now is kept with a note; where nothing else is filtered, it is refused', () => {
  const alone = xdpol('apply', policy, '-i', 'nope*');
  expect(alone.stderr).toContain('no interface matches nope*');
  expect(alone.status).toBe(1);
  succeeds('apply', policy, '-i', 'eth0');
  const { status: code, stderr } = xdpol('apply', policy, '-i', 'nope*');
  expect(stderr).toContain('nope* matches no interface now');
  expect(code).toBe(0);
  expect(status().assigned?.interfaces).toEqual(['nope*', 'eth0']);
  expect(filtered()).toEqual(['eth0']);
});

test('a boot filters what is there, and misses nothing that is gone', () => {
  succeeds('apply', policy, '-i', 'pod?', '-i', 'eth0');
  reboot(pair);
  removePod(1);
  addPod(3);
  succeeds('restore');
  expect(filtered().toSorted()).toEqual(['eth0', 'pod2', 'pod3']);
  expect(status().gaps).toEqual([]);
  for (const number of [2, 3]) removePod(number);
  succeeds('restore');
  expect(filtered()).toEqual(['eth0']);
});

test('the agent filters what appears', { timeout: 120_000 }, async () => {
  succeeds('apply', policy, '-i', 'pod*');
  const agent = await AgentProcess.start(pair);
  addPod(3);
  const isFiltered = (): boolean => pair.exec(pair.host, ['ip', '-d', 'link', 'show', 'pod3']).includes('prog/xdp');
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end && !isFiltered(); ) await sleep(POLL_MS);
  expect(isFiltered()).toBe(true);
  expect(agent.scrape().value('xdpol_attached{device="pod3",direction="ingress"}')).toBe(1);
  removePod(3);
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end && filtered().length > 2; )
    await sleep(POLL_MS);
  expect(status().gaps).toEqual([]);
  expect(agent.scrape().text).not.toContain('pod3"');
});

test('unassign takes out the pattern, not one that matches it', () => {
  succeeds('apply', policy, '-i', 'pod*', '-i', 'eth0');
  const one = xdpol('unassign', '-i', 'pod1');
  expect(one.stderr).toContain('pod1 is filtered because it matches pod*');
  expect(one.status).toBe(1);
  succeeds('unassign', '-i', 'pod*');
  expect(filtered()).toEqual(['eth0']);
  expect(status().assigned?.interfaces).toEqual(['eth0']);
  succeeds('apply', policy, '-i', 'pod*');
  succeeds('unassign', '-i', 'eth0');
  succeeds('unassign', '-i', 'pod*');
  expect(status()).toMatchObject({ assigned: null, interfaces: [] });
});

test('where nothing matches nothing is applied; lo is never meant', () => {
  for (const pattern of ['wlan*', 'l?']) {
    const { status: exit, stderr } = xdpol('apply', policy, '-i', pattern);
    expect(stderr).toContain(`no interface matches ${pattern}`);
    expect(exit).toBe(1);
  }
  succeeds('apply', policy, '-i', 'wlan*', '-i', 'eth0');
  expect(status()).toMatchObject({ assigned: { interfaces: ['wlan*', 'eth0'] }, gaps: [] });
});

test('patterns of the configuration are what assign uses', () => {
  succeeds('apply', policy, '-i', 'eth0', '--dry-run');
  writeFileSync(pair.config, 'interfaces: ["pod*"]\n');
  const { status: exit } = xdpol('apply', policy, '-i', 'eth0');
  expect(exit).toBe(0);
  succeeds('unassign');
  succeeds('delete', 'pods');
  pair.exec(
    pair.host,
    pair.xdpol('ipsecpol', '-w', 'REG', '-p', 'pods', '-r', 'ping', '-n', 'BLOCK', '-f', '*=0::ICMP', '-x'),
  );
  expect(status().assigned?.interfaces).toEqual(['pod*']);
  expect(filtered().toSorted()).toEqual(['pod1', 'pod2']);
});
