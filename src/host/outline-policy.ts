/** What a policy consists of, for whoever shows it. */
import type { Diagnostic } from '../base/diagnostics.ts';
import { PolicyRejected } from '../base/policy-rejected.ts';
import type { Action, Filter, Policy } from '../policy/model.ts';
import type { HostContext } from './context.ts';
import type { PolicyInput } from './policy-input.ts';
import { readPolicyInput } from './policy-input.ts';

export interface OutlineRequest {
  readonly input: PolicyInput;
  /** Words that a rule must have, in its name, its action, the name of its filter list or its filters. */
  readonly search?: string | undefined;
  /** From 1 on. */
  readonly page?: number | undefined;
  /** Rules of a page; without it all are one page. */
  readonly limit?: number | undefined;
}

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

const MOST_LISTS = 500;

export interface OutlineOutcome {
  readonly policy: string;
  readonly description: string;
  readonly default: Action;
  readonly exemptions: readonly string[];
  /** Of the page. */
  readonly rules: readonly OutlinedRule[];
  /** How many have the words. */
  readonly found: number;
  readonly total: number;
  /** Those with a name, the ones that most rules share first, at most MOST_LISTS of each. */
  readonly filterLists: readonly OutlinedList[];
  readonly filterListCount: number;
  readonly addressSets: readonly OutlinedSet[];
  readonly addressSetCount: number;
  readonly tests: number;
  readonly diagnostics: readonly Diagnostic[];
}

type WholeOutline = Omit<OutlineOutcome, 'found' | 'total' | 'diagnostics'>;

interface Searchable {
  readonly outline: WholeOutline;
  /** What a search looks through, by rule. */
  readonly texts: readonly string[];
}

/** Of policies that are still remembered, so that the next page and the next search take no time. */
const outlined = new WeakMap<Policy, Searchable>();

/** Throws PolicyRejected where the policy has errors. */
export function outlinePolicy(context: HostContext, request: OutlineRequest): OutlineOutcome {
  const { policy, diags } = readPolicyInput(context, request.input);
  if (policy === undefined || diags.failed) throw new PolicyRejected(diags.all);
  const { outline, texts } = outlineOf(policy);
  const found = findRules(outline.rules, texts, request.search ?? '');
  const { page = 1, limit = Math.max(1, found.length) } = request;
  return {
    ...outline,
    rules: found.slice((page - 1) * limit, page * limit),
    found: found.length,
    total: outline.rules.length,
    diagnostics: diags.all,
  };
}

function findRules(rules: readonly OutlinedRule[], texts: readonly string[], search: string): readonly OutlinedRule[] {
  const words = search.toLowerCase().split(/\s+/u).filter(Boolean);
  if (words.length === 0) return rules;
  return rules.filter((_, i) => words.every((word) => texts[i]?.includes(word) === true));
}

function outlineOf(policy: Policy): Searchable {
  const known = outlined.get(policy);
  if (known !== undefined) return known;
  const outline = describePolicy(policy);
  const texts = outline.rules.map(({ name, action, filterList, filters }) =>
    `${name} ${action} ${filterList} ${filters.join(' ')}`.toLowerCase(),
  );
  outlined.set(policy, { outline, texts });
  return { outline, texts };
}

function describePolicy(policy: Policy): WholeOutline {
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
    tests: policy.tests.length,
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
