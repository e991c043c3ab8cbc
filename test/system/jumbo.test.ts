/** Frames that take several buffers, over a real link whose driver hands them to XDP in pieces. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { byName, countersOf } from '../support/counted-traffic.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { padded, TAG, tagged, tcp } from '../support/packets.ts';

const MTU = 9000;
const FRAMES = 20;
const POLICY = `name: jumbo
default: block
rules:
  - { name: mail, action: permit, filters: [{ source: any, destination: me, protocol: tcp, destinationPort: 25 }] }
`;
const SEND = `import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
for _ in range(${FRAMES}):
    for frame in frames: s.send(frame)
`;

test('jumbo frames are matched by their headers and counted whole', () => {
  using pair = new NamespacePair({ ipv6: false });
  const { host, peer } = pair;
  for (const side of [host, peer]) pair.exec(side, ['ip', 'link', 'set', side.device, 'mtu', String(MTU)]);
  const policy = join(pair.directory, 'jumbo.yaml');
  writeFileSync(policy, POLICY);
  pair.exec(host, pair.xdpol('apply', policy, '-i', host.device, '--mode', 'native'));
  const long = (bytes: number, dport: number): ReturnType<typeof tcp> =>
    tcp(peer.ipv4, host.ipv4, { dport, payload: new Uint8Array(bytes) });
  // One buffer of a page, two, and all that the MTU has room for: 40 bytes of headers, a tag besides.
  const permitted = [long(3000, 25), padded(long(5000, 25), 7), long(MTU - 40, 25), tagged(long(8000, 25), TAG.vlan)];
  const blocked = [long(MTU - 40, 26)];
  const hex = [...permitted, ...blocked].map(({ frame }) => `bytes.fromhex('${Buffer.from(frame).toString('hex')}')`);
  pair.exec(peer, ['python3', '-', peer.device], `frames = [${hex.join(', ')}]\n${SEND}`);
  const bytesOf = (packets: typeof blocked): number => packets.reduce((sum, { frame }) => sum + frame.length, 0);
  expect(byName(countersOf(pair, 'ingress').counters)).toEqual({
    'rule mail': { packets: FRAMES * permitted.length, bytes: FRAMES * bytesOf(permitted) },
    'default ': { packets: FRAMES * blocked.length, bytes: FRAMES * bytesOf(blocked) },
  });
});
