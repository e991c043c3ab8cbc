/** Which tables a policy gets, and what it costs. */
import { describe, expect, test } from 'vitest';
import type { CompiledPolicy } from '../../../src/compiler/compile.ts';
import { TABLE_NAMES } from '../../../src/compiler/compile.ts';
import type { Budgets } from '../../../src/compiler/rules/rule-table.ts';
import { DEFAULT_BUDGETS } from '../../../src/compiler/rules/rule-table.ts';
import { tableEntries } from '../../../src/compiler/table-entries.ts';
import type { Policy } from '../../../src/policy/model.ts';
import { shapeOf } from '../../support/compiled-shape.ts';
import { compiled } from '../../support/kernel.ts';
import type { FilterFields } from '../../support/policies.ts';
import { block, hostOf, permit, policyOf } from '../../support/policies.ts';

const HOST = hostOf(['10.0.0.1']);

/** `count` filters, each with a source host, a destination host and a port of its own. */
function pairsPolicy(count: number): Policy {
  const filters = Array.from({ length: count }, (_, i): FilterFields => {
    const host = `${i >> 8}.${i & 255}`;
    return { from: `10.0.${host}`, to: `10.1.${host}`, protocol: 'tcp', dport: `${i + 1}` };
  });
  return policyOf([block(...filters)]);
}

describe('modes', () => {
  // 11 x 11 address classes, 11 services.
  const policy = pairsPolicy(10);
  const cases: readonly (readonly [name: string, budgets: Partial<Budgets>, mode: string])[] = [
    ['the whole cross-product fits', {}, 'dense'],
    ['it fits exactly', { denseCells: 11 * 11 * 11 }, 'dense'],
    ['it is a cell too large', { denseCells: 11 * 11 * 11 - 1 }, 'rows'],
    ['the pairs fit exactly', { denseCells: 0, rowPairs: 11 * 11 }, 'rows'],
    ['there is a pair too many', { denseCells: 0, rowPairs: 11 * 11 - 1 }, 'sparse'],
    ['the sets of the pairs are too large', { denseCells: 0, rowBytes: 100 }, 'sparse'],
    ['even to say where each service holds would take too long', { rowWork: 10 }, 'ranks'],
    ['listing the conditions of the classes would take too long', { classConditions: 19 }, 'ranks'],
    ['the conditions of the classes are just few enough', { classConditions: 20 }, 'dense'],
    ['the hash has just room for the pairs', { denseCells: 0, rowPairs: 0, sparsePairs: 10 }, 'sparse'],
    [
      'there is a pair too many for the hash',
      { denseCells: 0, rowPairs: 0, sparsePairs: 9, pairsPerFilter: 0 },
      'ranks',
    ],
    [
      'the hash has room for a pair of each filter',
      { denseCells: 0, rowPairs: 0, sparsePairs: 0, pairsPerFilter: 1 },
      'sparse',
    ],
    ['the sets are too large', { denseCells: 0, rowBytes: 0, setBytes: 100 }, 'ranks'],
    ['the sets would take too long', { denseCells: 0, rowPairs: 0, sparseWork: 0 }, 'ranks'],
    ['rows would have too many cells', { denseCells: 0, rowServices: 10 }, 'ranks'],
  ];
  for (const [name, budgets, mode] of cases) {
    test(`${mode}: ${name}`, () => {
      const tables = compiled(policy, HOST, { budgets: { ...DEFAULT_BUDGETS, ...budgets } });
      const { statistics } = tables;
      expect(statistics.mode4).toBe(mode);
      expect(tableEntries('cross4', tables)).toBe({ dense: 11 * 11 * 11, rows: 11 * 11, sparse: 0, ranks: 0 }[mode]);
      // A pair of class and itself: one for each filter.
      expect(statistics.pairs4).toBe(mode === 'sparse' ? 10 : 0);
      expect(shapeOf(tables).setGroups).toBe(mode === 'ranks' ? 1 : 0);
    });
  }

  // Every class of source addresses has filters with every class of destinations.
  const nested = policyOf([
    block(
      ...[8, 12, 16, 20].flatMap((a) => [8, 12, 16, 20].map((b) => ({ from: `10.0.0.0/${a}`, to: `10.0.0.0/${b}` }))),
    ),
  ]);
  for (const [name, budgets, mode] of [
    ['the cross-product is small enough', {}, 'dense'],
    ['the pairs would take too long', { denseCells: 0, rowWork: 30 }, 'sparse'],
    ['the cross-product and the pairs would take too long', { rowWork: 15 }, 'sparse'],
    ['the pairs have too many filters, though each shows one', { rowWork: 90 }, 'sparse'],
  ] as const) {
    test(`${mode}: ${name}`, () => {
      const { statistics } = compiled(nested, HOST, { budgets: { ...DEFAULT_BUDGETS, ...budgets } });
      expect(statistics.mode4).toBe(mode);
    });
  }

  test('each family has its own', () => {
    const budgets = { ...DEFAULT_BUDGETS, denseCells: 11 };
    expect(compiled(policy, HOST, { budgets }).statistics).toMatchObject({ mode4: 'rows', mode6: 'dense' });
  });

  test('rows that were given up leave nothing behind', () => {
    const tables = (budgets: Partial<Budgets>): CompiledPolicy =>
      compiled(policy, HOST, { budgets: { ...DEFAULT_BUDGETS, denseCells: 0, ...budgets } });
    const gaveUp = tables({ rowBytes: 100 });
    const never = tables({ rowPairs: 0 });
    expect(gaveUp.statistics.mode4).toBe('sparse');
    for (const name of TABLE_NAMES.filter((n) => n.endsWith('4') || n === 'rows' || n === 'lists')) {
      expect(Buffer.from(gaveUp.tables.get(name) ?? []).equals(Buffer.from(never.tables.get(name) ?? [])), name).toBe(
        true,
      );
    }
  });

  test('a large policy gets the largest mode by itself', () => {
    expect(compiled(pairsPolicy(100), HOST).statistics.mode4).toBe('rows');
    expect(compiled(pairsPolicy(2000), HOST).statistics).toMatchObject({ mode4: 'sparse', pairs4: 2000 });
  });
});

// Each filter's hosts are within one network that all filters name: every class of hosts has the conditions of all.
test('lists of hosts in one network, of thousands of filters, do not multiply', { timeout: 120_000 }, () => {
  const filters = Array.from(
    { length: 4000 },
    (_, i): FilterFields => ({
      from: `10.0.0.0/8, 10.1.${i >> 8}.${i & 255}`,
      protocol: 'tcp',
      dport: `${i + 1}`,
    }),
  );
  const { statistics, tables } = compiled(policyOf([block(...filters)]), HOST);
  expect(statistics).toMatchObject({ mode4: 'ranks', classes: { source4: 4002 } });
  expect([...tables.values()].reduce((sum, { length }) => sum + length, 0)).toBeLessThan(8 << 20);
});

test('filters for one address are not merged for each pair that the address is in', { retry: 2 }, () => {
  const hosts = Array.from({ length: 5000 }, (_, i): FilterFields => {
    const host = `${i >> 8}.${i & 255}`;
    return { from: `10.0.${host}`, to: `10.1.${host}`, protocol: 'tcp', dport: '443' };
  });
  const around = (network: string): Policy => {
    const services = Array.from({ length: 3000 }, (_, i): FilterFields => {
      return { from: `${network}/${8 + (i % 8)}`, protocol: 'tcp', dport: `${i + 1}` };
    });
    return policyOf([block(...hosts, ...services)]);
  };
  const processorTime = (policy: Policy): number => {
    const before = process.cpuUsage();
    expect(compiled(policy, HOST).statistics.mode4).toBe('sparse');
    return process.cpuUsage(before).user;
  };
  const elsewhere = processorTime(around('11.0.0.0'));
  // A third more; it was ten times as much when they were merged.
  expect(processorTime(around('10.0.0.0'))).toBeLessThan(4 * elsewhere);
});

describe('statistics', () => {
  test('filters as written and directed', () => {
    const policy = policyOf([
      permit({ to: 'me', protocol: 'tcp', dport: '80,443', mirrored: true }, { protocol: 'icmp' }),
      { ...block({ from: '192.0.2.0/24' }), interfaces: ['eth0'] },
    ]);
    expect(compiled(policy, HOST).statistics).toMatchObject({ filters: 3, directedFilters: 3 });
    expect(compiled(policy, HOST, { interfaceName: 'eth0' }).statistics).toMatchObject({
      filters: 3,
      directedFilters: 4,
    });
  });

  test('time by pass, from the clock that was given', () => {
    const times = [1000, 1001, 1003, 1007, 1015];
    const { milliseconds } = compiled(pairsPolicy(1), HOST, { clock: () => times.shift() ?? Number.NaN }).statistics;
    expect(milliseconds).toEqual({ expand: 1, classes: 2, rules: 4, encode: 8 });
    expect(compiled(pairsPolicy(1), HOST).statistics.milliseconds).toEqual({
      expand: 0,
      classes: 0,
      rules: 0,
      encode: 0,
    });
  });

  test('how far compiling has come, up to all of it', () => {
    const shares: number[] = [];
    compiled(pairsPolicy(2000), HOST, { progress: (share) => shares.push(share) });
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(new Set(shares).size).toBeGreaterThan(2000);
    expect(shares.at(-1)).toBe(1);
  });

  test('table entries are whole', () => {
    const tables = compiled(pairsPolicy(2000), HOST);
    for (const name of TABLE_NAMES) expect(Number.isInteger(tableEntries(name, tables)), name).toBe(true);
    expect(tableEntries('rank_slots', tables)).toBe(2002);
    expect(tableEntries('src4_index', tables)).toBe(65_536);
    expect(tableEntries('src4_filter', tables)).toBe(0);
    expect(tableEntries('lists', tables)).toBe(2000);
  });
});
