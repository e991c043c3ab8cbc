/** Permits for what a policy on trial would drop: from samples to filters that let the packets through. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { present } from '../../../src/base/assert.ts';
import { parseAddress } from '../../../src/base/ip.ts';
import { permitsFor } from '../../../src/host/audit/permits-for.ts';
import { fragmentOf } from '../../../src/host/audit/suggest-permits.ts';
import type { SampleEvent } from '../../../src/host/events.ts';
import { TrialFlows } from '../../../src/host/evidence/trial-flows.ts';
import type { TrialFlow } from '../../../src/store/store.ts';
import type { TestPacket } from '../../support/packets.ts';
import { tcp, udp } from '../../support/packets.ts';
import { readText } from '../../support/read-text.ts';

const ME = '192.0.2.1';
const SINCE = '2026-11-26T10:00:00.000Z';
const POLICY = present(
  readText(`name: edge
default: block
rules:
  - { name: shut, action: block, filters: [{ source: 198.51.100.9, destination: me, protocol: udp, destinationPort: 514 }] }
  - { name: "permit tcp 22 in", action: permit, filters: [{ source: 10.0.0.0/8, destination: me, protocol: tcp, destinationPort: 22 }] }
`).policy,
);
const HOST = { me: [present(parseAddress(ME))], broadcasts: [], names: new Map() };

function begin(): TrialFlows {
  return new TrialFlows({ policy: 'edge', hash: 'h', since: SINCE, flows: [], leftOut: 0 });
}

function sampleOf({ frame }: TestPacket, direction: 'ingress' | 'egress', rule: string | null = null): SampleEvent {
  return {
    kind: 'sample',
    time: '2026-11-26T10:00:01.000Z',
    interface: 'eth0',
    direction,
    verdict: 'pass',
    change: 'would_drop',
    by: rule === null ? 'default' : 'rule',
    rule,
    reason: null,
    policy: 'edge',
    rank: null,
    length: frame.length,
    text: '',
    packet: Buffer.from(frame.subarray(0, 128)).toString('base64'),
  };
}

function flowsOf(...samples: readonly SampleEvent[]): readonly TrialFlow[] {
  const flows = begin();
  for (const sample of samples) flows.add(sample);
  return flows.evidence.flows;
}

function filtersFor(flows: readonly TrialFlow[]): readonly (readonly [string, string, string | null | undefined])[] {
  return permitsFor(POLICY, HOST, flows).map(({ rule, stillDroppedBy }) => [
    rule.name,
    present(rule.filterList.filters[0]).text,
    stillDroppedBy,
  ]);
}

test('a service here is opened for the sources that were seen, with its replies where these would be dropped too', () => {
  const flows = flowsOf(
    sampleOf(tcp('198.51.100.7', ME, { sport: 40_000, dport: 22 }), 'ingress'),
    sampleOf(tcp('198.51.100.8', ME, { sport: 41_000, dport: 22 }), 'ingress'),
    sampleOf(tcp(ME, '198.51.100.7', { sport: 22, dport: 40_000, flags: 'SA' }), 'egress'),
    sampleOf(udp('198.51.100.7', ME, { sport: 40_000, dport: 53 }), 'ingress'),
  );
  expect(filtersFor(flows)).toEqual([
    [
      'permit tcp 22 in 2',
      '{ source: [ 198.51.100.7, 198.51.100.8 ], destination: me, protocol: tcp, destinationPort: 22, mirrored: established }',
      undefined,
    ],
    ['permit udp 53 in', '{ source: 198.51.100.7, destination: me, protocol: udp, destinationPort: 53 }', undefined],
  ]);
});

test('a service elsewhere, and its replies alone', () => {
  const flows = flowsOf(
    sampleOf(udp(ME, '203.0.113.5', { sport: 45_000, dport: 123 }), 'egress'),
    sampleOf(tcp('203.0.113.6', ME, { sport: 443, dport: 45_000, flags: 'SA' }), 'ingress'),
  );
  expect(filtersFor(flows)).toEqual([
    ['permit udp 123 out', '{ source: me, destination: 203.0.113.5, protocol: udp, destinationPort: 123 }', undefined],
    [
      'permit tcp 443 out',
      '{ source: 203.0.113.6, destination: me, protocol: tcp, sourcePort: 443, established: true }',
      undefined,
    ],
  ]);
});

test('a block that is as specific as the permit is named', () => {
  const flows = flowsOf(sampleOf(udp('198.51.100.9', ME, { sport: 40_000, dport: 514 }), 'ingress', 'shut'));
  expect(filtersFor(flows).map(([, , still]) => still)).toEqual(['shut']);
});

test('more addresses than are kept are any; samples of another trial or of no flow are none', () => {
  const flows = begin();
  for (let i = 1; i <= 40; i++) flows.add(sampleOf(udp(`203.0.113.${i}`, ME, { sport: 40_000, dport: 53 }), 'ingress'));
  flows.add({ ...sampleOf(udp('203.0.113.1', ME, { dport: 99 }), 'ingress'), time: '2026-11-26T09:00:00.000Z' });
  flows.add({ ...sampleOf(udp('203.0.113.1', ME, { dport: 99 }), 'ingress'), by: 'parse', policy: null });
  const { flows: kept, leftOut } = flows.evidence;
  expect([kept.length, kept[0]?.samples, kept[0]?.isMany, leftOut]).toEqual([1, 40, true, 1]);
  expect(filtersFor(kept)[0]?.[1]).toBe('{ source: any, destination: me, protocol: udp, destinationPort: 53 }');
});

test('the fragment is that of the documentation, and says what it is made from', () => {
  const exporter = (from: string): SampleEvent => sampleOf(tcp(from, ME, { sport: 40_000, dport: 9100 }), 'ingress');
  const log = sampleOf(udp('198.51.100.9', ME, { sport: 40_000, dport: 514 }), 'ingress', 'shut');
  const [a, b] = [exporter('10.0.0.7'), exporter('10.0.0.8')];
  const flows = flowsOf(a, a, a, b, log);
  const dropped = [
    { by: 'default', rule: null, reason: null, packets: 1204n },
    { by: 'rule', rule: 'shut', reason: null, packets: 17n },
  ];
  const about = { policy: 'edge', version: 7, hash: 'h', since: SINCE, dropped, samples: 5, leftOut: 2, permits: [] };
  const fragment = fragmentOf(about, permitsFor(POLICY, HOST, flows));
  const documentation = readFileSync(new URL('../../../docs/audit.md', import.meta.url), 'utf8');
  expect(documentation).toContain(`$ xdpol audit suggest\n${fragment}`);
});
