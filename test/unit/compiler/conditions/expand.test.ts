/** Filters as written -> directed filters, and their rank. */
import { expect, test } from 'vitest';
import { formatPrefix } from '../../../../src/base/ip.ts';
import type { DirectedFilter } from '../../../../src/compiler/conditions/expand.ts';
import { rankFilters } from '../../../../src/compiler/conditions/expand.ts';
import type { AddressCondition } from '../../../../src/compiler/conditions/resolve.ts';
import type { PortRange } from '../../../../src/policy/model.ts';
import { compareRanked } from '../../../../src/policy/specificity.ts';
import type { FilterFields, RuleFields } from '../../../support/policies.ts';
import { block, hostOf, permit, policyOf, setsOf } from '../../../support/policies.ts';

const HOST = hostOf(['10.0.0.1', '10.0.0.2', '2001:db8::1'], {
  'both.example': ['192.0.2.7', '2001:db8::7'],
  'none.example': [],
});
const SETS = setsOf({
  mixed: ['10.1.0.0/16', '10.2.0.0/16', '10.3.0.1', '10.3.0.9', '2001:db8:1::/48'],
  nested: ['10.0.0.0/8', '10.1.0.0/16', '10.1.0.0/16'],
  empty: [],
});

function ranked(rules: readonly RuleFields[], interfaceName?: string): readonly DirectedFilter[] {
  return rankFilters(policyOf(rules, { addressSets: SETS }), HOST, interfaceName);
}

/** `10.1.0.0/16 10.2.0.0/16:* > any:80 established`. */
function textOf({ source, destination, sourcePorts, destinationPorts, established }: DirectedFilter): string {
  const range = ({ lo, hi }: PortRange): string => (lo === hi ? `${lo}` : hi - lo === 65535 ? '*' : `${lo}-${hi}`);
  const ports = (ranges: readonly PortRange[]): string => ranges.map(range).join(',');
  const ends = `${addressText(source)}:${ports(sourcePorts)} > ${addressText(destination)}:${ports(destinationPorts)}`;
  return `${ends}${established ? ' established' : ''}`;
}

function addressText({ family, length, words, count }: AddressCondition): string {
  if (family === undefined) return 'any';
  const size = family === 4 ? 1 : 4;
  const prefixes = Array.from({ length: count }, (_, i) => ({
    family,
    length,
    words: [...words.subarray(i * size, (i + 1) * size)],
  }));
  return prefixes.map(formatPrefix).join(' ');
}

const cases: readonly (readonly [name: string, filter: FilterFields, directed: readonly string[]])[] = [
  ['one direction', { from: '10.0.0.1', to: '10.0.0.2' }, ['10.0.0.1:* > 10.0.0.2:*']],
  [
    'mirrored: addresses and ports swap',
    { from: '10.0.0.1', protocol: 'tcp', dport: '80', mirrored: true },
    ['10.0.0.1:* > any:80', 'any:80 > 10.0.0.1:*'],
  ],
  [
    'mirrored: established, the mirror half only',
    { to: '10.0.0.1', protocol: 'tcp', dport: '80', mirrored: 'established' },
    ['10.0.0.1:80 > any:* established', 'any:* > 10.0.0.1:80'],
  ],
  [
    'mirrored and established: both halves',
    { to: '10.0.0.1', protocol: 'tcp', established: true, mirrored: true },
    ['any:* > 10.0.0.1:* established', '10.0.0.1:* > any:* established'],
  ],
  ['its own mirror image, once', { mirrored: true }, ['any:* > any:*']],
  [
    'its own mirror image with ports, once',
    { from: '10.0.0.1', to: '10.0.0.1', protocol: 'udp', sport: '123', dport: '123', mirrored: true },
    ['10.0.0.1:123 > 10.0.0.1:123'],
  ],
  [
    'its own mirror image in a set, once',
    { from: '$nested', to: '$nested', mirrored: true },
    [
      '10.1.0.0/16:* > 10.1.0.0/16:*',
      '10.0.0.0/8:* > 10.1.0.0/16:*',
      '10.1.0.0/16:* > 10.0.0.0/8:*',
      '10.0.0.0/8:* > 10.0.0.0/8:*',
    ],
  ],
  [
    'the same addresses and other ports: two',
    { protocol: 'udp', dport: '53', mirrored: true },
    ['any:* > any:53', 'any:53 > any:*'],
  ],
  [
    'mirrored: established is never its own mirror',
    { mirrored: 'established' },
    ['any:* > any:* established', 'any:* > any:*'],
  ],
  [
    'unless it is established itself',
    { protocol: 'tcp', established: true, mirrored: 'established' },
    ['any:* > any:* established'],
  ],
  [
    'a set: a condition for each length and family',
    { from: '$mixed' },
    ['2001:db8:1::/48:* > any:*', '10.3.0.1 10.3.0.9:* > any:*', '10.1.0.0/16 10.2.0.0/16:* > any:*'],
  ],
  ['a set: members inside others stay, once', { from: '$nested' }, ['10.1.0.0/16:* > any:*', '10.0.0.0/8:* > any:*']],
  ['an empty set: nothing', { from: '$empty', mirrored: true }, []],
  ['a name without answers: nothing', { to: 'none.example' }, []],
  ['a name: its answers of each family', { to: 'both.example' }, ['any:* > 2001:db8::7:*', 'any:* > 192.0.2.7:*']],
  ['me: both families', { to: 'me' }, ['any:* > 2001:db8::1:*', 'any:* > 10.0.0.1 10.0.0.2:*']],
  [
    'two ends: only of one family',
    { from: 'both.example', to: 'me' },
    ['2001:db8::7:* > 2001:db8::1:*', '192.0.2.7:* > 10.0.0.1 10.0.0.2:*'],
  ],
  [
    'ends of other families: nothing',
    { from: 'both.example', to: '10.0.0.1', mirrored: false },
    ['192.0.2.7:* > 10.0.0.1:*'],
  ],
  [
    'port lists: ranges of one width together, the narrowest first',
    { protocol: 'tcp', sport: '1,5-9,11', dport: '80,90-91,443' },
    ['any:1,11 > any:80,443', 'any:1,11 > any:90-91', 'any:5-9 > any:80,443', 'any:5-9 > any:90-91'],
  ],
];

for (const [name, filter, directed] of cases) {
  test(name, () => expect(ranked([permit(filter)]).map(textOf)).toEqual(directed));
}

test('rules limited to other interfaces take no part', () => {
  const rules = [
    { ...permit({ protocol: 'tcp' }), interfaces: ['eth0'] },
    { ...permit({ protocol: 'udp' }), interfaces: ['eth1', 'eth2'] },
    permit({}),
  ];
  const protocols = (name?: string): unknown => ranked(rules, name).map(({ filter }) => filter.protocol);
  expect(protocols('eth0')).toEqual([6, undefined]);
  expect(protocols('eth2')).toEqual([17, undefined]);
  expect(protocols('eth3')).toEqual([undefined]);
  expect(protocols()).toEqual([undefined]);
});

test('the rank is the order of specificity, and of rules where that is the same', () => {
  const all = ranked([
    permit({}, { from: '10.0.0.0/8' }, { protocol: 'tcp', dport: '80' }),
    block({}, { from: '10.0.0.0/8', to: 'me' }),
    block({}, { protocol: 'tcp', dport: '80-90', established: true }),
  ]);
  expect(all).toHaveLength(7);
  for (let i = 1; i < all.length; i++) expect(compareRanked(all[i - 1]!, all[i]!)).toBeLessThanOrEqual(0);
  expect(all.map(({ ruleIndex }) => ruleIndex).slice(-3)).toEqual([1, 2, 0]);
});

test('halves and owners', () => {
  const [forward, mirror] = ranked([block({}), permit({ from: '10.0.0.1', mirrored: true })]);
  expect([forward, mirror]).toMatchObject([
    { half: 'forward', ruleIndex: 1, action: 'permit' },
    { half: 'mirror', ruleIndex: 1, action: 'permit' },
  ]);
});

test('equal addresses have equal conditions, however often they are written', () => {
  const all = ranked([permit({ from: '$mixed', to: 'me' }), block({ from: '$mixed' }), block({ from: 'me' })]);
  const ids = new Set(all.flatMap(({ source, destination }) => [source.id, destination.id]));
  // any, three of $mixed, two of me.
  expect(ids.size).toBe(6);
});
