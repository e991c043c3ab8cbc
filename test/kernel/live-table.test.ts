/** The tables of live sets hold what was put in, whatever went before, and refuse what they have no room for. */
import { afterAll, describe, expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { JiffiesClock } from '../../src/engine/jiffies.ts';
import type { LiveMember, LiveTable } from '../../src/engine/live/live-table.ts';
import { LiveTables } from '../../src/engine/live/live-tables.ts';
import { allLengths, memberText, randomMember } from '../support/live-tables.ts';

const clock = new JiffiesClock();
const DAY = BigInt(24 * 3600 * clock.hertz);
const PAST = 1n;

afterAll(() => {
  clock[Symbol.dispose]();
});

/** What must be there, by the member's text: when it ends. */
type Model = Map<string, bigint | undefined>;

function randomEnd(random: Random): bigint | undefined {
  const days = random.pick([0n, 1n, 1000n, -1n]);
  if (days === 0n) return undefined;
  return days < 0n ? PAST : clock.now() + days * DAY;
}

function isLater(end: bigint | undefined, than: bigint | undefined): boolean {
  if (than === undefined) return false;
  return end === undefined || end > than;
}

/** Adds, or removes, one member of the pool, and says in the model what must come of it. */
function changeOne(table: LiveTable, model: Model, random: Random, pool: readonly LiveMember[]): void {
  const name = random.pick(pool);
  const text = memberText(name);
  if (random.below(3) === 0) {
    expect(table.remove(name)).toBe(model.delete(text));
    return;
  }
  const end = randomEnd(random);
  const replace = random.below(4) === 0;
  const wasThere = model.has(text);
  expect(table.add({ ...name, end }, { replace })).not.toBe('full');
  if (!wasThere || replace || isLater(end, model.get(text))) model.set(text, end);
}

function expectAll(table: LiveTable, model: Model, pool: readonly LiveMember[]): void {
  const now = clock.now();
  for (const name of pool) {
    const text = memberText(name);
    const end = model.get(text);
    const isThere = model.has(text) && (end === undefined || end > now);
    expect(table.has(name), text).toBe(isThere);
  }
  const found = [...table.members()].map(memberText);
  expect(new Set(found).size).toBe(found.length);
  expect(new Set(found)).toEqual(new Set(model.keys()));
}

describe.each([4, 6] as const)('IPv%i', (family) => {
  test('every change is there at once, and nothing else is', () => {
    using tables = LiveTables.create({ 4: 3000, 6: 3000 }, clock);
    const table = tables.byFamily[family];
    const random = new Random(family);
    const pool = Array.from({ length: 2500 }, () => randomMember(random, family, allLengths(family), 16));
    const model: Model = new Map();
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 4000; i++) changeOne(table, model, random, pool);
      expectAll(table, model, pool);
    }
  });

  test('as many members as it was made for, and no more', () => {
    const capacity = 20_000;
    using tables = LiveTables.create({ 4: capacity, 6: capacity }, clock);
    const table = tables.byFamily[family];
    const random = new Random(family + 100);
    const members = new Map<string, LiveMember>();
    while (members.size < capacity + 1) {
      const member = randomMember(random, family, allLengths(family), 2);
      members.set(memberText(member), member);
    }
    const [last, ...others] = [...members.values()];
    if (last === undefined) throw new Error('no member');
    for (const member of others) expect(table.add(member)).toBe('added');
    expect(table.add(last)).toBe('full');
    expect(table.has(last)).toBe(false);
    for (const member of others) expect(table.has(member)).toBe(true);
    const [first] = others;
    if (first === undefined) throw new Error('no member');
    expect(table.add(first)).toBe('present');
    expect(table.add({ ...first, end: PAST }, { replace: true })).toBe('extended');
    expect(table.add(last), 'the place of one that has ended is free').toBe('added');
    expect(table.clear(0) + table.clear(1)).toBe(capacity);
    expect([...table.members()]).toEqual([]);
  });

  test('members are there for the next process, which goes on with the same table', () => {
    using tables = LiveTables.create({ 4: 1000, 6: 1000 }, clock);
    const random = new Random(family + 200);
    const pool = Array.from({ length: 900 }, () => randomMember(random, family, allLengths(family), 16));
    const model: Model = new Map();
    for (let round = 0; round < 3; round++) {
      const next = new LiveTables(tables.maps, () => clock.now()).byFamily[family];
      expectAll(next, model, pool);
      for (let i = 0; i < 2000; i++) changeOne(next, model, random, pool);
      expectAll(next, model, pool);
    }
  });

  test('the end of a member is kept to the jiffy for weeks, and later ones are rounded up to the unit', () => {
    using tables = LiveTables.create({ 4: 10, 6: 10 }, clock);
    const table = tables.byFamily[family];
    const member = randomMember(new Random(7), family, allLengths(family), 1);
    for (const end of [table.epoch + 1n, table.epoch + 12_345n, table.epoch + 2n ** 31n - 1n]) {
      table.add({ ...member, end }, { replace: true });
      expect([...table.members()]).toEqual([{ ...member, end }]);
    }
    const far = table.epoch + 2n ** 31n + 5n;
    table.add({ ...member, end: far });
    const kept = [...table.members()][0]?.end ?? 0n;
    expect(kept).toBeGreaterThanOrEqual(far);
    expect(kept).toBeLessThan(far + 1024n);
    table.add(member);
    expect([...table.members()]).toEqual([member]);
    expect(table.add({ ...member, end: clock.now() + DAY })).toBe('present');
  });
});
