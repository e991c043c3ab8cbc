/**
 * Frames that are made to get past a filter (fragments, options, extension headers, tags, wrong lengths) sent at the sockets
 * of a service that the policy blocks: none arrives. Before, without the policy, the same frames reach them.
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { NamespacePair } from '../support/namespaces.ts';

const PORT = '7777';
/** Frames under the policy; XDPOL_FORGED_FRAMES asks for more. */
const FRAMES = Number(process.env['XDPOL_FORGED_FRAMES'] ?? 1_000_000);
const SEED = process.env['XDPOL_FORGED_SEED'] ?? '20261';
const CONTROL = 50_000;

const POLICY = `name: service
rules:
  - { name: tcp, action: block, filters: [{ source: any, destination: local, protocol: tcp }] }
  - { name: port, action: block, filters: [{ source: any, destination: local, protocol: udp, destinationPort: ${PORT} }] }
`;

function script(name: string): string {
  return fileURLToPath(new URL(`../support/${name}.py`, import.meta.url));
}

/** What the kernel of the host says of its namespace, by the names of nstat. */
function countersOf(pair: NamespacePair): ReadonlyMap<string, number> {
  const lines = pair.exec(pair.host, ['cat', '/proc/net/snmp', '/proc/net/snmp6']).split('\n');
  const counters = new Map<string, number>();
  for (const [i, line] of lines.entries()) {
    const six = /^(?<name>\w+)\s+(?<value>\d+)$/u.exec(line)?.groups;
    if (six !== undefined) counters.set(present(six['name']), Number(six['value']));
    const names = /^(?<protocol>Tcp|Udp): (?<names>[A-Z].*)$/u.exec(line)?.groups;
    if (names === undefined) continue;
    const values = present(lines[i + 1])
      .split(' ')
      .slice(1);
    for (const [k, name] of present(names['names']).split(' ').entries())
      counters.set(`${names['protocol']}${name}`, Number(values[k]));
  }
  return counters;
}

interface Heard {
  readonly sent: number;
  readonly datagrams: number;
  /** That reached TCP, of both families. */
  readonly segments: number;
}

async function send(pair: NamespacePair, count: number): Promise<Heard> {
  const service = pair.spawn(pair.host, ['python3', script('hear-datagrams'), PORT], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  present(service.stdout).on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(present(service.stdout), 'data');
  const before = countersOf(pair);
  const argv = [pair.peer.device, pair.peer.mac, pair.host.mac, PORT, String(count), SEED];
  const sent = Number(pair.exec(pair.peer, ['python3', script('forged-frames'), ...argv]));
  const segments = present(countersOf(pair).get('TcpInSegs')) - present(before.get('TcpInSegs'));
  const ended = once(service, 'close');
  present(service.stdin).end();
  await ended;
  return { sent, datagrams: Number(present(output.trim().split('\n')[1])), segments };
}

test(`of ${FRAMES} frames none reaches a socket of the service`, { timeout: 240_000 + FRAMES / 5 }, async () => {
  using pair = new NamespacePair();
  const open = await send(pair, CONTROL);
  expect(Math.min(open.datagrams, open.segments)).toBeGreaterThan(CONTROL / 20);

  const file = join(pair.directory, 'service.yaml');
  writeFileSync(file, POLICY);
  pair.exec(pair.host, pair.xdpol('apply', file, '-i', pair.host.device));
  const blocked = await send(pair, FRAMES);
  expect(blocked.sent).toBeGreaterThanOrEqual(FRAMES);
  expect(blocked).toEqual({ sent: blocked.sent, datagrams: 0, segments: 0 });
});
