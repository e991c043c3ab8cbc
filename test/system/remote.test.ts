/** Another host by its name: the same words and codes as on the host itself, and changes that undo themselves. */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
import { TestAuthority } from '../support/certificates.ts';
import { Follower } from '../support/follower.ts';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { program } from '../support/program.ts';
import { sendUdp } from '../support/udp.ts';
import { CHANGING_STEPS, runSession, writeSessionFiles } from '../support/verbs-session.ts';

/** Milliseconds for a session of some forty commands, and for a change that goes back. */
const PATIENCE = 300_000;
const PORT = 9478;
/** Of a second link, which no policy filters. */
const BESIDE = { host: '198.51.100.1', peer: '198.51.100.2' } as const;

let pair: NamespacePair;
let agent: AgentProcess;
let authority: TestAuthority;

beforeAll(async () => {
  pair = new NamespacePair({ ipv6: false });
  writeSessionFiles(pair);
  addLinkBeside();
  authority = await TestAuthority.make(join(pair.directory, 'pki'));
  const credentials = await authority.host('web1', pair.host.ipv4, BESIDE.host);
  writeFileSync(pair.config, `api: { listen: ":${PORT}", credentials: ${credentials} }\n`);
  for (const [name, role] of [
    ['alice', 'administrator'],
    ['vera', 'viewer'],
  ] as const) {
    await authority.operator(name, role);
    exec(name, 'xdpol', 'host', 'add', 'web1', `https://${pair.host.ipv4}:${PORT}`);
  }
  exec('alice', 'xdpol', 'host', 'add', 'aside', BESIDE.host);
  agent = await AgentProcess.start(pair);
}, PATIENCE);

afterEach(() => {
  there('unassign');
});

afterAll(() => {
  pair[Symbol.dispose]();
});

function addLinkBeside(): void {
  pair.exec(pair.host, [
    'ip',
    'link',
    'add',
    'beside',
    'type',
    'veth',
    'peer',
    'name',
    'beside',
    'netns',
    pair.peer.namespace,
  ]);
  for (const [side, address] of [
    [pair.host, BESIDE.host],
    [pair.peer, BESIDE.peer],
  ] as const) {
    pair.exec(side, ['ip', 'address', 'add', `${address}/24`, 'dev', 'beside']);
    pair.exec(side, ['ip', 'link', 'set', 'beside', 'up']);
  }
}

function holder(name: string): string {
  return join(authority.folder, 'holders', name);
}

/** A command of an operator, on the other host. */
function commandOf(name: string, ...[verb = '', ...words]: readonly string[]): readonly string[] {
  const argv = program(verb === 'xdpol' ? 'main' : 'ipsecpol', ...words);
  return ['env', `XDPOL_CLIENT_DIR=${holder(name)}`, 'XDPOL_AGENT_SOCKET=', ...argv];
}

function run(name: string, ...words: readonly string[]): Outcome {
  return pair.run(pair.peer, commandOf(name, ...words));
}

function exec(name: string, ...words: readonly string[]): string {
  const { status, stdout, stderr } = run(name, ...words);
  expect({ words, status, stderr }).toMatchObject({ status: 0 });
  return stdout;
}

/** On web1 itself. */
function there(...words: readonly string[]): string {
  return pair.exec(pair.host, pair.xdpol(...words));
}

/** Who changed what, and the width of its column, are what differs. */
function withoutCaller(transcript: string): string {
  return transcript.replaceAll('certificate alice', 'root').replaceAll(/ {2,}/gu, ' ');
}

test('a session on another host prints what it prints there, word for word', { timeout: PATIENCE }, () => {
  // Dynamic rules are changed, and versions compared, on the host itself.
  const steps = CHANGING_STEPS.filter(({ argv }) => !['ipsecpol', 'diff'].some((word) => argv.includes(word)));
  expect(steps.length).toBeGreaterThan(30);
  const remote = runSession(pair, steps, {
    side: pair.peer,
    before: ['env', `XDPOL_CLIENT_DIR=${holder('alice')}`, 'XDPOL_AGENT_SOCKET='],
    host: 'aside',
  });
  there('unassign');
  for (const name of ['edge', 'mail']) pair.run(pair.host, pair.xdpol('delete', name));
  expect(withoutCaller(remote)).toBe(withoutCaller(runSession(pair, steps)));
});

describe('the commands of the article, with the name of a machine', () => {
  test('the policy is made, assigned, unassigned and deleted there', { timeout: PATIENCE }, () => {
    const web = ['–w', 'REG', '–p', 'Packet Filter'] as const;
    const rule = ['–r', 'Inbound web protocols', '-f', '*+192.0.2.1:80:TCP', '–f', `*+192.0.2.1:${PORT}:TCP`];
    exec('alice', 'ipsecpol', '\\\\web1', ...web, ...rule, '–n', 'PASS');
    exec('alice', 'ipsecpol', '\\\\WEB1', ...web, '–r', 'All inbound traffic', '-f', '*+192.0.2.1', '–n', 'BLOCK');
    there('assign', 'Packet Filter', '-i', 'eth0');
    there('unassign');
    exec('alice', 'ipsecpol', '\\\\', 'web1', ...web, '–x');
    expect(JSON.parse(there('status', '--json'))).toMatchObject({ policy: 'Packet Filter', pending: null });
    expect(exec('alice', 'ipsecpol', '\\\\web1', 'show', 'all')).toContain('assigned: "Packet Filter"');
    exec('alice', 'ipsecpol', '\\\\web1', ...web, '–y');
    expect(JSON.parse(there('status', '--json'))).toMatchObject({ policy: null });
    exec('alice', 'ipsecpol', '\\\\web1', ...web, '–o');
    expect(there('list')).not.toContain('Packet Filter');
  });

  test('a dynamic rule is refused: it could not go back by itself', () => {
    const { status, stderr } = run('alice', 'ipsecpol', '\\\\web1', '-r', 'x', '-f', '*+0:9:TCP', '-n', 'BLOCK');
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('cannot be changed from') as string,
    });
  });
});

test('a change that cuts the way to the host goes back by itself, and both sides say so', { timeout: PATIENCE }, () => {
  writeFileSync(join(pair.directory, 'closed.yaml'), 'name: closed\ndefault: block\nrules: []\n');
  writeFileSync(
    join(pair.directory, 'open.yaml'),
    'name: open\nrules: [{ name: nine, action: block, filters: ["*+192.0.2.1:9:TCP"] }]\n',
  );
  exec('alice', 'xdpol', '--host', 'web1', 'apply', join(pair.directory, 'open.yaml'), '-i', 'eth0');
  const before = there('status', '--json');
  const cut = run('alice', 'xdpol', '--host', 'web1', 'apply', join(pair.directory, 'closed.yaml'), '-i', 'eth0');
  expect(cut.stderr).toContain('could not be reached over a new connection');
  expect(cut.status).toBe(1);
  const { policy, pending } = JSON.parse(there('status', '--json')) as Record<string, unknown>;
  expect({ policy, pending }).toEqual({ policy: 'open', pending: null });
  expect(JSON.parse(before)).toMatchObject({ policy: 'open' });
  expect(exec('alice', 'xdpol', '--host', 'web1', 'status')).toContain('open');
});

test('questions are answered by the other host, about itself', () => {
  const packet = `tcp ${pair.peer.ipv4}:4000 -> ${pair.host.ipv4}:22`;
  const file = join(pair.directory, 'closed.yaml');
  for (const words of [
    ['doctor', '--json'],
    ['explain', packet],
    ['explain', file, packet],
    ['check', file],
    ['diff', file],
  ]) {
    const { status, stdout } = run('alice', 'xdpol', '--host', 'web1', ...words);
    const own = pair.run(pair.host, pair.xdpol(...words));
    expect({ status, stdout }).toEqual({ status: own.status, stdout: own.stdout });
  }
});

test('samples of the other host, as they come and as a capture, for who may see payload', async () => {
  const path = join(pair.directory, 'drops.yaml');
  const filter = '{ source: any, destination: me, protocol: udp, destinationPort: 53 }';
  writeFileSync(path, `name: drops\ndefault: permit\nrules: [{ name: dns, action: block, filters: [${filter}] }]\n`);
  there('apply', path, '-i', pair.host.device);
  const file = join(pair.directory, 'there.pcapng');
  const of = (name: string, ...words: readonly string[]): Follower =>
    new Follower(pair, commandOf(name, 'xdpol', '--host', 'web1', ...words), pair.peer);
  const [events, capture] = [of('alice', 'events', '--json'), of('alice', 'capture', '-w', file)];
  const send = (): unknown => sendUdp(pair, pair.peer, [{ to: pair.host.ipv4, port: 53, count: 1 }]);
  const captured = (): string => (existsSync(file) ? readFileSync(file, 'latin1') : '');
  await events.sendUntil(send, () => events.samples.length > 0 && captured().includes('drop: rule dns of drops'));
  // The first sample may be of a packet that was counted before the capture had read the counters.
  send();
  expect([await events.end(), await capture.end()]).toEqual([0, 0]);
  expect(events.samples[0]).toMatchObject({ rule: 'dns', verdict: 'drop', interface: pair.host.device });
  expect(captured()).toMatch(/[1-9]\d* of \d+ packets were wanted \(dropped\)/u);
  const { status, stderr } = run('vera', 'xdpol', '--host', 'web1', 'events', '--count', '1');
  expect([status, stderr]).toEqual([1, expect.stringContaining('viewer')]);
});

describe('what stands in the way is told with the next step', () => {
  test.each([
    ['a role that does not reach', 'vera', ['--host', 'web1', 'unassign'], 1, 'vera is viewer on this host'],
    ['a host that is not known', 'alice', ['--host', 'web2', 'status'], 1, 'xdpol host add web2'],
    ['a verb of this host', 'alice', ['--host', 'web1', 'bench'], 2, 'ssh web1 xdpol bench'],
  ] as const)('%s', (_, name, words, code, message) => {
    const { status, stderr } = run(name, 'xdpol', ...words);
    expect({ status, stderr }).toMatchObject({ status: code, stderr: expect.stringContaining(message) as string });
  });

  test('no certificate here; one of another authority; one that is revoked; nothing that answers', async () => {
    const folder = join(pair.directory, 'pki2');
    const other = await TestAuthority.make(folder);
    const mallory = await other.operator('alice', 'administrator');
    copyFileSync(join(holder('alice'), 'hosts.json'), join(mallory, 'hosts.json'));
    const as = (client: string, ...words: readonly string[]): string =>
      pair.run(pair.peer, ['env', `XDPOL_CLIENT_DIR=${client}`, ...pair.xdpol(...words)]).stderr;
    expect(as(mallory, '--host', 'web1', 'status')).toContain('another authority than ca.crt or');
    for (const file of ['ca.crt', 'crl.pem']) copyFileSync(join(authority.folder, file), join(mallory, file));
    expect(as(mallory, '--host', 'web1', 'status')).toContain('does not take the certificate of this user');
    await authority.authority.revoke('vera');
    copyFileSync(join(authority.folder, 'crl.pem'), join(authority.folder, 'holders/web1/crl.pem'));
    const refused = as(holder('vera'), '--host', 'web1', 'status');
    expect(refused).toContain('does not take the certificate of this user');
    expect(refused).toContain('whether the clocks of both hosts are right');
    const none = join(pair.directory, 'nobody');
    as(none, 'host', 'add', 'web1', pair.host.ipv4);
    expect(as(none, '--host', 'web1', 'status')).toContain('another host asks for a certificate');
    as(holder('alice'), 'host', 'add', 'web3', `https://${pair.host.ipv4}:9`);
    expect(as(holder('alice'), '--host', 'web3', 'status')).toContain('nothing answers at');
    as(holder('alice'), 'host', 'add', 'other-name', `https://${pair.host.ipv4}:${PORT}`);
    expect(as(holder('alice'), '--host', 'other-name', 'list')).toBe('');
    await authority.authority.revoke('web1');
    copyFileSync(join(authority.folder, 'crl.pem'), join(holder('alice'), 'crl.pem'));
    expect(as(holder('alice'), '--host', 'web1', 'list')).toContain('is revoked');
  });

  test('known hosts are listed, replaced and removed', () => {
    exec('alice', 'xdpol', 'host', 'add', 'db1', 'db1.example.net');
    expect(exec('alice', 'xdpol', 'host', 'list')).toContain('https://db1.example.net:9478');
    exec('alice', 'xdpol', 'host', 'add', 'DB1', 'https://[2001:db8::5]:443');
    expect(JSON.parse(exec('alice', 'xdpol', 'host', 'list', '--json'))).toMatchObject({
      hosts: expect.arrayContaining([
        { name: 'DB1', url: 'https://[2001:db8::5]:443' },
        { name: 'web1', url: `https://${pair.host.ipv4}:${PORT}` },
      ]) as unknown,
    });
    exec('alice', 'xdpol', 'host', 'remove', 'db1');
    expect(run('alice', 'xdpol', 'host', 'remove', 'db1').status).toBe(1);
    expect(run('alice', 'xdpol', 'host', 'add', 'x', 'http://x').status).toBe(2);
  });
});

test('the own name of this host is this host', () => {
  const [own = ''] = pair.exec(pair.host, ['hostname']).trim().split('.');
  const here = pair.exec(pair.host, pair.xdpol('status'));
  expect(pair.exec(pair.host, pair.xdpol('--host', own.toUpperCase(), 'status'))).toBe(here);
});

test('a change is recorded with the name in the certificate', () => {
  expect(there('history', 'open')).toContain('certificate alice');
  expect(agent.log).not.toContain('a request met a fault');
  expect(readFileSync(join(holder('alice'), 'hosts.json'), 'utf8')).toContain('web1');
});
