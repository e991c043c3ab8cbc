/** Rates of every counter: what two readings differ by, with the rates before them. */
import type { CounterOutcome, CountValue, HostCounters } from '../../host/counters.ts';

/** Rates that are kept of each row, the newest last. */
export const HISTORY = 60;

export interface Reading {
  readonly counters: HostCounters;
  /** Seconds of a clock that does not jump. */
  readonly at: number;
}

export interface Rate {
  readonly packetsPerSecond: number;
  readonly bitsPerSecond: number;
}

/** A rule, a default, an exemption or a parse reason, over all interfaces and both directions. */
export interface TopRow extends Rate {
  readonly by: CounterOutcome['by'];
  readonly name: string;
  readonly action: CounterOutcome['action'];
  readonly packets: number;
  readonly bytes: number;
  /** Packets per second of the readings before, the newest last. */
  readonly history: readonly number[];
}

export interface InterfaceRates {
  readonly name: string;
  readonly direction: 'ingress' | 'egress';
  readonly pass: Rate;
  readonly drop: Rate;
}

export interface TopView {
  readonly policy: string | null;
  readonly generation: number | null;
  readonly rows: readonly TopRow[];
  readonly interfaces: readonly InterfaceRates[];
  readonly pass: Rate;
  readonly drop: Rate;
}

interface Sum {
  packets: number;
  bytes: number;
}

const NOTHING: Rate = { packetsPerSecond: 0, bitsPerSecond: 0 };

/** Turns readings into rates. The first reading has none. */
export class RateMeter {
  #last: { readonly at: number; readonly sums: ReadonlyMap<string, Sum> } | undefined;
  #history = new Map<string, readonly number[]>();

  take({ counters, at }: Reading): TopView {
    const seconds = this.#last === undefined ? 0 : at - this.#last.at;
    const sums = new Map<string, Sum>();
    const rowOf = new Map<string, CounterOutcome>();
    const sides = counters.interfaces.map((side) => {
      const permitted = `${side.name}\n${side.direction}\npermit`;
      const blocked = `${side.name}\n${side.direction}\nblock`;
      for (const key of [permitted, blocked]) add(sums, key, 0, 0);
      for (const counter of side.counters) {
        if (!rowOf.has(keyOf(counter))) rowOf.set(keyOf(counter), counter);
        add(sums, keyOf(counter), counter.packets, counter.bytes);
        add(sums, counter.action === 'permit' ? permitted : blocked, counter.packets, counter.bytes);
      }
      for (const { action, packets, bytes } of side.retired) {
        add(sums, action === 'permit' ? permitted : blocked, packets, bytes);
      }
      return { side, permitted, blocked };
    });
    const rateOf = (key: string): Rate => rateBetween(this.#last?.sums.get(key), sums.get(key), seconds);
    const rows = [...rowOf].map(([key, counter]) => this.#row(key, counter, sums.get(key), rateOf(key)));
    const interfaces = sides.map(({ side: { name, direction }, permitted, blocked }) => ({
      name,
      direction,
      pass: rateOf(permitted),
      drop: rateOf(blocked),
    }));
    this.#last = { at, sums };
    this.#history = new Map([...rowOf.keys()].map((key, i) => [key, rows[i]?.history ?? []]));
    return {
      policy: counters.policy,
      generation: counters.generation,
      rows,
      interfaces,
      pass: total(interfaces.map(({ pass }) => pass)),
      drop: total(interfaces.map(({ drop }) => drop)),
    };
  }

  #row(key: string, { by, rule, reason, action }: CounterOutcome, sum: Sum | undefined, rate: Rate): TopRow {
    const before = this.#history.get(key) ?? [];
    return {
      by,
      name: rule ?? reason ?? (by === 'default' ? 'default' : ''),
      action,
      packets: sum?.packets ?? 0,
      bytes: sum?.bytes ?? 0,
      ...rate,
      history: this.#last === undefined ? before : [...before, rate.packetsPerSecond].slice(-HISTORY),
    };
  }
}

function keyOf({ by, policy, rule, reason, action }: CounterOutcome): string {
  return JSON.stringify([by, policy, rule, reason, action]);
}

function add(sums: Map<string, Sum>, key: string, packets: CountValue, bytes: CountValue): void {
  const sum = sums.get(key) ?? { packets: 0, bytes: 0 };
  sum.packets += Number(packets);
  sum.bytes += Number(bytes);
  sums.set(key, sum);
}

/** A sum that shrank belongs to an interface that is gone: no rate is better than a wrong one. */
function rateBetween(before: Sum | undefined, now: Sum | undefined, seconds: number): Rate {
  if (before === undefined || now === undefined || seconds <= 0 || now.packets < before.packets) return NOTHING;
  return {
    packetsPerSecond: (now.packets - before.packets) / seconds,
    bitsPerSecond: (8 * (now.bytes - before.bytes)) / seconds,
  };
}

function total(rates: readonly Rate[]): Rate {
  return {
    packetsPerSecond: rates.reduce((sum, rate) => sum + rate.packetsPerSecond, 0),
    bitsPerSecond: rates.reduce((sum, rate) => sum + rate.bitsPerSecond, 0),
  };
}
