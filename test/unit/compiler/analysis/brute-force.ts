/** What the analysis should find, by asking the reference classifier about one packet of every kind. */

import { present } from '../../../../src/base/assert.ts';
import type { Address, Family } from '../../../../src/base/ip.ts';
import { containsAddress, formatAddress, fullLength, parseAddress } from '../../../../src/base/ip.ts';
import { rangePrefixes, singleAddresses } from '../../../../src/policy/address-match.ts';
import type { Candidate } from '../../../../src/policy/classify.ts';
import { ReferenceClassifier } from '../../../../src/policy/classify.ts';
import { localPrefixes } from '../../../../src/policy/local.ts';
import type { AddressMatch, Filter, HostAddresses, Policy } from '../../../../src/policy/model.ts';
import { PROTOCOLS } from '../../../../src/policy/model.ts';
import { exemptionOf } from '../../../../src/policy/packet/exemption.ts';
import type { Packet } from '../../../../src/policy/packet/model.ts';
import { PLAIN_PACKET } from '../../../../src/policy/packet/model.ts';
import type { PrefixColumn } from '../../../../src/policy/prefix-set.ts';
import { hostSet, matchLength, wordsOf } from '../../../../src/policy/prefix-set.ts';
import { decidingKey } from '../../../../src/policy/specificity.ts';
import { prefixEdges } from '../../../support/arbitrary-policy.ts';

/** Filters by `rule-1/position`, pairs of them as `a b` in the order of the policy. */
export interface Expected {
  /** Filters whose mirror half lets connections in from networks, and from named hosts. */
  readonly holes: { readonly networks: readonly string[]; readonly hosts: readonly string[] };
  readonly identical: readonly string[];
  readonly crossings: readonly string[];
  readonly shadowed: readonly string[];
}

export function nameFilters(policy: Policy): ReadonlyMap<Filter, string> {
  return new Map(
    policy.rules.flatMap(({ name, filterList }) =>
      filterList.filters.map((f, i) => [f, `${name.replace(' ', '-')}/${i}`] as const),
    ),
  );
}

export function placesOf(policy: Policy): readonly (string | undefined)[] {
  return [undefined, ...new Set(policy.rules.flatMap((rule) => rule.interfaces ?? []))];
}

/** Every filter object of the policy must be in it once. */
export function bruteForce(policy: Policy, host: HostAddresses): Expected {
  const names = nameFilters(policy);
  const filters = policy.rules.flatMap((rule) => rule.filterList.filters.map((filter) => ({ filter, rule })));
  const packets = packetsOf(policy, host);
  const sets = matchedSets(policy, host, packets);
  const classifier = new ReferenceClassifier(policy, host);
  const deciding = new Set<Filter>();
  const holes = new Holes(policy, host);
  const crossing = new Set<string>();
  const order = [...names.values()];
  const pairName = (a: Filter, b: Filter): string =>
    [a, b]
      .map((f) => present(names.get(f)))
      .sort((x, y) => order.indexOf(x) - order.indexOf(y))
      .join(' ');
  const identical = identicalPairs(policy, sets).map(([a, b]) => pairName(a, b));
  for (const place of placesOf(policy)) {
    for (const packet of packets) {
      if (exemptionOf(packet, policy.exemptions) !== undefined) continue;
      const [winner, ...others] = classifier.candidates(packet, { interface: place });
      if (winner === undefined) continue;
      deciding.add(winner.filter);
      if (isWithinHost(packet, host) || isForeign(packet)) continue;
      holes.consider(packet, place, winner);
      const seen = new Set([winner.filter]);
      for (const other of others) {
        if (seen.has(other.filter)) continue;
        seen.add(other.filter);
        if (isOdd(sets, packet.family, winner, other)) crossing.add(pairName(winner.filter, other.filter));
      }
    }
  }
  const dead = filters.map(({ filter }) => filter).filter((filter) => !deciding.has(filter));
  return {
    holes: holes.all,
    identical: [...new Set(identical)].sort(),
    crossings: [...crossing].filter((pair) => !identical.includes(pair)).sort(),
    shadowed: dead.map((filter) => present(names.get(filter))).sort(),
  };
}

/** Holes by trying every packet that a mirror half decides with and without it. */
class Holes {
  readonly #policy: Policy;
  readonly #host: HostAddresses;
  readonly #without = new Map<Filter, ReferenceClassifier>();
  readonly #found = { networks: new Set<Filter>(), hosts: new Set<Filter>() };

  constructor(policy: Policy, host: HostAddresses) {
    this.#policy = policy;
    this.#host = host;
  }

  consider(packet: Packet, place: string | undefined, { filter, half, action }: Candidate): void {
    if (half !== 'mirror' || !opensPorts(action, filter) || this.#found.networks.has(filter)) return;
    const reached = reachesHost(filter, packet, this.#policy, this.#host);
    if (reached === undefined || this.#found[reached].has(filter)) return;
    const without =
      this.#without.get(filter) ?? new ReferenceClassifier(withoutMirror(this.#policy, filter), this.#host);
    this.#without.set(filter, without);
    if (without.classify(packet, { interface: place }).verdict === 'drop') this.#found[reached].add(filter);
  }

  get all(): Expected['holes'] {
    const names = nameFilters(this.#policy);
    const { networks, hosts } = this.#found;
    const sorted = (filters: Iterable<Filter>): string[] => [...filters].map((one) => present(names.get(one))).sort();
    return { networks: sorted(networks), hosts: sorted([...hosts].filter((one) => !networks.has(one))) };
  }
}

function opensPorts(
  action: Policy['default'],
  { mirrored, established, fragment, protocol, sourcePorts, icmp }: Filter,
): boolean {
  const { tcp, udp, sctp } = PROTOCOLS;
  const hasPorts = protocol === undefined || [tcp, udp, sctp].some((one) => one === protocol);
  const [range] = sourcePorts;
  return (
    action === 'permit' &&
    mirrored === true &&
    !established &&
    !fragment &&
    icmp.length === 0 &&
    hasPorts &&
    range?.lo === 0 &&
    range.hi === 65535
  );
}

function withoutMirror(policy: Policy, filter: Filter): Policy {
  const rules = policy.rules.map((rule) => {
    const filters = rule.filterList.filters.map((one) => (one === filter ? { ...one, mirrored: false } : one));
    return { ...rule, filterList: { ...rule.filterList, filters } };
  });
  return { ...policy, rules };
}

/** Whether the packet comes from elsewhere to the end that is the host's own: from a network or from a named host. */
function reachesHost(
  { source: local, destination: remote, destinationPorts }: Filter,
  packet: Packet,
  policy: Policy,
  host: HostAddresses,
): 'networks' | 'hosts' | undefined {
  const own = host.me.filter(({ family }) => family === packet.family);
  const isOwn = (address: Address): boolean => own.some((one) => formatAddress(one) === formatAddress(address));
  const lengthOf = (match: AddressMatch, address: Address): number | undefined =>
    matchedLength(match, address, policy, host);
  const length = lengthOf(remote, packet.source);
  if (length === undefined || isOwn(packet.source)) return undefined;
  const isLocal = own.some((address) => lengthOf(local, address) !== undefined);
  const isLeaving = remote.kind !== 'any' && own.some((address) => lengthOf(remote, address) !== undefined);
  if (isLocal ? !isOwn(packet.destination) : isLeaving) return undefined;
  if (length < fullLength(packet.family)) return 'networks';
  const hasPorts = destinationPorts.some(({ lo, hi }) => lo > 0 || hi < 65535);
  return hasPorts && isLocal && local.kind !== 'any' ? 'hosts' : undefined;
}

/** Each family has an ICMP of its own. */
function isForeign({ family, protocol }: Packet): boolean {
  return protocol === (family === 4 ? PROTOCOLS.icmpv6 : PROTOCOLS.icmp);
}

function matchedLength(match: AddressMatch, address: Address, policy: Policy, host: HostAddresses): number | undefined {
  const isIn = (all: readonly AddressMatch[]): boolean =>
    all.some((one) => matchedLength(one, address, policy, host) !== undefined);
  switch (match.kind) {
    case 'any':
      return 0;
    case 'me':
      return matchLength(hostSet(host.me), address);
    case 'name':
      return matchLength(hostSet(host.names.get(match.name) ?? []), address);
    case 'local':
      return longest(localPrefixes(host).filter((prefix) => containsAddress(prefix, address)));
    case 'prefix':
      return containsAddress(match.prefix, address) ? match.prefix.length : undefined;
    case 'range':
      return longest(rangePrefixes(match.first, match.last).filter((prefix) => containsAddress(prefix, address)));
    case 'set': {
      const { prefixes, exclude } = present(policy.addressSets.get(match.name));
      return isIn(exclude) ? undefined : matchLength(prefixes, address);
    }
    case 'list': {
      if (isIn(match.exclude)) return undefined;
      const lengths = match.members.map((member) => matchedLength(member, address, policy, host));
      return longest(lengths.flatMap((length) => (length === undefined ? [] : [{ length }])));
    }
  }
}

function longest(prefixes: readonly { readonly length: number }[]): number | undefined {
  return prefixes.length === 0 ? undefined : Math.max(...prefixes.map(({ length }) => length));
}

type MatchedSets = ReadonlyMap<string, ReadonlySet<Packet>>;

/** By family, filter and half (`forward`, `mirror` or `all`), wherever the rule takes part. */
function matchedSets(policy: Policy, host: HostAddresses, packets: readonly Packet[]): MatchedSets {
  const everywhere = { ...policy, rules: policy.rules.map((rule) => ({ ...rule, interfaces: undefined })) };
  const classifier = new ReferenceClassifier(everywhere, host);
  const names = nameFilters(policy);
  const sets = new Map<string, Set<Packet>>();
  for (const packet of packets) {
    for (const { filter, half } of classifier.candidates(packet)) {
      for (const of of [half, 'all']) {
        const key = `${packet.family} ${names.get(filter)} ${of}`;
        sets.set(key, (sets.get(key) ?? new Set()).add(packet));
      }
    }
  }
  const byFilter = new Map<string, ReadonlySet<Packet>>();
  for (const [filter, name] of names) {
    for (const family of [4, 6]) {
      for (const half of ['forward', 'mirror', 'all']) {
        byFilter.set(keyOf(family, filter, half), sets.get(`${family} ${name} ${half}`) ?? new Set());
      }
    }
  }
  return byFilter;
}

const ids = new Map<Filter, number>();

function keyOf(family: number, filter: Filter, half: string): string {
  const id = ids.get(filter) ?? ids.size;
  ids.set(filter, id);
  return `${family} ${id} ${half}`;
}

function identicalPairs(policy: Policy, sets: MatchedSets): readonly (readonly [Filter, Filter])[] {
  const all = policy.rules.flatMap((rule) => rule.filterList.filters.map((filter) => ({ filter, rule })));
  const places = (names: readonly string[] | undefined): string =>
    names === undefined ? '*' : [...names].sort().join();
  return all.flatMap((a, i) =>
    all.slice(i + 1).flatMap((b) => {
      if (places(a.rule.interfaces) !== places(b.rule.interfaces)) return [];
      const pairs = [4, 6].map((family) => [a, b].map((x) => present(sets.get(keyOf(family, x.filter, 'all')))));
      const isEqual = pairs.every(([x, y]) => sameSets(present(x), present(y)));
      return isEqual && pairs.some(([x]) => present(x).size > 0) ? [[a.filter, b.filter] as const] : [];
    }),
  );
}

function sameSets<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
  return a.size === b.size && [...a].every((item) => b.has(item));
}

/** The winner is not within the other: neither its half within the other's, nor its filter within the other. */
function isOdd(sets: MatchedSets, family: Family, winner: Candidate, other: Candidate): boolean {
  if (winner.action === other.action) return false;
  const relation = (x: string, y: string): 'equal' | 'within' | 'neither' => {
    const [a, b] = [present(sets.get(x)), present(sets.get(y))];
    if (![...a].every((packet) => b.has(packet))) return 'neither';
    return a.size === b.size ? 'equal' : 'within';
  };
  const halves = relation(keyOf(family, winner.filter, winner.half), keyOf(family, other.filter, other.half));
  if (halves === 'within') return false;
  if (halves === 'equal') return decidingKey(winner, other) !== 'interface';
  return relation(keyOf(family, winner.filter, 'all'), keyOf(family, other.filter, 'all')) !== 'within';
}

function isWithinHost({ source, destination }: Packet, host: HostAddresses): boolean {
  const own = new Set(host.me.map(formatAddress));
  const [from, to] = [formatAddress(source), formatAddress(destination)];
  return from === to || (own.has(from) && own.has(to));
}

/** One packet of every kind that the policy can tell apart; two addresses of each stretch, for both ends of a packet. */
function packetsOf(policy: Policy, host: HostAddresses): readonly Packet[] {
  const filters = policy.rules.flatMap((rule) => rule.filterList.filters);
  const ports = portsOf(policy, filters);
  return ([4, 6] as const).flatMap((family) => {
    const addresses = addressesOf(family, policy, host, filters);
    const services = servicesOf(family, ports, filters);
    return addresses.flatMap((source) =>
      addresses.flatMap((destination) => services.map((service) => ({ ...service, family, source, destination }))),
    );
  });
}

function portsOf({ exemptions }: Policy, filters: readonly Filter[]): readonly number[] {
  const ranges = filters.flatMap((filter) => [...filter.sourcePorts, ...filter.destinationPorts]);
  const exempt = [
    ...(exemptions.includes('kerberos') ? [88, 89] : []),
    ...(exemptions.includes('ike') ? [500, 501] : []),
  ];
  const cuts = [0, ...exempt, ...ranges.flatMap(({ lo, hi }) => [lo, hi + 1])];
  return [...new Set(cuts)].filter((port) => port <= 65535);
}

const ELSEWHERE: Readonly<Record<Family, readonly string[]>> = {
  4: ['203.0.113.1', '203.0.113.2', '224.0.0.1', '224.0.0.2'],
  6: ['2001:db9::1', '2001:db9::2', 'ff02::1', 'ff02::2'],
};

function addressesOf(
  family: Family,
  policy: Policy,
  host: HostAddresses,
  filters: readonly Filter[],
): readonly Address[] {
  const hosts = (all: readonly Address[]): Address[] =>
    all.flatMap((address) => prefixEdges({ ...address, length: fullLength(address.family) }));
  const column = ({ family: of, count, words, lengths }: PrefixColumn): Address[] =>
    Array.from({ length: count }, (_, i) => ({
      family: of,
      words: [...words.subarray(i * wordsOf(of), (i + 1) * wordsOf(of))],
      length: present(lengths[i]),
    })).flatMap(prefixEdges);
  const edges = (match: AddressMatch): readonly Address[] => {
    switch (match.kind) {
      case 'any':
      case 'me':
        return [];
      case 'name':
        return hosts(host.names.get(match.name) ?? []);
      case 'local':
        return localPrefixes(host).flatMap(prefixEdges);
      case 'prefix':
        return prefixEdges(match.prefix);
      case 'range':
        return rangePrefixes(match.first, match.last).flatMap(prefixEdges);
      case 'list':
        return singleAddresses(match).flatMap(edges);
      case 'set': {
        const { prefixes, exclude } = present(policy.addressSets.get(match.name));
        return [...column(prefixes.v4), ...column(prefixes.v6), ...exclude.flatMap(edges)];
      }
    }
  };
  const all = [
    ...hosts(host.me),
    ...filters.flatMap(({ source, destination }) => [...edges(source), ...edges(destination)]),
    ...ELSEWHERE[family].map((text) => present(parseAddress(text))),
  ];
  const distinct = new Map(all.map((address) => [formatAddress(address), address]));
  return [...distinct.values()].filter((address) => address.family === family);
}

type Kind = Omit<Packet, 'family' | 'source' | 'destination'>;

const PLAIN: Kind = { ...PLAIN_PACKET, protocol: 47 };

function servicesOf(family: Family, ports: readonly number[], filters: readonly Filter[]): readonly Kind[] {
  const { tcp, udp, sctp, icmp, icmpv6 } = PROTOCOLS;
  const named = new Set(filters.map((filter) => filter.protocol));
  const withPorts = [tcp, udp, ...(named.has(sctp) ? [sctp] : [])].flatMap((protocol) =>
    ports.flatMap((sourcePort) =>
      ports.map((destinationPort) => ({ ...PLAIN, protocol, sourcePort, destinationPort })),
    ),
  );
  const established = withPorts
    .filter(({ protocol }) => protocol === tcp)
    .map((kind) => ({ ...kind, established: true }));
  const withType = (family === 4 ? [icmp, icmpv6] : [icmpv6, icmp]).flatMap((protocol) =>
    [0, 8, 128, 200].flatMap((type) => [0, 1, 2].map((code) => ({ ...PLAIN, protocol, icmp: { type, code } }))),
  );
  const others = [47, 46, 48].map((protocol) => ({ ...PLAIN, protocol }));
  const fragments = [tcp, udp, sctp, icmp, icmpv6, 47, 46, 48].map((protocol) => ({
    ...PLAIN,
    protocol,
    laterFragment: true,
  }));
  const all = [...withPorts, ...established, ...withType, ...others, ...fragments];
  return all.map((kind) => ({ ...kind, broadcastFrame: family === 4 }));
}
