import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { present } from '../../../../src/base/assert.ts';
import { Diagnostics } from '../../../../src/base/diagnostics.ts';
import policySchema from '../../../../src/formats/yaml/policy.schema.json' with { type: 'json' };
import { readPolicy } from '../../../../src/formats/yaml/policy-reader.ts';
import { plainFilter, printPolicy } from '../../../../src/formats/yaml/print.ts';
import roleSchema from '../../../../src/formats/yaml/role.schema.json' with { type: 'json' };
import { ReferenceClassifier } from '../../../../src/policy/classify.ts';
import { NO_ADDRESSES } from '../../../../src/policy/defaults.ts';
import { parsePacketText } from '../../../../src/policy/packet/text.ts';
import { meaningOfPolicy, readText } from '../../../support/read-text.ts';

const WEB = `role: web
parameters: { address: {}, ports: { default: [80, 443] } }
filterLists:
  "web \${address}": [{ source: any, destination: "\${address}", protocol: tcp, destinationPort: "\${ports}" }]
rules:
  - { filterList: "web \${address}", action: permit }
`;

interface Read {
  readonly rules: readonly string[];
  /** `XP0312@test.yaml:2`. */
  readonly codes: readonly string[];
}

function read(text: string, files: Readonly<Record<string, string>>): Read {
  const { policy, diagnostics } = readText(text, files);
  return {
    rules: (policy?.rules ?? []).map(({ name, filterList }) => {
      const filters = filterList.filters.map((filter) => Object.values(plainFilter(filter)).join(' '));
      return `${name}: ${filters.join('; ')}`;
    }),
    codes: diagnostics.map(({ code, span }) => `${code}@${span.file}:${span.line}`),
  };
}

function including(...items: readonly string[]): string {
  return `name: host\ninclude:\n${items.map((item) => `  - ${item}\n`).join('')}`;
}

test('a role with values, twice', () => {
  const text = including(
    '{ role: web.yaml, with: { address: 192.0.2.1 } }',
    '{ role: web.yaml, with: { address: 192.0.2.2, ports: 8080 } }',
  );
  expect(read(text, { 'web.yaml': WEB })).toEqual({
    codes: [],
    rules: ['web 192.0.2.1: any 192.0.2.1 tcp 80,443', 'web 192.0.2.2: any 192.0.2.2 tcp 8080'],
  });
});

test('roles use the address sets of the policy, stand before its own rules, and are used by them', () => {
  const text = `${including('{ role: web.yaml, with: { address: $mine } }')}
addressSets: { mine: [192.0.2.0/24] }
rules: [{ name: also, filterList: web $mine, action: block, interfaces: [eth1] }]
`;
  expect(read(text, { 'web.yaml': WEB })).toEqual({
    codes: [],
    rules: ['web $mine: any $mine tcp 80,443', 'also: any $mine tcp 80,443'],
  });
});

test('a role of roles: paths are relative to the role', () => {
  const files = {
    'roles/all.yaml': `role: all\nparameters: { a: {} }\ninclude: [{ role: ./sub/../web.yaml, with: { address: "\${a}" } }]\n`,
    'roles/web.yaml': WEB,
  };
  const { rules, codes } = read(including('{ role: roles/all.yaml, with: { a: me } }'), files);
  expect(codes).toEqual([]);
  expect(rules).toEqual(['web me: any me tcp 80,443']);
});

const GIVEN = '{ role: web.yaml, with: { address: me } }';
const REFUSED: readonly (readonly [
  name: string,
  text: string,
  files: Readonly<Record<string, string>>,
  code: string,
])[] = [
  ['a file that is not there', including('{ role: none.yaml }'), {}, 'XP0312@test.yaml:3'],
  ['a parameter without a value', including('{ role: web.yaml }'), { 'web.yaml': WEB }, 'XP0315@test.yaml:3'],
  [
    'a value for a parameter that is none',
    including('{ role: web.yaml, with: { address: me, adress: me } }'),
    { 'web.yaml': WEB },
    'XP0314@test.yaml:3',
  ],
  [
    'a parameter that is not declared',
    including(GIVEN),
    { 'web.yaml': WEB.replace('{ports}', '{port}') },
    'XP0314@web.yaml:4',
  ],
  ['a role that includes itself', including(GIVEN), { 'web.yaml': `${WEB}include: [${GIVEN}]\n` }, 'XP0313@web.yaml:7'],
  ['a list given twice', including(GIVEN, GIVEN), { 'web.yaml': WEB }, 'XP0316@web.yaml:4'],
  [
    'a list inside text',
    including('{ role: web.yaml, with: { address: [80, 81] } }'),
    { 'web.yaml': WEB },
    'XP0317@web.yaml:4',
  ],
  [
    'a value that is no address',
    including('{ role: web.yaml, with: { address: 192.0.2.300 } }'),
    { 'web.yaml': WEB },
    'XP0201@web.yaml:4',
  ],
  ['a key that a role does not have', including(GIVEN), { 'web.yaml': `${WEB}default: block\n` }, 'XP0005@web.yaml:7'],
  [
    'a role without its name',
    including(GIVEN),
    { 'web.yaml': WEB.replace('role: web', 'description: x') },
    'XP0007@web.yaml:1',
  ],
  ['text that is no YAML', including(GIVEN), { 'web.yaml': '{' }, 'XP0001@web.yaml:1'],
  ['a list as a role', including(GIVEN), { 'web.yaml': '- a\n' }, 'XP0006@web.yaml:1'],
  ['an include that is text', including('web.yaml'), { 'web.yaml': WEB }, 'XP0006@test.yaml:3'],
];

for (const [name, text, files, code] of REFUSED) {
  test(`refused: ${name}`, () => {
    const { codes, rules } = read(text, files);
    expect(codes).toContain(code);
    expect(rules).toEqual([]);
  });
}

test('the schema of roles is a valid one', () => {
  const ajv = new Ajv2020({ allowUnionTypes: true });
  ajv.addVocabulary(['x-expected']);
  ajv.addSchema(policySchema);
  expect(ajv.validateSchema(roleSchema), JSON.stringify(ajv.errors)).toBe(true);
  const validate = ajv.compile(roleSchema);
  for (const [key, { examples }] of Object.entries(roleSchema.properties)) {
    for (const example of examples) expect(validate({ role: 'r', [key]: example }), key).toBe(true);
  }
});

test('roles that include two of the next, and so on, end', () => {
  const files: Record<string, string> = {};
  for (let i = 0; i < 30; i++) files[`${i}`] = `role: r\ninclude: [{ role: "${i + 1}" }, { role: "${i + 1}" }]\n`;
  files['30'] = 'role: r\n';
  expect(read(including('{ role: "0" }'), files).codes).toContainEqual(expect.stringContaining('XP0313'));
});

test('what is printed has the roles in it', () => {
  const policy = present(readText(including(GIVEN), { 'web.yaml': WEB }).policy);
  const again = present(readText(printPolicy(policy)).policy);
  expect(meaningOfPolicy(again)).toEqual(meaningOfPolicy(policy));
});

const examples = new URL('../../../../examples/', import.meta.url);

test('the example roles and the host made of them have no errors', () => {
  const roles = readdirSync(new URL('roles/', examples));
  expect(roles.sort()).toEqual(['database', 'dns', 'mail', 'monitoring', 'ssh', 'web'].map((name) => `${name}.yaml`));
  const all = roles.map((name) => {
    const needs = ['database.yaml', 'ssh.yaml', 'monitoring.yaml'].includes(name) ? ', from: 10.0.0.0/8' : '';
    return `{ role: roles/${name}, with: { address: 192.0.2.1${needs} } }`;
  });
  const host = readFileSync(new URL('web-and-mail-host.yaml', examples), 'utf8');
  for (const text of [including(...all), host]) {
    const diags = new Diagnostics();
    const readSetFile = (path: string): Uint8Array => readFileSync(new URL(path, examples));
    const policy = readPolicy({ file: 'host.yaml', text, readSetFile }, diags);
    expect(diags.all).toEqual([]);
    expect(policy?.rules.length).toBeGreaterThan(5);
  }
});

/** To and from the host of a role, 192.0.2.1; the administrators, servers and monitors are 10.0.0.0/8. */
const ROLE_PACKETS: readonly (readonly [role: string, passes: readonly string[], drops: readonly string[]])[] = [
  ['web', ['tcp 203.0.113.9:4000 -> 192.0.2.1:443'], ['tcp 203.0.113.9:4000 -> 192.0.2.1:22']],
  [
    'mail',
    ['tcp 203.0.113.9:4000 -> 192.0.2.1:993', 'tcp 192.0.2.1:4000 -> 203.0.113.9:25'],
    ['tcp 203.0.113.9:25 -> 192.0.2.1:4000'],
  ],
  [
    'dns',
    [
      'udp 203.0.113.9:4000 -> 192.0.2.1:53',
      'udp 192.0.2.1:4000 -> 203.0.113.9:53',
      'tcp 203.0.113.9:4000 -> 192.0.2.1:53',
    ],
    ['udp 203.0.113.9:53 -> 192.0.2.1:161', 'tcp 203.0.113.9:53 -> 192.0.2.1:4000'],
  ],
  ['ssh', ['tcp 10.1.2.3:4000 -> 192.0.2.1:22'], ['tcp 203.0.113.9:4000 -> 192.0.2.1:22']],
  [
    'monitoring',
    ['tcp 10.1.2.3:4000 -> 192.0.2.1:9477', 'icmp 10.1.2.3 -> 192.0.2.1 type 8', 'icmp 192.0.2.1 -> 10.1.2.3 type 0'],
    ['icmp 203.0.113.9 -> 192.0.2.1 type 8', 'icmp 10.1.2.3 -> 192.0.2.1 type 5'],
  ],
  ['database', ['tcp 10.1.2.3:4000 -> 192.0.2.1:5432'], ['tcp 203.0.113.9:4000 -> 192.0.2.1:5432']],
];

for (const [role, passes, drops] of ROLE_PACKETS) {
  test(`the example role ${role} opens what it is for`, () => {
    const from = ['ssh', 'monitoring', 'database'].includes(role) ? ', from: 10.0.0.0/8' : '';
    const text = `name: host
default: block
include: [{ role: roles/${role}.yaml, with: { address: 192.0.2.1${from} } }]
`;
    const readSetFile = (path: string): Uint8Array => readFileSync(new URL(path, examples));
    const policy = present(readPolicy({ file: 'host.yaml', text, readSetFile }, new Diagnostics()));
    const classifier = new ReferenceClassifier(policy, NO_ADDRESSES);
    const verdicts = (packets: readonly string[]): readonly string[] =>
      packets.map((packet) => classifier.classify(present(parsePacketText(packet, {}, new Diagnostics()))).verdict);
    expect(verdicts(passes)).toEqual(passes.map(() => 'pass'));
    expect(verdicts(drops)).toEqual(drops.map(() => 'drop'));
  });
}
