/** What the host does now is not cut by mistake: real TCP connections over a veth, and what the kernel says of routes. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { program } from '../support/program.ts';

const SERVER = `require('net').createServer(() => {}).listen(22, '0.0.0.0', () => console.log('ready'))`;
const PORT = 40_022;
const ALL_TCP = '{ source: any, destination: me, protocol: tcp }';
const ESTABLISHED = '{ source: any, destination: me, protocol: tcp, established: true }';

let pair: NamespacePair;
let ssh: string;

beforeAll(async () => {
  pair = new NamespacePair();
  ssh = `SSH_CONNECTION=${pair.peer.ipv4} ${PORT} ${pair.host.ipv4} 22`;
  const server = pair.spawn(pair.host, [process.execPath, '-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (server.stdout !== null) await once(server.stdout, 'data');
  const connect = `require('net').connect({ host: '${pair.host.ipv4}', port: 22, localPort: ${PORT} }, () => console.log('in'))`;
  const client = pair.spawn(pair.peer, [process.execPath, '-e', connect], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (client.stdout !== null) await once(client.stdout, 'data');
});

afterAll(() => pair[Symbol.dispose]());

function write(name: string, filters: string, more = ''): string {
  const path = join(pair.directory, `${name}.yaml`);
  writeFileSync(path, `name: ${name}\n${more}rules:\n  - { name: rest, action: block, filters: [${filters}] }\n`);
  return path;
}

function inForce(): string | null {
  const { policy } = JSON.parse(pair.exec(pair.host, pair.xdpol('status', '--json'))) as { policy: string | null };
  return policy;
}

function asSession(argv: readonly string[]): Outcome {
  return pair.run(pair.host, ['env', ssh, ...argv]);
}

function expectRefused({ status, stderr }: Outcome, ...words: readonly string[]): void {
  expect(stderr).toContain(' would cut what this host does now: ');
  for (const word of words) expect(stderr).toContain(word);
  expect(status).toBe(1);
}

test('a policy that drops a connection of now is refused, also as a dry run, and names the filter', () => {
  const shut = write('shut', ALL_TCP);
  const connection = `tcp ${pair.peer.ipv4}:${PORT} -> ${pair.host.ipv4}:22 established arriving on eth0`;
  for (const more of [[], ['--dry-run']]) {
    const refused = pair.run(pair.host, pair.xdpol('apply', shut, '-i', 'eth0', ...more));
    expectRefused(refused, 'TCP connections to port 22', connection, '(rule "rest")');
    expect(refused.stderr).not.toContain('your SSH connection');
  }
  expect(inForce()).toBeNull();
});

test('the session of the command is told first; whoever sudo took the variable from is found by the processes above', () => {
  const shut = write('shut', ALL_TCP);
  expectRefused(asSession(pair.xdpol('apply', shut, '-i', 'eth0')), 'your SSH connection', 'a new SSH connection');
  const hidden = ['sh', '-c', 'env -u SSH_CONNECTION "$@"; exit $?', 'sh', ...pair.xdpol('apply', shut, '-i', 'eth0')];
  expectRefused(asSession(hidden), 'your SSH connection');
});

test('a session that could not be opened again is refused, though its connection stays', () => {
  const again = write('again', `${ALL_TCP}] }\n  - { name: stay, action: permit, filters: [${ESTABLISHED}`);
  const refused = asSession(pair.xdpol('apply', again, '-i', 'eth0'));
  expectRefused(refused, 'a new SSH connection from where you are');
  expect(refused.stderr).not.toContain('your SSH connection,');
});

test('an SSH connection of another network namespace is none of this one', () => {
  const web = write('web', '{ source: any, destination: me, protocol: tcp, destinationPort: 23 }');
  const elsewhere = [
    'env',
    'SSH_CONNECTION=203.0.113.9 50000 198.51.100.7 22',
    ...pair.xdpol('apply', web, '-i', 'eth0'),
  ];
  expect(pair.run(pair.host, elsewhere)).toMatchObject({ status: 0, stderr: '' });
  pair.exec(pair.host, pair.xdpol('unassign'));
});

test('with --confirm it is a warning, and so it is with --force; what is cut already is not asked about again', () => {
  const shut = write('shut', ALL_TCP);
  const waiting = pair.run(pair.host, pair.xdpol('apply', shut, '-i', 'eth0', '--confirm', '60s'));
  expect(waiting).toMatchObject({ status: 0 });
  expect(waiting.stderr).toContain('cuts what this host does now: TCP connections to port 22');
  pair.exec(pair.host, pair.xdpol('rollback'));
  const forced = pair.run(pair.host, pair.xdpol('apply', shut, '-i', 'eth0', '--force'));
  expect(forced).toMatchObject({ status: 0 });
  expect(forced.stderr).toContain('cuts what this host does now');
  const other = write('other', `${ALL_TCP}, { source: 203.0.113.9, destination: me }`);
  const { status, stderr } = pair.run(pair.host, pair.xdpol('apply', other, '-i', 'eth0'));
  expect(stderr).not.toContain('what this host does now');
  expect(status).toBe(0);
  pair.exec(pair.host, pair.xdpol('unassign'));
});

test('assign and ipsecpol -x are refused too; XDPOL_FORCE forces the latter', () => {
  expectRefused(pair.run(pair.host, pair.xdpol('assign', 'shut', '-i', 'eth0')), 'port 22');
  writeFileSync(pair.config, 'interfaces: [eth0]\n');
  const assign = program('ipsecpol', '-w', 'REG', '-p', 'shut', '-x');
  const refused = pair.run(pair.host, assign);
  expectRefused(refused, 'port 22', 'with XDPOL_CONFIRM=60s before it', 'with XDPOL_FORCE=1 before it');
  expect(refused.stderr).not.toContain(' --');
  expect(pair.run(pair.host, ['env', 'XDPOL_FORCE=1', ...assign]).status).toBe(0);
  expect(inForce()).toBe('shut');
  pair.exec(pair.host, pair.xdpol('unassign'));
});

test('only arriving packets are asked about where only these are filtered', () => {
  const answers = write('answers', '{ source: me, destination: any, protocol: tcp, sourcePort: 22 }');
  expectRefused(pair.run(pair.host, pair.xdpol('apply', answers, '-i', 'eth0')), 'leaving on eth0');
  pair.exec(pair.host, pair.xdpol('apply', answers, '-i', 'eth0', '--ingress-only'));
  pair.exec(pair.host, pair.xdpol('unassign'));
});

test('the gateway: its neighbour discovery and the path MTU errors of its routers', () => {
  pair.exec(pair.host, ['ip', '-6', 'route', 'add', 'default', 'via', pair.peer.ipv6]);
  pair.exec(pair.host, ['ip', 'route', 'add', 'default', 'via', pair.peer.ipv4]);
  const closed = write('closed', '{ source: any, destination: any, protocol: icmpv6 }', 'exemptions: []\n');
  expectRefused(
    pair.run(pair.host, pair.xdpol('apply', closed, '-i', 'eth0')),
    `neighbour discovery of the gateway ${pair.peer.ipv6}`,
    'path MTU errors',
  );
  const usual = write('usual', '{ source: any, destination: any, protocol: icmpv6 }');
  pair.exec(pair.host, pair.xdpol('apply', usual, '-i', 'eth0'));
  pair.exec(pair.host, pair.xdpol('unassign'));
});

test('a lease must be renewable', () => {
  pair.exec(pair.host, [
    'ip',
    'address',
    'add',
    '198.51.100.20/24',
    'dev',
    'eth0',
    'valid_lft',
    '600',
    'preferred_lft',
    '600',
  ]);
  const udp = write('udp', '{ source: any, destination: any, protocol: udp }');
  expectRefused(pair.run(pair.host, pair.xdpol('apply', udp, '-i', 'eth0')), 'the lease of 198.51.100.20 (DHCP)');
  pair.exec(pair.host, ['ip', 'address', 'del', '198.51.100.20/24', 'dev', 'eth0']);
});

test('an address on a macvlan: its connection passes the device below, which is asked about', async () => {
  pair.exec(pair.host, ['ip', 'link', 'add', 'mac0', 'link', 'eth0', 'type', 'macvlan', 'mode', 'bridge']);
  pair.exec(pair.host, ['ip', 'address', 'add', '198.51.100.30/24', 'dev', 'mac0']);
  pair.exec(pair.host, ['ip', 'link', 'set', 'mac0', 'up']);
  pair.exec(pair.peer, ['ip', 'address', 'add', '198.51.100.31/24', 'dev', pair.peer.device]);
  const connect = `require('net').connect({ host: '198.51.100.30', port: 22, localAddress: '198.51.100.31' }, () => console.log('in'))`;
  const client = pair.spawn(pair.peer, [process.execPath, '-e', connect], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (client.stdout !== null) await once(client.stdout, 'data');
  const above = write('above', '{ source: any, destination: 198.51.100.30, protocol: tcp }');
  expectRefused(
    pair.run(pair.host, pair.xdpol('apply', above, '-i', 'eth0')),
    '-> 198.51.100.30:22 established arriving on eth0',
  );
  client.kill();
  pair.exec(pair.host, ['ip', 'link', 'del', 'mac0']);
  pair.exec(pair.peer, ['ip', 'address', 'del', '198.51.100.31/24', 'dev', pair.peer.device]);
});

test('the SSH connection travels to the agent', async () => {
  await AgentProcess.start(pair);
  expectRefused(asSession(pair.xdpol('apply', write('shut', ALL_TCP), '-i', 'eth0')), 'your SSH connection');
});
