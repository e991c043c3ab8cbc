/** Lengths of time, read and written. */
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../../src/base/duration.ts';

describe('reading', () => {
  const LENGTHS: readonly (readonly [text: string, seconds: number])[] = [
    ['0', 0],
    ['90', 90],
    ['60s', 60],
    ['10m', 600],
    ['4h', 14_400],
    ['1d', 86_400],
  ];
  for (const [text, seconds] of LENGTHS) test(text, () => expect(parseDuration(text)).toBe(seconds));

  for (const text of ['', 's', '-5s', '1.5h', '10 m', '1h30m', '5x', '9999999999s', 'policy.yaml']) {
    test(`"${text}" is none`, () => expect(parseDuration(text)).toBeUndefined());
  }
});

describe('writing', () => {
  const LENGTHS: readonly (readonly [seconds: number, text: string])[] = [
    [0, '0 s'],
    [0.2, '1 s'],
    [43, '43 s'],
    [60, '1 min'],
    [599.5, '10 min'],
    [605, '10 min 5 s'],
    [3600, '1 h'],
    [3660, '1 h 1 min'],
    [3601, '1 h'],
    [86_400, '24 h'],
  ];
  for (const [seconds, text] of LENGTHS) test(text, () => expect(formatDuration(seconds)).toBe(text));
});
