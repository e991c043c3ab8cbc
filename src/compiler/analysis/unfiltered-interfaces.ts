/** Rules limited to interfaces that are not there or not filtered, and `me` where it lacks the addresses that matter. */
import type { Rule } from '../../policy/model.ts';
import type { HostFacts, InterfaceFacts } from './facts.ts';
import { packetInterfaces } from './facts.ts';
import type { RuleFilter, Universe } from './universe.ts';

export interface MissingInterface {
  readonly rule: Rule;
  /** Of the rule, to tell it by; undefined where the rule has no filter. */
  readonly filter: RuleFilter | undefined;
  readonly name: string;
  readonly why: 'unknown' | 'pattern' | 'unfiltered';
  /** Names of those that there are, or that are filtered. */
  readonly known: readonly string[];
  /** The rule takes part on none of its interfaces. */
  readonly isWhole: boolean;
}

/** One for each rule and name. */
export function missingInterfaces(
  { filters }: Universe,
  rules: readonly Rule[],
  facts: HostFacts,
): readonly MissingInterface[] {
  const { interfaces, filtered } = facts;
  if (interfaces === undefined) return [];
  const names = interfaces.map(({ name }) => name);
  const firstOf = new Map(filters.toReversed().map((one) => [one.rule, one]));
  return rules.flatMap((rule) => {
    const missing = (rule.interfaces ?? []).flatMap((name) => {
      const isThere = names.includes(name);
      if (isThere && filtered?.includes(name) !== false) return [];
      const why = isThere ? ('unfiltered' as const) : /[*?[]/u.test(name) ? ('pattern' as const) : ('unknown' as const);
      return [{ name, why, known: why === 'unfiltered' ? (filtered ?? []) : names }];
    });
    const isWhole = missing.length === rule.interfaces?.length;
    const filter = firstOf.get(rule);
    return missing.map((one) => ({ ...one, rule, filter, isWhole }));
  });
}

export interface MeWithoutIpv4 {
  /** Filters with `me` that match IPv6 packets only. */
  readonly filters: readonly RuleFilter[];
  /** Where the policy is, or is to be, in force. */
  readonly interfaces: readonly InterfaceFacts[];
}

/**
 * The interfaces of the policy have IPv6 addresses alone, such as a bridge's port, which has a link-local one and no
 * other: `me` matches no IPv4 packet, and nothing else says so.
 */
export function meWithoutIpv4({ filters, spaces }: Universe, facts: HostFacts): MeWithoutIpv4 | undefined {
  const interfaces = packetInterfaces(facts);
  if (interfaces.length === 0 || facts.me.length === 0 || facts.me.some(({ family }) => family === 4)) return undefined;
  const [v4, v6] = ([4, 6] as const).map((family) => spaces.find((space) => space.family === family));
  const silent = filters.filter(({ filter, index }) => {
    const usesMe = filter.source.kind === 'me' || filter.destination.kind === 'me';
    return usesMe && (v4?.partsOf[index] ?? []).length === 0 && (v6?.partsOf[index] ?? []).length > 0;
  });
  return silent.length === 0 ? undefined : { filters: silent, interfaces };
}
