import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { present } from '../../../../src/base/assert.ts';
import { Diagnostics } from '../../../../src/base/diagnostics.ts';
import { formatPolicyText } from '../../../../src/formats/yaml/format.ts';
import policySchema from '../../../../src/formats/yaml/policy.schema.json' with { type: 'json' };
import { printPolicy } from '../../../../src/formats/yaml/print.ts';
import roleSchema from '../../../../src/formats/yaml/role.schema.json' with { type: 'json' };
import { arb } from '../../../support/arbitrary.ts';
import { meaningOfPolicy, readText } from '../../../support/read-text.ts';

/** The formatted text; the codes of the diagnostics where there is none. */
function format(text: string, as: 'yaml' | 'json' = 'yaml'): string {
  const diags = new Diagnostics();
  const formatted = formatPolicyText('test.yaml', text, as, diags);
  return formatted?.text ?? diags.all.map((d) => d.code).join();
}

test('keys are ordered, quotes go, filters and rules stand on one line each', () => {
  const text = `rules:
- action: "permit"
  filterList: 'web'
- filters:
  - {mirrored: true, destination: 10.0.0.1,   source: "any"}
  action: block
  name: rest
filterLists:
    web:
        - destinationPort:
            - 80
            - 443
          protocol: tcp
          destination: me
        - '*+10.0.0.1:80:TCP'
        - 10.0.0.1=*
addressSets: {a: [ 10.0.0.1,10.0.0.2 ], b: {file: "x.txt"}}
exemptions: [ ike ]
name: 'it''s "x"'
`;
  expect(format(text)).toBe(`name: it's "x"
exemptions: [ike]

addressSets:
  a: [10.0.0.1, 10.0.0.2]
  b: { file: x.txt }

filterLists:
  web:
    - { destination: me, protocol: tcp, destinationPort: [80, 443] }
    - "*+10.0.0.1:80:TCP"
    - "10.0.0.1=*"

rules:
  - { filterList: web, action: permit }
  - name: rest
    action: block
    filters:
      - { source: any, destination: 10.0.0.1, mirrored: true }
`);
});

test('comments move with what they stand at', () => {
  const text = `# yaml-language-server: $schema=x.json
# the rules
rules: [] # none yet
# before the name
name: x # behind the name

filterLists:
  # about a
  a:
    - {source: any, # why
       destination: me}
    # end of a
  # end of the lists
# end of the file
`;
  expect(format(text)).toBe(`# yaml-language-server: $schema=x.json

# before the name
name: x # behind the name

filterLists:
  # about a
  a:
    - source: any # why
      destination: me
    # end of a
  # end of the lists

# the rules
rules: [] # none yet

# end of the file
`);
});

test('a long list is broken up, a long filter is not', () => {
  const addresses = Array.from({ length: 20 }, (_, i) => `10.0.0.${i}`);
  const ports = Array.from({ length: 30 }, (_, i) => String(1000 + 2 * i));
  const filter = `{ destination: me, protocol: tcp, destinationPort: [${ports.join(', ')}] }`;
  const text = `{name: x, addressSets: {a: [${addresses.join()}]}, filterLists: {l: [${filter}]}, rules: []}`;
  const lines = format(text).split('\n');
  expect(lines.filter((line) => line.startsWith('    - 10.0.0.'))).toHaveLength(20);
  expect(lines).toContain(`    - ${filter}`);
});

test('keys stay where they are in a text with aliases', () => {
  const text = 'rules: [{name: a, action: permit, filters: [&f {source: me}]}]\nfilterLists: {l: [*f]}\nname: x\n';
  const formatted = format(text);
  expect(formatted.indexOf('rules')).toBeLessThan(formatted.indexOf('filterLists'));
  expect(meaningOfPolicy(present(readText(formatted).policy))).toEqual(meaningOfPolicy(present(readText(text).policy)));
});

test('a text with mistakes of meaning is formatted, one that is no YAML is not', () => {
  expect(format('{rules: [{filterList: nowhere, action: permit}], name: x}')).toBe(
    'name: x\n\nrules:\n  - { filterList: nowhere, action: permit }\n',
  );
  expect(format('a: [')).toContain('XP0001');
  expect(format('')).toBe('XP0011');
});

test('comments that would move at every pass settle, or the text is refused', () => {
  const odd = [
    '# a\n: b',
    'name: x\nrules: # a\n  # b\n\n',
    'name: x\nfilterLists:\n  a:\n  # b\n\n  # c\nrules: []\n',
  ];
  for (const text of odd) {
    const formatted = format(text);
    expect(formatted === 'XP0012' || format(formatted) === formatted, text).toBe(true);
  }
  expect(format('&\u0007 { name: x }')).toBe('XP0012');
});

test('JSON: lines that fit stay whole, comments are counted', () => {
  const text = 'name: x # one\nrules: # two\n  - { name: r, filters: [{ source: any }], action: block }\n';
  expect(format(text, 'json')).toBe(`{
  "name": "x",
  "rules": [{ "name": "r", "action": "block", "filters": [{ "source": "any" }] }]
}
`);
  expect(formatPolicyText('f', text, 'json', new Diagnostics())?.lostComments).toBe(2);
});

const examples = new URL('../../../../examples/', import.meta.url);
/** The configuration of a host is not a policy. */
const isPolicy = (file: string): boolean => file.endsWith('.yaml') && file !== 'config.yaml';
for (const name of readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter(isPolicy)) {
  test(`${name} is formatted`, () => {
    const text = readFileSync(new URL(name, examples), 'utf8');
    expect(format(text)).toBe(text);
  });
}

test('every key of the schemas has a place: one that is unknown comes last', () => {
  for (const schema of [policySchema, roleSchema]) {
    const keys = Object.keys(schema.properties).filter((key) => key !== 'rules');
    const text = `rules: []\nzzz: 1\n${keys.map((key) => `${JSON.stringify(key)}: []`).join('\n')}\n`;
    expect(format(text).trim().split('\n').at(-1), text).toBe('zzz: 1');
    expect(format(text)).toContain('\n\nrules: []\n');
  }
});

test('what printPolicy prints is formatted', () => {
  fc.assert(
    fc.property(arb.policy(), (policy) => {
      const printed = printPolicy(policy);
      expect(format(printed)).toBe(printed);
    }),
    { numRuns: 50 },
  );
});

/** Comments and blank lines at every place between lines, and behind some of them. */
const commented = fc
  .tuple(arb.policy(), fc.infiniteStream(fc.nat(11)))
  .map(([policy, choices]) => {
    const lines: string[] = [];
    let count = 0;
    for (const line of printPolicy(policy).split('\n')) {
      const choice = Number(choices.next().value);
      const indent = ' '.repeat(2 * (choice % 4));
      if (choice < 4) lines.push(`${indent}# c${count++}`);
      if (choice === 4 || choice === 5) lines.push('');
      lines.push(choice > 9 && line !== '' ? `${line} # c${count++}` : line);
    }
    return lines.join('\n');
  })
  .filter((text) => readText(text).policy !== undefined);

test('comments anywhere are kept, the meaning too, and formatting twice is formatting once', () => {
  fc.assert(
    fc.property(commented, (text) => {
      const formatted = format(text);
      const comments = (from: string): string[] => (from.match(/# c\d+/gu) ?? []).sort();
      expect(comments(formatted), text).toEqual(comments(text));
      expect(meaningOfPolicy(present(readText(formatted).policy))).toEqual(
        meaningOfPolicy(present(readText(text).policy)),
      );
      expect(format(formatted), text).toBe(formatted);
    }),
    { numRuns: 100 },
  );
});
