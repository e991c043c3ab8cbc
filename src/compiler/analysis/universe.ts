/**
 * A policy as the analysis sees it: every filter of every rule as sets of packets, and every directed filter in rank
 * order. The two families share no packet, so each is a space of its own.
 */
import { present } from '../../base/assert.ts';
import type { Address, Family } from '../../base/ip.ts';
import { fullLength, parseAddress } from '../../base/ip.ts';
import { ENUMS } from '../../layout/layout.gen.ts';
import { localPrefixes } from '../../policy/local.ts';
import type { Exemption, Filter, Half, HostAddresses, Policy, PortRange, Rule } from '../../policy/model.ts';
import { ANY_PORT, PROTOCOLS } from '../../policy/model.ts';
import { DHCP_PORTS } from '../../policy/packet/exemption.ts';
import { icmpKeys, serviceConditionOf } from '../classes/service-classes.ts';
import type { DirectedFilter } from '../conditions/expand.ts';
import { rankFilters } from '../conditions/expand.ts';
import type { AddressCondition } from '../conditions/resolve.ts';
import { ANY_ADDRESS } from '../conditions/resolve.ts';
import type { AtomSet } from './atoms.ts';
import { Atoms, conditionOf } from './atoms.ts';
import type { Ranges } from './ranges.ts';
import { union } from './ranges.ts';
import type { Service } from './service-sets.ts';
import { needsL4, Services } from './service-sets.ts';

/** One filter of one rule: a list that two rules use has its filters twice. */
export interface RuleFilter {
  /** In the order of the rules and, within one, of its filters. */
  readonly index: number;
  readonly rule: Rule;
  readonly filter: Filter;
  /** undefined: every interface. */
  readonly interfaces: ReadonlySet<string> | undefined;
}

/** Packets with one condition at each end and one service. */
interface Conditions {
  /** The lower decides. Exemptions have EXEMPT. */
  readonly rank: number;
  /** Condition ids; 0 is any. */
  readonly source: number;
  readonly destination: number;
  readonly service: Service;
}

/** A directed filter. */
export interface FilterBox extends Conditions {
  readonly directed: DirectedFilter;
  readonly owner: RuleFilter;
}

/** What an exemption passes before any filter is asked. */
export interface ExemptBox extends Conditions {
  readonly directed: undefined;
  readonly owner: Exemption;
}

export type Box = FilterBox | ExemptBox;

export const EXEMPT = -1;

/** One half of a filter in one family, with all its addresses and ports: a product of sets. */
export interface Part {
  readonly owner: RuleFilter;
  readonly half: Half;
  readonly source: AtomSet;
  readonly destination: AtomSet;
  readonly service: Service;
  /** In rank order; together they are the part. */
  readonly boxes: readonly FilterBox[];
}

export interface Space {
  readonly family: Family;
  readonly atoms: Atoms;
  readonly services: Services;
  /** The host's own addresses. */
  readonly own: AtomSet | undefined;
  /** What `local` names beside them: broadcasts, multicast. */
  readonly heard: readonly AtomSet[];
  /** In the order of the filters, forward halves first. */
  readonly parts: readonly Part[];
  /** By index of the filter: its parts, at most two. */
  readonly partsOf: readonly (readonly Part[])[];
  /** In rank order, exemptions first. */
  readonly boxes: readonly Box[];
}

export interface Universe {
  readonly policy: Policy;
  readonly filters: readonly RuleFilter[];
  readonly spaces: readonly Space[];
}

/** No interface has a name with a slash. */
const EVERYWHERE = '/';
const MULTICAST: Readonly<Record<Family, { readonly address: Address; readonly length: number }>> = {
  4: { address: present(parseAddress('224.0.0.0')), length: 4 },
  6: { address: present(parseAddress('ff00::')), length: 8 },
};
const LIMITED_BROADCAST = present(parseAddress('255.255.255.255'));
const IKE_PORTS: readonly number[] = [500, 4500];
/** By type << 8 | code: ICMP type 3 code 4, ICMPv6 type 2. */
const TOO_BIG: Readonly<Record<Family, PortRange>> = { 4: { lo: 0x304, hi: 0x304 }, 6: { lo: 0x200, hi: 0x2ff } };
const KERBEROS_PORT = 88;
const RSVP = 46;

export function universeOf(policy: Policy, host: HostAddresses): Universe {
  const { rules, filters, ownerOf } = keepDistinctFilters(policy);
  // The members of live sets are not known: their filters match nothing here.
  const ranked = rankFilters({ ...policy, rules }, host, EVERYWHERE).filter(({ source, destination }) =>
    [source, destination].every(({ live }) => live === undefined),
  );
  const owned = ranked.map((directed, rank) => ({ directed, rank, owner: present(ownerOf.get(directed.filter)) }));
  const spaces = ([4, 6] as const).map((family) => spaceOf(family, owned, policy, host, filters.length));
  return { policy, filters, spaces };
}

interface Owned {
  readonly directed: DirectedFilter;
  readonly rank: number;
  readonly owner: RuleFilter;
}

/** Rules that all take part at EVERYWHERE, with a filter object for each filter of each rule. */
function keepDistinctFilters(policy: Policy): {
  readonly rules: readonly Rule[];
  readonly filters: readonly RuleFilter[];
  readonly ownerOf: ReadonlyMap<Filter, RuleFilter>;
} {
  const filters: RuleFilter[] = [];
  const ownerOf = new Map<Filter, RuleFilter>();
  const rules = policy.rules.map((rule): Rule => {
    const interfaces = rule.interfaces === undefined ? undefined : new Set(rule.interfaces);
    const copies = rule.filterList.filters.map((filter): Filter => {
      const copy = { ...filter };
      const owner = { index: filters.length, rule, filter, interfaces };
      filters.push(owner);
      ownerOf.set(copy, owner);
      return copy;
    });
    const filterList = { ...rule.filterList, filters: copies };
    return { ...rule, filterList, interfaces: interfaces === undefined ? undefined : [EVERYWHERE] };
  });
  return { rules, filters, ownerOf };
}

function spaceOf(
  family: Family,
  owned: readonly Owned[],
  policy: Policy,
  host: HostAddresses,
  filterCount: number,
): Space {
  const here = owned.filter(({ directed: { source, destination } }) => {
    return (source.family ?? family) === family && (destination.family ?? family) === family;
  });
  const conditions = new Set(here.flatMap(({ directed }) => [directed.source, directed.destination]));
  conditions.delete(ANY_ADDRESS);
  const extra = new ExtraConditions(family, conditions);
  const own = extra.add(
    fullLength(family),
    host.me.filter((address) => address.family === family),
  );
  const heard = localPrefixes({ ...host, me: [] }).flatMap((prefix) =>
    prefix.family === family ? (extra.add(prefix.length, [prefix]) ?? []) : [],
  );
  const services = new Services(family);
  const exempt = policy.exemptions.flatMap((exemption) => exemptBoxes(exemption, host, services, extra));
  const atoms = new Atoms(family, [...conditions, ...extra.all]);
  const boxes = here.map((one) => boxOf(one, services));
  const parts = partsOf(boxes, atoms, services);
  const byFilter = Array.from({ length: filterCount }, (): Part[] => []);
  for (const part of parts) present(byFilter[part.owner.index]).push(part);
  return {
    family,
    atoms,
    services,
    own: own === undefined ? undefined : atoms.where(own),
    heard: heard.map((condition) => atoms.where(condition)),
    parts,
    partsOf: byFilter,
    boxes: [...exempt, ...boxes],
  };
}

/** Conditions that no filter has: the host itself, and what the exemptions ask. */
class ExtraConditions {
  readonly all: AddressCondition[] = [];
  readonly family: Family;
  #nextId: number;

  constructor(family: Family, conditions: Iterable<AddressCondition>) {
    this.family = family;
    let highest = ANY_ADDRESS.id;
    for (const { id } of conditions) highest = Math.max(highest, id);
    this.#nextId = highest + 1;
  }

  /** The id of the new condition; undefined where there is no address. */
  add(length: number, addresses: readonly Address[]): number | undefined {
    if (addresses.length === 0) return undefined;
    this.all.push(conditionOf(this.#nextId, this.family, length, addresses));
    return this.#nextId++;
  }
}

/**
 * What an exemption passes whatever its hop limit is: nothing, where it asks for that. A packet to a broadcast address
 * is taken for a broadcast frame, as it is where a packet is written as text.
 */
function exemptBoxes(
  exemption: Exemption,
  host: HostAddresses,
  services: Services,
  extra: ExtraConditions,
): ExemptBox[] {
  const { family } = extra;
  const any = { keys: [ANY_PORT], sourcePorts: [ANY_PORT], established: false, needsL4: false, fragment: false };
  const all = {
    rank: EXEMPT,
    source: ANY_ADDRESS.id,
    destination: ANY_ADDRESS.id,
    directed: undefined,
    owner: exemption,
  };
  const toPort = (protocol: number, port: number): ExemptBox[] =>
    (['keys', 'sourcePorts'] as const).map((end) => ({
      ...all,
      service: services.of({ ...any, protocol, [end]: [{ lo: port, hi: port }], needsL4: true }),
    }));
  const [server, client] = DHCP_PORTS[family];
  const between = (source: number, destination: number): ExemptBox => ({
    ...all,
    service: services.of({
      ...any,
      protocol: PROTOCOLS.udp,
      keys: [{ lo: destination, hi: destination }],
      sourcePorts: [{ lo: source, hi: source }],
      needsL4: true,
    }),
  });
  switch (exemption) {
    case 'neighbor-discovery':
    case 'multicast-listener':
      return [];
    case 'path-mtu': {
      const protocol = family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6;
      return [{ ...all, service: services.of({ ...any, protocol, keys: [TOO_BIG[family]], needsL4: true }) }];
    }
    case 'dhcp':
      return [between(server, client), between(client, server)];
    case 'broadcast': {
      const known = host.broadcasts.slice(0, ENUMS.layout.MAX_BROADCASTS);
      const destination = family === 4 ? extra.add(32, [LIMITED_BROADCAST, ...known]) : undefined;
      return destination === undefined
        ? []
        : [{ ...all, destination, service: services.of({ ...any, protocol: undefined }) }];
    }
    case 'multicast': {
      const { address, length } = MULTICAST[family];
      const destination = present(extra.add(length, [address]));
      return [{ ...all, destination, service: services.of({ ...any, protocol: undefined }) }];
    }
    case 'rsvp':
      return [{ ...all, service: services.of({ ...any, protocol: RSVP }) }];
    case 'ike':
      return IKE_PORTS.map((port) => between(port, port));
    case 'kerberos':
      return [...toPort(PROTOCOLS.tcp, KERBEROS_PORT), ...toPort(PROTOCOLS.udp, KERBEROS_PORT)];
  }
}

function boxOf({ directed, rank, owner }: Owned, services: Services): FilterBox {
  const { protocol, keys, established, needsL4: looksInside, fragment } = serviceConditionOf(directed);
  const service = services.of({
    protocol,
    keys,
    sourcePorts: directed.sourcePorts,
    established,
    needsL4: looksInside,
    fragment,
  });
  return { rank, source: directed.source.id, destination: directed.destination.id, service, directed, owner };
}

/** The boxes of each half of each filter, in the order of the filters. */
function partsOf(boxes: readonly FilterBox[], atoms: Atoms, services: Services): readonly Part[] {
  const grouped = new Map<string, FilterBox[]>();
  for (const box of boxes) {
    const key = `${box.owner.index} ${box.directed.half}`;
    const known = grouped.get(key);
    if (known === undefined) grouped.set(key, [box]);
    else known.push(box);
  }
  const parts = [...grouped.values()].map((group) => partOf(group, atoms, services));
  return parts.sort((a, b) => a.owner.index - b.owner.index || (a.half === 'forward' ? -1 : 1));
}

function keysOf(filter: Filter, isForward: boolean): Ranges {
  if (filter.icmp.length > 0) return union([], filter.icmp.map(icmpKeys));
  return isForward ? filter.destinationPorts : filter.sourcePorts;
}

function partOf(boxes: readonly FilterBox[], atoms: Atoms, services: Services): Part {
  const first = present(boxes[0]);
  const { half, filter, established } = first.directed;
  const isForward = half === 'forward';
  const asked = {
    protocol: filter.protocol,
    keys: keysOf(filter, isForward),
    sourcePorts: isForward ? filter.sourcePorts : filter.destinationPorts,
    established,
    fragment: filter.fragment,
  };
  return {
    owner: first.owner,
    half,
    source: atoms.whereAny(boxes.map((box) => box.source)),
    destination: atoms.whereAny(boxes.map((box) => box.destination)),
    service: services.of({ ...asked, needsL4: needsL4(asked) }),
    boxes,
  };
}
