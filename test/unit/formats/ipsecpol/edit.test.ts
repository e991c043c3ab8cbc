import { expect, test } from 'vitest';
import { present } from '../../../../src/base/assert.ts';
import type { TextEdit } from '../../../../src/formats/ipsecpol/edit.ts';
import { editPolicyText, newPolicyText } from '../../../../src/formats/ipsecpol/edit.ts';
import { readText } from '../../../support/read-text.ts';

function adding(rule: string, specs: readonly string[], interfaces?: readonly string[]): TextEdit {
  return { kind: 'add', rule, rules: [{ name: rule, action: 'permit', specs }], interfaces };
}

function edit(text: string, ...edits: readonly TextEdit[]): string {
  return edits.reduce((before, one) => present(editPolicyText(before, one)).text, text);
}

test('a policy made rule by rule', () => {
  const text = edit(newPolicyText('Packet Filter'), adding('web', ['*+0:80:TCP']), adding('lan', ['*+0'], ['eth1']));
  expect(text).toBe(`name: Packet Filter

filterLists:
  web:
    - "*+0:80:TCP"
  lan:
    - "*+0"

rules:
  - { name: web, filterList: web, action: permit }
  - { name: lan, filterList: lan, action: permit, interfaces: [ eth1 ] }
`);
  expect(readText(text).codes).toEqual([]);
});

const MINE = `# mine
name: mine
addressSets:
  office: { file: office.txt } # many
filterLists:
  shared: ["*+0:22:TCP"]
rules:
  - { filterList: shared, action: permit } # admins
  - { name: other, filterList: shared, action: permit, interfaces: [eth1] }
  - { name: own, action: block, filters: [{ source: $office, destination: me }] }
`;

test('comments and files of sets stay', () => {
  const text = edit(MINE, adding('web', ['*+0:80:TCP']));
  for (const part of ['# mine', '{ file: office.txt } # many', '# admins']) expect(text).toContain(part);
  const { policy, codes } = readText(text, { 'office.txt': '10.0.0.0/8\n' });
  expect(codes).toEqual([]);
  expect(policy?.rules.map(({ name }) => name)).toEqual(['shared', 'other', 'own', 'web']);
});

test('a rule of the same name is replaced, with its companions and its list', () => {
  const mixed: TextEdit = {
    kind: 'add',
    rule: 'web',
    rules: [
      { name: 'web', action: 'permit', specs: ['*+0:80:TCP'] },
      { name: 'web [block]', action: 'block', specs: ['*+0:81:TCP'] },
    ],
    interfaces: undefined,
  };
  const before = edit(newPolicyText('P'), mixed);
  const { text, replaced } = present(editPolicyText(before, adding('web', ['*+0:443:TCP'])));
  expect(replaced).toEqual(['web', 'web [block]']);
  const { policy, codes } = readText(text);
  expect(codes).toEqual([]);
  expect(policy?.rules.map(({ name, filterList }) => [name, filterList.filters.map((f) => f.text)])).toEqual([
    ['web', ['*+0:443:TCP']],
  ]);
});

test('a list that another rule uses is left to it', () => {
  const text = edit(MINE, adding('shared', ['*+0:80:TCP']));
  const { policy } = readText(text, { 'office.txt': '10.0.0.0/8\n' });
  const lists = policy?.rules.map(({ name, filterList }) => [name, filterList.filters.map((f) => f.text)]);
  expect(lists).toContainEqual(['other', ['*+0:22:TCP']]);
  expect(lists).toContainEqual(['shared', ['*+0:80:TCP']]);
});

test('rules are deleted by name, lists with their last rule', () => {
  const first = present(editPolicyText(MINE, { kind: 'delete', rules: ['other'] }));
  expect(first.replaced).toEqual(['other']);
  expect(first.text).toContain('shared:');
  const second = present(editPolicyText(first.text, { kind: 'delete', rules: ['shared', 'absent'] }));
  expect(second.replaced).toEqual(['shared']);
  expect(second.text).not.toContain('filterLists');
});

test('JSON can be added to', () => {
  const text = edit('{"name": "j", "rules": []}', adding('web', ['*+0:80:TCP']));
  expect(readText(text).policy?.rules).toHaveLength(1);
});

test('what cannot be added to is refused', () => {
  expect(editPolicyText('- a list', adding('web', ['*+0']))).toBeUndefined();
  expect(editPolicyText('name: a\nrules: {}\n', adding('web', ['*+0']))).toBeUndefined();
});
