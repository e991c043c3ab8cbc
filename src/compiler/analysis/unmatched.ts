/** Filters that can match no packet on the interfaces that they are for, and why. */

import { present } from '../../base/assert.ts';
import type { Family } from '../../base/ip.ts';
import { containsAddress, fullLength, parseAddress, prefixOf } from '../../base/ip.ts';
import { namesLiveSet } from '../../policy/live-sets.ts';
import type { AddressMatch } from '../../policy/model.ts';
import { PROTOCOLS } from '../../policy/model.ts';
import type { AddressCondition } from '../conditions/resolve.ts';
import { Resolver } from '../conditions/resolve.ts';
import type { HostFacts } from './facts.ts';
import type { RuleFilter, Universe } from './universe.ts';

export type Unmatched =
  /** An end is `me`, and the host has no address at all, or none of the family of the other end. */
  | { readonly kind: 'me'; readonly filter: RuleFilter; readonly family: Family | undefined }
  /** Both ends are the host's own addresses. */
  | { readonly kind: 'within-host'; readonly filter: RuleFilter }
  /** The source is 0.0.0.0 alone. */
  | { readonly kind: 'unspecified-source'; readonly filter: RuleFilter }
  /** An end is an IPv4 address in IPv6 notation, which no packet carries. */
  | { readonly kind: 'mapped'; readonly filter: RuleFilter }
  /** Neither end has an address family in common with the other. */
  | { readonly kind: 'families'; readonly filter: RuleFilter };

/** Ends without any address of their own, such as an empty set, are told of where they are read. */
export function unmatchedFilters(universe: Universe, facts: HostFacts): readonly Unmatched[] {
  const resolver = new Resolver(universe.policy, facts);
  return universe.filters.flatMap((filter) => {
    const kind = unmatchedKind(filter, universe, facts, resolver);
    return kind === undefined ? [] : [{ ...kind, filter }];
  });
}

type Kind =
  | { readonly kind: 'me'; readonly family: Family | undefined }
  | { readonly kind: Exclude<Unmatched['kind'], 'me'> };

function unmatchedKind(owner: RuleFilter, universe: Universe, facts: HostFacts, resolver: Resolver): Kind | undefined {
  const { source, destination } = owner.filter;
  const ends = [source, destination].map((match) => ({ match, families: familiesOf(resolver.resolve(match)) }));
  if ([source, destination].some((end) => namesLiveSet(end, universe.policy.addressSets))) return undefined;
  const mine = ends.find(({ match }) => match.kind === 'me');
  if (mine?.families.length === 0) return { kind: 'me', family: undefined };
  if (ends.some(({ families }) => families.length === 0)) return undefined;
  if ([source, destination].some(isMapped)) return { kind: 'mapped' };
  if (isUnspecified(source) && !isDiscovery(owner)) return { kind: 'unspecified-source' };
  const isNowhere = universe.spaces.every(({ partsOf }) => present(partsOf[owner.index]).length === 0);
  if (isNowhere) {
    const other = ends.find(({ match }) => match.kind !== 'me');
    return mine === undefined ? { kind: 'families' } : { kind: 'me', family: other?.families[0] };
  }
  if (facts.me.length > 0 && source.kind === 'me' && destination.kind === 'me') return { kind: 'within-host' };
  return undefined;
}

const FAMILIES: readonly Family[] = [4, 6];

function familiesOf(conditions: readonly AddressCondition[]): readonly Family[] {
  return FAMILIES.filter((family) => conditions.some((one) => (one.family ?? family) === family));
}

const MAPPED = prefixOf(present(parseAddress('::ffff:0:0')), 96);

function isMapped(match: AddressMatch): boolean {
  return match.kind === 'prefix' && match.prefix.length >= MAPPED.length && containsAddress(MAPPED, match.prefix);
}

function isUnspecified(match: AddressMatch): boolean {
  if (match.kind !== 'prefix' || match.prefix.family !== 4) return false;
  return match.prefix.length === fullLength(4) && match.prefix.words[0] === 0;
}

/** A host without an address asks a DHCP server for one from 0.0.0.0. */
function isDiscovery({ filter: { protocol, destinationPorts } }: RuleFilter): boolean {
  return protocol === PROTOCOLS.udp && destinationPorts.some(({ lo, hi }) => lo <= 67 && 67 <= hi);
}
