/** What a policy consists of, for whoever shows it. */
import type { Action, Filter, PacketDirection, Policy, PolicyTest, Verdict } from './model.ts';

export interface OutlinedRule {
  readonly name: string;
  readonly action: Action;
  readonly filterList: string;
  /** As written. */
  readonly filters: readonly string[];
  /** null: every interface. */
  readonly interfaces: readonly string[] | null;
  /** Where it stands in its file. */
  readonly line: number;
}

/** A filter list that rules share. */
export interface OutlinedList {
  readonly name: string;
  readonly filters: number;
  /** How many rules have it. */
  readonly rules: number;
}

/** An address set, with how many prefixes of its text and how many rules have a filter that names it. */
export interface OutlinedSet {
  readonly name: string;
  readonly prefixes: number;
  /** Its members are given while the policy is in force. */
  readonly live: boolean;
  readonly rules: number;
}

/** A packet, and what the policy is to do with it. */
export interface OutlinedTest {
  /** As written. */
  readonly packet: string;
  readonly expect: Verdict;
  /** That must decide; null: any, or none. */
  readonly rule: string | null;
  readonly interface: string | null;
  readonly direction: PacketDirection | null;
  /** Where it stands in its file. */
  readonly line: number;
}

/** A policy without what only its compilation needs. */
export interface PolicyOutline {
  readonly policy: string;
  readonly description: string;
  readonly default: Action;
  readonly exemptions: readonly string[];
  /** In policy order. */
  readonly rules: readonly OutlinedRule[];
  /** Those with a name, the ones that most rules share first, at most MOST_LISTS of each. */
  readonly filterLists: readonly OutlinedList[];
  readonly filterListCount: number;
  readonly addressSets: readonly OutlinedSet[];
  readonly addressSetCount: number;
  /** In policy order, at most MOST_LISTS. */
  readonly tests: readonly OutlinedTest[];
  readonly testCount: number;
}

const MOST_LISTS = 500;

export function outlineOf(policy: Policy): PolicyOutline {
  return {
    policy: policy.name,
    description: policy.description,
    default: policy.default,
    exemptions: policy.exemptions,
    rules: policy.rules.map(({ name, action, filterList, interfaces, span }) => ({
      name,
      action,
      filterList: filterList.name,
      filters: filterList.filters.map((filter) => filter.text),
      interfaces: interfaces ?? null,
      line: span.line,
    })),
    filterLists: listsOf(policy),
    filterListCount: policy.filterLists.size,
    addressSets: setsOf(policy),
    addressSetCount: policy.addressSets.size,
    tests: policy.tests.slice(0, MOST_LISTS).map(describeTest),
    testCount: policy.tests.length,
  };
}

function describeTest({ packet, expect, rule, interface: name, direction, span }: PolicyTest): OutlinedTest {
  return {
    packet,
    expect,
    rule: rule ?? null,
    interface: name ?? null,
    direction: direction ?? null,
    line: span.line,
  };
}

function mostShared<T extends { readonly rules: number }>(all: readonly T[]): readonly T[] {
  return all.toSorted((a, b) => b.rules - a.rules).slice(0, MOST_LISTS);
}

function countNames(names: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function listsOf({ filterLists, rules }: Policy): readonly OutlinedList[] {
  const named = rules.filter(({ filterList }) => filterLists.get(filterList.name) === filterList);
  const uses = countNames(named.map(({ filterList }) => filterList.name));
  return mostShared(
    [...filterLists.values()].map(({ name, filters }) => ({
      name,
      filters: filters.length,
      rules: uses.get(name) ?? 0,
    })),
  );
}

function setsOf({ addressSets, rules }: Policy): readonly OutlinedSet[] {
  const uses = countNames(rules.flatMap(({ filterList }) => [...new Set(filterList.filters.flatMap(setsNamedBy))]));
  return mostShared(
    [...addressSets.values()].map(({ name, prefixes, live }) => ({
      name,
      prefixes: prefixes.v4.count + prefixes.v6.count,
      live: live !== undefined,
      rules: uses.get(name) ?? 0,
    })),
  );
}

function setsNamedBy({ source, destination }: Filter): readonly string[] {
  const all = [source, destination].flatMap((match) =>
    match.kind === 'list' ? [...match.members, ...match.exclude] : [match],
  );
  return all.flatMap((match) => (match.kind === 'set' ? [match.name] : []));
}
