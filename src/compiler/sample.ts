/** Packets that a compiled policy's own filters ask for, and what the ranking says of them: for pre-flights. */

import { present } from '../base/assert.ts';
import type { Address, Family } from '../base/ip.ts';
import { wordMask } from '../base/ip.ts';
import { PROTOCOLS } from '../policy/model.ts';
import type { Packet } from '../policy/packet/model.ts';
import { isAnyPort } from '../policy/ports.ts';
import { wordsOf } from '../policy/prefix-set.ts';
import type { DirectedFilter } from './conditions/expand.ts';
import type { AddressCondition } from './conditions/resolve.ts';

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

function addressIn(condition: AddressCondition, fallback: Address): Address {
  if (condition.count === 0) return fallback;
  const size = wordsOf(fallback.family);
  return { family: fallback.family, words: Array.from(condition.words.subarray(0, size)) };
}

/** A packet that the filter matches. */
export function packetFor(directed: DirectedFilter): Packet {
  const { filter, source, destination, sourcePort, destinationPort, icmp } = directed;
  const { fragment } = filter;
  const family = source.family ?? destination.family ?? 4;
  // Only TCP can be established.
  const protocol = filter.protocol ?? (directed.established ? PROTOCOLS.tcp : SOME_PROTOCOL);
  const port = (range: typeof sourcePort): number => (isAnyPort(range) ? SOME_PORT : range.lo);
  return {
    family,
    source: addressIn(source, ANYWHERE[family][0]),
    destination: addressIn(destination, ANYWHERE[family][1]),
    protocol,
    sourcePort: WITH_PORTS.has(protocol) && !fragment ? port(sourcePort) : 0,
    destinationPort: WITH_PORTS.has(protocol) && !fragment ? port(destinationPort) : 0,
    icmp: WITH_TYPE.has(protocol) && !fragment ? { type: icmp?.type ?? 8, code: icmp?.code ?? 0 } : undefined,
    established: directed.established,
    laterFragment: fragment,
    hopLimit: 64,
    frameBytes: 0,
    broadcastFrame: false,
  };
}

/** The rank of the filter that decides, by walking the ranking; `ranked.length` where none matches. */
export function decidingRank(ranked: readonly DirectedFilter[], packet: Packet): number {
  const rank = ranked.findIndex((directed) => matches(directed, packet));
  return rank < 0 ? ranked.length : rank;
}

function matches(directed: DirectedFilter, packet: Packet): boolean {
  const { filter } = directed;
  if (filter.protocol !== undefined && filter.protocol !== packet.protocol) return false;
  if (!(packet.laterFragment ? isPortless(directed) : matchesTransport(directed, packet))) return false;
  return holds(directed.source, packet.source) && holds(directed.destination, packet.destination);
}

function isPortless({ established, sourcePort, destinationPort, icmp }: DirectedFilter): boolean {
  return !established && isAnyPort(sourcePort) && isAnyPort(destinationPort) && icmp === undefined;
}

function matchesTransport(directed: DirectedFilter, packet: Packet): boolean {
  const { filter, established, sourcePort, destinationPort, icmp } = directed;
  if (filter.fragment || (established && !packet.established)) return false;
  if (packet.sourcePort < sourcePort.lo || packet.sourcePort > sourcePort.hi) return false;
  if (packet.destinationPort < destinationPort.lo || packet.destinationPort > destinationPort.hi) return false;
  if (icmp === undefined) return true;
  return packet.icmp?.type === icmp.type && (icmp.code === undefined || packet.icmp.code === icmp.code);
}

/** Binary search: the prefixes of a condition are sorted and have one length. */
function holds(condition: AddressCondition, address: Address): boolean {
  if (condition.family === undefined) return true;
  if (condition.family !== address.family) return false;
  const masked = address.words.map((word, w) => (word & wordMask(condition.length, w)) >>> 0);
  let lo = 0;
  let hi = condition.count;
  while (lo < hi) {
    const middle = (lo + hi) >>> 1;
    const order = compareAt(condition.words, middle * masked.length, masked);
    if (order === 0) return true;
    if (order < 0) lo = middle + 1;
    else hi = middle;
  }
  return false;
}

function compareAt(words: Uint32Array, at: number, address: readonly number[]): number {
  for (const [w, word] of address.entries()) {
    const difference = present(words[at + w]) - word;
    if (difference !== 0) return difference;
  }
  return 0;
}
