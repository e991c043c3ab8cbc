import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { Candidate } from '../../../src/policy/classify.ts';
import { ReferenceClassifier } from '../../../src/policy/classify.ts';
import type { AddressMatch, Filter, Policy, PortRange } from '../../../src/policy/model.ts';
import { decodePacket } from '../../../src/policy/packet/decode.ts';
import type { Packet } from '../../../src/policy/packet/model.ts';
import { compareRanked, decidingKey } from '../../../src/policy/specificity.ts';
import { arb, TEST_HOST, TEST_INTERFACES } from '../../support/arbitrary.ts';
import type { TestPacket } from '../../support/packets.ts';
import { packetOf } from '../../support/packets.ts';
import { setsOf } from '../../support/policies.ts';

vi.setConfig({ testTimeout: 60_000 });

const RUNS = { numRuns: 150 } as const;
const at = fc.constantFrom(undefined, ...TEST_INTERFACES);

const policyAndPackets = (
  policies: fc.Arbitrary<Policy> = arb.policy(),
): fc.Arbitrary<{ policy: Policy; packets: TestPacket[] }> =>
  policies.chain((policy) =>
    fc.record({
      policy: fc.constant(policy),
      packets: fc.array(arb.packetNear(policy), { minLength: 8, maxLength: 32 }),
    }),
  );

function withFilters(policy: Policy, change: (filters: readonly Filter[]) => readonly Filter[]): Policy {
  const rules = policy.rules.map((rule) => {
    const filters = change(rule.filterList.filters);
    return { ...rule, filterList: { ...rule.filterList, filters } };
  });
  return { ...policy, rules };
}

/** The other direction of the same conversation. */
function replyTo(packet: Packet): Packet {
  const { source, destination, sourcePort, destinationPort } = packet;
  return {
    ...packet,
    source: destination,
    destination: source,
    sourcePort: destinationPort,
    destinationPort: sourcePort,
  };
}

/** Sampled, because the first runs of a property are biased towards small policies. */
test('generated packets decode, and a good part of them meet several filters', () => {
  const met = fc.sample(policyAndPackets(), { numRuns: 200, seed: 1 }).flatMap(({ policy, packets }) => {
    const classifier = new ReferenceClassifier(policy, TEST_HOST);
    return packets.map((packet) => classifier.candidates(packetOf(packet), { interface: 'eth0' }).length);
  });
  expect(met.filter((count) => count > 1).length / met.length).toBeGreaterThan(0.2);
});

test('any bytes decode to a packet or to a reason', () => {
  const frames = arb.policy().chain((policy) => arb.frameNear(policy));
  const seen = new Set<string>();
  fc.assert(
    fc.property(frames, (frame) => {
      const decoded = decodePacket(frame.frame);
      seen.add(decoded.kind === 'parse' ? decoded.reason : 'packet');
    }),
    { numRuns: 1000 },
  );
  expect([...seen].sort()).toEqual(['ext_headers', 'malformed', 'non_ip', 'packet', 'vlan_depth']);
});

test('the order is total: candidates of different rules never tie, and comparing is transitive', () => {
  fc.assert(
    fc.property(policyAndPackets(), at, ({ policy, packets }, where) => {
      const classifier = new ReferenceClassifier(policy, TEST_HOST);
      for (const packet of packets) {
        const ranked = classifier.candidates(packetOf(packet), { interface: where });
        for (const [i, a] of ranked.entries()) {
          for (const b of ranked.slice(i + 1)) {
            expect(compareRanked(a, b), packet.summary).toBeLessThanOrEqual(0);
            expect(compareRanked(b, a) === 0, packet.summary).toBe(compareRanked(a, b) === 0);
            if (a.ruleIndex !== b.ruleIndex) expect(compareRanked(a, b)).toBeLessThan(0);
            else if (compareRanked(a, b) === 0) expect(decidingKey(a, b)).toBe('position');
          }
        }
      }
    }),
    RUNS,
  );
});

test('order independence: shuffled rules and filters never change a verdict', () => {
  const shuffled = policyAndPackets().chain(({ policy, packets }) =>
    fc.record({
      policy: fc.constant(policy),
      packets: fc.constant(packets),
      rules: fc.shuffledSubarray([...policy.rules], { minLength: policy.rules.length }),
      seed: fc.nat(),
    }),
  );
  fc.assert(
    fc.property(shuffled, at, ({ policy, packets, rules, seed }, where) => {
      const turned = withFilters({ ...policy, rules }, (filters) => {
        const cut = seed % filters.length;
        return [...filters.slice(cut), ...filters.slice(0, cut)].reverse();
      });
      const before = new ReferenceClassifier(policy, TEST_HOST);
      const after = new ReferenceClassifier(turned, TEST_HOST);
      for (const packet of packets) {
        const decoded = decodePacket(packet.frame);
        const { verdict, by, reason } = before.classify(decoded, { interface: where });
        expect(after.classify(decoded, { interface: where }), packet.summary).toMatchObject({ verdict, by, reason });
      }
    }),
    RUNS,
  );
});

test('order independence: the lines of an address set', () => {
  const lines = [
    '10.0.0.0/29',
    '10.0.0.1',
    '10.0.0.4/30',
    '10.0.0.0/8',
    '2001:db8::/126',
    '2001:db8::2',
    '2001:db8::/32',
  ];
  const sets = fc
    .subarray(lines, { minLength: 1 })
    .chain((some) => fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length })));
  fc.assert(
    fc.property(sets, ([one, other]) => {
      expect(setsOf({ office: other })).toEqual(setsOf({ office: one }));
    }),
    RUNS,
  );
});

test('reply symmetry: a packet and its reply are decided by equal weight and action', () => {
  const mirrored = arb
    .policy()
    .map((policy) =>
      withFilters({ ...policy, exemptions: [] }, (filters) => filters.map((filter) => ({ ...filter, mirrored: true }))),
    );
  fc.assert(
    fc.property(policyAndPackets(mirrored), at, ({ policy, packets }, where) => {
      const classifier = new ReferenceClassifier(policy, TEST_HOST);
      const weights = (packet: Packet): unknown[] =>
        classifier
          .candidates(packet, { interface: where })
          .map(({ rule, action, specificity }) => ({ rule, action, specificity }));
      for (const test of packets) {
        const packet = packetOf(test);
        const there = weights(packet);
        const back = weights(replyTo(packet));
        expect(back[0], test.summary).toEqual(there[0]);
        expect(classifier.classify(replyTo(packet)).verdict).toBe(classifier.classify(packet).verdict);
      }
    }),
    RUNS,
  );
});

/** Narrows one condition of a filter around a packet that the filter matches; never widens. */
type Narrowing = (filter: Filter, packet: Packet) => Filter;

function narrowedAddress(match: AddressMatch, packet: Packet['source']): AddressMatch {
  const length = packet.family === 4 ? 32 : 128;
  return match.kind === 'any' || match.kind === 'prefix' ? { kind: 'prefix', prefix: { ...packet, length } } : match;
}

function narrowedPorts(ranges: readonly PortRange[], port: number): readonly PortRange[] {
  return ranges.some(({ lo, hi }) => lo < hi) ? [{ lo: port, hi: port }] : ranges;
}

const NARROWINGS: readonly Narrowing[] = [
  (filter, packet) => ({ ...filter, source: narrowedAddress(filter.source, packet.source) }),
  (filter, packet) => ({ ...filter, destination: narrowedAddress(filter.destination, packet.destination) }),
  (filter, packet) => ({ ...filter, protocol: packet.protocol }),
  (filter, packet) =>
    hasPorts(filter, packet)
      ? { ...filter, sourcePorts: narrowedPorts(filter.sourcePorts, packet.sourcePort) }
      : filter,
  (filter, packet) =>
    hasPorts(filter, packet)
      ? { ...filter, destinationPorts: narrowedPorts(filter.destinationPorts, packet.destinationPort) }
      : filter,
  (filter, packet) =>
    filter.protocol !== undefined && packet.icmp !== undefined ? { ...filter, icmp: [{ ...packet.icmp }] } : filter,
  (filter, packet) => (packet.laterFragment ? { ...filter, fragment: true } : filter),
  (filter, packet) => (packet.established && filter.protocol === 6 ? { ...filter, established: true } : filter),
];

function hasPorts(filter: Filter, packet: Packet): boolean {
  return filter.protocol !== undefined && packet.sourcePort + packet.destinationPort > 0;
}

test('containment: a filter narrowed in any of its conditions comes first', () => {
  const narrowing = fc.subarray([...NARROWINGS], { minLength: 1 });
  let compared = 0;
  fc.assert(
    fc.property(policyAndPackets(), narrowing, ({ policy, packets }, narrowings) => {
      const oneWay = withFilters(policy, (filters) => filters.map((filter) => ({ ...filter, mirrored: false })));
      const classifier = new ReferenceClassifier(oneWay, TEST_HOST);
      for (const test of packets) {
        const packet = packetOf(test);
        for (const wide of classifier.candidates(packet, { interface: 'eth0' })) {
          const filter = narrowings.reduce((narrowed, narrow) => narrow(narrowed, packet), wide.filter);
          if (JSON.stringify(filter) === JSON.stringify(wide.filter)) continue;
          const narrow = candidateOf(oneWay, wide, filter, packet);
          if (narrow !== undefined && isStricter(narrow, wide)) {
            compared++;
            const opposed = { ...narrow, action: 'permit', ruleIndex: 99 } as const;
            expect(
              compareRanked(opposed, { ...wide, action: 'block' }),
              `${test.summary}: ${filter.text}`,
            ).toBeLessThan(0);
          }
        }
      }
    }),
    RUNS,
  );
  expect(compared).toBeGreaterThan(500);
});

function candidateOf(policy: Policy, wide: Candidate, filter: Filter, packet: Packet): Candidate | undefined {
  const rule = policy.rules[wide.ruleIndex];
  if (rule === undefined) throw new Error('a candidate comes from a rule');
  const alone = { ...policy, rules: [{ ...rule, filterList: { ...rule.filterList, filters: [filter] } }] };
  return new ReferenceClassifier(alone, TEST_HOST).candidates(packet, { interface: 'eth0' })[0];
}

/** Whether a narrowing changed any key: an address whose prefix already was a host stays as it is. */
function isStricter(narrow: Candidate, wide: Candidate): boolean {
  return JSON.stringify(narrow.specificity) !== JSON.stringify(wide.specificity);
}
