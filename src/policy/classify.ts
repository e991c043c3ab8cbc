/**
 * The reference classifier: what a policy does with one packet, by walking every filter. It shares nothing with
 * the compiler but the model and the order, so that the two can be compared.
 */

import { present } from '../base/assert.ts';
import type { Address, Prefix } from '../base/ip.ts';
import { containsAddress, parseAddress, prefixOf, wholeAddress } from '../base/ip.ts';
import { addressText, rangePrefixes } from './address-match.ts';
import { localPrefixes } from './local.ts';
import type {
  AddressMatch,
  AddressSet,
  DropReason,
  Exemption,
  Filter,
  Half,
  HostAddresses,
  IcmpMatch,
  ParseReason,
  Policy,
  PortRange,
  Rule,
  SingleAddress,
  Verdict,
} from './model.ts';
import { DROP_REASONS, verdictOf } from './model.ts';
import { exemptionOf } from './packet/exemption.ts';
import type { Decoded, Packet } from './packet/model.ts';
import { areAnyPort } from './ports.ts';
import type { PrefixSet } from './prefix-set.ts';
import { matchLength, prefixSetOf } from './prefix-set.ts';
import type { Ranked } from './specificity.ts';
import { compareRanked, specificityOf } from './specificity.ts';

export type DecidedBy = 'rule' | 'default' | 'exemption' | 'parse';

export interface Decision {
  readonly verdict: Verdict;
  readonly by: DecidedBy;
  /** null unless `by` is `rule`. */
  readonly rule: string | null;
  /** As written; null unless `by` is `rule`. */
  readonly filter: string | null;
  /** null unless `by` is `exemption` or `parse`. */
  readonly reason: Exemption | ParseReason | DropReason | null;
  /** A later fragment: counted as such besides, whatever decided. */
  readonly fragment: boolean;
}

export interface ClassifyOptions {
  /** Where the packet is seen. Without it, rules limited to interfaces match nothing. */
  readonly interface?: string | undefined;
}

/** One half of a filter that matches the packet. */
export interface Candidate extends Ranked {
  readonly rule: string;
  readonly filter: Filter;
  readonly half: Half;
}

/** Members of an address, without those addresses that are in what is excluded. */
interface ResolvedPart {
  readonly members: PrefixSet;
  readonly excluded: readonly ResolvedPart[];
}

/** A prefix by itself stays one: policies have tens of thousands of these. */
type ResolvedAddress = readonly ResolvedPart[] | Prefix | 'any';

const EVERYTHING: readonly Prefix[] = ['0.0.0.0', '::'].map((text) => prefixOf(present(parseAddress(text)), 0));

/** One direction of a filter, with its addresses resolved. */
interface Direction {
  readonly rule: Rule;
  readonly ruleIndex: number;
  readonly filter: Filter;
  readonly half: Half;
  readonly source: ResolvedAddress;
  readonly destination: ResolvedAddress;
  readonly sourcePorts: readonly PortRange[];
  readonly destinationPorts: readonly PortRange[];
  readonly established: boolean;
}

/** One packet by one policy. To classify many packets keep a ReferenceClassifier: this one resolves every address anew. */
export function classify(
  policy: Policy,
  host: HostAddresses,
  packet: Packet | Decoded,
  options: ClassifyOptions = {},
): Decision {
  return new ReferenceClassifier(policy, host).classify(packet, options);
}

/** Every half of a filter that matches, the deciding one first. */
export function candidates(
  policy: Policy,
  host: HostAddresses,
  packet: Packet,
  options: ClassifyOptions = {},
): readonly Candidate[] {
  return new ReferenceClassifier(policy, host).candidates(packet, options);
}

export class ReferenceClassifier {
  readonly #policy: Policy;
  readonly #directions: readonly Direction[];
  readonly #broadcasts: readonly Address[];

  /** Resolves the policy's addresses once. Every set and name it uses must be known. */
  constructor(policy: Policy, host: HostAddresses) {
    this.#policy = policy;
    this.#broadcasts = host.broadcasts;
    const resolve = resolver(policy, host);
    this.#directions = policy.rules.flatMap((rule, ruleIndex) =>
      rule.filterList.filters.flatMap((filter) => directionsOf(rule, ruleIndex, filter, resolve)),
    );
  }

  classify(packet: Packet | Decoded, options: ClassifyOptions = {}): Decision {
    if ('kind' in packet) {
      return packet.kind === 'packet' ? this.classify(packet.packet, options) : this.#unparsed(packet.reason);
    }
    return this.#decide(packet, this.candidates(packet, options)[0]);
  }

  /** The same for each packet. One walk through the filters for all of them: many filters are slow to come from memory. */
  classifyAll(packets: readonly Packet[], options: ClassifyOptions = {}): readonly Decision[] {
    const winners = new Array<Candidate | undefined>(packets.length).fill(undefined);
    for (const direction of this.#directions) {
      if (!appliesAt(direction.rule, options.interface)) continue;
      for (let i = 0; i < packets.length; i++) {
        const candidate = findCandidate(direction, present(packets[i]));
        if (candidate === undefined) continue;
        const winner = winners[i];
        if (winner === undefined || compareRanked(candidate, winner) < 0) winners[i] = candidate;
      }
    }
    return packets.map((packet, i) => this.#decide(packet, winners[i]));
  }

  /** `winner`: the first of the filters that match. */
  #decide(packet: Packet, winner: Candidate | undefined): Decision {
    const fragment = packet.laterFragment;
    const none = { rule: null, filter: null, reason: null, fragment } as const;
    if (packet.sourceRouted && this.#policy.drop.includes('source-routed')) {
      return { ...none, verdict: 'drop', by: 'parse', reason: DROP_REASONS['source-routed'] };
    }
    const exemption = exemptionOf(packet, this.#policy.exemptions, this.#broadcasts);
    if (exemption !== undefined) return { ...none, verdict: 'pass', by: 'exemption', reason: exemption };
    if (winner === undefined) return { ...none, verdict: verdictOf(this.#policy.default), by: 'default' };
    const { rule, filter, action } = winner;
    return { ...none, verdict: verdictOf(action), by: 'rule', rule, filter: filter.text };
  }

  /** In rank order. Within one rule, equal candidates keep the order of the filters, forward half first. */
  candidates(packet: Packet, options: ClassifyOptions = {}): readonly Candidate[] {
    const found: Candidate[] = [];
    for (const direction of this.#directions) {
      if (!appliesAt(direction.rule, options.interface)) continue;
      const candidate = findCandidate(direction, packet);
      if (candidate !== undefined) found.push(candidate);
    }
    return found.sort(compareRanked);
  }

  #unparsed(reason: ParseReason): Decision {
    const verdict = this.#policy.strict && reason !== 'non_ip' ? 'drop' : 'pass';
    return { verdict, by: 'parse', rule: null, filter: null, reason, fragment: false };
  }
}

function appliesAt(rule: Rule, interfaceName: string | undefined): boolean {
  return rule.interfaces === undefined || (interfaceName !== undefined && rule.interfaces.includes(interfaceName));
}

type Resolve = (match: AddressMatch) => ResolvedAddress;

/** Each address as written is resolved once. */
function resolver(policy: Policy, host: HostAddresses): Resolve {
  const known = new Map<string, ResolvedAddress>();
  return (match) => {
    if (match.kind === 'any') return 'any';
    if (match.kind === 'prefix') return match.prefix;
    const key = addressText(match);
    const resolved = known.get(key) ?? partsOf(match, policy, host);
    known.set(key, resolved);
    return resolved;
  };
}

function partsOf(match: AddressMatch, policy: Policy, host: HostAddresses): readonly ResolvedPart[] {
  if (match.kind !== 'list') return [partOf(match, [], policy, host)];
  return match.members.map((member) => partOf(member, match.exclude, policy, host));
}

/** A set has exclusions of its own besides. */
function partOf(
  match: SingleAddress,
  exclude: readonly SingleAddress[],
  policy: Policy,
  host: HostAddresses,
): ResolvedPart {
  const set = match.kind === 'set' ? setNamed(match.name, policy) : undefined;
  const all = [...(set?.exclude ?? []), ...exclude];
  const members = set === undefined ? prefixSetOf(prefixesFor(match, host)) : membersOf(set, host);
  return { members, excluded: all.map((one) => partOf(one, [], policy, host)) };
}

function membersOf({ name, live, prefixes }: AddressSet, { members }: HostAddresses): PrefixSet {
  return live === undefined ? prefixes : (members?.get(name) ?? prefixes);
}

function setNamed(name: string, policy: Policy): AddressSet {
  return present(policy.addressSets.get(name), `no address set ${name}`);
}

/** Of a set none: it has its own. */
function prefixesFor(match: SingleAddress, host: HostAddresses): readonly Prefix[] {
  switch (match.kind) {
    case 'any':
      return EVERYTHING;
    case 'prefix':
      return [match.prefix];
    case 'range':
      return rangePrefixes(match.first, match.last);
    case 'me':
      return host.me.map(wholeAddress);
    case 'local':
      return localPrefixes(host);
    case 'name':
      return present(host.names.get(match.name), `no answer for the name ${match.name}`).map(wholeAddress);
    case 'set':
      return [];
  }
}

/** The forward half and, of a mirrored filter, the mirror half, unless the two are the same. */
function directionsOf(rule: Rule, ruleIndex: number, filter: Filter, resolve: Resolve): Direction[] {
  const source = resolve(filter.source);
  const destination = resolve(filter.destination);
  const { sourcePorts, destinationPorts, established } = filter;
  const whose = { rule, ruleIndex, filter };
  const forward: Direction = {
    ...whose,
    half: 'forward',
    source,
    destination,
    sourcePorts,
    destinationPorts,
    established,
  };
  const mirror: Direction = {
    ...whose,
    half: 'mirror',
    source: destination,
    destination: source,
    sourcePorts: destinationPorts,
    destinationPorts: sourcePorts,
    established: established || filter.mirrored === 'established',
  };
  if (filter.mirrored === false || (isOwnMirror(filter) && mirror.established === established)) return [forward];
  return [forward, mirror];
}

function isOwnMirror(filter: Filter): boolean {
  const { source, destination, sourcePorts, destinationPorts } = filter;
  return sameAddressMatch(source, destination) && samePorts(sourcePorts, destinationPorts);
}

/** By what is written, not by what it resolves to. */
function sameAddressMatch(a: AddressMatch, b: AddressMatch): boolean {
  if (a.kind === 'prefix') return b.kind === 'prefix' && samePrefix(a.prefix, b.prefix);
  return a.kind === b.kind && addressText(a) === addressText(b);
}

function samePrefix(a: Prefix, b: Prefix): boolean {
  return a.family === b.family && a.length === b.length && a.words.every((word, w) => word === b.words[w]);
}

function samePorts(a: readonly PortRange[], b: readonly PortRange[]): boolean {
  return a.length === b.length && a.every((range, i) => range.lo === b[i]?.lo && range.hi === b[i].hi);
}

/** The candidate that a direction is for a packet, with the prefixes and port ranges that the packet falls into. */
function findCandidate(direction: Direction, packet: Packet): Candidate | undefined {
  const { rule, ruleIndex, filter, half } = direction;
  if (filter.protocol !== undefined && filter.protocol !== packet.protocol) return undefined;
  const icmp = filter.icmp.find((one) => matchesIcmp(one, packet));
  if (!matchesTransport(direction, packet, icmp)) return undefined;
  const sourceLength = lengthIn(direction.source, packet.source);
  if (sourceLength === undefined) return undefined;
  const destinationLength = lengthIn(direction.destination, packet.destination);
  if (destinationLength === undefined) return undefined;
  const sourcePort = rangeWith(direction.sourcePorts, packet.sourcePort);
  const destinationPort = rangeWith(direction.destinationPorts, packet.destinationPort);
  if (sourcePort === undefined || destinationPort === undefined) return undefined;
  const specificity = specificityOf({
    sourceLength,
    destinationLength,
    protocol: filter.protocol,
    sourcePort,
    destinationPort,
    icmp,
    established: direction.established,
    fragment: filter.fragment,
    limited: rule.interfaces !== undefined,
  });
  return { rule: rule.name, ruleIndex, filter, half, action: rule.action, specificity };
}

/** The conditions that a later fragment cannot meet: it has no ports, ICMP type or TCP flags to show. */
function matchesTransport(direction: Direction, packet: Packet, icmp: IcmpMatch | undefined): boolean {
  const { filter, established, sourcePorts, destinationPorts } = direction;
  if (packet.laterFragment) {
    const portless = areAnyPort(sourcePorts) && areAnyPort(destinationPorts);
    return portless && filter.icmp.length === 0 && !established;
  }
  if (filter.fragment || (established && !packet.established)) return false;
  return filter.icmp.length === 0 || icmp !== undefined;
}

function matchesIcmp({ type, code }: IcmpMatch, packet: Packet): boolean {
  return type === packet.icmp?.type && (code === undefined || code === packet.icmp.code);
}

/** The length of the longest member around the address that is not excluded, 0 for any. */
function lengthIn(where: ResolvedAddress, address: Address): number | undefined {
  if (where === 'any') return 0;
  if ('words' in where) return containsAddress(where, address) ? where.length : undefined;
  const lengths = where.map((part) => lengthInPart(part, address)).filter((length) => length !== undefined);
  return lengths.length === 0 ? undefined : Math.max(...lengths);
}

function lengthInPart({ members, excluded }: ResolvedPart, address: Address): number | undefined {
  const length = matchLength(members, address);
  if (length === undefined || excluded.some((part) => lengthInPart(part, address) !== undefined)) return undefined;
  return length;
}

function rangeWith(ranges: readonly PortRange[], port: number): PortRange | undefined {
  return ranges.find((range) => range.lo <= port && port <= range.hi);
}
