import fc from 'fast-check';
import { expect, test } from 'vitest';
import { differenceOfLines } from '../../../src/console/line-difference.ts';

test('a changed line is removed and added, with the lines around it', () => {
  const found = differenceOfLines('a\nb\nc\nd\ne', 'a\nb\nX\nd\ne', 1);
  expect(found.map(({ kind, text }) => `${kind} ${text}`)).toEqual(['same b', 'removed c', 'added X', 'same d']);
});

test('equal texts have no difference', () => {
  expect(differenceOfLines('a\nb', 'a\nb', 2)).toEqual([]);
});

test('what is the same and removed is the old text; what is the same and added is the new one', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (a, b) => {
      const found = differenceOfLines(a.join('\n'), b.join('\n'), 99);
      const without = (kind: string): string[] => found.filter((line) => line.kind !== kind).map(({ text }) => text);
      const isSame = a.join('\n') === b.join('\n');
      expect(without('added').join('\n')).toBe(isSame ? '' : a.join('\n'));
      expect(without('removed').join('\n')).toBe(isSame ? '' : b.join('\n'));
    }),
  );
});
