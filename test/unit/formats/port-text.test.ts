import fc from 'fast-check';
import { expect, test } from 'vitest';
import { present } from '../../../src/base/assert.ts';
import { Diagnostics } from '../../../src/base/diagnostics.ts';
import { parsePortRange, parseProtocol } from '../../../src/formats/port-text.ts';
import { tokenOf } from '../../../src/formats/token.ts';
import { areAnyPort, mergeRanges } from '../../../src/policy/ports.ts';

const ports: readonly (readonly [text: string, expected: string])[] = [
  ['80', '80-80'],
  ['1', '1-1'],
  ['65535', '65535-65535'],
  ['8000-8080', '8000-8080'],
  ['8000 - 8080', '8000-8080'],
  ['any', '0-65535'],
  ['65536', 'XP0111'],
  ['1-70000', 'XP0111'],
  ['8080-80', 'XP0112'],
  ['0', 'XP0113'],
  ['0-1023', '0-1023'],
  ['0-0', '0-0'],
  ['http', 'XP0110'],
  ['-1', 'XP0110'],
  ['80-', 'XP0110'],
  ['8.5', 'XP0110'],
  ['', 'XP0110'],
];
for (const [text, expected] of ports) {
  test(`parsePortRange: "${text}"`, () => {
    const diags = new Diagnostics();
    const range = parsePortRange(tokenOf(text, 'test'), diags);
    expect(range === undefined ? diags.all.map((d) => d.code).join() : `${range.lo}-${range.hi}`).toBe(expected);
  });
}

const protocols: readonly (readonly [text: string, expected: number | string | undefined])[] = [
  ['any', undefined],
  ['tcp', 6],
  ['udp', 17],
  ['icmp', 1],
  ['icmpv6', 58],
  ['sctp', 132],
  ['0', 0],
  ['255', 255],
  ['256', 'XP0115'],
  ['TCP', 'XP0114'],
  ['-1', 'XP0114'],
  ['', 'XP0114'],
];
for (const [text, expected] of protocols) {
  test(`parseProtocol: "${text}"`, () => {
    const diags = new Diagnostics();
    const protocol = parseProtocol(tokenOf(text, 'test'), diags);
    expect(protocol === undefined ? diags.all.map((d) => d.code).join() : protocol.number).toBe(expected);
  });
}

const bound = fc.integer({ min: 1, max: 40 });
const ranges = fc.array(
  fc.tuple(bound, bound).map(([a, b]) => ({ lo: Math.min(a, b), hi: Math.max(a, b) })),
  { minLength: 1 },
);

test('mergeRanges: the same ports, sorted, with a gap between any two ranges', () => {
  fc.assert(
    fc.property(ranges, (input) => {
      const merged = mergeRanges(input);
      for (let port = 0; port <= 42; port++) {
        const has = (list: readonly { lo: number; hi: number }[]): boolean =>
          list.some((r) => r.lo <= port && port <= r.hi);
        expect(has(merged)).toBe(has(input));
      }
      for (const [i, range] of merged.slice(1).entries()) {
        expect(range.lo).toBeGreaterThan(present(merged[i]).hi + 1);
      }
    }),
  );
});

test('areAnyPort: only the whole range', () => {
  expect(areAnyPort([{ lo: 0, hi: 65535 }])).toBe(true);
  expect(areAnyPort([{ lo: 1, hi: 65535 }])).toBe(false);
});
