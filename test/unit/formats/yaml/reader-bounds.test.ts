/** Texts that would take a careless reader for ever, or all memory: they are refused in a time that a test has. */
import { expect, test } from 'vitest';
import { readText } from '../../../support/read-text.ts';

const HOSTILE: readonly (readonly [name: string, text: string])[] = [
  ['deep lists', '['.repeat(50_000)],
  ['deep mappings', '{a: '.repeat(50_000)],
  ['deep lists in block form', '- '.repeat(50_000)],
  ['deep keys', '? '.repeat(50_000)],
  ['many anchors of one value', `a: ${'&x '.repeat(1000)}`],
  ['an anchor that nothing uses', `&a0 [x]\n`],
  [
    'aliases of aliases',
    ['l0: &l0 [x, x, x, x, x, x, x, x, x]']
      .concat(Array.from({ length: 30 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}]`))
      .join('\n'),
  ],
  ['a long name', `name: ${'a'.repeat(100_000)}\nrules: []`],
  ['a key again and again', `name: a\n${'"k": 1\n'.repeat(300)}`],
];

for (const [name, text] of HOSTILE) {
  test(`refused: ${name}`, { timeout: 60_000 }, () => {
    expect(readText(text).policy).toBeUndefined();
  });
}
