/** Rank sets of several groups, with roots and without: each filter is found at its rank, and none where none matches. */
import { describe, expect, test } from 'vitest';
import type { CompiledPolicy } from '../../src/compiler/compile.ts';
import { DIRECTIONS } from '../../src/engine/program.ts';
import { ENUMS } from '../../src/layout/layout.gen.ts';
import { shapeOf } from '../support/compiled-shape.ts';
import { compiled, runAtBothHooks } from '../support/kernel.ts';
import { MODE_BUDGETS, outcomeOf } from '../support/kernel-table.ts';
import type { TestPacket } from '../support/packets.ts';
import { tcp } from '../support/packets.ts';
import type { FilterFields } from '../support/policies.ts';
import { block, hostOf, permit, policyOf } from '../support/policies.ts';

const { SET_LEAF_RANKS, SET_GROUP_RANKS: GROUP_RANKS } = ENUMS.layout;
/** Two groups and a block that is not full. */
const PAIRS = 2 * GROUP_RANKS + SET_LEAF_RANKS + 3;
/** At the edges of words, blocks and groups. */
const CHOSEN = [0, 1, 63, 64, SET_LEAF_RANKS - 1, SET_LEAF_RANKS, GROUP_RANKS - 1, GROUP_RANKS, PAIRS - 1];

type Family = 4 | 6;

function address(family: Family, end: number, n: number): string {
  return family === 4 ? `10.${end}.${n >> 8}.${n & 255}` : `2001:db8:${end}::${n.toString(16)}`;
}

/** Host to host, the source port from one range on; hosts are shared by many filters. */
function pairFilter(family: Family, n: number): FilterFields {
  return { from: address(family, 1, n % 1000), to: address(family, 2, n), protocol: 'tcp', sport: '1024-65535' };
}

/** The pairs have the first ranks, in this order; filters of one address and of none follow. */
function tablesOf(family: Family, ownNodes: number): CompiledPolicy {
  const pairs = Array.from({ length: PAIRS }, (_, n) => pairFilter(family, n));
  const policy = policyOf(
    [
      { ...block(...pairs), name: 'pair' },
      { ...permit({ from: address(family, 1, 7), protocol: 'tcp', dport: '80' }), name: 'source' },
      { ...permit({ protocol: 'tcp', sport: '1-1023' }), name: 'low port' },
    ],
    { default: 'block' },
  );
  return compiled(policy, hostOf(), { budgets: { ...MODE_BUDGETS.ranks, ownNodes } });
}

function packetsOf(family: Family): readonly (readonly [packet: TestPacket, outcome: string])[] {
  const source = (n: number): string => address(family, 1, n % 1000);
  const destination = (n: number): string => address(family, 2, n);
  return CHOSEN.flatMap((n): readonly (readonly [TestPacket, string])[] => [
    [tcp(source(n), destination(n), { sport: 40000, dport: 80 }), 'drop pair'],
    [tcp(source(n), destination(n), { sport: 1000, dport: 81 }), 'pass low port'],
    [tcp(source(n + 1), destination(n), { sport: 40000, dport: 81 }), 'drop default'],
    [tcp(source(7), destination(n), { sport: 40000, dport: 80 }), n % 1000 === 7 ? 'drop pair' : 'pass source'],
  ]);
}

for (const [name, ownNodes] of [
  ['roots', 0],
  ['nodes by row', Number.MAX_SAFE_INTEGER],
] as const) {
  describe(`rank sets of several groups, ${name}`, () => {
    for (const family of [4, 6] as const) {
      test(`IPv${family}`, { timeout: 60_000 }, () => {
        const tables = tablesOf(family, ownNodes);
        expect(shapeOf(tables)).toMatchObject({ setGroups: 3, setDeep: ownNodes === 0 ? 1 : 0 });
        const rows = packetsOf(family);
        const decided = runAtBothHooks(
          tables,
          rows.map(([packet]) => packet),
        );
        for (const direction of DIRECTIONS) {
          const outcomes = decided[direction].map(outcomeOf);
          const wrong = rows.flatMap(([packet, wanted], i) =>
            outcomes[i] === wanted ? [] : [`${packet.summary}: ${outcomes[i]}, not ${wanted}`],
          );
          expect(wrong, direction).toEqual([]);
        }
      });
    }
  });
}
