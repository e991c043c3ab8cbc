/** A user who is not root: the verbs work with the capabilities that they need, and name the one that is missing. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';

const POLICY = `name: edge
rules:
  - { name: ping, action: block, filters: [{ source: any, destination: me, protocol: icmp }] }
`;
const NOBODY = '65534';
/** Milliseconds for a test of a dozen commands. */
const PATIENCE = 60_000;

let pair: NamespacePair;
let file: string;

beforeAll(() => {
  pair = new NamespacePair({ ipv6: false });
  file = join(pair.directory, 'edge.yaml');
  writeFileSync(file, POLICY);
  // Everybody may come this far; the pins and the store stay root's.
  chmodSync(pair.directory, 0o755);
});

afterAll(() => {
  pair[Symbol.dispose]();
});

function asNobody(capabilities: readonly string[], ...args: readonly string[]): Outcome {
  const set = capabilities.map((name) => `+${name}`).join(',');
  const given = capabilities.length === 0 ? [] : ['--inh-caps', set, '--ambient-caps', set];
  const user = ['--reuid', NOBODY, '--regid', NOBODY, '--clear-groups'];
  return pair.run(pair.host, ['setpriv', ...user, ...given, ...pair.xdpol(...args)]);
}

test('with both: apply, status, counters and unassign work', { timeout: PATIENCE }, () => {
  const both = ['sys_admin', 'dac_override'];
  for (const args of [['apply', file, '-i', 'eth0'], ['status'], ['counters'], ['unassign']]) {
    const { status, stderr } = asNobody(both, ...args);
    expect({ args, status, stderr }).toMatchObject({ status: 0 });
    if (args[0] === 'apply') expect(pair.run(pair.peer, ['ping', '-c1', '-W1', pair.host.ipv4]).status).toBe(1);
  }
  expect(pair.run(pair.peer, ['ping', '-c1', '-W1', pair.host.ipv4]).status).toBe(0);
});

test('with one or none: the other is named with the way to get it, and nothing is claimed', {
  timeout: PATIENCE,
}, () => {
  pair.exec(pair.host, pair.xdpol('apply', file, '-i', 'eth0'));
  const cases = [
    [['dac_override'], ['CAP_SYS_ADMIN']],
    [['sys_admin'], ['CAP_DAC_OVERRIDE']],
    [[], ['CAP_SYS_ADMIN', 'CAP_DAC_OVERRIDE']],
  ] as const;
  for (const [given, names] of cases) {
    for (const verb of ['counters', 'unassign']) {
      const { status, stdout, stderr } = asNobody(given, verb);
      expect({ given, verb, status, stdout }).toEqual({ given, verb, status: 1, stdout: '' });
      const [message = '', help = ''] = stderr.split('\n');
      for (const name of ['CAP_SYS_ADMIN', 'CAP_DAC_OVERRIDE'] as const) {
        expect(message.includes(`${name} (`)).toBe((names as readonly string[]).includes(name));
      }
      expect(help).toContain('sudo systemd-run');
    }
  }
  expect(pair.run(pair.peer, ['ping', '-c1', '-W1', pair.host.ipv4]).status).toBe(1);
});

test('root without it is told where such a root gets it', { timeout: PATIENCE }, () => {
  const drop = ['setpriv', '--bounding-set', '-sys_admin', '--inh-caps', '-sys_admin'];
  const { status, stderr } = pair.run(pair.host, [...drop, ...pair.xdpol('status')]);
  expect(status).toBe(1);
  expect(stderr).toContain('needs CAP_SYS_ADMIN (');
  expect(stderr).toContain('CapabilityBoundingSet=');
});

test('install names the folder that it writes', { timeout: PATIENCE }, () => {
  const { status, stderr } = asNobody([], 'install');
  expect(status).toBe(1);
  expect(stderr).toContain('CAP_DAC_OVERRIDE (to write /etc/systemd/system)');
});
