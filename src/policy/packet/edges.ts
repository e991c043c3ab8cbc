/**
 * Packets at the edges of a policy's filters: one that each filter matches, and others that differ
 * from it in one thing, just inside or just outside. Where two policies decide differently, a packet
 * at an edge of one of them is likely to show it.
 */

import type { Address, Family, Prefix } from '../../base/ip.ts';
import { formatAddress, fullLength, wordMask } from '../../base/ip.ts';
import { rangePrefixes, singleAddresses } from '../address-match.ts';
import { localPrefixes } from '../local.ts';
import type { AddressMatch, Filter, HostAddresses, Policy, PortRange } from '../model.ts';
import { PROTOCOLS } from '../model.ts';
import { areAnyPort } from '../ports.ts';
import { prefixesOf } from '../prefix-set.ts';
import type { Packet } from './model.ts';

const MAX_PORT = 65535;
const SOME_PORT = 40000;
/** For experiments, RFC 3692. */
const SOME_PROTOCOL = 253;
/** Addresses taken of a set, and port ranges of a filter. */
const OF_MANY = 6;
const WITH_PORTS: ReadonlySet<number> = new Set([PROTOCOLS.tcp, PROTOCOLS.udp, PROTOCOLS.sctp]);
const WITH_TYPE: ReadonlySet<number> = new Set([PROTOCOLS.icmp, PROTOCOLS.icmpv6]);

/** For documentation: RFC 5737, RFC 3849. */
const ANYWHERE: readonly Address[] = [
  { family: 4, words: [0xc6336407] },
  { family: 6, words: [0x20010db8, 0, 0, 7] },
];

/** What a packet may be made of, the matching choice first. */
interface Choices {
  readonly sources: readonly Address[];
  readonly destinations: readonly Address[];
  readonly sourcePorts: readonly number[];
  readonly destinationPorts: readonly number[];
  readonly protocols: readonly number[];
  readonly icmp: readonly { readonly type: number; readonly code: number }[];
  readonly established: readonly boolean[];
  readonly laterFragment: readonly boolean[];
}

export interface EdgeSource {
  readonly policy: Policy;
  readonly host: HostAddresses;
  /** Taken first of an address set, by its name. */
  readonly preferred: ReadonlyMap<string, readonly Prefix[]>;
}

/** Some 20 to 60 packets for one filter, both directions of it. */
export function edgePackets(filter: Filter, source: EdgeSource): readonly Packet[] {
  const choices = choicesFor(filter, source);
  const families: readonly Family[] = [4, 6];
  return families.flatMap((family) => {
    const forward = packetsOf(choices, family);
    return [...forward, ...forward.map(reversePacket)];
  });
}

function choicesFor(filter: Filter, from: EdgeSource): Choices {
  const protocol = filter.protocol;
  const type = filter.icmp[0]?.type ?? 8;
  const code = filter.icmp[0]?.code ?? 0;
  return {
    sources: addressesOf(filter.source, from),
    destinations: addressesOf(filter.destination, from),
    sourcePorts: portsOf(filter.sourcePorts),
    destinationPorts: portsOf(filter.destinationPorts),
    protocols:
      protocol === undefined
        ? [PROTOCOLS.tcp, PROTOCOLS.udp, SOME_PROTOCOL]
        : [protocol, protocol === PROTOCOLS.udp ? PROTOCOLS.tcp : PROTOCOLS.udp],
    icmp: [
      { type, code },
      ...filter.icmp.slice(1, OF_MANY).map((other) => ({ type: other.type, code: other.code ?? 0 })),
      { type: (type + 1) % 256, code },
      { type, code: (code + 1) % 256 },
    ],
    established: filter.established ? [true, false] : [false, true],
    laterFragment: filter.fragment ? [true, false] : [false, true],
  };
}

function addressesOf(match: AddressMatch, { policy, host, preferred }: EdgeSource): readonly Address[] {
  switch (match.kind) {
    case 'any':
      return ANYWHERE;
    case 'me':
      return host.me;
    case 'local':
      return localPrefixes(host).flatMap(edgesOf);
    case 'name':
      return host.names.get(match.name) ?? [];
    case 'prefix':
      return edgesOf(match.prefix);
    case 'range':
      return firstOf(rangePrefixes(match.first, match.last), OF_MANY).flatMap(edgesOf);
    case 'list':
      return singleAddresses(match)
        .slice(0, OF_MANY)
        .flatMap((single) => addressesOf(single, { policy, host, preferred }));
    case 'set': {
      const set = policy.addressSets.get(match.name)?.prefixes;
      const inSet = set === undefined ? [] : firstOf(prefixesOf(set), 1);
      const changed = (preferred.get(match.name) ?? []).slice(0, OF_MANY);
      return [...changed, ...inSet].flatMap(edgesOf);
    }
  }
}

function firstOf<T>(items: Iterable<T>, count: number): readonly T[] {
  const taken: T[] = [];
  for (const item of items) {
    if (taken.length === count) break;
    taken.push(item);
  }
  return taken;
}

/** First and last address of a prefix, and those before and after it. */
function edgesOf({ family, words, length }: Prefix): readonly Address[] {
  const last = words.map((word, i) => (word | ~wordMask(length, i)) >>> 0);
  const first: Address = { family, words };
  const inside = length === fullLength(family) ? [first] : [first, { family, words: last }];
  return [...inside, ...besides(first, -1), ...besides({ family, words: last }, 1)];
}

function besides({ family, words }: Address, step: 1 | -1): readonly Address[] {
  const last = words.length - 1;
  const word = (words[last] ?? 0) + step;
  return word < 0 || word > 0xffffffff ? [] : [{ family, words: words.with(last, word) }];
}

function portsOf(ranges: readonly PortRange[]): readonly number[] {
  if (areAnyPort(ranges)) return [SOME_PORT];
  const edges = ranges.slice(0, OF_MANY).flatMap(({ lo, hi }) => [lo, hi, lo - 1, hi + 1]);
  return [...new Set(edges)].filter((port) => port >= 0 && port <= MAX_PORT);
}

/** The packet of all first choices, then every other choice in its place alone. */
function packetsOf(choices: Choices, family: Family): readonly Packet[] {
  const sources = choices.sources.filter((address) => address.family === family);
  const destinations = choices.destinations.filter((address) => address.family === family);
  const [source] = sources;
  const [destination] = destinations;
  if (source === undefined || destination === undefined) return [];
  const base: Parts = {
    source,
    destination,
    protocol: choices.protocols[0] ?? PROTOCOLS.tcp,
    sourcePort: choices.sourcePorts[0] ?? SOME_PORT,
    destinationPort: choices.destinationPorts[0] ?? SOME_PORT,
    icmp: choices.icmp[0] ?? { type: 8, code: 0 },
    established: choices.established[0] ?? false,
    laterFragment: choices.laterFragment[0] ?? false,
  };
  const varied: readonly Partial<Parts>[] = [
    {},
    ...sources.slice(1).map((other) => ({ source: other })),
    ...destinations.slice(1).map((other) => ({ destination: other })),
    ...choices.protocols.slice(1).map((protocol) => ({ protocol })),
    ...choices.sourcePorts.slice(1).map((sourcePort) => ({ sourcePort })),
    ...choices.destinationPorts.slice(1).map((destinationPort) => ({ destinationPort })),
    ...choices.icmp.slice(1).map((icmp) => ({ icmp })),
    ...choices.established.slice(1).map((established) => ({ established })),
    ...choices.laterFragment.slice(1).map((laterFragment) => ({ laterFragment })),
  ];
  return varied.map((parts) => packetFrom(family, { ...base, ...parts }));
}

interface Parts {
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly icmp: { readonly type: number; readonly code: number };
  readonly established: boolean;
  readonly laterFragment: boolean;
}

function packetFrom(family: Family, parts: Parts): Packet {
  const { protocol, laterFragment } = parts;
  const ports = WITH_PORTS.has(protocol) && !laterFragment;
  return {
    family,
    source: parts.source,
    destination: parts.destination,
    protocol,
    sourcePort: ports ? parts.sourcePort : 0,
    destinationPort: ports ? parts.destinationPort : 0,
    icmp: WITH_TYPE.has(protocol) && !laterFragment ? parts.icmp : undefined,
    established: protocol === PROTOCOLS.tcp && !laterFragment && parts.established,
    laterFragment,
    sourceRouted: false,
    hopLimit: 64,
    frameBytes: 60,
    broadcastFrame: family === 4,
  };
}

function reversePacket(packet: Packet): Packet {
  return {
    ...packet,
    source: packet.destination,
    destination: packet.source,
    sourcePort: packet.destinationPort,
    destinationPort: packet.sourcePort,
  };
}

/** The same for packets that no filter can tell apart. */
export function packetKey(packet: Packet): string {
  const { source, destination, protocol, sourcePort, destinationPort, icmp, established, laterFragment } = packet;
  const ends = [formatAddress(source), sourcePort, formatAddress(destination), destinationPort];
  return [...ends, protocol, icmp?.type, icmp?.code, established, laterFragment].join(' ');
}
