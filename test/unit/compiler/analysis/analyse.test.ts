/** What is found in small policies, one table for each finding, and how it is worded. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { present } from '../../../../src/base/assert.ts';
import type { Diagnostic } from '../../../../src/base/diagnostics.ts';
import { Diagnostics } from '../../../../src/base/diagnostics.ts';
import type { AnalyseOptions, Omitted } from '../../../../src/compiler/analysis/analyse.ts';
import { analyse } from '../../../../src/compiler/analysis/analyse.ts';
import type { HostAddresses, Policy } from '../../../../src/policy/model.ts';
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

interface Analysed {
  readonly diagnostics: readonly Diagnostic[];
  readonly omitted: readonly Omitted[];
}

function analysed(policy: Policy, host: HostAddresses = HOST, options: AnalyseOptions = {}): Analysed {
  const diags = new Diagnostics();
  const omitted = analyse(policy, host, diags, options);
  return { diagnostics: diags.all, omitted };
}

function codesOf(rules: readonly RuleFields[], changes: Partial<Policy> = {}): readonly string[] {
  const policy = policyOf(rules, { default: 'block', addressSets: SETS, ...changes });
  return analysed(policy).diagnostics.map(({ code }) => code);
}

function on(interfaces: readonly string[], rule: RuleFields): RuleFields {
  return { ...rule, interfaces };
}

type Case = readonly [name: string, rules: readonly RuleFields[], codes: readonly string[], changes?: Partial<Policy>];

function table(title: string, cases: readonly Case[]): void {
  for (const [name, rules, codes, changes] of cases) {
    test(`${title}: ${name}`, () => expect(codesOf(rules, changes)).toEqual(codes));
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
  ['equal halves of unequal filters', [permit(WEB), block({ ...WEB, mirrored: true })], ['XP0403', 'XP0404']],
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
    [permit({ protocol: 'udp', sport: '500-600' }), block({ protocol: 'udp', sport: '400-500' })],
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
  ['by equal halves that block', [permit(WEB), block({ ...WEB, mirrored: true })], ['XP0403', 'XP0404']],
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

test('a crossing names both filters, a packet, the winner and the key', () => {
  const { diagnostics } = analysed(policyOf([permit(WEB), block({ from: '10.0.0.0/8', to: 'me' })]));
  expect(diagnostics.map(({ message }) => message)).toEqual([
    'this filter (permit, rule "permit 1") crosses "10.0.0.0/8:* = me:* any" (block, rule "block 2"): ' +
      "both match 'tcp 10.0.0.1:40000 -> 192.0.2.1:80 arriving', and block wins by: other prefix",
  ]);
});

test('a crossing on one interface says which', () => {
  const rules = [permit(WEB), on(['eth7'], block({ from: '10.0.0.0/8', to: 'me' }))];
  expect(analysed(policyOf(rules)).diagnostics[0]?.message).toContain(" arriving on eth7', and block wins");
});

test('a brief analysis tells ten of a code, groups what crosses one filter and counts the rest', () => {
  const services = Array.from({ length: 30 }, (_, i) => ({ ...WEB, dport: `${i + 1}` }));
  const blocks = Array.from({ length: 12 }, (_, i) => ({ from: `10.${i}.0.0/16`, to: 'me' }));
  const policy = policyOf([permit(...services), block(...blocks)]);
  expect(analysed(policy).diagnostics).toHaveLength(360);
  const { diagnostics, omitted } = analysed(policy, HOST, { brief: true });
  expect(diagnostics).toHaveLength(10);
  expect(omitted).toEqual([{ code: 'XP0403', severity: 'warning', grouped: 290, left: 60, atLeast: false }]);
  expect(diagnostics[0]?.message).toMatch(/; so do 29 more$/u);
});

const examples: readonly (readonly [file: string, codes: readonly string[]])[] = [
  ['packet-filter.yaml', ['XP0405@24']],
  ['packet-filter-specs.yaml', ['XP0405@20']],
  ['edge-host.yaml', ['XP0403@38', 'XP0407@30']],
];

for (const [file, codes] of examples) {
  test(`the example ${file}`, () => {
    const text = readFileSync(new URL(`../../../../examples/${file}`, import.meta.url), 'utf8');
    const { diagnostics } = analysed(present(readText(text).policy), HOST, { brief: true });
    expect(diagnostics.map(({ code, span }) => `${code}@${span.line}`)).toEqual(codes);
  });
}
