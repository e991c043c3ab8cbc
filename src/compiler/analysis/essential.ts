/**
 * Traffic that a host fails late and far from the cause without: neighbour discovery, multicast listeners, path MTU
 * discovery, DHCP. Each kind is a few packets as a host and its neighbours send them, and the reference classifier says
 * what drops one; the exemption of the kind passes them where it is on.
 */
import { present } from '../../base/assert.ts';
import type { Address, Family } from '../../base/ip.ts';
import type { Decision } from '../../policy/classify.ts';
import { ReferenceClassifier } from '../../policy/classify.ts';
import type { Policy } from '../../policy/model.ts';
import { PROTOCOLS } from '../../policy/model.ts';
import { DHCP_PORTS } from '../../policy/packet/exemption.ts';
import type { SeenPacket } from '../../policy/packet/text.ts';
import { isAnyPort } from '../../policy/ports.ts';
import type { EssentialTraffic } from './essential-packets.ts';
import { dhcpPackets, ESSENTIAL_PACKETS, exampleOwn } from './essential-packets.ts';
import type { HostFacts } from './facts.ts';
import { packetInterfaces } from './facts.ts';
import type { RuleFilter, Universe } from './universe.ts';

export interface DroppedEssential {
  readonly traffic: EssentialTraffic;
  readonly family: Family;
  readonly seen: SeenPacket;
  readonly by: RuleFilter | 'default';
  /** Of DHCP: what is known of the addresses. */
  readonly lease: Lease | undefined;
}

/**
 * `held`: an address is a lease. `none`: the interface has no address yet. `unknown`: nobody has said. Where all
 * addresses are static nothing is found.
 */
export type Lease =
  | { readonly kind: 'held'; readonly address: Address; readonly interface: string }
  | { readonly kind: 'none'; readonly interface: string }
  | { readonly kind: 'unknown' };

/** At most one for each kind of traffic in each family. */
export function droppedEssentials(universe: Universe, facts: HostFacts): readonly DroppedEssential[] {
  const { policy } = universe;
  const drops = new Drops(universe, facts);
  const places = placesOf(policy, facts);
  const found = ESSENTIAL_PACKETS.flatMap(({ traffic, family, packets }) => {
    if (!isUsed(universe, family, traffic)) return [];
    const own = facts.me.find((address) => address.family === family) ?? exampleOwn(family);
    const router = someAddress(universe, family);
    return drops.first(traffic, family, packets(own, router), places, undefined) ?? [];
  });
  if (policy.default === 'permit' || namesDhcp(policy)) return found;
  return [...found, ...droppedDhcp(drops, facts, places)];
}

function droppedDhcp(drops: Drops, facts: HostFacts, places: readonly Place[]): readonly DroppedEssential[] {
  return ([4, 6] as const).flatMap((family) => {
    const lease = leaseOf(family, facts);
    if (lease === undefined) return [];
    const own = lease.kind === 'held' ? lease.address : exampleOwn(family);
    const where = lease.kind === 'unknown' ? places : [lease.interface];
    return drops.first('dhcp', family, dhcpPackets(own), where, lease) ?? [];
  });
}

/** An address that the fewest filters name. */
function someAddress({ spaces }: Universe, family: Family): Address {
  const space = present(spaces.find((one) => one.family === family));
  return present(space.atoms.examples(0)[0]);
}

type Place = string | undefined;

class Drops {
  readonly #universe: Universe;
  readonly #classifier: ReferenceClassifier;

  constructor(universe: Universe, facts: HostFacts) {
    this.#universe = universe;
    this.#classifier = new ReferenceClassifier(universe.policy, facts);
  }

  first(
    traffic: EssentialTraffic,
    family: Family,
    packets: readonly Omit<SeenPacket, 'interface'>[],
    places: readonly Place[],
    lease: Lease | undefined,
  ): DroppedEssential | undefined {
    for (const place of places) {
      for (const one of packets) {
        const seen = { ...one, interface: place };
        const decision = this.#classifier.classify(seen.packet, { interface: place });
        if (decision.verdict === 'drop') return { traffic, family, seen, by: this.#dropper(seen, decision), lease };
      }
    }
    return undefined;
  }

  #dropper({ packet, interface: place }: SeenPacket, { by }: Decision): RuleFilter | 'default' {
    if (by !== 'rule') return 'default';
    const [winner] = this.#classifier.candidates(packet, { interface: place });
    const { filters } = this.#universe;
    return filters.find(({ rule, filter }) => rule.name === winner?.rule && filter === winner.filter) ?? 'default';
  }
}

/** Where rules may differ: the interfaces that the policy is for, else those that its rules name and one that none does. */
function placesOf(policy: Policy, { filtered }: HostFacts): readonly Place[] {
  if (filtered !== undefined && filtered.length > 0) return filtered;
  return [undefined, ...new Set(policy.rules.flatMap((rule) => rule.interfaces ?? []))];
}

/** A family that the policy passes nothing of is one that the host does without; path MTU is of connections alone. */
function isUsed({ policy, spaces }: Universe, family: Family, traffic: EssentialTraffic): boolean {
  if (policy.default === 'permit') return true;
  const space = spaces.find((one) => one.family === family);
  return (space?.parts ?? []).some(({ owner, service }) => {
    if (owner.rule.action !== 'permit' || space?.services.plausible(service) === undefined) return false;
    const { protocol } = owner.filter;
    return traffic !== 'path-mtu' || (protocol !== PROTOCOLS.icmp && protocol !== PROTOCOLS.icmpv6);
  });
}

/** A permit of the ports of DHCP by name: whoever wrote it has thought of it, and of which servers. */
function namesDhcp({ rules }: Policy): boolean {
  return rules.some(
    ({ action, filterList }) =>
      action === 'permit' &&
      filterList.filters.some(({ protocol, sourcePorts, destinationPorts }) => {
        const named = [...sourcePorts, ...destinationPorts].filter((range) => !isAnyPort(range));
        return (
          protocol === PROTOCOLS.udp &&
          named.some(({ lo, hi }) =>
            Object.values(DHCP_PORTS)
              .flat()
              .some((port) => lo <= port && port <= hi),
          )
        );
      }),
  );
}

/** undefined: all addresses of the family are static, or nothing says that the host has any. */
function leaseOf(family: Family, facts: HostFacts): Lease | undefined {
  if (facts.interfaces === undefined) return family === 4 ? { kind: 'unknown' } : undefined;
  const devices = packetInterfaces(facts);
  for (const { name, addresses } of devices) {
    const held = addresses.find(({ address, isLease }) => isLease && address.family === family);
    if (held !== undefined) return { kind: 'held', address: held.address, interface: name };
  }
  const bare = devices.filter(
    ({ portOf, addresses }) => portOf === undefined && addresses.every(({ address }) => address.family !== family),
  );
  const [first] = bare;
  if (family === 6 || first === undefined) return undefined;
  const isCertain = facts.filtered !== undefined || bare.length === devices.length;
  return isCertain ? { kind: 'none', interface: first.name } : undefined;
}
