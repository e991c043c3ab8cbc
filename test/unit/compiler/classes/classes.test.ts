/** Addresses and services into classes: how many, and which. */
import { describe, expect, test } from 'vitest';
import { formatAddress } from '../../../../src/base/ip.ts';
import { addressClasses, conditionsByClass } from '../../../../src/compiler/classes/address-classes.ts';
import type { CompileStatistics } from '../../../../src/compiler/compile.ts';
import { rankFilters } from '../../../../src/compiler/conditions/expand.ts';
import type { AddressCondition } from '../../../../src/compiler/conditions/resolve.ts';
import { Resolver } from '../../../../src/compiler/conditions/resolve.ts';
import { compiled } from '../../../support/kernel.ts';
import type { FilterFields } from '../../../support/policies.ts';
import { block, filterOf, hostOf, permit, policyOf, prefixFrom, setsOf } from '../../../support/policies.ts';

/** `START class:conditions` of each range; conditions are named by their place, from 1. */
function rangesOf(family: 4 | 6, prefixes: readonly string[]): readonly string[] {
  const resolver = new Resolver(policyOf([]), hostOf());
  const conditions = prefixes.flatMap((text) => resolver.resolve({ kind: 'prefix', prefix: prefixFrom(text) }));
  const names = new Map([...new Set(conditions)].map((condition, i) => [condition.id, i + 1]));
  const classes = addressClasses(family, [...new Set(conditions)]);
  const size = family === 4 ? 1 : 4;
  return Array.from({ length: classes.rangeCount }, (_, i) => {
    const start = formatAddress({ family, words: [...classes.starts.subarray(i * size, (i + 1) * size)] });
    const number = classes.rangeClasses[i] ?? -1;
    return `${start} ${number}:${conditionsByClass(classes)
      [number]?.map((id) => names.get(id))
      .join('+')}`;
  });
}

describe('address ranges', () => {
  const cases: readonly (readonly [
    name: string,
    family: 4 | 6,
    prefixes: readonly string[],
    ranges: readonly string[],
  ])[] = [
    ['none', 4, [], ['0.0.0.0 0:']],
    ['one prefix', 4, ['10.0.0.0/8'], ['0.0.0.0 0:', '10.0.0.0 1:1', '11.0.0.0 0:']],
    [
      'nested',
      4,
      ['10.0.0.0/8', '10.1.0.0/16'],
      ['0.0.0.0 0:', '10.0.0.0 1:1', '10.1.0.0 2:1+2', '10.2.0.0 1:1', '11.0.0.0 0:'],
    ],
    [
      'nested with the same start',
      4,
      ['10.0.0.0/8', '10.0.0.0/16'],
      ['0.0.0.0 0:', '10.0.0.0 2:1+2', '10.1.0.0 1:1', '11.0.0.0 0:'],
    ],
    [
      'nested with the same end',
      4,
      ['10.0.0.0/8', '10.255.0.0/16'],
      ['0.0.0.0 0:', '10.0.0.0 1:1', '10.255.0.0 2:1+2', '11.0.0.0 0:'],
    ],
    ['adjacent', 4, ['10.0.0.0/16', '10.1.0.0/16'], ['0.0.0.0 0:', '10.0.0.0 1:1', '10.1.0.0 2:2', '10.2.0.0 0:']],
    ['both halves', 4, ['0.0.0.0/1', '128.0.0.0/1'], ['0.0.0.0 1:1', '128.0.0.0 2:2']],
    ['the last address', 4, ['255.255.255.255'], ['0.0.0.0 0:', '255.255.255.255 1:1']],
    [
      'the whole family is the class of all others',
      4,
      ['0.0.0.0/0', '10.0.0.0/8'],
      ['0.0.0.0 0:1', '10.0.0.0 1:1+2', '11.0.0.0 0:1'],
    ],
    [
      'IPv6, the words carried',
      6,
      ['2001:db8:0:ffff:ffff:ffff:ffff:ffff'],
      [':: 0:', '2001:db8:0:ffff:ffff:ffff:ffff:ffff 1:1', '2001:db8:1:: 0:'],
    ],
    [
      'IPv6, the last address',
      6,
      ['ffff::/16', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
      [':: 0:', 'ffff:: 1:1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2:1+2'],
    ],
  ];
  for (const [name, family, prefixes, ranges] of cases) {
    test(name, () => expect(rangesOf(family, prefixes)).toEqual(ranges));
  }

  test('prefixes that are treated alike are one class and, side by side, one range', () => {
    const addressSets = setsOf({ all: ['10.0.0.0/24', '10.0.1.0/24', '10.9.0.0/24', '192.0.2.0/24'] });
    const [filter] = rankFilters(policyOf([permit({ from: '$all' })], { addressSets }), hostOf(), undefined);
    const classes = addressClasses(4, [filter?.source as AddressCondition]);
    expect([classes.classes.length, classes.rangeCount]).toEqual([2, 7]);
  });
});

type Classes = CompileStatistics['classes'];

describe('class counts of a policy', () => {
  const one = { source4: 1, destination4: 1, source6: 1, destination6: 1, destinationService: 1, sourcePort: 1 };
  const cases: readonly (readonly [name: string, filters: readonly FilterFields[], classes: Partial<Classes>])[] = [
    ['no filters', [], {}],
    ['any', [{}], {}],
    ['a source', [{ from: '10.0.0.0/8' }], { source4: 2 }],
    ['a mirrored source', [{ from: '10.0.0.0/8', mirrored: true }], { source4: 2, destination4: 2 }],
    ['an IPv6 destination', [{ to: '2001:db8::/32' }], { destination6: 2 }],
    [
      'the same address twice',
      [{ from: '10.0.0.1' }, { from: '10.0.0.1', protocol: 'tcp' }],
      { source4: 2, destinationService: 2 },
    ],
    ['nested addresses', [{ from: '10.0.0.0/8' }, { from: '10.1.0.0/16' }, { from: '10.2.0.0/16' }], { source4: 4 }],
    // A protocol is a class, and another one what is not of it.
    ['a protocol', [{ protocol: 47 }], { destinationService: 2 }],
    ['two protocols', [{ protocol: 47 }, { protocol: 'udp' }], { destinationService: 3 }],
    // The port and the protocol's others are alike: neither matches anything.
    ['a port', [{ protocol: 'tcp', dport: '80' }], { destinationService: 2 }],
    ['a port and its protocol', [{ protocol: 'tcp', dport: '80' }, { protocol: 'tcp' }], { destinationService: 3 }],
    [
      'ranges that overlap',
      [
        { protocol: 'tcp', dport: '80-90' },
        { protocol: 'tcp', dport: '85-95' },
      ],
      { destinationService: 4 },
    ],
    [
      'one port of two protocols',
      [
        { protocol: 'tcp', dport: '53' },
        { protocol: 'udp', dport: '53' },
      ],
      { destinationService: 3 },
    ],
    ['a source port', [{ protocol: 'udp', sport: '53' }], { destinationService: 2, sourcePort: 2 }],
    [
      'established',
      [
        { protocol: 'tcp', dport: '80', established: true },
        { protocol: 'tcp', dport: '80' },
      ],
      { destinationService: 3 },
    ],
    ['established of any protocol', [{ mirrored: 'established' }], { destinationService: 2 }],
    [
      'ICMP types',
      [
        { protocol: 'icmp', type: 8 },
        { protocol: 'icmp', type: 3, code: 4 },
      ],
      { destinationService: 3 },
    ],
  ];
  for (const [name, filters, classes] of cases) {
    test(name, () => {
      const policy = policyOf(filters.map((filter) => ({ action: 'block', filters: [filterOf(filter)] })));
      expect(compiled(policy, hostOf()).statistics.classes).toEqual({ ...one, ...classes });
    });
  }

  test('a set is one class for each length that is alone, whatever its size', () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `10.${i >> 8}.${i & 255}.7`);
    const policy = policyOf([block({ from: '$scanners' })], {
      addressSets: setsOf({ scanners: [...lines, '192.0.2.0/24'] }),
    });
    expect(compiled(policy, hostOf()).statistics.classes.source4).toBe(3);
  });

  test('filters of one family leave the other alone', () => {
    const policy = policyOf([
      block({ from: '10.0.0.0/8', to: '10.1.0.0/16' }),
      block({ from: '2001:db8::/32', to: '2001:db8::1' }),
    ]);
    const { classes, ranges } = compiled(policy, hostOf()).statistics;
    expect(classes).toMatchObject({ source4: 2, destination4: 2, source6: 2, destination6: 2 });
    expect(ranges).toEqual({ source4: 3, destination4: 3, source6: 3, destination6: 3 });
  });
});
