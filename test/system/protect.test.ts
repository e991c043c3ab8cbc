/** Protected traffic: no verb puts a policy in force that drops it, and what is in force stays. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { program } from '../support/program.ts';

const POLICY_ERRORS = 3;
const SSH = '{ source: 192.0.2.0/24, destination: me, protocol: tcp, destinationPort: 22 }';

let pair: NamespacePair;

beforeAll(() => {
  pair = new NamespacePair({ ipv6: false });
  writeFileSync(pair.config, `interfaces: [eth0]\nprotect:\n  - ${SSH.replace('192.0.2.0/24', pair.peer.ipv4)}\n`);
});

afterAll(() => pair[Symbol.dispose]());

function write(name: string, ...filters: readonly string[]): string {
  const path = join(pair.directory, `${name}.yaml`);
  writeFileSync(path, `name: ${name}\nrules:\n  - { name: rest, action: block, filters: [${filters.join(', ')}] }\n`);
  return path;
}

function inForce(): unknown {
  const { policy, assigned } = JSON.parse(pair.exec(pair.host, pair.xdpol('status', '--json'))) as {
    policy: string | null;
    assigned: { policy: string } | null;
  };
  return { policy, assigned: assigned?.policy ?? null };
}

function expectRefused(argv: readonly string[]): void {
  const before = inForce();
  const { status, stderr } = pair.run(pair.host, argv);
  expect(stderr).toMatch(/config\.yaml:3:\d+: error\[XP0420\]/u);
  expect(stderr).toContain(`-> ${pair.host.ipv4}:22 `);
  expect(status).toBe(POLICY_ERRORS);
  expect(inForce()).toEqual(before);
}

test('a policy that leaves it alone goes in force; one that drops it is refused, also as a dry run and with a time', () => {
  pair.exec(
    pair.host,
    pair.xdpol('apply', write('open', '{ source: any, destination: me, protocol: udp }'), '-i', 'eth0'),
  );
  const shut = write('shut', '{ source: any, destination: me, protocol: tcp, destinationPort: [1-1024] }');
  for (const more of [[], ['--dry-run'], ['--confirm', '60s']]) {
    expectRefused(pair.xdpol('apply', shut, '-i', 'eth0', ...more));
  }
  expect(inForce()).toEqual({ policy: 'open', assigned: 'open' });
});

test('a stored policy is refused where it is assigned, by ipsecpol too', () => {
  const add = program('ipsecpol', '-w', 'REG', '-p', 'web', '-r', 'all', '-f', '*=0::TCP', '-n', 'BLOCK');
  pair.exec(pair.host, add);
  expectRefused(pair.xdpol('assign', 'web', '-i', 'eth0'));
  expectRefused(program('ipsecpol', '-w', 'REG', '-p', 'web', '-x'));
});

test('so is a dynamic rule that drops it; one that does not is added', async () => {
  await AgentProcess.start(pair);
  expectRefused(program('ipsecpol', '-r', 'ban', '-f', `${pair.peer.ipv4}=0`, '-n', 'BLOCK'));
  pair.exec(pair.host, program('ipsecpol', '-r', 'ban', '-f', '203.0.113.9=0', '-n', 'BLOCK'));
  pair.exec(pair.host, program('ipsecpol', '-r', 'ban', '-o'));
});

test('outgoing packets that nothing filters are not dropped by a policy', () => {
  const answers = write('answers', '{ source: me, destination: any, protocol: tcp, sourcePort: 22 }');
  const { stderr } = pair.run(pair.host, pair.xdpol('apply', answers, '-i', 'eth0', '--dry-run'));
  expect(stderr).toContain('error[XP0420]');
  pair.exec(pair.host, pair.xdpol('unassign'));
  pair.exec(pair.host, pair.xdpol('apply', answers, '-i', 'eth0', '--ingress-only'));
});

test('without protect the same policy goes in force', () => {
  writeFileSync(pair.config, '');
  pair.exec(pair.host, pair.xdpol('apply', join(pair.directory, 'shut.yaml'), '-i', 'eth0', '--ingress-only'));
  expect(inForce()).toEqual({ policy: 'shut', assigned: 'shut' });
});
