import { expect, test } from 'vitest';
import { formatAge, formatCount, formatCountdown, formatRate, formatSi } from '../../../src/console/readable-values.ts';

test('three digits and a prefix', () => {
  const values = [0, 7, 0.5, 999, 999.6, 1000, 12_400_000, 99_960, 999_499, 999_500];
  expect(values.map((value) => formatSi(value))).toEqual([
    '0',
    '7',
    '0.50',
    '999',
    '1.00 k',
    '1.00 k',
    '12.4 M',
    '100 k',
    '999 k',
    '1.00 M',
  ]);
  expect(formatRate(1234)).toBe('1.23 kpps');
});

test('counts have all their digits', () => {
  expect(formatCount(0)).toBe('0');
  expect(formatCount(12_345_678)).toBe('12\u202f345\u202f678');
});

test('a countdown is rounded up, and ends at zero', () => {
  expect([-1, 0, 0.2, 59.1, 65, 3723].map(formatCountdown)).toEqual([
    '0:00',
    '0:00',
    '0:01',
    '1:00',
    '1:05',
    '1:02:03',
  ]);
});

test('an age is in the largest unit that fits', () => {
  const now = Date.parse('2026-03-09T12:00:00Z');
  const ages = ['2026-03-09T11:59:30Z', '2026-03-09T11:59:00Z', '2026-03-09T09:00:01Z', '2026-03-01T12:00:00Z'];
  expect(ages.map((at) => formatAge(at, now))).toEqual(['just now', '1 minute ago', '2 hours ago', '8 days ago']);
});
