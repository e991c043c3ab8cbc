/** How many directed filters a policy has, counted without making them: some policies have too many to be made. */
import type { Family } from '../../base/ip.ts';
import type {
  AddressList,
  AddressMatch,
  AddressSet,
  Filter,
  HostAddresses,
  Policy,
  PortRange,
  Rule,
} from '../../policy/model.ts';
import { countLengths } from '../../policy/prefix-set.ts';
import { Resolver } from './resolve.ts';

export interface FilterCount {
  readonly rule: Rule;
  readonly filter: Filter;
  /** Of both halves; where an exclusion takes all addresses of one length out of a set, some that there are not. */
  readonly count: number;
}

/** Conditions of an address by family, one for each prefix length. undefined: any address. */
type Conditions = Readonly<Record<Family, number>> | undefined;

/** Every filter of the rules, whatever interfaces they are limited to. */
export function directedCounts(policy: Policy, host: HostAddresses): readonly FilterCount[] {
  const counter = new ConditionCounter(policy, host);
  return policy.rules.flatMap((rule) =>
    rule.filterList.filters.map((filter) => {
      const addresses = pairsOf(counter.count(filter.source), counter.count(filter.destination));
      const ports = widths(filter.sourcePorts) * widths(filter.destinationPorts);
      const halves = filter.mirrored === false ? 1 : 2;
      return { rule, filter, count: halves * addresses * ports * Math.max(1, filter.icmp.length) };
    }),
  );
}

function pairsOf(source: Conditions, destination: Conditions): number {
  if (source === undefined && destination === undefined) return 1;
  const pairs = (family: Family): number => (source?.[family] ?? 1) * (destination?.[family] ?? 1);
  return pairs(4) + pairs(6);
}

function widths(ranges: readonly PortRange[]): number {
  return ranges.length === 1 ? 1 : new Set(ranges.map(({ lo, hi }) => hi - lo)).size;
}

function lengthsOf(set: AddressSet | undefined): Conditions {
  if (set === undefined) return { 4: 0, 6: 0 };
  const { live, prefixes } = set;
  if (live !== undefined) return { 4: live.levels[4].length, 6: live.levels[6].length };
  return { 4: countLengths(prefixes.v4).length, 6: countLengths(prefixes.v6).length };
}

class ConditionCounter {
  readonly #policy: Policy;
  readonly #resolver: Resolver;
  readonly #ofSets = new Map<string, Conditions>();

  constructor(policy: Policy, host: HostAddresses) {
    this.#policy = policy;
    this.#resolver = new Resolver(policy, host);
  }

  count(match: AddressMatch): Conditions {
    if (match.kind === 'any') return undefined;
    if (match.kind === 'set') return this.#ofSet(match.name);
    if (match.kind === 'list') return this.#ofList(match);
    const conditions = this.#resolver.resolve(match);
    const of = (family: Family): number => conditions.filter((condition) => condition.family === family).length;
    return { 4: of(4), 6: of(6) };
  }

  #ofSet(name: string): Conditions {
    const known = this.#ofSets.get(name) ?? lengthsOf(this.#policy.addressSets.get(name));
    this.#ofSets.set(name, known);
    return known;
  }

  /** Sets by themselves, the other members together: as the resolver does. */
  #ofList({ members, exclude }: AddressList): Conditions {
    const sets = [...new Set(members.flatMap((member) => (member.kind === 'set' ? [member.name] : [])))];
    const others = members.filter(({ kind }) => kind !== 'set');
    const conditions = this.#resolver.resolve({ kind: 'list', members: others, exclude });
    const of = (family: Family): number =>
      conditions.filter((condition) => condition.family === family).length +
      sets.reduce((sum, name) => sum + (this.#ofSet(name)?.[family] ?? 0), 0);
    return { 4: of(4), 6: of(6) };
  }
}
