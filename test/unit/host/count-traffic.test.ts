import { describe, expect, test } from 'vitest';
import type { Counted } from '../../../src/engine/slots.ts';
import type { SideReading } from '../../../src/host/evidence/count-traffic.ts';
import { addCounts, addGap, beginEvidence } from '../../../src/host/evidence/count-traffic.ts';
import type { Evidence } from '../../../src/store/store.ts';

const START = Date.parse('2026-01-01T10:00:00Z');
const WEB: Counted = { by: 'rule', policy: 'edge', rule: 'web', action: 'permit' };

function side(packets: number, atSeconds: number, name = 'eth0'): SideReading {
  const count = { packets: BigInt(packets), bytes: BigInt(100 * packets), jiffies: BigInt(atSeconds) };
  return { interface: name, direction: 'ingress', counters: [{ counted: WEB, count }] };
}

/** Seconds after the start; jiffies are seconds since then. */
function look(
  before: Evidence,
  seconds: number,
  sides: readonly SideReading[],
  boot = 'one',
  isFirst = false,
): Evidence {
  const now = new Date(START + 1000 * seconds);
  return addCounts(before, { now, boot, sides, timeOf: (jiffies) => START / 1000 + Number(jiffies) }, isFirst);
}

function begin(packets: number): Evidence {
  const nothing = beginEvidence({ now: new Date(START), boot: 'one' });
  return look(nothing, 0, packets === 0 ? [] : [side(packets, -5)], 'one', true);
}

function packetsOf({ counted }: Evidence): number {
  return counted.reduce((sum, { packets }) => sum + packets, 0);
}

describe('what counters say of the window', () => {
  test('what was counted before it is not of it, and has no last match', () => {
    const first = begin(7);
    expect(packetsOf(first)).toBe(0);
    expect(first.counted[0]?.lastMatch).toBeNull();
    const later = look(first, 10, [side(12, 8)]);
    expect(packetsOf(later)).toBe(5);
    expect(later.counted[0]).toMatchObject({ bytes: 500, lastMatch: '2026-01-01T10:00:08.000Z' });
    expect(later.gaps).toEqual([]);
  });

  test('counters that began anew count from 0, and the time before is a gap', () => {
    const later = look(begin(7), 20, [side(3, 15)], 'two');
    expect(packetsOf(later)).toBe(3);
    expect(later.gaps).toEqual([{ kind: 'restart', from: '2026-01-01T10:00:00.000Z', to: '2026-01-01T10:00:20.000Z' }]);
  });

  test('an interface that is filtered later counts from its beginning; one with older counters does not', () => {
    const first = begin(7);
    expect(packetsOf(look(first, 10, [side(7, -5), side(4, 6, 'eth1')]))).toBe(4);
    expect(packetsOf(look(first, 10, [side(7, -5), side(4, -60, 'eth1')]))).toBe(0);
  });

  test('no agent for a while: the counters go on, and it is told', () => {
    const later = look(begin(7), 600, [side(9, 300)]);
    expect(packetsOf(later)).toBe(2);
    expect(later.gaps.map(({ kind }) => kind)).toEqual(['agent']);
  });

  test('a gap that goes on is one gap; the oldest are counted where there are many', () => {
    let evidence = begin(7);
    for (let seconds = 10; seconds <= 50; seconds += 10) evidence = look(evidence, seconds, []);
    expect(evidence.gaps).toEqual([
      { kind: 'unfiltered', from: '2026-01-01T10:00:00.000Z', to: '2026-01-01T10:00:50.000Z' },
    ]);
    for (let i = 0; i < 150; i++) {
      evidence = {
        ...addGap(evidence, 'filters', new Date(START + i)),
        until: new Date(START + 2 * i + 7).toISOString(),
      };
    }
    expect(evidence.gaps).toHaveLength(100);
    expect(evidence.gapsLeftOut).toBe(51);
  });

  test('by the hour', () => {
    const later = look(look(begin(7), 10, [side(9, 9)]), 3700, [side(10, 3699)]);
    expect(later.hours).toEqual([
      { at: '2026-01-01T10:00:00.000Z', pass: 2, drop: 0 },
      { at: '2026-01-01T11:00:00.000Z', pass: 1, drop: 0 },
    ]);
  });
});
