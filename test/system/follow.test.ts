/** `me` follows the addresses of the filtered interfaces while the agent runs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { NamespacePair } from '../support/namespaces.ts';

const POLICY = `name: follow
rules:
  - { name: rest, action: block, filters: [{ source: any, destination: me, protocol: tcp }] }
`;
const SECOND = '192.0.2.77';
const TIMED_OUT = 124;
const REFUSED = 1;

function connect(pair: NamespacePair, address: string): number | null {
  const script = `echo > /dev/tcp/${address}/80`;
  return pair.run(pair.peer, ['timeout', '1', 'bash', '-c', script]).status;
}

async function waitFor(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 60 && !condition(); i++) await sleep(500);
  expect(condition()).toBe(true);
}

test('an address that is added is filtered, one that is removed is forgotten', { timeout: 120_000 }, async () => {
  using pair = new NamespacePair({ ipv6: false });
  const { device, ipv4, mac } = pair.host;
  const policy = join(pair.directory, 'follow.yaml');
  writeFileSync(policy, POLICY);
  pair.exec(pair.host, pair.xdpol('apply', policy, '-i', device));
  pair.spawn(pair.host, pair.xdpol('agent', '--listen', '127.0.0.1:9477'), { stdio: 'ignore' });
  pair.exec(pair.peer, ['ip', 'neighbour', 'replace', SECOND, 'lladdr', mac, 'dev', pair.peer.device]);
  pair.exec(pair.host, ['ip', 'address', 'add', `${SECOND}/24`, 'dev', device]);
  expect(connect(pair, ipv4)).toBe(TIMED_OUT);
  await waitFor(() => connect(pair, SECOND) === TIMED_OUT);
  pair.exec(pair.host, ['ip', 'address', 'del', `${SECOND}/24`, 'dev', device]);
  await waitFor(() => {
    const { generation } = JSON.parse(pair.exec(pair.host, pair.xdpol('status', '--json'))) as { generation: number };
    return generation === 3;
  });
  expect(connect(pair, ipv4)).toBe(TIMED_OUT);
  pair.exec(pair.host, pair.xdpol('unassign'));
  // A packet that meets the moment of detaching is lost, and TCP sends it again after a second.
  await waitFor(() => connect(pair, ipv4) === REFUSED);
});
