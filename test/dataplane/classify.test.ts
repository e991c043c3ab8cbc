/**
 * Which filter wins, in the kernel: every key of the order against the ones below it, in every mode
 * of the tables, at both hooks and with the rules written either way round.
 */
import { describe, expect, test } from 'vitest';
import { DIRECTIONS } from '../../src/engine/program.ts';
import type { Policy } from '../../src/policy/model.ts';
import type { KernelTableOptions } from '../support/kernel-table.ts';
import { kernelOutcomes, MODE_BUDGETS, referenceOutcomes } from '../support/kernel-table.ts';
import type { TestPacket } from '../support/packets.ts';
import { icmp, icmpv6, laterFragment, raw, sctp, tcp, udp } from '../support/packets.ts';
import { A4, A6, B4, B6 } from '../support/parse-policy.ts';
import type { FilterFields, RuleFields } from '../support/policies.ts';
import { block, hostOf, permit, policyOf, setsOf } from '../support/policies.ts';

const HOST = hostOf([B4, B6], { 'web.example': ['198.51.100.7', '2001:db8::7'] });
const AT: KernelTableOptions = { host: HOST, interfaceName: 'eth0' };
const MODES = ['dense', 'rows', 'sparse', 'ranks'] as const satisfies readonly (keyof typeof MODE_BUDGETS)[];

type Expected = readonly (readonly [packet: TestPacket, outcome: string])[];

/** The same in each mode of the tables, at both hooks, and by the reference. */
function expectOutcomes(
  policy: Policy,
  expected: Expected,
  options: KernelTableOptions = AT,
  modes: readonly (keyof typeof MODE_BUDGETS)[] = MODES,
): void {
  const packets = expected.map(([packet]) => packet);
  const wanted = expected.map(([packet, outcome]) => [packet.summary, outcome]);
  const named = (outcomes: readonly string[]): unknown => outcomes.map((outcome, i) => [packets[i]?.summary, outcome]);
  expect(named(referenceOutcomes(policy, packets, options)), 'reference').toEqual(wanted);
  for (const mode of modes) {
    const inMode = { ...options, mode };
    for (const direction of DIRECTIONS)
      expect(named(kernelOutcomes(policy, packets, direction, inMode)), `${mode}, ${direction}`).toEqual(wanted);
  }
}

/** Two rules, `wins` and `loses`: one permits and one blocks, then the other way round, in either order. */
type Contest = readonly [name: string, wins: FilterFields, loses: FilterFields, packets: readonly TestPacket[]];

const WEB = tcp(A4, B4, { sport: 1024, dport: 80 });
const WEB6 = tcp(A6, B6, { sport: 1024, dport: 80 });

const CONTESTS: readonly Contest[] = [
  // Key 1: the longer prefix, whatever the rest says.
  ['key 1: /24 before /16', { from: '203.0.113.0/24' }, { from: '203.0.0.0/16' }, [WEB]],
  ['key 1: a host before /31', { to: B4 }, { to: '131.107.1.0/31' }, [WEB]],
  ['key 1: /1 before any', { from: '128.0.0.0/1' }, {}, [WEB]],
  ['key 1: the longer one on either end', { to: '131.107.1.0/25' }, { from: '203.0.113.0/24' }, [WEB]],
  ['key 1: a host before two /31', { from: A4 }, { from: '203.0.113.8/31', to: '131.107.1.0/31' }, [WEB]],
  [
    'key 1: a host before /31 with everything else',
    { from: A4 },
    { from: '203.0.113.8/31', protocol: 'tcp', sport: '1024', dport: '80' },
    [WEB],
  ],
  ['key 1: IPv6 /65 before /64', { from: '2001:db8:a::/65' }, { from: '2001:db8:a::/64' }, [WEB6]],
  ['key 1: IPv6 /33 before /32', { to: '2001:db8::/33' }, { to: '2001:db8::/32' }, [WEB6]],
  // Key 2: the other prefix.
  ['key 2: the other end named', { from: A4, to: '128.0.0.0/1' }, { from: A4 }, [WEB]],
  ['key 2: the other prefix longer', { from: A4, to: '131.107.0.0/17' }, { from: '203.0.0.0/16', to: B4 }, [WEB]],
  [
    'key 2: before protocol and ports',
    { from: A4, to: '128.0.0.0/1' },
    { from: A4, protocol: 'tcp', dport: '80' },
    [WEB],
  ],
  ['key 2: IPv6', { from: A6, to: '2001::/16' }, { to: B6, protocol: 'tcp' }, [WEB6]],
  // Key 3: protocol named.
  ['key 3: a protocol before any', { protocol: 'tcp' }, {}, [WEB, WEB6]],
  ['key 3: on the same addresses', { from: A4, to: B4, protocol: 6 }, { from: A4, to: B4 }, [WEB]],
  ['key 3: protocol 47', { protocol: 47 }, {}, [raw(47, A4, B4), raw(47, A6, B6)]],
  ['key 3: on another end of equal length', { from: A4, protocol: 'udp' }, { to: B4 }, [udp(A4, B4)]],
  // Key 4: the narrower range.
  ['key 4: one port before two', { protocol: 'tcp', dport: '80' }, { protocol: 'tcp', dport: '80-81' }, [WEB, WEB6]],
  [
    'key 4: a narrow source before a wide destination',
    { protocol: 'udp', sport: '53' },
    { protocol: 'udp', dport: '1024-65535' },
    [udp(A4, B4, { sport: 53, dport: 2000 })],
  ],
  ['key 4: a port before none', { protocol: 'sctp', dport: '1-65535' }, { protocol: 'sctp' }, [sctp(A4, B4)]],
  [
    'key 4: before the other range',
    { protocol: 'tcp', dport: '80' },
    { protocol: 'tcp', sport: '1000-1100', dport: '80-81' },
    [WEB],
  ],
  [
    'key 4: a range of a list goes by its own width',
    { protocol: 'tcp', dport: '80,8000-9000' },
    { protocol: 'tcp', dport: '79-80' },
    [WEB],
  ],
  ['key 4: an ICMP type before none', { protocol: 'icmp', type: 8 }, { protocol: 'icmp' }, [icmp(A4, B4)]],
  // Key 5: the other range.
  [
    'key 5: source port besides',
    { protocol: 'tcp', sport: '1-65535', dport: '80' },
    { protocol: 'tcp', dport: '80' },
    [WEB],
  ],
  [
    'key 5: the narrower source range',
    { protocol: 'tcp', sport: '1024-2047', dport: '80' },
    { protocol: 'tcp', sport: '1024-2048', dport: '80' },
    [WEB],
  ],
  [
    'key 5: before established',
    { protocol: 'tcp', sport: '1-65535', dport: '80' },
    { protocol: 'tcp', dport: '80', established: true },
    [tcp(A4, B4, { flags: 'A' })],
  ],
  [
    'key 5: an ICMP code besides the type',
    { protocol: 'icmpv6', type: 1, code: 4 },
    { protocol: 'icmpv6', type: 1 },
    [icmpv6(A6, B6, { type: 1, code: 4 })],
  ],
  // Key 6: established.
  [
    'key 6: established before not',
    { protocol: 'tcp', dport: '80', established: true },
    { protocol: 'tcp', dport: '80' },
    [tcp(A4, B4, { flags: 'R' }), tcp(A6, B6, { flags: 'SA' })],
  ],
  ['key 6: without ports', { protocol: 'tcp', established: true }, { protocol: 'tcp' }, [tcp(A4, B4, { flags: 'FA' })]],
];

function rulesOf(wins: RuleFields, loses: RuleFields): readonly RuleFields[] {
  return [
    { ...wins, name: 'wins' },
    { ...loses, name: 'loses' },
  ];
}

describe('specificity', () => {
  for (const [i, [name, wins, loses, packets]] of CONTESTS.entries()) {
    test(name, () => {
      // A load for each mode; which one has which way of writing the rules goes round from contest to contest.
      const first = i % MODES.length;
      const modes = [...MODES.slice(first), ...MODES.slice(0, first)];
      const permitted = rulesOf(permit(wins), block(loses));
      const blocked = rulesOf(block(wins), permit(loses));
      const passes = packets.map((packet) => [packet, 'pass wins'] as const);
      const drops = packets.map((packet) => [packet, 'drop wins'] as const);
      expectOutcomes(policyOf(permitted), passes, AT, modes.slice(0, 2));
      expectOutcomes(policyOf(permitted.toReversed()), passes, AT, modes.slice(2, 3));
      expectOutcomes(policyOf(blocked.toReversed()), drops, AT, modes.slice(3));
    });
  }

  test('key 7: a rule limited to this interface before one that is not', () => {
    const rules = rulesOf({ ...permit({ protocol: 'tcp' }), interfaces: ['eth0', 'eth1'] }, block({ protocol: 'tcp' }));
    for (const ordered of [rules, rules.toReversed()]) {
      expectOutcomes(policyOf(ordered), [[WEB, 'pass wins']]);
      expectOutcomes(policyOf(ordered), [[WEB, 'drop loses']], { host: HOST, interfaceName: 'eth2' });
      expectOutcomes(policyOf(ordered), [[WEB, 'drop loses']], { host: HOST });
    }
  });

  test('key 7 comes behind established', () => {
    const rules = rulesOf(permit({ protocol: 'tcp', established: true }), {
      ...block({ protocol: 'tcp' }),
      interfaces: ['eth0'],
    });
    expectOutcomes(policyOf(rules), [
      [tcp(A4, B4, { flags: 'A' }), 'pass wins'],
      [WEB, 'drop loses'],
    ]);
  });

  test('key 8: block before permit, whichever is listed first', () => {
    const rules = rulesOf(block({ from: A4 }), permit({ to: B4 }));
    for (const ordered of [rules, rules.toReversed()]) expectOutcomes(policyOf(ordered), [[WEB, 'drop wins']]);
  });

  test('key 9: of two that agree, the one listed first counts', () => {
    const rules = [block({ from: A4 }), block({ to: B4 })];
    expectOutcomes(policyOf(rules), [[WEB, 'drop block 1']]);
    expectOutcomes(policyOf(rules.toReversed()), [[WEB, 'drop block 1']]);
  });
});

type Table = readonly [name: string, rules: readonly RuleFields[], expected: Expected];

/** Of the rules one may be named by its action and position, as policyOf does. */
function table(title: string, rows: readonly Table[], changes: Partial<Policy> = {}): void {
  describe(title, () => {
    for (const [name, rules, expected] of rows) test(name, () => expectOutcomes(policyOf(rules, changes), expected));
  });
}

const SMTP = { to: B4, protocol: 'tcp', dport: '25' } as const;

table(
  'mirrored filters',
  [
    [
      'a filter has one direction',
      [permit(SMTP)],
      [
        [tcp(A4, B4, { dport: 25 }), 'pass permit 1'],
        [tcp(B4, A4, { sport: 25, dport: 40000 }), 'drop default'],
      ],
    ],
    [
      'a mirrored one has two: addresses and ports change sides together',
      [permit({ ...SMTP, mirrored: true })],
      [
        [tcp(A4, B4, { dport: 25 }), 'pass permit 1'],
        [tcp(B4, A4, { sport: 25, dport: 40000 }), 'pass permit 1'],
        [tcp(B4, A4, { sport: 40000, dport: 25 }), 'drop default'],
        [tcp(A4, B4, { sport: 25, dport: 40000 }), 'drop default'],
        [laterFragment(tcp(A4, B4, { dport: 25 })), 'drop default fragment'],
      ],
    ],
    [
      'mirrored: established lets only replies back',
      [permit({ ...SMTP, mirrored: 'established' })],
      [
        [tcp(A4, B4, { dport: 25, flags: 'S' }), 'pass permit 1'],
        [tcp(B4, A4, { sport: 25, flags: 'SA' }), 'pass permit 1'],
        [tcp(B4, A4, { sport: 25, flags: 'R' }), 'pass permit 1'],
        [tcp(B4, A4, { sport: 25, flags: 'S' }), 'drop default'],
        [tcp(B4, A4, { sport: 25, flags: 'F' }), 'drop default'],
      ],
    ],
    [
      'mirrored: established of any protocol lets only TCP back',
      [permit({ from: A4, mirrored: 'established' })],
      [
        [udp(A4, B4), 'pass permit 1'],
        [udp(B4, A4), 'drop default'],
        [tcp(B4, A4, { flags: 'A' }), 'pass permit 1'],
        [tcp(B4, A4, { flags: 'S' }), 'drop default'],
        [laterFragment(tcp(B4, A4, { flags: 'A' })), 'drop default fragment'],
        [laterFragment(tcp(A4, B4)), 'pass permit 1 fragment'],
      ],
    ],
    [
      'its own mirror image',
      [
        permit({ from: A4, to: A4, mirrored: true }),
        permit({ protocol: 'udp', sport: '123', dport: '123', mirrored: true }),
      ],
      [
        [tcp(A4, A4), 'pass permit 1'],
        [udp(A4, B4, { sport: 123, dport: 123 }), 'pass permit 2'],
        [udp(B4, A4, { sport: 123, dport: 124 }), 'drop default'],
      ],
    ],
    [
      'IPv6, both ways',
      [permit({ from: '2001:db8:a::/48', to: B6, protocol: 'udp', dport: '53,853', mirrored: true })],
      [
        [udp(A6, B6, { dport: 853 }), 'pass permit 1'],
        [udp(B6, A6, { sport: 53 }), 'pass permit 1'],
        [udp(B6, A6, { dport: 53 }), 'drop default'],
      ],
    ],
  ],
  { default: 'block' },
);

table(
  'services',
  [
    [
      'ports 0, 1 and 65535',
      [
        permit({ protocol: 'tcp', dport: '1-65534' }),
        permit({ protocol: 'udp', sport: '0' }),
        permit({ protocol: 'sctp', dport: '65535' }),
      ],
      [
        [tcp(A4, B4, { dport: 0 }), 'drop default'],
        [tcp(A4, B4, { dport: 1 }), 'pass permit 1'],
        [tcp(A4, B4, { dport: 65534 }), 'pass permit 1'],
        [tcp(A4, B4, { dport: 65535 }), 'drop default'],
        [udp(A4, B4, { sport: 0 }), 'pass permit 2'],
        [udp(A4, B4, { sport: 1 }), 'drop default'],
        [udp(A4, B4, { sport: 65535 }), 'drop default'],
        [sctp(A4, B4, { dport: 65535 }), 'pass permit 3'],
        [sctp(A4, B4, { dport: 65534 }), 'drop default'],
      ],
    ],
    [
      'a list of ports at each end: every pair',
      [permit({ protocol: 'tcp', sport: '20,1000-1002', dport: '80,255-256,65535' })],
      [
        ...[20, 1000, 1001, 1002].flatMap((sport) =>
          [80, 255, 256, 65535].map((dport) => [tcp(A4, B4, { sport, dport }), 'pass permit 1'] as const),
        ),
        ...[19, 21, 999, 1003].map((sport) => [tcp(A4, B4, { sport, dport: 80 }), 'drop default'] as const),
        ...[79, 81, 254, 257, 65534].map((dport) => [tcp(A4, B4, { sport: 20, dport }), 'drop default'] as const),
      ],
    ],
    [
      'ports belong to their protocol',
      [
        permit({ protocol: 'tcp', dport: '53' }),
        permit({ protocol: 'udp', dport: '54' }),
        permit({ protocol: 'sctp', dport: '55' }),
      ],
      [53, 54, 55].flatMap((dport) => [
        [tcp(A4, B4, { dport }), dport === 53 ? 'pass permit 1' : 'drop default'] as const,
        [udp(A4, B4, { dport }), dport === 54 ? 'pass permit 2' : 'drop default'] as const,
        [sctp(A4, B4, { dport }), dport === 55 ? 'pass permit 3' : 'drop default'] as const,
      ]),
    ],
    [
      'ICMP types and codes',
      [
        permit({ protocol: 'icmp', type: 3 }),
        block({ protocol: 'icmp', type: 3, code: 4 }),
        permit({ protocol: 'icmp', type: 255, code: 255 }),
      ],
      [
        [icmp(A4, B4, { type: 3, code: 0 }), 'pass permit 1'],
        [icmp(A4, B4, { type: 3, code: 255 }), 'pass permit 1'],
        [icmp(A4, B4, { type: 3, code: 4 }), 'drop block 2'],
        [icmp(A4, B4, { type: 2, code: 255 }), 'drop default'],
        [icmp(A4, B4, { type: 4, code: 0 }), 'drop default'],
        [icmp(A4, B4, { type: 255, code: 255 }), 'pass permit 3'],
        [icmp(A4, B4, { type: 255, code: 254 }), 'drop default'],
        [icmpv6(A6, B6, { type: 3 }), 'drop default'],
        [laterFragment(icmp(A4, B4, { type: 3 })), 'drop default fragment'],
      ],
    ],
    [
      'protocol numbers 0 and 255, and any',
      [permit({ protocol: 0 }), permit({ protocol: 255 }), block({ from: B4 })],
      [
        [raw(0, A4, B4), 'pass permit 1'],
        [raw(1, A4, B4, { payload: new Uint8Array(8) }), 'drop default'],
        [raw(254, A4, B4), 'drop default'],
        [raw(255, A4, B4), 'pass permit 2'],
        [raw(255, A6, B6), 'pass permit 2'],
        [raw(255, B4, A4), 'drop block 3'],
      ],
    ],
    // Where a port would stand, the tables hold a fragment's protocol: these would match it.
    [
      'a later fragment is no packet to the port, or of the type, that is its protocol number',
      [
        permit({ protocol: 'tcp', dport: '6' }, { from: A4, protocol: 'tcp', dport: '1-65535' }),
        permit({ protocol: 'udp', dport: '17' }, { to: B4, protocol: 'udp', sport: '0-9', dport: '10-20' }),
        permit({ protocol: 'icmp', type: 0 }, { from: A4, to: B4, protocol: 'icmp', type: 0, code: 1 }),
        permit({ from: A6, protocol: 'icmpv6', type: 0, code: 58 }),
        permit({ protocol: 'sctp', dport: '132' }),
      ],
      [
        [tcp(A4, B4, { dport: 6 }), 'pass permit 1'],
        [laterFragment(tcp(A4, B4, { dport: 6 })), 'drop default fragment'],
        [laterFragment(tcp(B4, A4, { dport: 6 })), 'drop default fragment'],
        [udp(A4, B4, { dport: 17 }), 'pass permit 2'],
        [laterFragment(udp(A4, B4, { sport: 0, dport: 17 })), 'drop default fragment'],
        [icmp(A4, B4, { type: 0, code: 1 }), 'pass permit 3'],
        [laterFragment(icmp(A4, B4, { type: 0, code: 1 })), 'drop default fragment'],
        [icmpv6(A6, B6, { type: 0, code: 58 }), 'pass permit 4'],
        [laterFragment(icmpv6(A6, B6, { type: 0, code: 58 })), 'drop default fragment'],
        [laterFragment(sctp(A6, B6, { dport: 132 })), 'drop default fragment'],
      ],
    ],
    [
      'later fragments meet only filters that need no header',
      [
        permit({ from: A4, to: B4, protocol: 'tcp', dport: '80' }),
        permit({ from: A4, to: B4, protocol: 'tcp', established: true }),
        permit({ to: B4, protocol: 'tcp' }),
        permit({ to: B6 }),
      ],
      [
        [WEB, 'pass permit 1'],
        [laterFragment(WEB), 'pass permit 3 fragment'],
        [laterFragment(udp(A4, B4)), 'drop default fragment'],
        [laterFragment(WEB6), 'pass permit 4 fragment'],
      ],
    ],
  ],
  { default: 'block' },
);

const SETS = setsOf({
  scanners: ['198.51.100.0/24', '198.51.100.77', '203.0.113.9', '2001:db8:bad::/48'],
  empty: [],
  inner: ['198.51.100.128/25', '2001:db8:bad:1::5'],
});

table(
  'sets, me and names',
  [
    [
      'a set blocks all its prefixes, in both families',
      [block({ from: '$scanners', to: 'me' }), permit({ to: 'me' })],
      [
        [tcp('198.51.100.0', B4), 'drop block 1'],
        [tcp('198.51.100.255', B4), 'drop block 1'],
        [tcp('198.51.99.255', B4), 'pass permit 2'],
        [tcp('198.51.101.0', B4), 'pass permit 2'],
        [tcp('203.0.113.9', B4), 'drop block 1'],
        [tcp('203.0.113.8', B4), 'pass permit 2'],
        [tcp('2001:db8:bad::', B6), 'drop block 1'],
        [tcp('2001:db8:bad:ffff:ffff:ffff:ffff:ffff', B6), 'drop block 1'],
        [tcp('2001:db8:bae::', B6), 'pass permit 2'],
        [tcp('198.51.100.1', '131.107.1.2'), 'drop default'],
      ],
    ],
    [
      'each prefix of a set ranks by its own length',
      [permit({ from: '$inner' }), block({ from: '$scanners' })],
      [
        [tcp('198.51.100.127', B4), 'drop block 2'],
        [tcp('198.51.100.128', B4), 'pass permit 1'],
        [tcp('2001:db8:bad:1::5', B6), 'pass permit 1'],
        [tcp('2001:db8:bad:1::6', B6), 'drop block 2'],
      ],
    ],
    [
      'an empty set is nobody',
      [permit({ from: '$empty', mirrored: true })],
      [
        [WEB, 'drop default'],
        [WEB6, 'drop default'],
      ],
    ],
    [
      'a name is all its answers',
      [permit({ from: 'web.example', to: 'me', mirrored: true })],
      [
        [tcp('198.51.100.7', B4), 'pass permit 1'],
        [tcp(B6, '2001:db8::7'), 'pass permit 1'],
        [tcp('198.51.100.8', B4), 'drop default'],
      ],
    ],
  ],
  { default: 'block', addressSets: SETS },
);
