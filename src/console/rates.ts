/** Two readings of the counters make rates. */
import type { CounterOutcome, DirectionCounters, HostCounters } from '../host/counters.ts';

/** Counters as they were read at a moment. */
export interface Reading {
  /** Milliseconds of a clock that never goes back. */
  readonly at: number;
  readonly counters: HostCounters;
}

/** One counter of an interface, with its rate. */
export interface Row {
  /** Unique among the rows, and the same from reading to reading. */
  readonly key: string;
  readonly interfaceName: string;
  readonly direction: DirectionCounters['direction'];
  readonly counter: CounterOutcome;
  readonly packets: number;
  readonly bytes: number;
  /** Packets a second; 0 where there was no reading before. */
  readonly rate: number;
}

function keyOf({ name, direction }: DirectionCounters, { by, policy, rule, reason, action }: CounterOutcome): string {
  return JSON.stringify([name, direction, by, policy, rule, reason, action]);
}

export function rowsOf(now: Reading, before: Reading | undefined): readonly Row[] {
  const known = before === undefined ? undefined : packetsByKey(before);
  const seconds = before === undefined ? 0 : (now.at - before.at) / 1000;
  return now.counters.interfaces.flatMap((one) =>
    one.counters.map((counter): Row => {
      const key = keyOf(one, counter);
      const packets = Number(counter.packets);
      const earlier = known?.get(key);
      const rate = earlier === undefined || seconds <= 0 ? 0 : Math.max(0, packets - earlier) / seconds;
      const { name: interfaceName, direction } = one;
      return { key, interfaceName, direction, counter, packets, bytes: Number(counter.bytes), rate };
    }),
  );
}

function packetsByKey({ counters }: Reading): ReadonlyMap<string, number> {
  return new Map(
    counters.interfaces.flatMap((one) => one.counters.map((c) => [keyOf(one, c), Number(c.packets)] as const)),
  );
}

/** What passed and what was dropped at one hook. */
export interface Totals {
  readonly interfaceName: string;
  readonly direction: DirectionCounters['direction'];
  readonly passed: number;
  readonly dropped: number;
  readonly passRate: number;
  readonly dropRate: number;
}

export function totalsOf(rows: readonly Row[]): readonly Totals[] {
  const totals = new Map<string, Totals>();
  for (const { interfaceName, direction, counter, packets, rate } of rows) {
    const key = `${interfaceName} ${direction}`;
    const sum = totals.get(key) ?? { interfaceName, direction, passed: 0, dropped: 0, passRate: 0, dropRate: 0 };
    totals.set(
      key,
      counter.action === 'permit'
        ? { ...sum, passed: sum.passed + packets, passRate: sum.passRate + rate }
        : { ...sum, dropped: sum.dropped + packets, dropRate: sum.dropRate + rate },
    );
  }
  return [...totals.values()];
}

/** Rules and defaults that drop, by rate and then by count. */
export function topDropping(rows: readonly Row[], most: number): readonly Row[] {
  return rows
    .filter(({ counter, packets }) => counter.action === 'block' && packets > 0 && isOfPolicy(counter))
    .sort((a, b) => b.rate - a.rate || b.packets - a.packets || (a.key < b.key ? -1 : 1))
    .slice(0, most);
}

function isOfPolicy({ by }: CounterOutcome): boolean {
  return by === 'rule' || by === 'default';
}

/** Exemptions and parse outcomes that were met. */
export function reasonsOf(rows: readonly Row[]): readonly Row[] {
  return rows
    .filter(({ counter, packets }) => packets > 0 && !isOfPolicy(counter))
    .sort((a, b) => b.packets - a.packets || (a.key < b.key ? -1 : 1));
}
