/** Packets that an ordered policy drops by rules that dropped none before it: what a rollout looks at. */
import type { HostCounters } from '../../host/counters.ts';

/** Milliseconds over which packets are counted: at first, and when the policy has been in force for a while. */
const FIRST_WINDOW = 10_000;
const WINDOW = 60_000;
const WHILE = 120_000;

interface Reading {
  readonly packets: bigint;
  readonly at: number;
}

/** By what decided: the rule, the default, or the name of the exemption or the parse outcome. */
function dropsOf({ interfaces }: HostCounters): ReadonlyMap<string, bigint> {
  const drops = new Map<string, bigint>();
  for (const { counters } of interfaces) {
    for (const { by, rule, reason, action, packets } of counters) {
      const name = `${by} ${rule ?? reason ?? ''}`;
      if (action === 'block' && packets > 0) drops.set(name, (drops.get(name) ?? 0n) + BigInt(packets));
    }
  }
  return drops;
}

/** Two digits, so that what hardly changes is not reported again and again. */
function round(rate: number): number {
  return Number(rate.toPrecision(2));
}

export class NewDrops {
  #before: ReadonlySet<string> = new Set();
  #begunAt = 0;
  #last: Reading | undefined;
  #perSecond: number | null = null;

  /** Packets a second over the last window; null where none has passed since an order was carried out. */
  get perSecond(): number | null {
    return this.#perSecond;
  }

  /** A policy came in force. `before`: the counters under what was in force until then; `now`: in milliseconds. */
  begin(before: HostCounters, after: HostCounters, now: number): void {
    this.#before = new Set(dropsOf(before).keys());
    this.#begunAt = now;
    this.#perSecond = null;
    this.#last = { packets: this.#count(after), at: now };
  }

  /** Filtering ended: nothing is dropped. */
  end(): void {
    this.#last = undefined;
    this.#perSecond = null;
  }

  isDue(now: number): boolean {
    const window = now - this.#begunAt < WHILE ? FIRST_WINDOW : WINDOW;
    return this.#last !== undefined && now - this.#last.at >= window;
  }

  take(counters: HostCounters, now: number): void {
    if (this.#last === undefined) return;
    const packets = this.#count(counters);
    // Counters begin anew where the program was replaced.
    const more = packets < this.#last.packets ? packets : packets - this.#last.packets;
    this.#perSecond = round((Number(more) * 1000) / (now - this.#last.at));
    this.#last = { packets, at: now };
  }

  #count(counters: HostCounters): bigint {
    let sum = 0n;
    for (const [name, packets] of dropsOf(counters)) if (!this.#before.has(name)) sum += packets;
    return sum;
  }
}
