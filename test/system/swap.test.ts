/** Two hundred policies in a row under traffic on both CPUs: every frame is decided and counted exactly once. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { compileBpf } from '../support/compile-bpf.ts';
import type { NamespacePair as Pair } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import type { TestPacket } from '../support/packets.ts';
import { altered, ethernet, icmpv6, laterFragment, tcp, udp } from '../support/packets.ts';

const SWAPS = 200;
const CPUS = ['0', '1'] as const;
const script = (name: string): string => fileURLToPath(new URL(`../support/${name}.ts`, import.meta.url));

/** The second has a rule more, and other ranks and tables for the same rules. */
function policyText(extra: string): string {
  return `name: swap
default: permit
rules:
  - { name: web, action: permit, filters: [{ source: any, destination: 192.0.2.1, protocol: tcp, destinationPort: 80 }] }
${extra}  - { name: rest, action: block, filters: [{ source: any, destination: 192.0.2.1 }] }
`;
}
const EXTRA =
  '  - { name: extra, action: permit, filters: [{ source: 10.0.0.0/8, destination: 192.0.2.1, protocol: udp, destinationPort: [53, 100-200] }] }\n';

/** A frame of each fate, and the counter it must be in. */
const FRAMES: readonly (readonly [counter: string, packet: TestPacket])[] = [
  ['rule web', tcp('198.51.100.7', '192.0.2.1', { dport: 80 })],
  ['rule rest', tcp('198.51.100.7', '192.0.2.1', { dport: 22 })],
  ['rule rest', laterFragment(udp('198.51.100.7', '192.0.2.1', { dport: 53 }))],
  ['default ', udp('198.51.100.7', '192.0.2.9', { dport: 53 })],
  ['parse non_ip', ethernet(0x88cc)],
  ['parse malformed', altered(tcp('198.51.100.7', '192.0.2.1', { dport: 80 }), { headerWords: 4 })],
  ['exemption neighbor-discovery', altered(icmpv6('fe80::1', 'ff02::1', { type: 135 }), { hopLimit: 255 })],
];

interface Sums {
  packets: number;
  bytes: number;
}

interface PlainCounter {
  readonly by: string;
  readonly rule: string | null;
  readonly reason: string | null;
  readonly packets: number;
  readonly bytes: number;
}

function ingressCounters(pair: Pair): { readonly counters: readonly PlainCounter[]; readonly fragments: Sums } {
  const json = JSON.parse(pair.exec(pair.host, pair.xdpol('counters', '--json'))) as {
    interfaces: readonly { direction: string; counters: readonly PlainCounter[]; fragments: Sums }[];
  };
  const found = json.interfaces.find(({ direction }) => direction === 'ingress');
  if (found === undefined) throw new Error('no ingress counters');
  return found;
}

function byName(counters: readonly PlainCounter[]): Record<string, Sums> {
  const sums: Record<string, Sums> = {};
  for (const { by, rule, reason, packets, bytes } of counters) {
    if (packets > 0) sums[`${by} ${rule ?? reason ?? ''}`] = { packets, bytes };
  }
  return sums;
}

async function sentBy(pair: Pair, object: string, cpu: string, stop: string): Promise<readonly number[]> {
  const hex = FRAMES.map(([, { frame }]) => Buffer.from(frame).toString('hex'));
  const argv = [
    process.execPath,
    '--import',
    'tsx',
    script('send-frames'),
    object,
    pair.peer.device,
    cpu,
    stop,
    ...hex,
  ];
  const child = pair.spawn(pair.peer, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, 'close');
  return JSON.parse(output) as readonly number[];
}

test('every frame is counted exactly once through 200 swaps', { timeout: 240_000 }, async () => {
  using pair = new NamespacePair({ ipv6: false });
  const object = compileBpf('redirect', pair.directory);
  const files = ['', EXTRA].map((extra, i) => {
    const file = join(pair.directory, `swap-${i}.yaml`);
    writeFileSync(file, policyText(extra));
    return file;
  });
  pair.exec(pair.host, pair.xdpol('apply', files[0] ?? '', '-i', pair.host.device, '--mode', 'native'));
  const stop = join(pair.directory, 'stop');
  const senders = CPUS.map((cpu) => sentBy(pair, object, cpu, stop));
  const argv = [process.execPath, '--import', 'tsx', script('swap-loop'), pair.host.device, String(SWAPS), ...files];
  const swapper = pair.spawn(pair.host, argv, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [status] = (await once(swapper, 'exit')) as [number];
  writeFileSync(stop, '');
  const sent = await Promise.all(senders);
  expect(status).toBe(0);

  const expected: Record<string, Sums> = {};
  for (const [i, [counter, { frame }]] of FRAMES.entries()) {
    const sum = expected[counter] ?? { packets: 0, bytes: 0 };
    const packets = sent.reduce((total, counts) => total + (counts[i] ?? 0), 0);
    expect(packets).toBeGreaterThan(0);
    expected[counter] = { packets: sum.packets + packets, bytes: sum.bytes + packets * frame.length };
  }
  const { counters, fragments } = ingressCounters(pair);
  expect(byName(counters)).toEqual(expected);
  const later = sent.reduce((total, counts) => total + (counts[2] ?? 0), 0);
  expect(fragments.packets).toBe(later);
});
