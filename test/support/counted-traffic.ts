/** Counted traffic: frames of every fate sent into a filtered interface, and what the counters must say of them. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { compileBpf } from './compile-bpf.ts';
import type { NamespacePair } from './namespaces.ts';
import { ownProcess } from './own-process.ts';
import type { TestPacket } from './packets.ts';
import { altered, ethernet, icmpv6, laterFragment, tcp, udp } from './packets.ts';

const CPUS = ['0', '1'] as const;

/** The second has a rule more, and other ranks and tables for the same rules. */
const EXTRA =
  '  - { name: extra, action: permit, filters: [{ source: 10.0.0.0/8, destination: 192.0.2.1, protocol: udp, destinationPort: [53, 100-200] }] }\n';

function policyText(extra: string): string {
  return `name: swap
default: permit
rules:
  - { name: web, action: permit, filters: [{ source: any, destination: 192.0.2.1, protocol: tcp, destinationPort: 80 }] }
${extra}  - { name: rest, action: block, filters: [{ source: any, destination: 192.0.2.1 }] }
`;
}

/** Two policies of one name that decide FRAMES alike and compile to different tables; their files. */
export function writePolicies(directory: string): readonly [string, string] {
  const write = (name: string, extra: string): string => {
    const file = join(directory, name);
    writeFileSync(file, policyText(extra));
    return file;
  };
  return [write('swap-0.yaml', ''), write('swap-1.yaml', EXTRA)];
}

/** A frame of each fate, and the counter it must be in. */
export const FRAMES: readonly (readonly [counter: string, packet: TestPacket])[] = [
  ['rule web', tcp('198.51.100.7', '192.0.2.1', { dport: 80 })],
  ['rule rest', tcp('198.51.100.7', '192.0.2.1', { dport: 22 })],
  ['rule rest', laterFragment(udp('198.51.100.7', '192.0.2.1', { dport: 53 }))],
  ['default ', udp('198.51.100.7', '192.0.2.9', { dport: 53 })],
  ['parse non_ip', ethernet(0x88cc)],
  ['parse malformed', altered(tcp('198.51.100.7', '192.0.2.1', { dport: 80 }), { headerWords: 4 })],
  ['exemption neighbor-discovery', altered(icmpv6('fe80::1', 'ff02::1', { type: 135 }), { hopLimit: 255 })],
];

export interface Sums {
  packets: number;
  bytes: number;
}

export interface PlainCounter {
  readonly by: string;
  readonly rule: string | null;
  readonly reason: string | null;
  readonly packets: number;
  readonly bytes: number;
}

export function countersOf(
  pair: NamespacePair,
  hook: 'ingress' | 'egress',
): {
  readonly counters: readonly PlainCounter[];
  readonly fragments: Sums;
} {
  const json = JSON.parse(pair.exec(pair.host, pair.xdpol('counters', '--json'))) as {
    interfaces: readonly { direction: string; counters: readonly PlainCounter[]; fragments: Sums }[];
  };
  const found = json.interfaces.find(({ direction }) => direction === hook);
  if (found === undefined) throw new Error(`no ${hook} counters`);
  return found;
}

export function byName(counters: readonly PlainCounter[]): Record<string, Sums> {
  const sums: Record<string, Sums> = {};
  for (const { by, rule, reason, packets, bytes } of counters) {
    if (packets > 0) sums[`${by} ${rule ?? reason ?? ''}`] = { packets, bytes };
  }
  return sums;
}

async function sentBy(
  pair: NamespacePair,
  object: string,
  device: string,
  cpu: string,
  stop: string,
): Promise<readonly number[]> {
  const hex = FRAMES.map(([, { frame }]) => Buffer.from(frame).toString('hex'));
  const argv = ownProcess('send-frames', object, device, cpu, stop, ...hex);
  const child = pair.spawn(pair.peer, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, 'close');
  return JSON.parse(output) as readonly number[];
}

export interface TrafficPath {
  /** Of the peer. */
  readonly device?: string;
  /** Those that send. */
  readonly cpus?: readonly string[];
}

/** Starts sending FRAMES from the peer, from every CPU unless told otherwise; the result stops it and says how many of each were sent. */
export function startTraffic(
  pair: NamespacePair,
  { device = pair.peer.device, cpus = CPUS }: TrafficPath = {},
): () => Promise<readonly number[]> {
  const object = compileBpf('redirect', pair.directory);
  const stop = join(pair.directory, `stop-${device}`);
  const senders = cpus.map((cpu) => sentBy(pair, object, device, cpu, stop));
  return async () => {
    writeFileSync(stop, '');
    const counts = await Promise.all(senders);
    return FRAMES.map((_, i) => counts.reduce((total, sent) => total + (sent[i] ?? 0), 0));
  };
}

/** The ingress counters that `sent` frames of each kind must leave. */
export function expectedCounters(sent: readonly number[]): Record<string, Sums> {
  const expected: Record<string, Sums> = {};
  for (const [i, [counter, { frame }]] of FRAMES.entries()) {
    const sum = expected[counter] ?? { packets: 0, bytes: 0 };
    const packets = sent[i] ?? 0;
    expected[counter] = { packets: sum.packets + packets, bytes: sum.bytes + packets * frame.length };
  }
  return expected;
}

/** Place of the later fragment among FRAMES. */
export const LATER_FRAGMENT = 2;

/** Ends the traffic; every frame of it was counted exactly once, by what decided it. */
export async function expectAllCounted(
  pair: NamespacePair,
  stopTraffic: () => Promise<readonly number[]>,
): Promise<void> {
  const sent = await stopTraffic();
  expect(Math.min(...sent)).toBeGreaterThan(0);
  const { counters, fragments } = countersOf(pair, 'ingress');
  expect(byName(counters)).toEqual(expectedCounters(sent));
  expect(fragments.packets).toBe(sent[LATER_FRAGMENT]);
}
