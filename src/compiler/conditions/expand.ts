/**
 * Pass 2. Filters become directed filters: one direction, one condition per address, port ranges of
 * one width per end. Pass 3 ranks them: the place in the result is the rank, 0 decides first.
 */
import { present } from '../../base/assert.ts';
import type { Filter, Half, HostAddresses, IcmpMatch, Policy, PortRange } from '../../policy/model.ts';
import type { Ranked, Specificity } from '../../policy/specificity.ts';
import { specificityOf } from '../../policy/specificity.ts';
import { inRankOrder } from './rank-order.ts';
import type { AddressCondition } from './resolve.ts';
import { Resolver } from './resolve.ts';

export interface DirectedFilter extends Ranked {
  readonly specificity: Specificity;
  readonly filter: Filter;
  readonly half: Half;
  readonly source: AddressCondition;
  readonly destination: AddressCondition;
  /** At least one; all have one width, so that all have one place in the order. */
  readonly sourcePorts: readonly PortRange[];
  readonly destinationPorts: readonly PortRange[];
  /** One of the filter's; undefined: any. */
  readonly icmp: IcmpMatch | undefined;
  readonly established: boolean;
}

/** The filter's ends in the direction of one half. */
interface Ends {
  readonly half: Half;
  readonly sources: readonly AddressCondition[];
  readonly destinations: readonly AddressCondition[];
  readonly sourcePorts: readonly PortRange[];
  readonly destinationPorts: readonly PortRange[];
  readonly established: boolean;
}

/** A mirrored filter has two halves, unless it is its own mirror image. */
function halvesOf(filter: Filter, resolver: Resolver): Ends[] {
  const forward: Ends = {
    half: 'forward',
    sources: resolver.resolve(filter.source),
    destinations: resolver.resolve(filter.destination),
    sourcePorts: filter.sourcePorts,
    destinationPorts: filter.destinationPorts,
    established: filter.established,
  };
  if (filter.mirrored === false) return [forward];
  const mirror: Ends = {
    half: 'mirror',
    sources: forward.destinations,
    destinations: forward.sources,
    sourcePorts: forward.destinationPorts,
    destinationPorts: forward.sourcePorts,
    established: filter.established || filter.mirrored === 'established',
  };
  return sameEnds(forward, mirror) ? [forward] : [forward, mirror];
}

function sameEnds(a: Ends, b: Ends): boolean {
  const same = (x: readonly PortRange[], y: readonly PortRange[]): boolean =>
    x.length === y.length && x.every((range, i) => range.lo === y[i]?.lo && range.hi === y[i]?.hi);
  return a.sources === b.sources && same(a.sourcePorts, b.sourcePorts) && a.established === b.established;
}

/** Does a rule take part where this interface is filtered? */
export function appliesTo(interfaces: readonly string[] | undefined, name: string | undefined): boolean {
  return interfaces === undefined || (name !== undefined && interfaces.includes(name));
}

/** Every directed filter of the rules in force on `interfaceName`, in rank order. */
export function rankFilters(
  policy: Policy,
  host: HostAddresses,
  interfaceName: string | undefined,
): readonly DirectedFilter[] {
  const resolver = new Resolver(policy, host);
  const directed: DirectedFilter[] = [];
  for (const [ruleIndex, rule] of policy.rules.entries()) {
    if (!appliesTo(rule.interfaces, interfaceName)) continue;
    const limited = rule.interfaces !== undefined;
    for (const filter of rule.filterList.filters) {
      for (const ends of halvesOf(filter, resolver))
        direct(directed, filter, ends, { ruleIndex, action: rule.action, limited });
    }
  }
  return inRankOrder(directed);
}

interface Owner {
  readonly ruleIndex: number;
  readonly action: Ranked['action'];
  readonly limited: boolean;
}

const ANY_ICMP: readonly undefined[] = [undefined];

function direct(into: DirectedFilter[], filter: Filter, ends: Ends, owner: Owner): void {
  const types = filter.icmp.length === 0 ? ANY_ICMP : filter.icmp;
  const sourceGroups = byWidth(ends.sourcePorts);
  const destinationGroups = byWidth(ends.destinationPorts);
  for (const source of ends.sources) {
    for (const destination of ends.destinations) {
      if (!sameFamily(source, destination)) continue;
      for (const sourcePorts of sourceGroups) {
        for (const destinationPorts of destinationGroups) {
          for (const icmp of types) {
            const one = { source, destination, sourcePorts, destinationPorts, icmp };
            into.push(directedFilter(filter, ends, owner, one));
          }
        }
      }
    }
  }
}

/** The ranges in groups of one width, the narrowest first. */
function byWidth(ranges: readonly PortRange[]): readonly (readonly PortRange[])[] {
  if (ranges.length === 1) return [ranges];
  const groups = new Map<number, PortRange[]>();
  for (const range of ranges) {
    const width = range.hi - range.lo;
    const group = groups.get(width);
    if (group === undefined) groups.set(width, [range]);
    else group.push(range);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}

type Conditions = Pick<DirectedFilter, 'source' | 'destination' | 'sourcePorts' | 'destinationPorts' | 'icmp'>;

function directedFilter(filter: Filter, ends: Ends, owner: Owner, conditions: Conditions): DirectedFilter {
  const { source, destination, sourcePorts, destinationPorts, icmp } = conditions;
  const { half, established } = ends;
  const { ruleIndex, action, limited } = owner;
  const specificity = specificityOf({
    sourceLength: source.length,
    destinationLength: destination.length,
    protocol: filter.protocol,
    sourcePort: present(sourcePorts[0]),
    destinationPort: present(destinationPorts[0]),
    icmp,
    established,
    fragment: filter.fragment,
    limited,
  });
  return {
    specificity,
    filter,
    half,
    source,
    destination,
    sourcePorts,
    destinationPorts,
    icmp,
    established,
    ruleIndex,
    action,
  };
}

function sameFamily(a: AddressCondition, b: AddressCondition): boolean {
  return a.family === undefined || b.family === undefined || a.family === b.family;
}
