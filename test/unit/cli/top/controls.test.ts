import { expect, test } from 'vitest';
import type { Controls } from '../../../../src/cli/top/controls.ts';
import { afterKey, arrangeRows } from '../../../../src/cli/top/controls.ts';
import type { TopRow } from '../../../../src/cli/top/rates.ts';

const FRESH: Controls = { sort: 'pps', filter: '', isTyping: false, isPaused: false, isOver: false };

function press(...keys: readonly string[]): Controls {
  return keys.reduce(afterKey, FRESH);
}

function row(name: string, packetsPerSecond: number, bitsPerSecond: number, packets: number): TopRow {
  return { by: 'rule', name, action: 'permit', packets, bytes: 0, packetsPerSecond, bitsPerSecond, history: [] };
}

const ROWS = [row('web', 5, 900, 10), row('Mail', 9, 100, 20), row('dns', 9, 500, 30), row('idle', 0, 0, 0)];

test('q and Ctrl-C end it, also while a filter is typed', () => {
  expect(press('q').isOver).toBe(true);
  expect(press('/', 'q').isOver).toBe(false);
  expect(press('/', '\u0003').isOver).toBe(true);
});

test('p pauses and goes on; s goes round; other keys change nothing', () => {
  expect(press('p').isPaused).toBe(true);
  expect(press('p', ' ').isPaused).toBe(false);
  expect([press('s').sort, press('s', 's').sort, press('s', 's', 's').sort]).toEqual(['bps', 'total', 'pps']);
  expect(press('x', '\t')).toEqual(FRESH);
});

test('a filter is typed, mended, kept and ended', () => {
  expect(press('/', 'w', 'x', '\u007f', 'e', '\r')).toMatchObject({ filter: 'we', isTyping: false });
  expect(press('/', 'w', '\u0007').filter).toBe('w');
  expect(press('/', 'w', '\u001b')).toEqual(FRESH);
  expect(press('/', 'w', '\r', '\u001b')).toEqual(FRESH);
});

test('rows are sorted by the column, equal ones by their packets, and filtered in either case', () => {
  const names = (sort: Controls['sort'], filter = ''): string[] =>
    arrangeRows(ROWS, { sort, filter }).map(({ name }) => name);
  expect(names('pps')).toEqual(['dns', 'Mail', 'web', 'idle']);
  expect(names('bps')).toEqual(['web', 'dns', 'Mail', 'idle']);
  expect(names('total')).toEqual(['dns', 'Mail', 'web', 'idle']);
  expect(names('pps', 'mAI')).toEqual(['Mail']);
  expect(names('pps', 'none')).toEqual([]);
});

test('a reason that never counted has no row, a rule has', () => {
  const reason: TopRow = { ...row('malformed', 0, 0, 0), by: 'parse', action: 'block' };
  expect(arrangeRows([reason, ...ROWS], FRESH)).toHaveLength(ROWS.length);
});
