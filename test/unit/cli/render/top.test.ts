import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderTop, renderTopTable, sparkline } from '../../../../src/cli/render/top.ts';
import type { Controls } from '../../../../src/cli/top/controls.ts';
import type { TopRow, TopView } from '../../../../src/cli/top/rates.ts';

const CONTROLS: Controls = { sort: 'pps', filter: '', isTyping: false, isPaused: false, isOver: false };
const AROUND = { modes: new Map([['eth0', 'native']]), interval: 1 };

function viewOf(names: readonly string[], interfaces: readonly string[] = ['eth0']): TopView {
  const rows = names.map((name, i): TopRow => {
    const rate = 1_500_000 / (i + 1);
    const history = Array.from({ length: 60 }, (_, n) => n * rate);
    const action = i % 2 === 0 ? 'permit' : 'block';
    const packets = 9_007_199_254 - i;
    return { by: 'rule', name, action, packets, bytes: 0, packetsPerSecond: rate, bitsPerSecond: 512 * rate, history };
  });
  const rate = { packetsPerSecond: 1_500_000, bitsPerSecond: 9_500_000_000 };
  const sides = interfaces.flatMap((name) =>
    (['ingress', 'egress'] as const).map((direction) => ({ name, direction, pass: rate, drop: rate })),
  );
  return { policy: 'edge', generation: 3, rows, interfaces: sides, pass: rate, drop: rate };
}

const RULES = Array.from({ length: 300 }, (_, i) => `rule ${i}`);

for (const [columns, rows] of [
  [80, 24],
  [200, 60],
  [40, 8],
] as const) {
  for (const color of [false, true]) {
    test(`${columns}x${rows}${color ? ' in colour' : ''}: every line is there, and none is wider than the screen`, () => {
      const lines = renderTop(viewOf(RULES), CONTROLS, AROUND, { columns, rows, color, unicode: true });
      expect(lines).toHaveLength(rows);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are control sequences
      const plain = lines.map((line) => line.replaceAll(/\u001b\[\d+m/gu, ''));
      for (const line of plain) expect([...line].length).toBeLessThanOrEqual(columns);
      expect(plain.some((line) => line.startsWith('rule 0 '))).toBe(true);
      expect(plain.at(-1)).toMatch(/^q quit {3}p pause/u);
      if (!color) expect(lines).toEqual(plain);
    });
  }
}

test('the picture at 80x24', () => {
  const lines = renderTop(viewOf(['web', 'a rule with quite a long name, longer than its column']), CONTROLS, AROUND, {
    columns: 80,
    rows: 24,
    color: false,
    unicode: true,
  });
  expect(lines.filter((line) => line !== '')).toEqual([
    'xdpol top: edge, generation 3, every 1 s',
    'pass 1.5M packets/s 9.5Gbit/s   drop 1.5M packets/s 9.5Gbit/s',
    'eth0 in (native): pass 1.5M packets/s 9.5Gbit/s, drop 1.5M packets/s 9.5Gbit/s',
    'eth0 out: pass 1.5M packets/s 9.5Gbit/s, drop 1.5M packets/s 9.5Gbit/s',
    'RULE                      ACTION  PACKETS/S      BIT/S       PACKETS',
    'web                       permit       1.5M       768M    9007199254  ▇▇▇▇▇▇████',
    'a rule with quite a lon…  block        750k       384M    9007199253  ▇▇▇▇▇▇████',
    'q quit   p pause   s sort   / filter   [sorted by packets/s]',
  ]);
});

test('how full the tables are, the fullest first', () => {
  const fills = [
    { name: 'drop', entries: 1200, capacity: 1_000_000 },
    { name: 'bans', entries: 99, capacity: 100 },
  ];
  const screen = { columns: 80, rows: 24, color: false, unicode: true };
  const lines = renderTop(viewOf(['web']), CONTROLS, { ...AROUND, fills }, screen);
  expect(lines[4]).toBe('sets: bans 99 of 100 (99 %), drop 1200 of 1000000 (0 %)');
  expect(lines).toHaveLength(24);
});

test('the last line says what is typed, filtered, paused and failed', () => {
  const lastOf = (controls: Partial<Controls>, failure?: string): string | undefined => {
    const around = failure === undefined ? AROUND : { ...AROUND, failure };
    const screen = { columns: 120, rows: 24, color: false, unicode: true };
    return renderTop(viewOf(['web']), { ...CONTROLS, ...controls }, around, screen).at(-1);
  };
  expect(lastOf({ isTyping: true, filter: 'we' })).toBe('filter: we_   Enter keeps it, Esc ends it');
  expect(lastOf({ sort: 'total', filter: 'we', isPaused: true })).toContain('[sorted by packets, only "we", paused]');
  expect(lastOf({}, 'the agent is gone')).toContain('the agent is gone');
});

test('many interfaces take a quarter of the screen and say how many more there are', () => {
  const names = Array.from({ length: 20 }, (_, i) => `eth${i}`);
  const lines = renderTop(viewOf(RULES, names), CONTROLS, AROUND, {
    columns: 80,
    rows: 24,
    color: false,
    unicode: true,
  });
  expect(lines.filter((line) => line.startsWith('eth'))).toHaveLength(5);
  expect(lines).toContain('and 35 more');
});

test('a sparkline is scaled to its highest value; a rate that is not nought is seen', () => {
  expect(sparkline([0, 1, 500, 1000], 6, true)).toBe('   ▁▄█');
  expect(sparkline([0, 1, 500, 1000], 6, false)).toBe('   .=@');
  expect(sparkline([1, 2, 3], 2, true)).toBe('▅█');
  expect(sparkline([], 3, true)).toBe('   ');
  expect(sparkline([0, 0], 2, true)).toBe('  ');
});

test('the table of a pipe', () => {
  expect(renderTopTable(viewOf(['web', 'mail']), { sort: 'pps', filter: '' })).toBe(
    [
      'BY    NAME  ACTION  PACKETS/S  BIT/S     PACKETS',
      'rule  web   permit       1.5M   768M  9007199254',
      'rule  mail  block        750k   384M  9007199253',
      '',
    ].join('\n'),
  );
});

test('the recording in the documentation is what it prints', () => {
  const rowOf = (by: TopRow['by'], name: string, action: TopRow['action'], rate: number, packets: number): TopRow => {
    const history = Array.from({ length: 60 }, (_, n) => rate * (0.5 + ((n * 7) % 10) / 20));
    return { by, name, action, packets, bytes: 0, packetsPerSecond: rate, bitsPerSecond: 4800 * rate, history };
  };
  const rows = [
    rowOf('rule', 'web', 'permit', 8120, 91_544_023),
    rowOf('default', '(default)', 'block', 412, 5_380_112),
    rowOf('rule', 'bans', 'block', 96, 1_204_511),
    rowOf('rule', 'admin', 'permit', 3, 291_204),
    rowOf('parse', 'malformed', 'block', 0.4, 812),
  ];
  const pass = { packetsPerSecond: 8123, bitsPerSecond: 38_990_400 };
  const drop = { packetsPerSecond: 508, bitsPerSecond: 2_438_400 };
  const out = { packetsPerSecond: 7544, bitsPerSecond: 90_528_000 };
  const none = { packetsPerSecond: 0, bitsPerSecond: 0 };
  const view: TopView = {
    policy: 'edge',
    generation: 12,
    rows,
    interfaces: [
      { name: 'eth0', direction: 'ingress', pass, drop },
      { name: 'eth0', direction: 'egress', pass: out, drop: none },
    ],
    pass: { packetsPerSecond: 15_667, bitsPerSecond: 129_518_400 },
    drop,
  };
  const around = { ...AROUND, fills: [{ name: 'bans', entries: 1204, capacity: 100_000 }] };
  const screen = { columns: 100, rows: 24, color: false, unicode: true };
  const picture = renderTop(view, CONTROLS, around, screen).filter((line) => line !== '');
  const documentation = readFileSync(new URL('../../../../docs/operations.md', import.meta.url), 'utf8');
  expect(documentation).toContain(`$ xdpol top\n${picture.join('\n')}\n`);
});
