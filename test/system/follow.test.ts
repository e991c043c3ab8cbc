/** `me` follows the addresses of the filtered interfaces while the agent runs. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
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

/** Of its own file system, which goes with it. */
function smallStore(pair: NamespacePair): Disposable & { readonly path: string } {
  const path = join(pair.directory, 'state');
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', path]);
  return { path, [Symbol.dispose]: () => execFileSync('umount', ['-l', path]) };
}

function fillDisk(file: string): void {
  try {
    writeFileSync(file, Buffer.alloc(1 << 20));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  }
}

test('an address that is added is filtered, one that is removed is forgotten, though nothing can be written', {
  timeout: 120_000,
}, async () => {
  using pair = new NamespacePair({ ipv6: false });
  using store = smallStore(pair);
  const { device, ipv4, mac } = pair.host;
  const policy = join(pair.directory, 'follow.yaml');
  writeFileSync(policy, POLICY);
  pair.exec(pair.host, pair.xdpol('apply', policy, '-i', device));
  await AgentProcess.start(pair);
  pair.exec(pair.peer, ['ip', 'neighbour', 'replace', SECOND, 'lladdr', mac, 'dev', pair.peer.device]);
  execFileSync('mount', ['-o', 'remount,ro', store.path]);
  pair.exec(pair.host, ['ip', 'address', 'add', `${SECOND}/24`, 'dev', device]);
  expect(connect(pair, ipv4)).toBe(TIMED_OUT);
  await waitFor(() => connect(pair, SECOND) === TIMED_OUT);
  execFileSync('mount', ['-o', 'remount,rw', store.path]);
  fillDisk(join(store.path, 'filler'));
  pair.exec(pair.host, ['ip', 'address', 'del', `${SECOND}/24`, 'dev', device]);
  await waitFor(() => {
    const { generation } = JSON.parse(pair.exec(pair.host, pair.xdpol('status', '--json'))) as { generation: number };
    return generation === 3;
  });
  expect(connect(pair, ipv4)).toBe(TIMED_OUT);
  rmSync(join(store.path, 'filler'));
  pair.exec(pair.host, pair.xdpol('unassign'));
  // A packet that meets the moment of detaching is lost, and TCP sends it again after a second.
  await waitFor(() => connect(pair, ipv4) === REFUSED);
});
