/** BIG TCP over a veth: what the stack builds is filtered by its headers, at every hook that it comes to. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PlainCounter } from '../support/counted-traffic.ts';
import { countersOf } from '../support/counted-traffic.ts';
import { NamespacePair } from '../support/namespaces.ts';

const MAX_SIZE = 200_000;
/** Longer than the length fields of IP can say. */
const LARGE = 65_536;
const SENT_BYTES = 60_000_000;
const POLICY = `name: big
default: block
rules:
  - { name: bulk, action: permit, filters: [{ source: any, destination: me, protocol: tcp, destinationPort: 5201, mirrored: true }, { source: me, destination: any, protocol: tcp, destinationPort: 5201, mirrored: true }] }
`;
/** gso_max_size, gro_max_size, and both for IPv4, which ip of older distributions cannot set. */
const RESIZE = `import socket, struct, sys
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
info = struct.pack('=BxHiII', 0, 0, socket.if_nametoindex(sys.argv[1]), 0, 0)
sizes = b''.join(struct.pack('=HHI', 8, kind, ${MAX_SIZE}) for kind in (41, 58, 63, 64))
s.send(struct.pack('=IHHII', 16 + len(info + sizes), 16, 5, 1, 0) + info + sizes)
error = struct.unpack('=i', s.recv(4096)[16:20])[0]
if error: raise OSError(-error, 'sizes')
`;
const SERVE = `import socket, sys
s = socket.create_server((sys.argv[1], 5201), family=socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)
print('ready', flush=True)
c, _ = s.accept()
total = 0
while True:
    data = c.recv(1 << 20)
    if not data: break
    total += len(data)
print(total, flush=True)
`;
const SEND = `import socket, sys
c = socket.create_connection((sys.argv[1], 5201), 20)
c.settimeout(60)
block, left = b'x' * (1 << 20), ${SENT_BYTES}
while left > 0: left -= c.send(block[:left])
c.close()
`;

let pair: NamespacePair;

beforeEach(() => {
  pair = new NamespacePair();
  for (const side of [pair.host, pair.peer]) {
    pair.exec(side, ['python3', '-c', RESIZE, side.device]);
    pair.exec(side, ['sh', '-c', 'echo "4096 8000000 16000000" > /proc/sys/net/ipv4/tcp_wmem']);
    pair.exec(side, ['sh', '-c', 'echo "4096 8000000 16000000" > /proc/sys/net/ipv4/tcp_rmem']);
  }
});

afterEach(() => {
  pair[Symbol.dispose]();
});

/** Bytes that arrived of a transfer from the peer to the host, or the other way round. */
async function transfer(address: string, from: 'peer' | 'host'): Promise<number> {
  const [client, server] = from === 'peer' ? [pair.peer, pair.host] : [pair.host, pair.peer];
  const child = pair.spawn(server, ['python3', '-c', SERVE, address], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  if (child.stdout !== null) await once(child.stdout, 'data');
  const ended = once(child, 'close');
  pair.exec(client, ['python3', '-c', SEND, address]);
  await ended;
  return Number(output.split('\n')[1]);
}

function meanBytes(counters: readonly PlainCounter[]): number {
  const bulk = counters.find(({ rule }) => rule === 'bulk');
  return bulk === undefined ? 0 : bulk.bytes / bulk.packets;
}

function bytesOf(counters: readonly PlainCounter[]): number {
  return counters.find(({ rule }) => rule === 'bulk')?.bytes ?? 0;
}

function malformed(counters: readonly PlainCounter[]): number {
  return counters.filter(({ reason }) => reason === 'malformed').reduce((sum, { packets }) => sum + packets, 0);
}

for (const how of [
  ['--hook', 'tcx'],
  ['--mode', 'generic'],
]) {
  test(`arriving and leaving, ${how.join(' ')}`, { timeout: 120_000 }, async () => {
    const policy = join(pair.directory, 'big.yaml');
    writeFileSync(policy, POLICY);
    pair.exec(pair.host, pair.xdpol('apply', policy, '-i', pair.host.device, ...how));
    for (const family of ['ipv4', 'ipv6'] as const) {
      expect(await transfer(pair.host[family], 'peer'), `${family} to the host`).toBe(SENT_BYTES);
    }
    const ingress = countersOf(pair, 'ingress').counters;
    expect(malformed(ingress)).toBe(0);
    expect(meanBytes(ingress)).toBeGreaterThan(LARGE);
    for (const family of ['ipv4', 'ipv6'] as const) {
      expect(await transfer(pair.peer[family], 'host'), `${family} from the host`).toBe(SENT_BYTES);
    }
    const egress = countersOf(pair, 'egress').counters;
    expect(malformed(egress)).toBe(0);
    // Acknowledgements of what arrived are among them.
    expect(bytesOf(egress)).toBeGreaterThan(2 * SENT_BYTES);
  });
}
