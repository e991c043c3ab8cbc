/** A boot that comes before addresses and resolver: what was known last is in force at once. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { reboot } from '../support/reboot.ts';
import { withHosts } from '../support/with-hosts.ts';

const NAME = 'www.example.test';
const OTHER_ADDRESS = '198.51.100.7';

let pair: NamespacePair;

const policy = (filter: string): string => `name: recall
rules:
  - { name: ping, action: block, filters: [${filter}] }
`;

beforeAll(() => {
  pair = new NamespacePair();
});

afterAll(() => pair[Symbol.dispose]());

beforeEach(() => {
  reboot(pair);
  rmSync(join(pair.directory, 'state'), { recursive: true, force: true });
  flush();
  for (const address of [`${pair.host.ipv4}/24`, `${pair.host.ipv6}/64`]) addAddress(address);
});

function xdpol(...args: readonly string[]): Outcome {
  return pair.run(pair.host, pair.xdpol(...args));
}

function apply(filter: string, hosts: string): void {
  const file = join(pair.directory, 'recall.yaml');
  writeFileSync(file, policy(filter));
  pair.exec(pair.host, withHosts(pair, hosts, pair.xdpol('apply', file, '-i', pair.host.device)));
}

function address(...args: readonly string[]): void {
  execFileSync('ip', ['-n', pair.host.namespace, 'address', ...args]);
}

function flush(): void {
  for (const family of ['-4', '-6'])
    execFileSync('ip', ['-n', pair.host.namespace, family, 'address', 'flush', 'dev', pair.host.device]);
}

function addAddress(text: string): void {
  address('replace', text, 'dev', pair.host.device, ...(text.includes(':') ? ['nodad'] : []));
}

function answers(to: string): boolean {
  return pair.run(pair.peer, ['ping', '-c1', '-W1', to]).status === 0;
}

test('me: each family in which the interface has no address', () => {
  apply('{ destination: me }', '');
  reboot(pair);
  flush();
  const none = xdpol('restore');
  expect(none.stderr).toMatch(/eth0 has no IPv4 address: me is its last known 192\.0\.2\.1 \(\d+ seconds? old\)/u);
  expect(none.stderr).toMatch(/eth0 has no IPv6 address: me is its last known 2001:db8::1 \(/u);
  expect(none.status).toBe(0);
  for (const text of [`${pair.host.ipv4}/24`, `${pair.host.ipv6}/64`]) addAddress(text);
  for (const to of [pair.host.ipv4, pair.host.ipv6]) expect(answers(to)).toBe(false);

  reboot(pair);
  address('del', `${pair.host.ipv4}/24`, 'dev', pair.host.device);
  const half = xdpol('restore');
  expect(half.stderr).toContain('no IPv4 address');
  expect(half.stderr).not.toContain('no IPv6 address');
  addAddress(`${pair.host.ipv4}/24`);
  for (const to of [pair.host.ipv4, pair.host.ipv6]) expect(answers(to)).toBe(false);
});

test('local: the broadcast address of the subnet too', () => {
  apply('{ destination: local, protocol: icmp }', '');
  reboot(pair);
  flush();
  expect(xdpol('restore').status).toBe(0);
  addAddress(`${pair.host.ipv4}/24`);
  const explained = xdpol('explain', 'recall', `icmp ${pair.peer.ipv4} -> 192.0.2.255 type 8`).stdout;
  expect(explained).toContain('drop');
  pair.exec(pair.host, ['sysctl', '-qw', 'net.ipv4.icmp_echo_ignore_broadcasts=0']);
  expect(pair.run(pair.peer, ['ping', '-b', '-c1', '-W1', '192.0.2.255']).status).not.toBe(0);
  expect(pair.exec(pair.host, pair.xdpol('counters'))).toMatch(/eth0 +ingress +rule +ping +block +1 /u);
});

test('what is in force at once costs no compiling: the compiled form is that of the last known addresses', () => {
  apply('{ destination: me }', '');
  rmSync(join(pair.directory, 'state/policies/recall/1/policy.yaml'));
  reboot(pair);
  flush();
  expect(xdpol('restore')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('version 1 in force') as string,
  });
});

test('an address that was followed away is not the last known one', () => {
  apply('{ destination: me }', '');
  addAddress(`${OTHER_ADDRESS}/24`);
  address('del', `${pair.host.ipv4}/24`, 'dev', pair.host.device);
  expect(xdpol('restore').status).toBe(0);
  reboot(pair);
  flush();
  const { stderr } = xdpol('restore');
  expect(stderr).toContain(`last known ${OTHER_ADDRESS} `);
  expect(stderr).not.toContain(pair.host.ipv4);
});

test.each([
  ['from what is remembered', [] as readonly string[]],
  ['from the compiled form where that is lost', ['known-host.json']],
  ['compiled anew where the compiled form is lost', ['cache']],
])('a name without a resolver: its last answer, %s', (_, lost) => {
  apply(`{ source: ${pair.peer.ipv4}, destination: ${NAME} }`, `${pair.host.ipv4} ${NAME}\n`);
  reboot(pair);
  for (const name of lost) rmSync(join(pair.directory, 'state', name), { recursive: true });
  const { status, stderr } = pair.run(pair.host, withHosts(pair, '', pair.xdpol('restore')));
  expect(stderr).toContain(`${NAME} is its last known ${pair.host.ipv4} (`);
  expect(status).toBe(0);
  expect(answers(pair.host.ipv4)).toBe(false);
});

test('a name of which nothing is known: in force without it, within seconds, and it says so', () => {
  apply(`{ destination: ${NAME} }`, `${pair.host.ipv4} ${NAME}\n`);
  reboot(pair);
  for (const name of ['known-host.json', 'cache'])
    rmSync(join(pair.directory, 'state', name), { recursive: true, force: true });
  const { status, stderr } = pair.run(pair.host, withHosts(pair, '', pair.xdpol('restore')));
  expect(stderr).toContain(`${NAME} has no address yet: filters with it match nothing`);
  expect(status).toBe(0);
});

test('a name without an answer is an error for whoever applies it, as it was', () => {
  const file = join(pair.directory, 'recall.yaml');
  writeFileSync(file, policy(`{ destination: ${NAME} }`));
  const { status, stderr } = pair.run(pair.host, withHosts(pair, '', pair.xdpol('apply', file, '-i', 'eth0')));
  expect(stderr).toContain('XP0220');
  expect(status).toBe(3);
});

test('names in protected traffic are remembered, and pass a boot that is closed', () => {
  const hosts = `${pair.peer.ipv4} ${NAME}\n`;
  writeFileSync(pair.config, `boot: closed\nprotect: [{ source: ${NAME}, destination: me, protocol: icmp }]\n`);
  apply('{ source: 198.51.100.1, destination: me }', hosts);
  const state = join(pair.directory, 'state');
  expect(readFileSync(join(state, 'known-host.json'), 'utf8')).toContain(NAME);
  reboot(pair);
  for (const name of ['cache', 'policies']) rmSync(join(state, name), { recursive: true });
  const { stdout, status } = pair.run(pair.host, withHosts(pair, '', pair.xdpol('restore')));
  expect(stdout).toContain('closed at boot in force');
  expect(status).toBe(1);
  expect(answers(pair.host.ipv4)).toBe(true);
  expect(answers(pair.host.ipv6)).toBe(false);
  writeFileSync(pair.config, '');
});
