import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { present } from '../../../../src/base/assert.ts';
import type { Span } from '../../../../src/base/diagnostics.ts';
import { Diagnostics, spanOfFile } from '../../../../src/base/diagnostics.ts';
import type { Family, Prefix } from '../../../../src/base/ip.ts';
import { prefixOf } from '../../../../src/base/ip.ts';
import { parseFilterSpec } from '../../../../src/formats/filterspec.ts';
import { tokenOf } from '../../../../src/formats/token.ts';
import { plainPolicy, printFilterSpec, printPolicy } from '../../../../src/formats/yaml/print.ts';
import type { AddressMatch, AddressSet, Filter, FilterList, Policy, Rule } from '../../../../src/policy/model.ts';
import { ANY_PORT, DROPS, EXEMPTIONS, PROTOCOLS } from '../../../../src/policy/model.ts';
import { mergeRanges } from '../../../../src/policy/ports.ts';
import { PrefixSetBuilder } from '../../../../src/policy/prefix-set.ts';
import { meaningOf, meaningOfPolicy, readText } from '../../../support/read-text.ts';

const SPAN = spanOfFile('arbitrary');
const word = fc.integer({ min: 0, max: 0xffffffff });

function prefix(family: Family): fc.Arbitrary<Prefix> {
  const size = family === 4 ? 1 : 4;
  return fc
    .tuple(fc.array(word, { minLength: size, maxLength: size }), fc.integer({ min: 0, max: size * 32 }))
    .map(([words, length]) => prefixOf({ family, words }, length));
}

function address(family: Family): fc.Arbitrary<AddressMatch> {
  return fc.oneof(
    fc.constantFrom<AddressMatch>({ kind: 'any' }, { kind: 'me' }, { kind: 'local' }, { kind: 'set', name: 'both' }),
    fc.constantFrom('mail.example.com', 'null', 'true', '1e3.x', 'y').map((name) => ({ kind: 'name', name }) as const),
    prefix(family).map((p) => ({ kind: 'prefix', prefix: p }) as const),
  );
}

const port = fc.integer({ min: 1, max: 65535 });
const range = fc.tuple(port, port).map(([a, b]) => ({ lo: Math.min(a, b), hi: Math.max(a, b) }));
const ports = fc.oneof(
  fc.constant([ANY_PORT]),
  port.map((p) => [{ lo: p, hi: p }]),
  fc.array(range, { minLength: 1, maxLength: 4 }).map(mergeRanges),
);
const byte = fc.integer({ min: 0, max: 255 });
const noPorts = {
  sourcePorts: [ANY_PORT],
  destinationPorts: [ANY_PORT],
  icmp: [],
  established: false,
  fragment: false,
};
const twoWays = fc.boolean();

/** Every condition that goes with the family. */
function conditions(family: Family): fc.Arbitrary<Omit<Filter, 'source' | 'destination' | 'text' | 'span'>> {
  const types = fc.uniqueArray(byte, { maxLength: 4 }).map((all) => all.sort((a, b) => a - b));
  const icmp = fc
    .tuple(types, fc.option(byte, { nil: undefined }))
    .map(([all, code]) => all.map((type) => ({ type, code })));
  const withPorts = {
    sourcePorts: ports,
    destinationPorts: ports,
    icmp: fc.constant([]),
    fragment: fc.constant(false),
  };
  const others = byte.filter((n) => n !== PROTOCOLS.icmp && n !== PROTOCOLS.icmpv6);
  return fc.oneof(
    fc
      .record({ protocol: fc.option(others, { nil: undefined }), mirrored: twoWays })
      .map((c) => ({ ...noPorts, ...c })),
    fc.record({ protocol: fc.option(byte, { nil: undefined }), mirrored: twoWays }).map(({ protocol, mirrored }) => {
      const isOtherIcmp = protocol === (family === 4 ? PROTOCOLS.icmpv6 : PROTOCOLS.icmp);
      return { ...noPorts, protocol: isOtherIcmp ? undefined : protocol, mirrored, fragment: true };
    }),
    fc.record({
      ...withPorts,
      protocol: fc.constantFrom(PROTOCOLS.udp, PROTOCOLS.sctp),
      established: fc.constant(false),
      mirrored: twoWays,
    }),
    fc.record({
      ...withPorts,
      protocol: fc.constant(PROTOCOLS.tcp),
      established: fc.boolean(),
      mirrored: fc.constantFrom(true, false, 'established' as const),
    }),
    fc.record({ icmp, mirrored: twoWays }).map((c) => ({
      ...noPorts,
      ...c,
      protocol: family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6,
    })),
  );
}

const filter: fc.Arbitrary<Filter> = fc
  .constantFrom<Family>(4, 6)
  .chain((family) => fc.tuple(address(family), address(family), conditions(family)))
  .map(([source, destination, rest]) => ({ source, destination, ...rest, text: '', span: SPAN }));

/** Names that YAML would read as something else, and whatever else may be a name. */
const name = fc.oneof(
  fc.constantFrom(
    'null',
    'true',
    '~',
    '12',
    '0x10',
    '- a',
    'a: b',
    '#x',
    '*a',
    '"q"',
    "it's",
    '[a]',
    '__proto__',
    'a,b',
  ),
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .map((s) => s.trim())
    .filter((s) => s !== '' && !/\p{Cc}/u.test(s)),
);

interface Named {
  readonly rule: string | undefined;
  readonly span: Span;
}

const filters = fc.array(filter, { maxLength: 3 });
const action = fc.constantFrom('permit' as const, 'block' as const);
const interfaces = fc.constantFrom(undefined, ['eth0'], ['eth0', 'wan.100']);

const sets = fc
  .array(fc.oneof(prefix(4), prefix(6)), { maxLength: 6 })
  .map((extra): ReadonlyMap<string, AddressSet> => {
    const builder = new PrefixSetBuilder();
    const both: readonly Prefix[] = [
      { family: 4, words: [1], length: 32 },
      { family: 6, words: [0, 0, 0, 1], length: 128 },
    ];
    for (const p of [...both, ...extra]) builder.add(p);
    return new Map([['both', { name: 'both', prefixes: builder.build(), exclude: [], span: SPAN }]]);
  });

const accepted = fc.record({
  code: fc.constantFrom('XP0403', 'XP0406' as const),
  ofRule: fc.boolean(),
  because: name,
});

const tests = fc.record({
  packet: fc.constantFrom('tcp 203.0.113.9:40000 -> me:443', 'icmpv6 me -> 2001:db8::1 type 128 code 0'),
  expect: fc.constantFrom('pass', 'drop'),
  ofRule: fc.boolean(),
  interface: fc.constantFrom(undefined, 'eth0'),
  direction: fc.constantFrom(undefined, 'in', 'out'),
});

const policy: fc.Arbitrary<Policy> = fc
  .record({
    name,
    description: fc.oneof(fc.constant(''), name, fc.constant('two\nlines\n')),
    default: action,
    strict: fc.boolean(),
    drop: fc.subarray([...DROPS]),
    exemptions: fc.subarray([...EXEMPTIONS]),
    addressSets: sets,
    lists: fc.uniqueArray(fc.record({ name, filters }), { maxLength: 3, selector: (l) => l.name }),
    rules: fc.uniqueArray(fc.record({ name, filters, action, interfaces, pick: fc.nat() }), {
      maxLength: 4,
      selector: (r) => r.name,
    }),
    accept: fc.array(accepted, { maxLength: 2 }),
    tests: fc.array(tests, { maxLength: 2 }),
  })
  .map(({ lists, rules, accept, tests: cases, ...rest }) => {
    const about = <T extends { readonly ofRule: boolean }>({ ofRule, ...one }: T): Omit<T, 'ofRule'> & Named => {
      return { ...one, rule: ofRule ? rules[0]?.name : undefined, span: SPAN };
    };
    const filterLists = new Map<string, FilterList>(lists.map((l) => [l.name, { ...l, span: SPAN }]));
    const all = [...filterLists.values(), undefined];
    return {
      ...rest,
      filterLists,
      rules: rules.map(({ pick, filters: own, ...rule }): Rule => {
        const filterList = all[pick % all.length] ?? { name: rule.name, filters: own, span: SPAN };
        return { ...rule, filterList, span: SPAN };
      }),
      accept: accept.map(about),
      tests: cases.map(about),
      span: SPAN,
    };
  });

test('a printed policy reads back as the same policy', () => {
  fc.assert(
    fc.property(policy, (original) => {
      const text = printPolicy(original);
      const { policy: again, diagnostics } = readText(text);
      expect(
        diagnostics.filter((d) => d.severity === 'error'),
        text,
      ).toEqual([]);
      expect(meaningOfPolicy(present(again)), text).toEqual(meaningOfPolicy(original));
      expect(printPolicy(present(again))).toBe(text);
    }),
    { numRuns: 300 },
  );
});

test('a policy printed as JSON reads back as the same policy', () => {
  fc.assert(
    fc.property(policy, (original) => {
      const { policy: again } = readText(JSON.stringify(plainPolicy(original)));
      expect(meaningOfPolicy(present(again))).toEqual(meaningOfPolicy(original));
    }),
  );
});

test('a printed filterspec reads back as the same filter', () => {
  fc.assert(
    fc.property(filter, (original) => {
      const spec = printFilterSpec(original);
      fc.pre(spec !== undefined);
      const diags = new Diagnostics();
      const { filters: again } = parseFilterSpec(tokenOf(spec, 'spec'), diags);
      expect(
        diags.all.filter((d) => d.severity === 'error'),
        spec,
      ).toEqual([]);
      expect(
        again.map((f) => meaningOf(f.filter)),
        spec,
      ).toEqual([meaningOf(original)]);
    }),
    { numRuns: 1000 },
  );
});

const specs: readonly (readonly [filter: string, spec: string | undefined])[] = [
  ['{ destination: 131.107.1.1, protocol: tcp, destinationPort: 80, mirrored: true }', '*+131.107.1.1:80:TCP'],
  ['{ source: 10.0.0.0/8, sourcePort: 53, destination: me, protocol: udp }', '10.0.0.0/255.0.0.0:53=0::UDP'],
  ['{ source: "2001:db8::/32", destination: host.example, protocol: 255 }', '[2001:db8::/32]=host.example::RAW'],
  ['{ source: me, protocol: tcp, destinationPort: 80-81 }', undefined],
  ['{ source: me, protocol: tcp, destinationPort: [80, 443] }', undefined],
  ['{ source: me, protocol: tcp, established: true }', undefined],
  ['{ source: me, protocol: tcp, mirrored: established }', undefined],
  ['{ source: me, protocol: icmp, icmpType: 8 }', undefined],
];
for (const [text, spec] of specs) {
  test(`printFilterSpec: ${text}`, () => {
    const read = readText(`{name: t, rules: [{name: r, action: permit, filters: [${text}]}]}`).policy;
    expect(printFilterSpec(present(read?.rules[0]?.filterList.filters[0]))).toBe(spec);
  });
}

test('printPolicy: one filter a line', () => {
  const text = printPolicy(
    present(
      readText(
        '{name: t, filterLists: {a b: ["*+10.0.0.1:80:TCP"]}, rules: [{filterList: a b, action: block, interfaces: [eth0]}]}',
      ).policy,
    ),
  );
  expect(text).toMatchInlineSnapshot(`
    "name: t
    default: permit
    strict: true
    exemptions: [neighbor-discovery, multicast-listener, path-mtu]

    filterLists:
      a b:
        - { source: any, destination: 10.0.0.1, protocol: tcp, destinationPort: 80, mirrored: true }

    rules:
      - { filterList: a b, action: block, interfaces: [eth0] }
    "
  `);
  expect(parse(text)).toMatchObject({ name: 't' });
});
