/** The analysis against the reference classifier: exactly, where every kind of packet can be tried. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { present } from '../../../../src/base/assert.ts';
import { Diagnostics } from '../../../../src/base/diagnostics.ts';
import { parseAddress } from '../../../../src/base/ip.ts';
import type { Crossing } from '../../../../src/compiler/analysis/crossings.ts';
import type { Findings } from '../../../../src/compiler/analysis/findings.ts';
import { findingsOf } from '../../../../src/compiler/analysis/findings.ts';
import type { MirrorHole } from '../../../../src/compiler/analysis/mirror-holes.ts';
import type { RuleFilter } from '../../../../src/compiler/analysis/universe.ts';
import { refuseContradictions, warningsOf } from '../../../../src/compiler/analysis/warnings.ts';
import type { Decision } from '../../../../src/policy/classify.ts';
import { ReferenceClassifier } from '../../../../src/policy/classify.ts';
import type { Filter, HostAddresses, Policy } from '../../../../src/policy/model.ts';
import { PROTOCOLS } from '../../../../src/policy/model.ts';
import type { Packet } from '../../../../src/policy/packet/model.ts';
import type { SeenPacket } from '../../../../src/policy/packet/text.ts';
import { formatSeenPacket, parseSeenPacket } from '../../../../src/policy/packet/text.ts';
import { decidingKey } from '../../../../src/policy/specificity.ts';
import { arb, TEST_HOST, TEST_INTERFACES } from '../../../support/arbitrary.ts';
import { packetOf } from '../../../support/packets.ts';
import type { FilterFields } from '../../../support/policies.ts';
import { filterOf, hostOf, policyOf, setsOf } from '../../../support/policies.ts';
import type { Expected } from './brute-force.ts';
import { bruteForce, nameFilters } from './brute-force.ts';

const HOST = hostOf(['10.0.0.1', '10.0.0.2', '2001:db8::1'], { 'host.example': ['10.0.0.3'] });
const SETS = setsOf({ halves: ['10.0.0.0/31', '10.0.0.2/31'], mixed: ['10.0.0.1', '10.0.0.4/30', '2001:db8::/127'] });

const end = fc.constantFrom(
  'any',
  'any',
  'me',
  '10.0.0.0/30',
  '10.0.0.0/31',
  '10.0.0.2/31',
  '10.0.0.1',
  'host.example',
  '$halves',
  '$mixed',
);
const ports: fc.Arbitrary<Pick<FilterFields, 'sport' | 'dport'>> = fc.constantFrom(
  {},
  ...['80', '80-81', '81', '80,500', '1-79,82-65535'].map((dport) => ({ dport })),
  ...['80', '80,500'].map((sport) => ({ sport })),
  { sport: '80-81', dport: '80' },
);
const service: fc.Arbitrary<FilterFields> = fc.oneof(
  fc.constant<FilterFields>({}),
  fc.tuple(fc.constantFrom('tcp', 'udp'), ports).map(([protocol, asked]) => ({ protocol, ...asked })),
  fc.tuple(fc.boolean(), ports).map(([established, asked]) => ({ protocol: 'tcp', established, ...asked })),
  fc.constantFrom<FilterFields>(
    { protocol: 'icmp' },
    { protocol: 'icmp', type: 8 },
    { protocol: 'icmp', type: 8, code: 1 },
    { protocol: 47 },
  ),
);
/** What a host asks of others, with the way back wide open. */
const request: fc.Arbitrary<Filter> = fc
  .record({
    from: fc.constantFrom('me', '10.0.0.0/30'),
    to: end,
    protocol: fc.constantFrom('tcp', 'udp'),
    dport: fc.constantFrom('80', '0-65535'),
  })
  .map((asked) => filterOf({ ...asked, mirrored: true }));
const anyFilter: fc.Arbitrary<Filter> = fc
  .record({ from: end, to: end, service, mirrored: fc.constantFrom(false, false, true, 'established' as const) })
  .map(({ from, to, service: asked, mirrored }) => {
    const isEstablished = mirrored === 'established' && asked.protocol !== 'tcp';
    return filterOf({ ...asked, from, to, mirrored: isEstablished ? true : mirrored });
  });
const filter = fc.oneof({ arbitrary: anyFilter, weight: 4 }, { arbitrary: request, weight: 1 });
const tinyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    rules: fc.array(
      fc.record({
        action: fc.constantFrom('permit' as const, 'block' as const),
        filters: fc.array(filter, { minLength: 1, maxLength: 2 }),
        interfaces: fc.constantFrom(undefined, undefined, ['eth0'], ['eth0', 'eth1']),
      }),
      { minLength: 2, maxLength: 4 },
    ),
    action: fc.constantFrom('permit' as const, 'block' as const),
    exemptions: fc.subarray(['ike', 'kerberos', 'rsvp', 'multicast'] as const),
  })
  .map(({ rules, exemptions, action }) => {
    const limited = rules.map(({ interfaces, ...rule }) => (interfaces === undefined ? rule : { ...rule, interfaces }));
    return policyOf(limited, { default: action, exemptions, addressSets: SETS });
  });

/** Filters are written in several ways, and often are equal. */
const oftenEqual: fc.Arbitrary<Filter> = fc
  .record({
    ends: fc.constantFrom<Pick<FilterFields, 'from' | 'to'>>(
      { from: '10.0.0.0/30' },
      { from: '$halves' },
      { to: '10.0.0.0/30' },
      { to: '$halves' },
      { from: 'me' },
    ),
    asked: fc.constantFrom<FilterFields>({}, { protocol: 'tcp' }, { protocol: 'tcp', dport: '80' }),
    mirrored: fc.boolean(),
  })
  .map(({ ends, asked, mirrored }) => filterOf({ ...asked, ...ends, mirrored }));
const repetitivePolicy: fc.Arbitrary<Policy> = fc
  .array(
    fc.record({
      action: fc.constantFrom('permit' as const, 'block' as const),
      filters: fc.array(oftenEqual, { minLength: 1, maxLength: 2 }),
    }),
    { minLength: 2, maxLength: 4 },
  )
  .map((rules) => policyOf(rules, { addressSets: SETS }));

function found({ identical, crossings, shadowed, mirrorHoles }: Findings, policy: Policy): Expected {
  const names = nameFilters(policy);
  const name = ({ filter: of }: RuleFilter): string => present(names.get(of));
  const pair = (a: RuleFilter, b: RuleFilter): string =>
    [a, b]
      .sort((x, y) => x.index - y.index)
      .map(name)
      .join(' ');
  const holes = (fromHosts: boolean): readonly string[] =>
    mirrorHoles.flatMap(({ filter: of, isFromHosts }) => (isFromHosts === fromHosts ? [name(of)] : [])).sort();
  return {
    holes: { networks: holes(false), hosts: holes(true) },
    identical: identical.flatMap((group) => group.flatMap((a, i) => group.slice(i + 1).map((b) => pair(a, b)))).sort(),
    crossings: crossings.map(({ winner, loser }) => pair(winner, loser)).sort(),
    shadowed: shadowed.map(({ filter: of }) => name(of)).sort(),
  };
}

/** What a dead filter is told of only as one of identical ones. */
function withoutRepeats(expected: Expected): Expected {
  const inPairs = new Map<string, Set<string>>();
  for (const pair of expected.identical) {
    const [a, b] = pair.split(' ').map((name) => present(name)) as [string, string];
    inPairs.set(a, (inPairs.get(a) ?? new Set([a])).add(b));
    inPairs.set(b, (inPairs.get(b) ?? new Set([b])).add(a));
  }
  const isRepeat = (name: string): boolean => {
    const group = [...(inPairs.get(name) ?? [])];
    if (group.length === 0) return false;
    const isFirst = group.every((other) => expected.identical.every((pair) => pair !== `${other} ${name}`));
    return !(isFirst && group.every((other) => expected.shadowed.includes(other)));
  };
  return { ...expected, shadowed: expected.shadowed.filter((name) => !isRepeat(name)) };
}

function expectTrueWitness(policy: Policy, host: HostAddresses, crossing: Crossing): void {
  const { winner, loser, key, search, point, place, adjacent } = crossing;
  const seen = search.seen(point, place);
  const { packet } = seen;
  const text = `${formatSeenPacket(seen)}: ${winner.filter.text} before ${loser.filter.text}`;
  const classifier = new ReferenceClassifier(policy, host);
  expect(explained(policy, host, seen), text).toMatchObject({ by: 'rule', rule: winner.rule.name });
  const candidates = classifier.candidates(packet, { interface: place });
  const isOf =
    (owner: RuleFilter) =>
    (one: (typeof candidates)[number]): boolean =>
      one.filter === owner.filter && one.rule === owner.rule.name;
  const first = present(candidates[0], text);
  const second = present(candidates.find(isOf(loser)), text);
  expect(isOf(winner)(first), text).toBe(true);
  expect(first.action, text).not.toBe(second.action);
  expect(decidingKey(first, second), text).toBe(key);
  const between = candidates.slice(0, candidates.indexOf(second)).some((one) => !isOf(winner)(one));
  expect(between, text).toBe(!adjacent);
}

/** What the reference classifier says of the packet as it is printed. */
function explained(policy: Policy, host: HostAddresses, seen: SeenPacket): Decision {
  const text = formatSeenPacket(seen);
  const read = present(parseSeenPacket(text, {}, new Diagnostics()), text);
  expect(read, text).toEqual(seen);
  expect(read.packet.protocol, text).not.toBe(read.packet.family === 4 ? PROTOCOLS.icmpv6 : PROTOCOLS.icmp);
  return new ReferenceClassifier(policy, host).classify(read.packet, { interface: read.interface });
}

function expectHole(policy: Policy, host: HostAddresses, { filter: of, witness, by: dropper }: MirrorHole): void {
  const text = `${formatSeenPacket(witness)}: ${of.filter.text}`;
  const rules = policy.rules.map((rule) => {
    const filters = rule.filterList.filters.map((one) => (one === of.filter ? { ...one, mirrored: false } : one));
    return { ...rule, filterList: { ...rule.filterList, filters } };
  });
  const by = dropper === 'default' ? { by: 'default' } : { by: 'rule', filter: dropper.filter.text };
  expect(explained(policy, host, witness), text).toMatchObject({ verdict: 'pass', filter: of.filter.text });
  expect(explained({ ...policy, rules }, host, witness), text).toMatchObject({ verdict: 'drop', ...by });
}

test('on a small universe the findings are exactly those of trying every packet', () => {
  fc.assert(
    fc.property(tinyPolicy, (policy) => {
      const findings = findingsOf(policy, HOST);
      expect(found(findings, policy)).toEqual(withoutRepeats(bruteForce(policy, HOST)));
      for (const crossing of findings.crossings) expectTrueWitness(policy, HOST, crossing);
      for (const hole of findings.mirrorHoles) expectHole(policy, HOST, hole);
    }),
    { numRuns: 25 },
  );
});

test('the small universe has every finding', () => {
  const seen = { identical: 0, crossings: 0, shadowed: 0, between: 0, holes: 0, holesByHosts: 0 };
  for (const policy of fc.sample(tinyPolicy, { numRuns: 200, seed: 1 })) {
    const { identical, crossings, shadowed, mirrorHoles } = findingsOf(policy, HOST);
    seen.identical += identical.length;
    seen.crossings += crossings.length;
    seen.shadowed += shadowed.length;
    seen.holes += mirrorHoles.length;
    seen.holesByHosts += mirrorHoles.filter((hole) => hole.isFromHosts).length;
    seen.between += crossings.filter(({ adjacent }) => !adjacent).length;
  }
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
});

test('what is refused as contradictory is what the whole analysis finds to be', () => {
  let contradictory = 0;
  for (const policy of fc.sample(repetitivePolicy, { numRuns: 300, seed: 2 })) {
    const diags = new Diagnostics();
    refuseContradictions(policy, HOST, diags);
    const wanted = warningsOf(policy, HOST).findings.filter(({ code }) => code === 'XP0401');
    expect(diags.all.map(({ message }) => message).sort()).toEqual(wanted.map(({ message }) => message).sort());
    if (wanted.length > 0) contradictory++;
  }
  expect(contradictory).toBeGreaterThan(50);
  expect(contradictory).toBeLessThan(250);
});

test('the winner of a crossing decides its witness', () => {
  fc.assert(
    fc.property(arb.policy(), (policy) => {
      for (const crossing of findingsOf(policy, TEST_HOST).crossings) expectTrueWitness(policy, TEST_HOST, crossing);
    }),
    { numRuns: 60 },
  );
});

const policyAndPackets = arb.policy().chain((policy) =>
  fc.record({
    policy: fc.constant(policy),
    packets: fc.array(arb.packetNear(policy), { minLength: 20, maxLength: 60 }),
  }),
);

/** The analysis takes a packet to a broadcast address for a broadcast frame, which the exemption asks for. */
function isSentAsMeant({ destination, family, broadcastFrame }: Packet): boolean {
  const broadcasts = [present(parseAddress('255.255.255.255')), ...TEST_HOST.broadcasts];
  return broadcastFrame || family !== 4 || broadcasts.every(({ words }) => words[0] !== destination.words[0]);
}

test('a shadowed filter decides no packet', () => {
  fc.assert(
    fc.property(policyAndPackets, ({ policy, packets }) => {
      const dead = new Set(
        findingsOf(policy, TEST_HOST).shadowed.map(({ filter: of }) => `${of.rule.name} ${of.index}`),
      );
      const index = new Map(filtersInOrder(policy).map(([rule, of], i) => [`${rule} ${i}`, of]));
      const classifier = new ReferenceClassifier(policy, TEST_HOST);
      for (const test of packets.filter((one) => isSentAsMeant(packetOf(one)))) {
        for (const place of [undefined, ...TEST_INTERFACES]) {
          const winner = classifier.candidates(packetOf(test), { interface: place })[0];
          if (winner === undefined || classifier.classify(packetOf(test), { interface: place }).by !== 'rule') continue;
          const isDead = [...dead].some(
            (name) => name.startsWith(`${winner.rule} `) && index.get(name) === winner.filter,
          );
          expect(isDead, `${test.summary} is decided by ${winner.filter.text}`).toBe(false);
        }
      }
    }),
    { numRuns: 60 },
  );
});

function filtersInOrder(policy: Policy): readonly (readonly [string, Filter])[] {
  return policy.rules.flatMap((rule) => rule.filterList.filters.map((of) => [rule.name, of] as const));
}
