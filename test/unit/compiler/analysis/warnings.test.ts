/** What is found in small policies, one table for each finding, and how it is worded. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { present } from '../../../../src/base/assert.ts';
import { spanOfFile } from '../../../../src/base/diagnostics.ts';
import type { HostFacts, InterfaceFacts } from '../../../../src/compiler/analysis/facts.ts';
import type { WarningOptions, Warnings } from '../../../../src/compiler/analysis/warnings.ts';
import { warningsOf } from '../../../../src/compiler/analysis/warnings.ts';
import { printFilter } from '../../../../src/formats/yaml/print.ts';
import type { Policy } from '../../../../src/policy/model.ts';
import type { RuleFields } from '../../../support/policies.ts';
import { block, hostOf, permit, policyOf, setsOf } from '../../../support/policies.ts';
import { readText } from '../../../support/read-text.ts';

const HOST = hostOf(['192.0.2.1', '2001:db8::1'], { 'host.example': ['198.51.100.1'] });
const SETS = setsOf({
  halves: ['10.0.0.0/9', '10.128.0.0/9'],
  six: ['2001:db8:bad::/48'],
  bad: ['198.51.100.0/24', '2001:db8:bad::/48'],
  empty: [],
});

function analysed(policy: Policy, facts: HostFacts = HOST, options: WarningOptions = {}): Warnings {
  return warningsOf(policy, facts, { writeFilter: printFilter, ...options });
}

/** What holds of the host and not of the filters among each other is left out, unless it is what is tested. */
const OF_THE_HOST = /^XP041/u;

function codesOf(
  rules: readonly RuleFields[],
  changes: Partial<Policy> = {},
  facts: HostFacts = HOST,
  counted = /^XP040/u,
): readonly string[] {
  const policy = policyOf(rules, { default: 'block', addressSets: SETS, ...changes });
  return analysed(policy, facts).findings.flatMap(({ code }) => (counted.test(code) ? [code] : []));
}

function on(interfaces: readonly string[], rule: RuleFields): RuleFields {
  return { ...rule, interfaces };
}

type Case = readonly [
  name: string,
  rules: readonly RuleFields[],
  codes: readonly string[],
  changes?: Partial<Policy>,
  facts?: HostFacts,
];

function table(title: string, cases: readonly Case[], counted?: RegExp): void {
  for (const [name, rules, codes, changes, facts] of cases) {
    test(`${title}: ${name}`, () => expect(codesOf(rules, changes, facts, counted)).toEqual(codes));
  }
}

const WEB = { to: 'me', protocol: 'tcp', dport: '80' };

table('identical', [
  ['with different actions', [permit(WEB), block(WEB)], ['XP0401']],
  ['with the same action', [permit(WEB), permit(WEB)], ['XP0402']],
  ['within one rule', [permit(WEB, WEB)], ['XP0402']],
  ['three of them, one opposed', [permit(WEB), permit(WEB), block(WEB)], ['XP0401', 'XP0402']],
  [
    'me written as addresses',
    [permit({ to: 'me', protocol: 47 }), block({ to: '$own', protocol: 47 })],
    ['XP0401'],
    { addressSets: setsOf({ own: ['192.0.2.1', '2001:db8::1'] }) },
  ],
  ['a prefix as its halves', [permit({ from: '10.0.0.0/8' }), block({ from: '$halves' })], ['XP0401']],
  [
    'the same the other way round',
    [permit({ to: 'me', mirrored: true }), block({ from: 'me', mirrored: true })],
    ['XP0401'],
  ],
  [
    'a mirror within its own forward half',
    [permit({ protocol: 'tcp', mirrored: 'established' }), block({ protocol: 'tcp' })],
    ['XP0401'],
  ],
  [
    'on the same interfaces in another order',
    [on(['eth0', 'eth1'], permit(WEB)), on(['eth1', 'eth0'], block(WEB))],
    ['XP0401'],
  ],
  [
    'one family more is not identical',
    [permit({ to: '192.0.2.1', protocol: 47 }), permit({ to: 'me', protocol: 47 })],
    [],
  ],
  ['one port more is not identical', [permit({ ...WEB, dport: '80-81' }), permit(WEB)], []],
  ['established is not identical', [permit({ ...WEB, established: true }), permit(WEB)], []],
  ['other interfaces are not the same', [on(['eth0'], permit(WEB)), on(['eth1'], block(WEB))], []],
  ['a limited rule is more specific', [on(['eth0'], permit(WEB)), block(WEB)], []],
]);

table('crossing', [
  ['narrow service against narrow source', [permit(WEB), block({ from: '10.0.0.0/8', to: 'me' })], ['XP0403']],
  [
    'two widths of prefix',
    [permit({ from: '10.0.0.0/8', to: '192.0.2.0/24' }), block({ from: '10.1.0.0/16' })],
    ['XP0403'],
  ],
  ['port ranges that overlap', [permit({ ...WEB, dport: '80-90' }), block({ ...WEB, dport: '85-95' })], ['XP0403']],
  ['lists that share one port', [permit({ ...WEB, dport: '80,443' }), block({ ...WEB, dport: '22,80' })], ['XP0403']],
  [
    'source port against destination port',
    [permit({ protocol: 'tcp', sport: '25' }), block({ protocol: 'tcp', dport: '22' })],
    ['XP0403'],
  ],
  [
    'sets that share a prefix',
    [permit({ from: '$bad' }), block({ from: '$six', to: 'me' }), block({ from: '$other' })],
    ['XP0403'],
    { addressSets: new Map([...SETS, ...setsOf({ other: ['198.51.100.0/24', '203.0.113.0/24'] })]) },
  ],
  ['equal halves of unequal filters', [permit(WEB), block({ ...WEB, mirrored: true })], ['XP0404', 'XP0408']],
  [
    'overlapping interfaces, no key but the action',
    [on(['eth0', 'eth1'], permit(WEB)), on(['eth1', 'eth2'], block(WEB))],
    ['XP0403'],
  ],
  ['one within the other', [permit(WEB), block({ to: 'me' })], []],
  [
    'a mirrored permit within a mirrored block',
    [permit({ ...WEB, mirrored: 'established' }), block({ to: 'me', mirrored: true })],
    [],
  ],
  [
    'the way back of a permit and a block of what comes in',
    [permit({ ...WEB, mirrored: 'established' }), block({ to: 'me' })],
    [],
  ],
  ['the same action', [permit(WEB), permit({ from: '10.0.0.0/8', to: 'me' })], []],
  ['no packet in common', [permit(WEB), block({ from: '10.0.0.0/8', to: 'me', protocol: 'udp' })], []],
  ['no interface in common', [on(['eth0'], permit(WEB)), on(['eth1'], block({ from: '10.0.0.0/8', to: 'me' }))], []],
  [
    'settled by a third filter',
    [permit(WEB), block({ from: '10.0.0.0/8', to: 'me' }), block({ ...WEB, from: '10.0.0.0/8' })],
    [],
  ],
  [
    'only where an exemption passes',
    [
      permit({ protocol: 'udp', sport: '500-600', dport: '500' }),
      block({ protocol: 'udp', sport: '400-500', dport: '500' }),
    ],
    [],
    { exemptions: ['ike'] },
  ],
]);

table('shadowed', [
  [
    'by two halves',
    [permit({ from: '10.0.0.0/8' }), permit({ from: '10.0.0.0/9' }, { from: '10.128.0.0/9' })],
    ['XP0404'],
  ],
  [
    'by the ports one by one',
    [permit({ ...WEB, dport: '80-82' }), permit({ ...WEB, dport: '80-81' }, { ...WEB, dport: '82' })],
    ['XP0404'],
  ],
  ['by an exemption', [permit({ protocol: 46 })], ['XP0404'], { exemptions: ['rsvp'] }],
  ['by equal halves that block', [permit(WEB), block({ ...WEB, mirrored: true })], ['XP0404', 'XP0408']],
  [
    'on its only interface',
    [on(['eth0'], permit({ from: '10.0.0.0/8' })), permit({ from: '10.0.0.0/9' }, { from: '10.128.0.0/9' })],
    ['XP0404'],
  ],
  [
    'by rules that are limited to one of its interfaces',
    [
      on(['eth0', 'eth1'], permit({ from: '10.0.0.0/8' })),
      on(['eth0'], permit({ from: '10.0.0.0/9' }, { from: '10.128.0.0/9' })),
    ],
    [],
  ],
  ['no family in common', [permit({ from: '$six', to: '192.0.2.1' })], ['XP0404']],
  ['an empty set is told elsewhere', [permit({ from: '$empty', to: 'me' })], []],
  ['all but one port taken', [permit({ ...WEB, dport: '80-82' }), permit({ ...WEB, dport: '80-81' })], []],
  [
    'fragments are left',
    [permit({ protocol: 'tcp' }), permit({ protocol: 'tcp', dport: '0-65534' }, { protocol: 'tcp', dport: '65535' })],
    [],
  ],
]);

const SMTP = { from: '131.107.1.1', protocol: 'tcp', dport: '25', mirrored: true } as const;

table('mirror', [
  ["the article's mail filter", [permit(SMTP)], ['XP0405']],
  ['over UDP', [permit({ ...SMTP, from: 'me', protocol: 'udp' })], ['XP0405']],
  ['to a network', [permit({ ...SMTP, from: 'me', to: '10.0.0.0/8' })], ['XP0405']],
  ['answers only', [permit({ ...SMTP, mirrored: 'established' })], []],
  ['not mirrored', [permit({ ...SMTP, mirrored: false })], []],
  ['to hosts by name: a note', [permit({ ...SMTP, from: 'me', to: 'host.example' })], ['XP0407']],
  ['to hosts by name, with all their ports', [permit({ from: 'me', to: 'host.example', mirrored: true })], []],
  ['the largest: everything that the host may ask', [permit({ from: 'me', mirrored: true })], ['XP0405']],
  ['every UDP port', [permit({ from: 'me', protocol: 'udp', mirrored: true })], ['XP0405']],
  [
    'every TCP port of a network',
    [permit({ from: 'me', to: '10.0.0.0/8', protocol: 'tcp', mirrored: true })],
    ['XP0405'],
  ],
  ['every port but 0', [permit({ ...SMTP, sport: '1-65535' })], ['XP0405']],
  ['echo both ways', [permit({ from: 'me', protocol: 'icmp', type: 8, mirrored: true })], []],
  ['a tunnel', [permit({ from: 'me', protocol: 47, mirrored: true })], []],
  ['everything to the host', [permit({ to: 'me', mirrored: true })], []],
  ['where another permit lets the same in', [permit(SMTP), permit({ to: '131.107.1.1' })], []],
  ['from local ports of its own', [permit({ ...SMTP, sport: '1024-65535' })], []],
  ['of a server', [permit({ to: 'me', protocol: 'tcp', dport: '25', mirrored: true })], []],
  [
    'towards a network the host is in',
    [permit({ from: '10.0.0.0/8', to: '192.0.2.0/24', protocol: 'tcp', dport: '25', mirrored: true })],
    [],
  ],
  [
    'where nothing is blocked anyway',
    [permit(SMTP), block({ to: '203.0.113.1', protocol: 'udp' })],
    [],
    { default: 'permit' },
  ],
  ['where a block would decide', [permit(SMTP), block({ to: '131.107.1.1' })], ['XP0405'], { default: 'permit' }],
  ['a block', [block(SMTP)], []],
]);

table('nothing blocked', [
  ['permits alone', [permit(WEB)], ['XP0406'], { default: 'permit' }],
  ['a default that blocks', [permit(WEB)], []],
  ['one block', [block(WEB)], [], { default: 'permit' }],
  ['no rules are told elsewhere', [], [], { default: 'permit' }],
]);

const STATIC = interfaceOf('eth0', ['192.0.2.1', '2001:db8::1']);
const LEASED = interfaceOf('eth0', ['192.0.2.1'], { isLease: true });

function interfaceOf(
  name: string,
  addresses: readonly string[],
  { isLease = false, portOf }: { readonly isLease?: boolean; readonly portOf?: string } = {},
): InterfaceFacts {
  const held = hostOf(addresses).me.map((address) => ({ address, isLease }));
  return { name, isLoopback: name === 'lo', addresses: held, portOf };
}

function at(...interfaces: readonly InterfaceFacts[]): HostFacts {
  return { ...HOST, interfaces };
}

const ESTABLISHED_WEB = { ...WEB, mirrored: 'established' } as const;

table(
  'narrower, and loses',
  [
    [
      'a list of ports',
      [permit({ ...WEB, dport: '80-90' }), block({ to: 'me', protocol: 'tcp', dport: '80,81-90' })],
      [],
    ],
    [
      'a list of ports within a range that is narrower than one of them',
      [permit({ ...WEB, dport: '1000-1099' }), block({ ...WEB, dport: '1000-1098' })],
      [],
    ],
    [
      'one way within both ways',
      [
        permit({ from: '10.0.0.0/8', to: '192.0.2.0/24' }),
        block({ from: '192.0.2.0/24', to: '10.0.0.0/8', mirrored: true }),
      ],
      ['XP0408'],
    ],
    ['one interface of two', [on(['eth0'], permit(WEB)), on(['eth0', 'eth1'], block(WEB))], ['XP0408']],
    [
      'a set within a host of another',
      [permit({ from: '$pair' }), block({ from: '$wide' })],
      ['XP0408'],
      { addressSets: setsOf({ pair: ['10.0.0.0/31'], wide: ['10.0.0.0/32', '10.0.0.1/32', '10.0.0.2/32'] }) },
    ],
    ['a narrower one that wins', [permit(WEB), block({ to: 'me' })], []],
  ],
  /^XP0408/u,
);

table(
  'essential traffic',
  [
    ['a web server under default block', [permit(ESTABLISHED_WEB)], ['XP0410', 'XP0410', 'XP0410', 'XP0410', 'XP0412']],
    [
      'with its control messages permitted',
      [permit(ESTABLISHED_WEB, { protocol: 'icmp', type: 3 }, { protocol: 'icmpv6' })],
      ['XP0412'],
    ],
    ['IPv4 alone', [permit({ ...ESTABLISHED_WEB, to: '192.0.2.1' })], ['XP0410', 'XP0412']],
    ['nothing but echo needs no path MTU', [permit({ to: '192.0.2.1', protocol: 'icmp', type: 8 })], ['XP0412']],
    ['a default that permits', [block(WEB)], [], { default: 'permit' }],
    ['a block of ICMP', [block({ to: 'me', protocol: 'icmp' })], ['XP0410'], { default: 'permit' }],
    [
      'the exemption neighbor-discovery',
      [permit(ESTABLISHED_WEB)],
      ['XP0410', 'XP0410', 'XP0410', 'XP0412'],
      { exemptions: ['neighbor-discovery'] },
    ],
    ['a lease', [permit({ ...ESTABLISHED_WEB, to: '192.0.2.1' })], ['XP0410', 'XP0411'], {}, at(LEASED)],
    ['static addresses', [permit({ ...ESTABLISHED_WEB, to: '192.0.2.1' })], ['XP0410'], {}, at(STATIC)],
    [
      'no address yet',
      [permit({ ...ESTABLISHED_WEB, to: '192.0.2.1' })],
      ['XP0410', 'XP0411'],
      {},
      at(interfaceOf('eth0', [])),
    ],
    [
      'a spare interface without an address',
      [permit({ ...ESTABLISHED_WEB, to: '192.0.2.1' })],
      ['XP0410'],
      {},
      at(STATIC, interfaceOf('eth1', [])),
    ],
    [
      'DHCP that a filter permits',
      [
        permit(
          { ...ESTABLISHED_WEB, to: '192.0.2.1' },
          { to: '192.0.2.1', protocol: 'udp', sport: '67', dport: '68', mirrored: true },
        ),
      ],
      ['XP0410'],
    ],
  ],
  /^XP041[012]/u,
);

table(
  'exemptions',
  [
    ['kerberos', [permit(WEB)], ['XP0413'], { exemptions: ['kerberos'] }],
    ['ike', [permit(WEB)], ['XP0413'], { exemptions: ['ike'] }],
    ['broadcast and multicast', [permit(WEB)], ['XP0413', 'XP0413'], { exemptions: ['broadcast', 'multicast'] }],
    ['rsvp has no ports', [permit(WEB)], [], { exemptions: ['rsvp', 'neighbor-discovery'] }],
    [
      'where all is open anyway',
      [block({ to: '203.0.113.1', protocol: 'tcp' })],
      [],
      { exemptions: ['ike'], default: 'permit' },
    ],
    ['past a block', [block(WEB)], ['XP0413'], { exemptions: ['kerberos'], default: 'permit' }],
  ],
  /^XP0413/u,
);

table(
  'filters that cannot match',
  [
    ['me without any address', [block({ to: 'me' })], ['XP0414'], {}, hostOf()],
    ['me without IPv6', [block({ from: '2001:db8::/32', to: 'me' })], ['XP0414'], {}, hostOf(['192.0.2.1'])],
    ['me with both', [block({ from: '2001:db8::/32', to: 'me' })], []],
    ['me to me', [block({ from: 'me', to: 'me' })], ['XP0414']],
    ['from 0.0.0.0', [block({ from: '0.0.0.0' })], ['XP0414']],
    ['from 0.0.0.0 for an address', [permit({ from: '0.0.0.0', protocol: 'udp', sport: '68', dport: '67' })], []],
    ['from 0.0.0.0/8', [block({ from: '0.0.0.0/8' })], []],
    ['an IPv4-mapped address', [block({ from: '::ffff:192.0.2.1' })], ['XP0414']],
    [
      'me of a bridge port',
      [permit(WEB), block({ to: 'me' })],
      ['XP0414'],
      {},
      { ...hostOf(['fe80::1']), interfaces: [interfaceOf('eth0', ['fe80::1'], { portOf: 'br0' })], filtered: ['eth0'] },
    ],
    ['an interface that is not there', [on(['eht0'], block(WEB))], ['XP0415'], {}, at(STATIC)],
    ['an interface that is', [on(['eth0'], block(WEB))], [], {}, at(STATIC)],
    ['a pattern', [on(['eth*'], block(WEB))], ['XP0415'], {}, at(STATIC)],
    [
      'an interface that is not filtered',
      [on(['eth0'], block(WEB))],
      ['XP0415'],
      {},
      { ...at(STATIC), filtered: ['eth1'] },
    ],
    ['interfaces of a host elsewhere', [on(['eht0'], block(WEB))], []],
  ],
  /^XP041[45]/u,
);

table(
  'heard besides',
  [
    ['a block of all that comes to me', [block({ to: 'me' })], ['XP0416'], { default: 'permit' }],
    ['the same as local', [block({ to: 'local' })], [], { default: 'permit' }],
    ['under a default that blocks', [block({ to: 'me' })], []],
    ['TCP alone', [block(WEB)], [], { default: 'permit' }],
    ['both ways, the host first', [block({ from: 'me', mirrored: true })], ['XP0416'], { default: 'permit' }],
    ['an address, not me', [block({ to: '192.0.2.1' })], [], { default: 'permit' }],
  ],
  /^XP0416/u,
);

const CROSSING = [permit(WEB), block({ from: '10.0.0.0/8', to: 'me' })];
const ACCEPTED = { code: 'XP0403', because: 'it is meant', span: spanOfFile('test.yaml') } as const;

table('accepted', [
  ['one code', CROSSING, [], { accept: [{ ...ACCEPTED, rule: undefined }] }],
  ['of the winner', CROSSING, [], { accept: [{ ...ACCEPTED, rule: 'block 2' }] }],
  ['of the loser', CROSSING, [], { accept: [{ ...ACCEPTED, rule: 'permit 1' }] }],
  [
    'of another rule',
    [...CROSSING, permit({ to: '203.0.113.7', protocol: 47 })],
    ['XP0403', 'XP0409'],
    { accept: [{ ...ACCEPTED, rule: 'permit 3' }] },
  ],
  ['nothing', [permit(WEB)], ['XP0409'], { accept: [{ ...ACCEPTED, rule: undefined }] }],
  [
    'an error',
    [permit(WEB), block(WEB)],
    ['XP0401', 'XP0409'],
    { accept: [{ ...ACCEPTED, code: 'XP0401', rule: undefined }] },
  ],
  ['what another host gives', [permit(WEB)], [], { accept: [{ ...ACCEPTED, code: 'XP0411', rule: undefined }] }],
]);

test('a diagnostic of the reader is accepted too', () => {
  const span = spanOfFile('test.yaml');
  const reported = [{ code: 'XP0304', severity: 'warning', span, message: 'unused' }] as const;
  const policy = policyOf([permit(WEB)], { accept: [{ ...ACCEPTED, code: 'XP0304', rule: undefined }] });
  const { reported: left, findings } = analysed(policy, HOST, { reported });
  expect(left).toEqual([]);
  expect(findings.map(({ code }) => code)).not.toContain('XP0409');
});

test('what the policy in force does not have is new and comes first', () => {
  const before = analysed(policyOf(CROSSING, { default: 'block' })).identities;
  const policy = policyOf([...CROSSING, permit(WEB)], { default: 'block' });
  const { findings } = analysed(policy, HOST, { known: before });
  const ofFilters = findings.filter(({ code }) => !OF_THE_HOST.test(code));
  expect(ofFilters.map(({ code, isNew }) => [code, isNew])).toEqual([
    ['XP0402', true],
    ['XP0403', true],
    ['XP0403', false],
  ]);
});

test('with little effort what is told is true, and what is left is counted', () => {
  const services = Array.from({ length: 60 }, (_, i) => ({ ...WEB, dport: `${i + 1}` }));
  const blocks = Array.from({ length: 60 }, (_, i) => ({ from: `10.${i}.0.0/16`, to: 'me' }));
  const policy = policyOf([permit(...services), block(...blocks)], { default: 'block' });
  const all = analysed(policy, HOST, { effort: Number.POSITIVE_INFINITY }).identities;
  const { identities, findings, omitted } = analysed(policy, HOST, { effort: 20_000 });
  expect(identities.size).toBeLessThan(all.size);
  expect([...identities].filter((one) => !all.has(one))).toEqual(['XP0417\ncut']);
  expect(findings.at(-1)?.code).toBe('XP0417');
  expect(omitted.every(({ atLeast }) => atLeast)).toBe(true);
});

test('a block list that loses to a port permit is told how to win, and the filter offered does', () => {
  const bad = permit({ ...WEB, dport: '22' });
  const policy = policyOf([bad, { ...block({ from: '$bad' }), name: 'bad' }], { default: 'block', addressSets: SETS });
  const [finding] = analysed(policy).findings;
  expect(finding?.help).toBe(
    'to block a list everywhere, write destination: me; if permit is not meant for such packets, add to rule "bad": { source: $bad, destination: me }',
  );
  const offered = policyOf([bad, block({ from: '$bad' }, { from: '$bad', to: 'me' })], {
    default: 'block',
    addressSets: SETS,
  });
  const ofCrossings = analysed(offered).findings.filter(({ code }) => code === 'XP0403');
  expect(ofCrossings.map(({ message }) => /(?:permit|block) wins/u.exec(message)?.[0])).toEqual(['block wins']);
});

test('a crossing names both filters, a packet, the winner and the key', () => {
  const { findings } = analysed(policyOf(CROSSING, { default: 'block' }));
  expect(findings.flatMap(({ code, message }) => (code === 'XP0403' ? [message] : []))).toEqual([
    'this filter (permit, rule "permit 1") crosses "10.0.0.0/8:* = me:* any" (block, rule "block 2"): ' +
      "both match 'tcp 10.0.0.1:40000 -> 192.0.2.1:80 arriving', and block wins by: other prefix",
  ]);
});

test('a crossing on one interface says which', () => {
  const rules = [permit(WEB), on(['eth7'], block({ from: '10.0.0.0/8', to: 'me' }))];
  expect(analysed(policyOf(rules)).findings[0]?.message).toContain(" arriving on eth7', and block wins");
});

test('a brief analysis tells ten of a code, groups what crosses one filter and counts the rest', () => {
  const services = Array.from({ length: 30 }, (_, i) => ({ ...WEB, dport: `${i + 1}` }));
  const blocks = Array.from({ length: 12 }, (_, i) => ({ from: `10.${i}.0.0/16`, to: 'me' }));
  const policy = policyOf([permit(...services), block(...blocks)], { default: 'block' });
  const ofCrossings = ({ findings }: Warnings): Warnings['findings'] =>
    findings.filter(({ code }) => code === 'XP0403');
  expect(ofCrossings(analysed(policy))).toHaveLength(360);
  const brief = analysed(policy, HOST, { isBrief: true });
  expect(ofCrossings(brief)).toHaveLength(10);
  expect(brief.omitted).toEqual([
    { code: 'XP0403', severity: 'warning', grouped: 290, left: 60, atLeast: false, isNew: null },
  ]);
  expect(ofCrossings(brief)[0]?.message).toMatch(/; so do 29 more$/u);
});

const examples: readonly (readonly [file: string, codes: readonly string[]])[] = [
  ['packet-filter.yaml', ['XP0405@28']],
  ['packet-filter-specs.yaml', ['XP0405@20']],
  ['edge-host.yaml', ['XP0403@39', 'XP0407@30', 'XP0412@5']],
];

for (const [file, codes] of examples) {
  test(`the example ${file}, without what it accepts`, () => {
    const whole = readFileSync(new URL(`../../../../examples/${file}`, import.meta.url), 'utf8');
    const text = whole.replace(/^accept:.*/msu, '');
    const { findings } = analysed(present(readText(text).policy), HOST, { isBrief: true });
    expect(findings.map(({ code, span }) => `${code}@${span.line}`)).toEqual(codes);
  });
}
