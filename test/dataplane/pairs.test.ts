/** Sparse tables with buckets that overflow: every pair of address classes finds its own rule, no other does. */
import { describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import type { CompiledPolicy } from '../../src/compiler/compile.ts';
import { DIRECTIONS } from '../../src/engine/program.ts';
import { STRUCTS } from '../../src/layout/layout.gen.ts';
import { compiled, runInKernel } from '../support/kernel.ts';
import { MODE_BUDGETS, outcomeOf } from '../support/kernel-table.ts';
import { raw } from '../support/packets.ts';
import type { FilterFields } from '../support/policies.ts';
import { block, hostOf, permit, policyOf } from '../support/policies.ts';

type Pair = readonly [source: number, destination: number];

function address(family: 4 | 6, end: number, n: number): string {
  return family === 4 ? `10.${end}.${n >> 8}.${n & 255}` : `2001:db8:${end}::${n.toString(16)}`;
}

function ends(family: 4 | 6, [source, destination]: Pair): readonly [from: string, to: string] {
  return [address(family, 1, source), address(family, 2, destination)];
}

/** Every pair is blocked by one rule; the rest of each of its addresses passes by another. */
function tablesOf(family: 4 | 6, pairs: readonly Pair[]): CompiledPolicy {
  const filters = pairs.map((pair): FilterFields => {
    const [from, to] = ends(family, pair);
    return { from, to };
  });
  const sources = [...new Set(pairs.map(([source]) => source))].map(
    (n): FilterFields => ({ from: address(family, 1, n) }),
  );
  const policy = policyOf(
    [
      { ...block(...filters), name: 'pair' },
      { ...permit(...sources), name: 'source' },
    ],
    { default: 'block' },
  );
  return compiled(policy, hostOf(), { budgets: MODE_BUDGETS.sparse });
}

function overflowedBuckets(tables: CompiledPolicy, family: 4 | 6): number {
  const bytes = present(tables.tables.get(family === 4 ? 'pairs4' : 'pairs6'));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { size, fields } = STRUCTS.bucket;
  return Array.from({ length: bytes.length / size }, (_, i) =>
    view.getUint32(i * size + fields.overflowed.offset, true),
  ).filter(Boolean).length;
}

/** Half of its pairs are just under three for each of 1,024 buckets, the most there may be. */
const WIDTH = 78;
const GRID: readonly Pair[] = Array.from({ length: WIDTH * WIDTH }, (_, i) => [Math.floor(i / WIDTH), i % WIDTH]);
/** Half of the grid, so that a pair beside it is found missing among full buckets. */
const CHOSEN = GRID.filter(([source, destination]) => (source * 7 + destination * 11) % 2 === 0);

describe('pairs of addresses', () => {
  for (const family of [4, 6] as const) {
    for (const direction of DIRECTIONS) {
      test(`IPv${family}, ${direction}`, () => {
        const tables = tablesOf(family, CHOSEN);
        expect(overflowedBuckets(tables, family)).toBeGreaterThan(0);
        const chosen = new Set(CHOSEN.map(String));
        const packets = GRID.map((pair) => raw(50, ...ends(family, pair)));
        const outcomes = runInKernel(tables, packets, direction).map(outcomeOf);
        const wrong = GRID.flatMap((pair, i) => {
          const wanted = chosen.has(String(pair)) ? 'drop pair' : 'pass source';
          return outcomes[i] === wanted ? [] : [`${packets[i]?.summary}: ${outcomes[i]}`];
        });
        expect(wrong).toEqual([]);
      });
    }
  }
});
