/** Leaving frames whose headers are not in the first buffer: as a packet socket makes them of large frames. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NamespacePair } from '../support/namespaces.ts';
import { tcp } from '../support/packets.ts';

const POLICY = `name: egress
default: block
rules:
  - { name: mail, action: permit, filters: [{ source: me, destination: any, protocol: tcp, destinationPort: 25 }] }
`;
const FRAMES = 5;
/** Past a page a packet socket leaves only the Ethernet header linear. */
const PAYLOAD_BYTES = 6000;
const SEND = `import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
for _ in range(${FRAMES}): s.send(frame)
`;

test('headers that are not linear are pulled and matched', () => {
  using pair = new NamespacePair({ ipv6: false });
  const { device, ipv4 } = pair.host;
  for (const side of [pair.host, pair.peer]) pair.exec(side, ['ip', 'link', 'set', side.device, 'mtu', '9000']);
  const policy = join(pair.directory, 'egress.yaml');
  writeFileSync(policy, POLICY);
  pair.exec(pair.host, pair.xdpol('apply', policy, '-i', device));
  const { frame } = tcp(ipv4, '203.0.113.9', { dport: 25, payload: new Uint8Array(PAYLOAD_BYTES) });
  const hex = Buffer.from(frame).toString('hex');
  pair.exec(pair.host, ['python3', '-', device], `frame = bytes.fromhex('${hex}')\n${SEND}`);
  const { interfaces } = JSON.parse(pair.exec(pair.host, pair.xdpol('counters', '--json'))) as {
    interfaces: readonly {
      direction: string;
      counters: readonly { rule: string | null; reason: string | null; packets: number; bytes: number }[];
    }[];
  };
  const counters = interfaces.find(({ direction }) => direction === 'egress')?.counters;
  expect(counters?.find(({ rule }) => rule === 'mail')).toMatchObject({
    packets: FRAMES,
    bytes: FRAMES * frame.length,
  });
  expect(counters?.find(({ reason }) => reason === 'malformed')?.packets ?? 0).toBe(0);
});
