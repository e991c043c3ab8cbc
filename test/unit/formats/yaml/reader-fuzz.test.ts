import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { present } from '../../../../src/base/assert.ts';
import { Diagnostics } from '../../../../src/base/diagnostics.ts';
import { renderDiagnostics } from '../../../../src/cli/render/diagnostics.ts';
import { parseFilterSpec } from '../../../../src/formats/filterspec.ts';
import { tokenOf } from '../../../../src/formats/token.ts';
import schema from '../../../../src/formats/yaml/policy.schema.json' with { type: 'json' };
import { printPolicy } from '../../../../src/formats/yaml/print.ts';
import { readText } from '../../../support/read-text.ts';

/** xorshift32: the same inputs at every run. */
function randomSource(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const SCRAPS = [
  ...[
    '*',
    '&a',
    '*a',
    '[',
    ']',
    '{',
    '}',
    ':',
    ': ',
    '- ',
    '\n',
    '  ',
    '\t',
    '"',
    "'",
    '#',
    '!',
    '|',
    '>',
    '%',
    '---\n',
  ],
  ...['null', 'true', 'yes', '0', '-1', '99999', '1e9', '.nan', '0x50', '::', '[2001:db8::1]', '10.0.0.1/8', '$office'],
  ...['any', 'me', 'source', 'established', 'mirrored', 'protocol', 'icmpType', 'filters', 'rules', 'INPASS', '$', '+'],
  ...['=', '(', ')', '\u0000', '\ufeff', '\u{1f600}', '__proto__', 'constructor', '<<'],
];

/** One to three edits: delete or repeat a piece, insert a scrap or put it for a piece, and most often another digit. */
function mutate(text: string, random: (below: number) => number): string {
  let result = text;
  for (let edits = 1 + random(3); edits > 0; edits--) {
    const at = random(result.length + 1);
    const length = 1 + random(12);
    const piece = result.slice(at, at + length);
    const scrap = present(SCRAPS[random(SCRAPS.length)]);
    const kind = random(10);
    if (kind === 0) result = result.slice(0, at) + result.slice(at + length);
    else if (kind === 1) result = result.slice(0, at) + scrap + result.slice(at);
    else if (kind === 2) result = result.slice(0, at) + piece + piece + result.slice(at + length);
    else if (kind === 3) result = result.slice(0, at) + scrap + result.slice(at + length);
    else result = result.slice(0, at) + result.slice(at).replace(/\d/u, String(random(10)));
  }
  return result;
}

const SEEDS = [
  `name: a
description: x
default: block
strict: false
compat: windows2000
exemptions: [neighbor-discovery, kerberos]
addressSets:
  office: [10.1.0.0/16, 2001:db8:1::/48]
  file: { file: set.txt }
filterLists:
  web:
    - "*+131.107.1.1:80:TCP"
    - &f { source: $office, destination: me, protocol: tcp, destinationPort: [22, 80-90], mirrored: established }
    - *f
rules:
  - { name: web, filterList: web, action: permit, interfaces: [eth0] }
  - { name: ping, action: block, filters: [{ source: $file, protocol: icmp, icmpType: 8, icmpCode: 0 }] }
`,
  '{"name":"a","rules":[{"name":"r","action":"permit","filters":[{"protocol":"tcp","established":true},"0=*"]}]}',
];

test('the seeds have no errors', () => {
  for (const seed of SEEDS) expect(readText(seed, { 'set.txt': '10.0.0.1\n' }).policy).toBeDefined();
});

test('no text makes the reader throw, and what it takes can be printed and read again', () => {
  const random = randomSource(20010200);
  const ajv = new Ajv2020({ allowUnionTypes: true });
  ajv.addVocabulary(['x-expected']);
  const valid = ajv.compile(schema);
  let taken = 0;
  for (let run = 0; run < 4_000; run++) {
    const text = mutate(present(SEEDS[run % SEEDS.length]), random);
    const { policy, diagnostics } = readText(text, { 'set.txt': '10.0.0.1\n' });
    expect(renderDiagnostics(diagnostics, { color: false }).length > 0).toBe(diagnostics.length > 0);
    expect(policy === undefined, text).toBe(diagnostics.some((d) => d.severity === 'error'));
    if (policy === undefined) continue;
    taken++;
    expect(valid(parse(text)), text).toBe(true);
    expect(readText(printPolicy(policy)).policy, text).toBeDefined();
  }
  expect(taken).toBeGreaterThan(100);
}, 120_000);

test('every span lies in its line', () => {
  const random = randomSource(7);
  for (let run = 0; run < 1_000; run++) {
    const text = mutate(present(SEEDS[run % SEEDS.length]), random);
    const lines = text.replace(/^\ufeff/u, '').split(/\r?\n/u);
    for (const { span, code } of readText(text, { 'set.txt': '10.0.0.1\n' }).diagnostics) {
      expect(span.length, code).toBeGreaterThan(0);
      expect(span.column, code).toBeGreaterThan(0);
      expect(span.column, `${code} in ${JSON.stringify(text)}`).toBeLessThanOrEqual(span.lineText.length + 1);
      if (span.lineText !== '') expect(lines[span.line - 1], code).toBe(span.lineText);
    }
  }
}, 60_000);

test('no text makes the filterspec parser throw', () => {
  const random = randomSource(80);
  const seeds = ['*+131.107.1.1:80:TCP', '[10.0.0.0/255.0.0.0:53=[2001:db8::1]/32::UDP]', '(0+host.example::6)'];
  for (let run = 0; run < 16_000; run++) {
    const text = mutate(present(seeds[run % seeds.length]), random);
    const diags = new Diagnostics();
    const { filters } = parseFilterSpec(tokenOf(text, 'fuzz'), diags);
    expect(filters.length > 0 || diags.failed, text).toBe(true);
  }
});

test('nesting, aliases and length are bounded', () => {
  const hostile = [
    '['.repeat(50_000),
    '{a: '.repeat(50_000),
    '- '.repeat(50_000),
    '? '.repeat(50_000),
    `a: ${'&x '.repeat(1000)}`,
    `&a0 [x]\n`,
    ['l0: &l0 [x, x, x, x, x, x, x, x, x]']
      .concat(Array.from({ length: 30 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}]`))
      .join('\n'),
    `name: ${'a'.repeat(100_000)}\nrules: []`,
    `name: a\n${'"k": 1\n'.repeat(300)}`,
  ];
  for (const text of hostile) {
    const start = performance.now();
    expect(readText(text).policy).toBeUndefined();
    expect(performance.now() - start, text.slice(0, 20)).toBeLessThan(5000);
  }
}, 60_000);
