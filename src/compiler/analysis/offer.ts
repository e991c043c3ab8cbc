/**
 * The filter that would settle a crossing the other way: the loser narrowed to what both match, so that it comes before
 * the winner. Offered only where it does, for the packet that shows the crossing.
 */
import { ReferenceClassifier } from '../../policy/classify.ts';
import type { AddressMatch, Filter, HostAddresses, Policy, PortRange, Rule } from '../../policy/model.ts';
import { areAnyPort } from '../../policy/ports.ts';
import type { AtomSet, Atoms } from './atoms.ts';
import type { Crossing } from './crossings.ts';
import { commonRanges } from './ranges.ts';
import type { Part } from './universe.ts';

export interface Offer {
  /** To be added to the loser's rule. */
  readonly filter: Filter;
  /** It differs from the loser in an address alone. */
  readonly isByAddress: boolean;
}

export function offerFor(crossing: Crossing, policy: Policy, host: HostAddresses): Offer | undefined {
  const [loser, winner] = [crossing.loserPart, crossing.winnerPart];
  const source = narrower(crossing.space.atoms, endOf(loser, 'source'), endOf(winner, 'source'));
  const destination = narrower(crossing.space.atoms, endOf(loser, 'destination'), endOf(winner, 'destination'));
  if (source === undefined || destination === undefined) return undefined;
  const byAddress = { ...forwardOf(loser), source, destination };
  const wins = (filter: Filter): boolean => decides(filter, crossing, policy, host);
  if (wins(byAddress)) return { filter: byAddress, isByAddress: true };
  const whole = narrowService(byAddress, forwardOf(winner));
  return whole !== undefined && wins(whole) ? { filter: whole, isByAddress: false } : undefined;
}

interface End {
  readonly match: AddressMatch;
  readonly atoms: AtomSet;
}

function endOf(part: Part, end: 'source' | 'destination'): End {
  return { match: forwardOf(part)[end], atoms: part[end] };
}

/** The half as a filter of one direction. */
function forwardOf({ half, owner: { filter } }: Part): Filter {
  const one = { ...filter, mirrored: false as const };
  if (half === 'forward') return one;
  const { source, destination, sourcePorts, destinationPorts } = filter;
  const established = filter.established || filter.mirrored === 'established';
  return {
    ...one,
    source: destination,
    destination: source,
    sourcePorts: destinationPorts,
    destinationPorts: sourcePorts,
    established,
  };
}

/** Of two ends, that which is within the other. */
function narrower(atoms: Atoms, a: End, b: End): AddressMatch | undefined {
  if (atoms.covers(b.atoms, a.atoms)) return a.match;
  return atoms.covers(a.atoms, b.atoms) ? b.match : undefined;
}

/** What both ask of ports, types and flags; undefined where a filter cannot say it. */
function narrowService(filter: Filter, other: Filter): Filter | undefined {
  const sourcePorts = commonPorts(filter.sourcePorts, other.sourcePorts);
  const destinationPorts = commonPorts(filter.destinationPorts, other.destinationPorts);
  if (sourcePorts.length === 0 || destinationPorts.length === 0) return undefined;
  if (filter.icmp.length > 0 && other.icmp.length > 0) return undefined;
  return {
    ...filter,
    sourcePorts,
    destinationPorts,
    protocol: filter.protocol ?? other.protocol,
    icmp: filter.icmp.length > 0 ? filter.icmp : other.icmp,
    established: filter.established || other.established,
    fragment: filter.fragment || other.fragment,
  };
}

function commonPorts(a: readonly PortRange[], b: readonly PortRange[]): readonly PortRange[] {
  return areAnyPort(a) ? b : areAnyPort(b) ? a : commonRanges(a, b);
}

/** Put into its rule, does the filter decide the packet of the crossing? */
function decides(filter: Filter, crossing: Crossing, policy: Policy, host: HostAddresses): boolean {
  const { loser, winner } = crossing;
  const { packet, interface: place } = crossing.search.seen(crossing.point, crossing.place);
  const rules = [withFilters(loser.rule, [loser.filter, filter]), withFilters(winner.rule, [winner.filter])];
  const [first] = new ReferenceClassifier({ ...policy, rules }, host).candidates(packet, { interface: place });
  return first?.filter === filter;
}

function withFilters(rule: Rule, filters: readonly Filter[]): Rule {
  return { ...rule, filterList: { ...rule.filterList, filters } };
}
