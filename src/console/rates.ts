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
  readonly interfaceName: string;
  readonly direction: DirectionCounters['direction'];
  readonly counter: CounterOutcome;
  readonly packets: number;
  readonly bytes: number;
  /** Packets a second; 0 where there was no reading before. */
  readonly rate: number;
}

/** Unique among the rows, and the same from reading to reading. */
export function keyOf({ interfaceName, direction, counter }: Row): string {
  return JSON.stringify([interfaceName, direction, identityOf(counter)]);
}

function identityOf({ by, policy, rule, reason, action }: CounterOutcome): string {
  return JSON.stringify([by, policy, rule, reason, action]);
}

function isSame(a: CounterOutcome, b: CounterOutcome): boolean {
  return a.rule === b.rule && a.reason === b.reason && a.by === b.by && a.policy === b.policy && a.action === b.action;
}

/** There are 100,000 of them a second: a counter is looked for where it stood before, and by what it is only if that fails. */
class EarlierCounters {
  readonly #counters: readonly CounterOutcome[];
  #byIdentity: ReadonlyMap<string, CounterOutcome> | undefined;

  constructor(counters: readonly CounterOutcome[]) {
    this.#counters = counters;
  }

  find(counter: CounterOutcome, place: number): CounterOutcome | undefined {
    const likely = this.#counters[place];
    if (likely !== undefined && isSame(likely, counter)) return likely;
    this.#byIdentity ??= new Map(this.#counters.map((one) => [identityOf(one), one]));
    return this.#byIdentity.get(identityOf(counter));
  }
}

/** With the sums of all rules, as counters of no rule, where only some are listed. */
function countersOf({ counters, rules = [] }: DirectionCounters): readonly CounterOutcome[] {
  return [
    ...counters,
    ...rules.map((sum): CounterOutcome => ({ ...sum, by: 'rule', rule: null, reason: null, policy: null })),
  ];
}

function isSum({ counter: { by, rule } }: Row): boolean {
  return by === 'rule' && rule === null;
}

export function rowsOf(now: Reading, before: Reading | undefined): readonly Row[] {
  const seconds = before === undefined ? 0 : (now.at - before.at) / 1000;
  return now.counters.interfaces.flatMap((one) => {
    const { name: interfaceName, direction } = one;
    const side = before?.counters.interfaces.find((other) => other.name === one.name && other.direction === direction);
    const earlier = new EarlierCounters(side === undefined ? [] : countersOf(side));
    return countersOf(one).map((counter, place): Row => {
      const packets = Number(counter.packets);
      const last = seconds <= 0 ? undefined : earlier.find(counter, place);
      const rate = last === undefined ? 0 : Math.max(0, packets - Number(last.packets)) / seconds;
      return { interfaceName, direction, counter, packets, bytes: Number(counter.bytes), rate };
    });
  });
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
  const totals = new Map<string, { -readonly [Key in keyof Totals]: Totals[Key] }>();
  const sideOf = ({ interfaceName, direction }: Row): string => `${interfaceName} ${direction}`;
  const summed = new Set(rows.filter(isSum).map(sideOf));
  for (const row of rows) {
    const { interfaceName, direction, counter, packets, rate } = row;
    const key = sideOf(row);
    if (counter.by === 'rule' && counter.rule !== null && summed.has(key)) continue;
    let sum = totals.get(key);
    if (sum === undefined) {
      sum = { interfaceName, direction, passed: 0, dropped: 0, passRate: 0, dropRate: 0 };
      totals.set(key, sum);
    }
    if (counter.action === 'permit') {
      sum.passed += packets;
      sum.passRate += rate;
    } else {
      sum.dropped += packets;
      sum.dropRate += rate;
    }
  }
  return [...totals.values()];
}

/** Rules and defaults that drop, by rate and then by count. */
export function topDropping(rows: readonly Row[], most: number): readonly Row[] {
  return rows
    .filter((row) => row.counter.action === 'block' && row.packets > 0 && isOfPolicy(row.counter) && !isSum(row))
    .sort((a, b) => b.rate - a.rate || b.packets - a.packets)
    .slice(0, most);
}

function isOfPolicy({ by }: CounterOutcome): boolean {
  return by === 'rule' || by === 'default';
}

/** Exemptions and parse outcomes that were met. */
export function reasonsOf(rows: readonly Row[]): readonly Row[] {
  return rows
    .filter(({ counter, packets }) => packets > 0 && !isOfPolicy(counter))
    .sort((a, b) => b.packets - a.packets);
}
