/** The capabilities of the agent's unit are enough for everything that the agent does. */
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { unitsFor } from '../../src/cli/units.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { NamespacePair } from '../support/namespaces.ts';

const POLICY = `name: edge
rules:
  - { name: ping, action: block, filters: [{ source: any, destination: me, protocol: icmp }] }
`;
const POLL_MS = 200;
const PATIENCE_MS = 60_000;

/** Names of those of the unit, as setpriv writes them. */
function capabilities(): readonly string[] {
  const agent = present(unitsFor(['/bin/true'], '/var/lib/xdpol').find(({ name }) => name === 'xdpol-agent.service'));
  const names = present(/^CapabilityBoundingSet=(?<names>.+)$/mu.exec(agent.text)?.groups?.['names']).split(' ');
  return names.map((name) => name.toLowerCase().replace('cap_', '+'));
}

const BOUNDED = ['setpriv', '--bounding-set', ['-all', ...capabilities()].join(',')];
const AMBIENT = ['--inh-caps', capabilities().join(','), '--ambient-caps', capabilities().join(',')];
const NOBODY = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];

test.each([
  ['as root', []],
  ['as another user', [...NOBODY, ...AMBIENT]],
])('%s: apply, confirm, follow, keep, scrape and unassign', { timeout: 240_000 }, async (_, more) => {
  using pair = new NamespacePair({ ipv6: false });
  chmodSync(pair.directory, 0o755);
  const file = join(pair.directory, 'edge.yaml');
  writeFileSync(file, POLICY);
  const ip = (...args: readonly string[]): string => pair.exec(pair.host, ['ip', ...args]);
  const xdpol = (...args: readonly string[]): string => pair.exec(pair.host, pair.xdpol(...args));
  const agent = await AgentProcess.start(pair, undefined, (argv) => [
    ...['unshare', '--mount', '--propagation', 'slave', ...BOUNDED, ...more],
    ...argv,
  ]);
  const told = async (text: string): Promise<void> => {
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end && !agent.log.includes(text); )
      await sleep(POLL_MS);
    expect(agent.log).toContain(text);
  };
  expect(statSync(present(pair.env['XDPOL_AGENT_SOCKET'])).isSocket()).toBe(true);
  ip('link', 'add', 'pod1', 'type', 'veth', 'peer', 'name', 'inner1');
  xdpol('apply', file, '-i', 'eth0', '-i', 'pod*', '--confirm', '5m');
  xdpol('confirm');
  ip('address', 'add', '192.0.2.77/24', 'dev', 'eth0');
  await told('me is now 192.0.2.1, 192.0.2.77: edge in force');
  ip('link', 'del', 'pod1');
  ip('link', 'add', 'pod1', 'type', 'veth', 'peer', 'name', 'inner1');
  await told('edge is in force again');
  xdpol('doctor');
  expect(agent.scrape().value('xdpol_attached{device="pod1",direction="egress"}')).toBe(1);
  xdpol('unassign');
  expect(JSON.parse(xdpol('status', '--json'))).toMatchObject({ interfaces: [] });
  for (const line of agent.log.trim().split('\n')) expect(line).not.toContain('"level":"error"');
});
