/** What every rule, default, exemption and parse outcome has counted. */

import type { CounterReading, InterfaceCounters } from '../engine/read-counters.ts';
import { readInterfaceCounters, readingsOf, readRetiredCounters } from '../engine/read-counters.ts';
import type { Counted } from '../engine/slots.ts';
import { newestGeneration, readAttachments } from '../engine/survey.ts';
import { DropRanking } from './drop-ranking.ts';
import { sharedClock } from './live-sets/kernel-members.ts';
import { RETIRED_LIMIT } from './retired-limit.ts';

/** u64 in the kernel; a number where it came over the wire. */
export type CountValue = bigint | number;

export interface CounterOutcome {
  readonly by: Counted['by'];
  readonly rule: string | null;
  /** Names the exemption or the parse outcome. */
  readonly reason: string | null;
  readonly action: Counted['action'];
  readonly packets: CountValue;
  readonly bytes: CountValue;
  /** Whose rule or default it is. */
  readonly policy: string | null;
}

/** Of rules and defaults that are no longer in force. Their counts stand still and still belong to the sum. */
export interface RetiredOutcome {
  readonly action: Counted['action'];
  /** How many have counted anything. */
  readonly counters: number;
  readonly packets: CountValue;
  readonly bytes: CountValue;
}

export interface RuleSum {
  readonly action: Counted['action'];
  readonly packets: CountValue;
  readonly bytes: CountValue;
}

export interface DirectionCounters {
  /** Of the interface. */
  readonly name: string;
  readonly direction: InterfaceCounters['direction'];
  /** With what is retired their sum is every packet seen. */
  readonly counters: readonly CounterOutcome[];
  /** Where only some rules are listed: sums of all of them, by action. */
  readonly rules?: readonly RuleSum[];
  /** By action, where any has counted. */
  readonly retired: readonly RetiredOutcome[];
  /** Later fragments, each also counted above by what decided it. */
  readonly fragments: { readonly packets: CountValue; readonly bytes: CountValue };
}

export interface HostCounters {
  readonly policy: string | null;
  readonly generation: number | null;
  readonly interfaces: readonly DirectionCounters[];
}

export interface CountersRequest {
  /** Of the rules of each interface and direction only so many that drop most, and the sums of all. */
  readonly dropping?: number | undefined;
}

/** What a rule has counted over all interfaces and both directions, whatever it did. */
export interface RuleTally {
  readonly rule: string;
  readonly packets: number;
  readonly bytes: number;
  /** ISO 8601, UTC: when it decided a packet last; null where it never has. */
  readonly lastMatch: string | null;
}

export interface RuleTallies {
  readonly policy: string | null;
  /** In the order they were asked for. */
  readonly rules: readonly RuleTally[];
}

/** Of rules of the policy in force; one that it does not have has counted nothing. */
export function readRuleTallies(names: readonly string[]): RuleTallies {
  const attachments = readAttachments();
  const timeOf = sharedClock().compare();
  const tallies = new Map(names.map((rule) => [rule, { packets: 0, bytes: 0, jiffies: 0n }]));
  for (const { named, slots, counts } of attachments.flatMap(readInterfaceCounters)) {
    for (const [i, one] of named.entries()) {
      const tally = one.by === 'rule' ? tallies.get(one.rule) : undefined;
      if (tally === undefined) continue;
      const { packets, bytes, jiffies } = counts.at(slots[i] ?? -1);
      tally.packets += Number(packets);
      tally.bytes += Number(bytes);
      if (jiffies > tally.jiffies) tally.jiffies = jiffies;
    }
  }
  const rules = [...tallies].map(([rule, { packets, bytes, jiffies }]) => ({
    rule,
    packets,
    bytes,
    lastMatch: jiffies === 0n ? null : new Date(1000 * timeOf(jiffies)).toISOString(),
  }));
  return { policy: newestGeneration(attachments)?.policy ?? null, rules };
}

/** `ranking` remembers the reading before. */
export function readCounters(
  { dropping }: CountersRequest = {},
  ranking: DropRanking = new DropRanking(),
): HostCounters {
  const all = readAllCounters();
  if (dropping === undefined) return all;
  const interfaces = all.interfaces.map((side) => {
    const rules = side.counters.filter(({ by }) => by === 'rule');
    const others = side.counters.filter(({ by }) => by !== 'rule');
    const chosen = ranking.choose(`${side.name} ${side.direction}`, rules, dropping);
    return { ...side, counters: [...chosen, ...others], rules: sumsOf(rules) };
  });
  return { ...all, interfaces };
}

function sumsOf(rules: readonly CounterOutcome[]): readonly RuleSum[] {
  return (['permit', 'block'] as const).map((action) => {
    let [packets, bytes] = [0, 0];
    for (const one of rules) {
      if (one.action !== action) continue;
      packets += Number(one.packets);
      bytes += Number(one.bytes);
    }
    return { action, packets, bytes };
  });
}

function readAllCounters(): HostCounters {
  const attachments = readAttachments();
  const generation = newestGeneration(attachments);
  return {
    policy: generation?.policy ?? null,
    generation: generation?.generation ?? null,
    interfaces: attachments.flatMap(readInterfaceCounters).map((side) => ({
      name: side.name,
      direction: side.direction,
      counters: readingsOf(side).map(counterOutcome),
      retired: side.retired,
      fragments: { packets: side.fragments.packets, bytes: side.fragments.bytes },
    })),
  };
}

/** One page of what is no longer in force. */
export interface RetiredRequest {
  /** From 1 on. */
  readonly page?: number | undefined;
  /** Counters of a page. */
  readonly limit?: number | undefined;
}

export interface RetiredCounter extends CounterOutcome {
  readonly interface: string;
  readonly direction: InterfaceCounters['direction'];
}

export interface RetiredPage {
  readonly page: number;
  readonly pages: number;
  readonly limit: number;
  /** On all pages. */
  readonly total: number;
  /** By interface and direction, the oldest first. */
  readonly counters: readonly RetiredCounter[];
}

export function readRetired({ page = 1, limit = RETIRED_LIMIT }: RetiredRequest): RetiredPage {
  const sides = readAttachments().flatMap(readRetiredCounters);
  const all = sides.flatMap(({ name, direction, counters }) =>
    counters.map((reading) => ({ interface: name, direction, reading })),
  );
  const counters = all
    .slice((page - 1) * limit, page * limit)
    .map(({ reading, ...where }) => ({ ...where, ...counterOutcome(reading) }));
  return { page, pages: Math.max(1, Math.ceil(all.length / limit)), limit, total: all.length, counters };
}

function counterOutcome({ counted, count }: CounterReading): CounterOutcome {
  return {
    by: counted.by,
    rule: counted.by === 'rule' ? counted.rule : null,
    reason: 'reason' in counted ? counted.reason : null,
    action: counted.action,
    packets: count.packets,
    bytes: count.bytes,
    policy: 'policy' in counted ? counted.policy : null,
  };
}
