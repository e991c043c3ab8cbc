/** Permits that could be narrower, each with the rule as it could be. */
import { parseAddress, wholeAddress } from '../../base/ip.ts';
import { printRule } from '../../formats/yaml/print.ts';
import type { AddressMatch, Filter, Policy, Rule, SingleAddress } from '../../policy/model.ts';
import type { SourceEvidence } from '../../store/store.ts';

export interface FewSources {
  readonly rule: string;
  /** As written. */
  readonly filter: string;
  /** The filter's end that the sampled packets came from. */
  readonly end: 'source' | 'destination';
  readonly samples: number;
  /** The one with most samples first. */
  readonly sources: readonly { readonly address: string; readonly samples: number }[];
}

export interface Candidate {
  readonly rule: string;
  readonly why: string;
  /** The rule as it could be, as a policy file has it; null: it could be deleted. */
  readonly edit: string | null;
}

/** Samples from which on something is said of a filter's sources. */
const ENOUGH_SAMPLES = 20;
const FEW = 5;

/** Permits of wide ends whose samples all came from a few addresses. */
export function fewSourcesOf(policy: Policy, sources: readonly SourceEvidence[]): readonly FewSources[] {
  return sources.flatMap((one) => {
    const addresses = Object.entries(one.addresses);
    const filter = findFilter(policy, one);
    const end = one.half === 'forward' ? 'source' : 'destination';
    const isFew = !one.isMany && one.samples >= ENOUGH_SAMPLES && addresses.length <= FEW;
    if (one.policy !== policy.name || filter === undefined || !isFew || !isWide(filter[end])) return [];
    const ranked = addresses.map(([address, samples]) => ({ address, samples })).sort((a, b) => b.samples - a.samples);
    return [{ rule: one.rule, filter: one.filter, end, samples: one.samples, sources: ranked }];
  });
}

function findFilter(policy: Policy, { rule, filter }: Pick<SourceEvidence, 'rule' | 'filter'>): Filter | undefined {
  const found = policy.rules.find(({ name }) => name === rule);
  return found?.filterList.filters.find(({ text }) => text === filter);
}

/** More than single addresses. */
function isWide(match: AddressMatch): boolean {
  if (match.kind === 'list') return match.members.some(isWide);
  if (match.kind === 'prefix') return match.prefix.length < (match.prefix.family === 4 ? 32 : 128);
  return match.kind !== 'me' && match.kind !== 'name';
}

/** `unused` are rules and filters, as written, that matched nothing. */
export function candidatesOf(
  policy: Policy,
  unused: { readonly rules: ReadonlySet<string>; readonly filters: ReadonlyMap<string, ReadonlySet<string>> },
  fewSources: readonly FewSources[],
): readonly Candidate[] {
  return policy.rules.flatMap((rule): Candidate[] => {
    if (rule.action !== 'permit') return [];
    if (unused.rules.has(rule.name)) return [{ rule: rule.name, why: 'it matched no packet', edit: null }];
    const without = unused.filters.get(rule.name) ?? new Set();
    const narrow = fewSources.filter((one) => one.rule === rule.name);
    if (without.size === 0 && narrow.length === 0) return [];
    const kept = rule.filterList.filters.filter(({ text }) => !without.has(text));
    if (kept.length === 0) return [];
    const filters = kept.map((filter) => narrow.reduce(narrowFilter, filter));
    return [{ rule: rule.name, why: whyOf(without.size, narrow), edit: printRule(withFilters(rule, filters)) }];
  });
}

function whyOf(without: number, narrow: readonly FewSources[]): string {
  const unused = `${without} ${without === 1 ? 'filter' : 'filters'} matched no packet`;
  const sampled = narrow.map(({ samples, sources, end }) => {
    const from = `${sources.length} ${sources.length === 1 ? 'address' : 'addresses'}`;
    return `${samples} samples of a filter whose ${end} is wider came from ${from}`;
  });
  return [...(without === 0 ? [] : [unused]), ...sampled].join('; ');
}

function withFilters(rule: Rule, filters: readonly Filter[]): Rule {
  return { ...rule, filterList: { ...rule.filterList, filters } };
}

function narrowFilter(filter: Filter, { filter: text, end, sources }: FewSources): Filter {
  if (filter.text !== text) return filter;
  const members = sources.flatMap(({ address }): SingleAddress[] => {
    const parsed = parseAddress(address);
    return parsed === undefined ? [] : [{ kind: 'prefix', prefix: wholeAddress(parsed) }];
  });
  const [only] = members;
  return {
    ...filter,
    [end]: members.length === 1 && only !== undefined ? only : { kind: 'list', members, exclude: [] },
  };
}
