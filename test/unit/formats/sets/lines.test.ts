import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Diagnostics } from '../../../../src/base/diagnostics.ts';
import { formatAddress, formatPrefix, prefixOf } from '../../../../src/base/ip.ts';
import { readAddressList } from '../../../../src/formats/sets/list-file.ts';
import type { ListOptions } from '../../../../src/formats/sets/list-options.ts';
import { PLAIN_LIST } from '../../../../src/formats/sets/list-options.ts';
import type { PrefixSet } from '../../../../src/policy/prefix-set.ts';
import { PrefixSetBuilder } from '../../../../src/policy/prefix-set.ts';

function read(
  content: string | Uint8Array,
  options: ListOptions = PLAIN_LIST,
): { readonly set: PrefixSet; readonly diags: Diagnostics } {
  const diags = new Diagnostics();
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return { set: readAddressList('set.txt', bytes, options, diags), diags };
}

/** `10.0.0.0/8 ::1`, IPv4 first. */
function shown(set: PrefixSet): string {
  const v4 = [...set.v4.words].map((word, i) =>
    formatPrefix({ family: 4, words: [word], length: set.v4.lengths[i] ?? 0 }),
  );
  const v6 = [...set.v6.lengths].map((length, i) =>
    formatPrefix({ family: 6, words: [...set.v6.words.subarray(i * 4, i * 4 + 4)], length }),
  );
  return [...v4, ...v6].join(' ');
}

const good: readonly (readonly [name: string, content: string, expected: string])[] = [
  ['nothing', '', ''],
  ['addresses', '10.0.0.2\n10.0.0.1\n', '10.0.0.1 10.0.0.2'],
  ['no line feed at the end', '10.0.0.1', '10.0.0.1'],
  ['CRLF', '10.0.0.1\r\n10.0.0.3\r\n', '10.0.0.1 10.0.0.3'],
  ['byte order mark', '\ufeff10.0.0.1\n', '10.0.0.1'],
  ['blank lines', '\n\n  \n\t\r\n10.0.0.1\n\n', '10.0.0.1'],
  ['comments', '# all\n10.0.0.1# one\n10.0.0.3 # two\n  # three', '10.0.0.1 10.0.0.3'],
  ['white space around', '  10.0.0.1\t\n\t10.0.0.3  ', '10.0.0.1 10.0.0.3'],
  ['prefixes', '10.0.0.0/8\n192.0.2.0/24\n0.0.0.0/0', '0.0.0.0/0 10.0.0.0/8 192.0.2.0/24'],
  ['nested and repeated', '10.0.0.0/16\n10.1.0.0/16\n10.0.0.0/8\n10.0.0.0/16\n', '10.0.0.0/8 10.0.0.0/16 10.1.0.0/16'],
  ['whole range', '255.255.255.255\n0.0.0.0/32', '0.0.0.0 255.255.255.255'],
  ['mask and stars', '10.0.0.0/255.0.0.0\n11.*.*.*', '10.0.0.0/8 11.0.0.0/8'],
  ['IPv6', '2001:DB8::/32\n::1\n10.0.0.1', '10.0.0.1 ::1 2001:db8::/32'],
];
for (const [name, content, expected] of good) {
  test(`set file: ${name}`, () => {
    const { set, diags } = read(content);
    expect(diags.all).toEqual([]);
    expect(shown(set)).toBe(expected);
  });
}

/** Code, line, column and length of the only error; 10.9.9.9 stands in a line of its own besides. */
const bad: readonly (readonly [line: string, expected: string])[] = [
  ['10.0.0.256', 'XP0201@2:1+10'],
  ['10.0.0', 'XP0201@2:1+6'],
  ['10.0.0.1.2', 'XP0201@2:1+10'],
  ['010.0.0.1', 'XP0201@2:1+9'],
  ['10.0.0.1/33', 'XP0203@2:1+11'],
  ['10.0.0.0/', 'XP0203@2:1+9'],
  ['10.0.0.1/8', 'XP0204@2:1+10'],
  ['  10.0.0.1/8 # here', 'XP0204@2:3+10'],
  ['2001:db8::1/32', 'XP0204@2:1+14'],
  ['10.0.0.1 10.0.0.2', 'XP0223@2:1+17'],
  ['10.0.0.0 255.0.0.0', 'XP0223@2:1+18'],
  ['10.0.0.9-10.0.0.1', 'XP0217@2:1+17'],
  ['any', 'XP0210@2:1+3'],
  ['example.com', 'XP0210@2:1+11'],
];
for (const [line, expected] of bad) {
  test(`set file with a mistake: ${line}`, () => {
    const { set, diags } = read(`# first\n${line}\n10.9.9.9\n`);
    const shownErrors = diags.all.map((d) => `${d.code}@${d.span.line}:${d.span.column}+${d.span.length}`);
    expect(shownErrors).toEqual([expected]);
    expect(diags.all[0]?.span.lineText).toBe(line);
    expect(shown(set)).toBe('10.9.9.9');
  });
}

test('after 20 errors the rest is counted', () => {
  const { diags } = read('x\n'.repeat(50));
  expect(diags.all.map((d) => d.code)).toEqual([...new Array<string>(20).fill('XP0210'), 'XP0209']);
  expect(diags.all.at(-1)?.message).toContain('30 more lines');
  expect(read('x\n'.repeat(20)).diags.all).toHaveLength(20);
});

test('UTF-16 is named as such', () => {
  const { diags } = read(Uint8Array.of(0xff, 0xfe, 0x31, 0x00));
  expect(diags.all.map((d) => d.code)).toEqual(['XP0208']);
});

const word = fc.integer({ min: 0, max: 0xffffffff });
const line = fc
  .tuple(word, fc.integer({ min: 0, max: 32 }), fc.constantFrom('', ' ', '\r', ' # c'), fc.boolean())
  .map(([value, length, rest, plain]) => {
    const prefix = prefixOf({ family: 4, words: [value] }, plain ? 32 : length);
    return { prefix, text: `${plain ? formatAddress(prefix) : `${formatAddress(prefix)}/${length}`}${rest}` };
  });

test('the lines are the set', () => {
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      const builder = new PrefixSetBuilder();
      for (const { prefix } of lines) builder.add(prefix);
      const { set, diags } = read(lines.map((l) => l.text).join('\n'));
      expect(diags.all).toEqual([]);
      expect(set).toEqual(builder.build());
    }),
  );
});

test('the byte-by-byte reader takes what the policy parser takes, and nothing else', () => {
  const near = fc.stringMatching(/^[0-9]{1,3}(\.[0-9]{1,4}){2,4}(\/[0-9]{0,3})?[ #]?$/u);
  fc.assert(
    fc.property(near, (text) => {
      // a leading space sends the line to the policy parser
      const [fast, slow] = [read(text), read(` ${text}`)];
      expect(fast.set).toEqual(slow.set);
      expect(fast.diags.all.map((d) => d.code)).toEqual(slow.diags.all.map((d) => d.code));
    }),
    { numRuns: 2000 },
  );
});

test('a million lines', () => {
  const lines: string[] = [];
  for (let i = 0, word = 1; i < 1_000_000; i++) {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0; // every word once in 2^32 steps
    lines.push(`${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`);
  }
  const bytes = new TextEncoder().encode(lines.join('\n'));
  const { set } = read(bytes);
  expect(set.v4.count).toBe(1_000_000);
});
