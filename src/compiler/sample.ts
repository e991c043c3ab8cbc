/** Packets that a compiled policy's own filters ask for: for pre-flights. */

import { present } from '../base/assert.ts';
import type { Address, Family } from '../base/ip.ts';
import { wordMask } from '../base/ip.ts';
import type { PortRange } from '../policy/model.ts';
import { PROTOCOLS } from '../policy/model.ts';
import type { Packet } from '../policy/packet/model.ts';
import { areAnyPort } from '../policy/ports.ts';
import { wordsOf } from '../policy/prefix-set.ts';
import type { DirectedFilter } from './conditions/expand.ts';
import type { AddressCondition } from './conditions/resolve.ts';
import { extentOf } from './conditions/resolve.ts';

/** Addresses for documentation, for filters that take any: RFC 5737, RFC 3849. */
const ANYWHERE: Readonly<Record<Family, readonly [source: Address, destination: Address]>> = {
  4: [
    { family: 4, words: [0xc0000201] },
    { family: 4, words: [0xc6336401] },
  ],
  6: [
    { family: 6, words: [0x20010db8, 0, 0, 1] },
    { family: 6, words: [0x20010db8, 0, 0, 2] },
  ],
};
/** For experiments, RFC 3692: no filter is likely to name it. */
const SOME_PROTOCOL = 253;
const WITH_PORTS: ReadonlySet<number> = new Set([PROTOCOLS.tcp, PROTOCOLS.udp, PROTOCOLS.sctp]);
const WITH_TYPE: ReadonlySet<number> = new Set([PROTOCOLS.icmp, PROTOCOLS.icmpv6]);
const SOME_PORT = 40000;
/** 2^32 divided by the golden ratio: multiples of it have bits all over. */
const SCATTER = 0x9e3779b1;

export interface Choice {
  /** For filters of either family. */
  readonly family?: Family;
  /** Another address of each end and the other end of port ranges, for each number. */
  readonly variant?: number;
}

/** A packet that the filter matches. */
export function packetFor(directed: DirectedFilter, { family: wanted = 4, variant = 0 }: Choice = {}): Packet {
  const { filter, source, destination, sourcePorts, destinationPorts, icmp } = directed;
  const { fragment } = filter;
  const family = source.family ?? destination.family ?? wanted;
  // Only TCP can be established.
  const protocol = filter.protocol ?? (directed.established ? PROTOCOLS.tcp : SOME_PROTOCOL);
  const port = (ranges: readonly PortRange[]): number => {
    if (areAnyPort(ranges)) return SOME_PORT + variant;
    const { lo, hi } = present(ranges[(variant >> 1) % ranges.length]);
    return variant % 2 === 0 ? lo : hi;
  };
  const [from, to] = ANYWHERE[family];
  return packetOf({
    source: addressIn(source, from, variant),
    destination: addressIn(destination, to, variant),
    protocol,
    sourcePort: WITH_PORTS.has(protocol) && !fragment ? port(sourcePorts) : 0,
    destinationPort: WITH_PORTS.has(protocol) && !fragment ? port(destinationPorts) : 0,
    icmp: WITH_TYPE.has(protocol) && !fragment ? { type: icmp?.type ?? 8, code: icmp?.code ?? 0 } : undefined,
    established: directed.established,
    laterFragment: fragment,
  });
}

/** Packets that few filters match: from somewhere to somewhere else, by several protocols. */
export function strangers(family: Family): readonly Packet[] {
  const [source, destination] = ANYWHERE[family];
  return [SOME_PROTOCOL, PROTOCOLS.udp, PROTOCOLS.tcp].map((protocol) => {
    const port = WITH_PORTS.has(protocol) ? SOME_PORT : 0;
    const ports = { sourcePort: port, destinationPort: port };
    const none = { icmp: undefined, established: false, laterFragment: false };
    return packetOf({ source, destination, protocol, ...ports, ...none });
  });
}

type Parts = Omit<Packet, 'family' | 'sourceRouted' | 'hopLimit' | 'frameBytes' | 'broadcastFrame'>;

function packetOf(parts: Parts): Packet {
  const { family } = parts.source;
  return { ...parts, family, sourceRouted: false, hopLimit: 64, frameBytes: 0, broadcastFrame: false };
}

/** An address of the condition, the first, the last or one between; of `any` the fallback. */
function addressIn(condition: AddressCondition, fallback: Address, variant: number): Address {
  if (condition.count === 0) return fallback;
  const size = wordsOf(fallback.family);
  const index = variant % condition.count;
  const extent = extentOf(condition, index);
  const bits = variant < 2 ? -variant : Math.imul(variant, SCATTER);
  const prefix = Array.from(condition.words.subarray(index * size, (index + 1) * size));
  const words = prefix.map((word, w) => (word | (bits & ~wordMask(extent, w))) >>> 0);
  return { family: fallback.family, words };
}
