/**
 * Which filters may match exactly the packets of a filter of another action. It looks at the ends of each filter alone, so
 * that a policy with a list of a million addresses need not be cut into sets of packets to see that it has none.
 */
import { present } from '../../base/assert.ts';
import type { Family } from '../../base/ip.ts';
import { wordMask } from '../../base/ip.ts';
import type { Filter, HostAddresses, Policy, PortRange, Rule } from '../../policy/model.ts';
import { wordsOf } from '../../policy/prefix-set.ts';
import type { AddressCondition } from '../conditions/resolve.ts';
import { ANY_ADDRESS, extentOf, Resolver } from '../conditions/resolve.ts';

const FAMILIES: readonly Family[] = [4, 6];

/** The policy with these filters alone, which may be none. */
export function keepPossibleOpposites(policy: Policy, host: HostAddresses): Policy {
  const resolver = new Resolver(policy, host);
  const keys = new Map<Filter, string>();
  const actions = new Map<string, Set<Rule['action']>>();
  for (const { action, filterList } of policy.rules) {
    for (const filter of filterList.filters) {
      const key = keys.get(filter) ?? keyOf(filter, resolver);
      keys.set(filter, key);
      actions.set(key, (actions.get(key) ?? new Set()).add(action));
    }
  }
  const isOpposed = (filter: Filter): boolean => present(actions.get(present(keys.get(filter)))).size > 1;
  const rules = policy.rules.map((rule): Rule => {
    const { filterList } = rule;
    return { ...rule, filterList: { ...filterList, filters: filterList.filters.filter(isOpposed) } };
  });
  return { ...policy, rules };
}

/** Filters that match the same packets have the same key, however they are written; few others do. */
function keyOf(filter: Filter, resolver: Resolver): string {
  const sources = resolver.resolve(filter.source);
  const destinations = resolver.resolve(filter.destination);
  const ends = FAMILIES.map((family) => {
    const [source, destination] = [extremesOf(sources, family), extremesOf(destinations, family)];
    if (source === undefined || destination === undefined) return '-';
    const from = `${source}:${portExtremes(filter.sourcePorts)}`;
    const to = `${destination}:${portExtremes(filter.destinationPorts)}`;
    // A mirrored filter may be written either way round.
    return from < to ? `${from} ${to}` : `${to} ${from}`;
  });
  return [filter.protocol ?? 'any', ...ends].join(' ');
}

function portExtremes(ports: readonly PortRange[]): string {
  return `${present(ports[0]).lo}-${present(ports.at(-1)).hi}`;
}

/** The first and the last address; undefined where there is none. */
function extremesOf(conditions: readonly AddressCondition[], family: Family): string | undefined {
  const words = wordsOf(family);
  const all: (readonly number[])[] = [];
  for (const condition of conditions) {
    if (condition === ANY_ADDRESS) all.push(new Array<number>(words).fill(0), lastOf(new Array(words).fill(0), 0));
    if (condition.family !== family || condition.count === 0) continue;
    const at = (condition.count - 1) * words;
    all.push([...condition.words.subarray(0, words)]);
    all.push(lastOf([...condition.words.subarray(at, at + words)], extentOf(condition, condition.count - 1)));
  }
  if (all.length === 0) return undefined;
  all.sort(compareWords);
  return `${present(all[0]).join('.')}..${present(all.at(-1)).join('.')}`;
}

function lastOf(words: readonly number[], length: number): readonly number[] {
  return words.map((word, w) => (word | ~wordMask(length, w)) >>> 0);
}

function compareWords(a: readonly number[], b: readonly number[]): number {
  return a.map((word, w) => word - b[w]!).find((difference) => difference !== 0) ?? 0;
}
