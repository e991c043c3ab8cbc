/** Random five-tuples: inside a rule's filters, and of strangers. */
import { present } from '../base/assert.ts';
import type { Address, Family } from '../base/ip.ts';
import { wordMask } from '../base/ip.ts';
import type { Random } from '../base/random.ts';
import type { DirectedFilter } from '../compiler/conditions/expand.ts';
import type { AddressCondition } from '../compiler/conditions/resolve.ts';
import { extentOf } from '../compiler/conditions/resolve.ts';
import type { Filter, IcmpMatch, PortRange } from '../policy/model.ts';
import { ANY_PORT, PROTOCOLS } from '../policy/model.ts';
import { wordsOf } from '../policy/prefix-set.ts';
import type { Tuple } from './tuple.ts';

export type Draw = (random: Random) => Tuple;

const { tcp, udp, sctp, icmp, icmpv6 } = PROTOCOLS;
const WITH_PORTS: ReadonlySet<number> = new Set([tcp, udp, sctp]);
const WITH_TYPE: ReadonlySet<number> = new Set([icmp, icmpv6]);
/** GRE, ESP, OSPF, SCTP: none of them is an extension header in IPv6. */
const FURTHER_PROTOCOLS: readonly number[] = [47, 50, 89, sctp];
/** First bytes of IPv4 unicast addresses, both ends included, but for loopback. */
const UNICAST = { first: 1, last: 223, loopback: 127 } as const;
/** 2000::/3, which all global unicast addresses are in. */
const GLOBAL_UNICAST = 0x20000000;

/** What a tuple is drawn within. */
interface Box {
  readonly source: AddressCondition | undefined;
  readonly destination: AddressCondition | undefined;
  readonly protocol: number | undefined;
  readonly sourcePorts: readonly PortRange[];
  readonly destinationPorts: readonly PortRange[];
  readonly icmp: IcmpMatch | undefined;
}

const EVERYTHING: Box = {
  source: undefined,
  destination: undefined,
  protocol: undefined,
  sourcePorts: [ANY_PORT],
  destinationPorts: [ANY_PORT],
  icmp: undefined,
};

export function isOfFamily({ source, destination }: DirectedFilter, family: Family): boolean {
  return (source.family ?? family) === family && (destination.family ?? family) === family;
}

/**
 * Inside the boxes of at least one directed filter, all of the family. Each half of each filter as written is drawn
 * alike, and of a half, which its sets, names and ports make many boxes of, each pair of prefixes and of ranges.
 */
export function withinFilters(directed: readonly DirectedFilter[], family: Family): Draw {
  const ends: number[] = [];
  const boxes: Box[] = [];
  for (const half of byHalf(directed)) {
    const pairs = half.map(
      ({ source, destination, sourcePorts, destinationPorts }) =>
        Math.max(1, source.count) * Math.max(1, destination.count) * sourcePorts.length * destinationPorts.length,
    );
    const all = pairs.reduce((sum, count) => sum + count, 0);
    for (const [i, one] of half.entries()) {
      ends.push((ends.at(-1) ?? 0) + present(pairs[i]) / all);
      boxes.push(boxOf(one));
    }
  }
  const total = present(ends.at(-1), 'filters to draw from');
  return (random) => within(present(boxes[firstAbove(ends, random.share() * total)]), family, random);
}

function byHalf(directed: readonly DirectedFilter[]): Iterable<readonly DirectedFilter[]> {
  const halves = { forward: new Map<Filter, DirectedFilter[]>(), mirror: new Map<Filter, DirectedFilter[]>() };
  for (const one of directed) {
    const known = halves[one.half].get(one.filter);
    if (known === undefined) halves[one.half].set(one.filter, [one]);
    else known.push(one);
  }
  return [...halves.forward.values(), ...halves.mirror.values()];
}

function boxOf({ filter, source, destination, sourcePorts, destinationPorts, icmp, established }: DirectedFilter): Box {
  // Only TCP can be established.
  const protocol = filter.protocol ?? (established ? tcp : undefined);
  return { source, destination, protocol, sourcePorts, destinationPorts, icmp };
}

/** From anywhere to anywhere. */
export function strangers(family: Family): Draw {
  return (random) => within(EVERYTHING, family, random);
}

/** From anywhere to destinations that filters name; undefined where none names one. */
export function strangersToNamed(directed: readonly DirectedFilter[], family: Family): Draw | undefined {
  const named = [...new Set(directed.map(({ destination }) => destination))].filter((d) => d.family === family);
  if (named.length === 0) return undefined;
  return (random) => within({ ...EVERYTHING, destination: random.pick(named) }, family, random);
}

function within(box: Box, family: Family, random: Random): Tuple {
  const protocol = box.protocol ?? someProtocol(family, random);
  const source = addressIn(box.source, family, random);
  const destination = addressIn(box.destination, family, random);
  return { source, destination, protocol, ...portsOf(box, protocol, random) };
}

function someProtocol(family: Family, random: Random): number {
  return random.shared([
    [60, tcp],
    [30, udp],
    [5, family === 4 ? icmp : icmpv6],
    [5, random.pick(FURTHER_PROTOCOLS)],
  ]);
}

/** What stands in the first four bytes behind the IP header. ICMP has type and code where ports begin; others have nothing. */
function portsOf(box: Box, protocol: number, random: Random): Pick<Tuple, 'sourcePort' | 'destinationPort'> {
  if (WITH_PORTS.has(protocol)) {
    const from = random.pick(box.sourcePorts);
    const to = random.pick(box.destinationPorts);
    return { sourcePort: random.between(from.lo, from.hi), destinationPort: random.between(to.lo, to.hi) };
  }
  if (!WITH_TYPE.has(protocol)) return { sourcePort: 0, destinationPort: 0 };
  const type = box.icmp?.type ?? random.below(256);
  const code = box.icmp?.code ?? random.below(256);
  return { sourcePort: (type << 8) | code, destinationPort: 0 };
}

function addressIn(condition: AddressCondition | undefined, family: Family, random: Random): Address {
  if (condition?.family === undefined) return anyAddress(family, random);
  const size = wordsOf(family);
  const index = random.below(condition.count);
  const at = index * size;
  const words = Array.from({ length: size }, (_, w) => {
    const free = random.u32() & ~wordMask(extentOf(condition, index), w);
    return (present(condition.words[at + w]) | free) >>> 0;
  });
  return { family, words };
}

function anyAddress(family: Family, random: Random): Address {
  if (family === 6)
    return { family, words: [GLOBAL_UNICAST + random.below(2 ** 29), random.u32(), random.u32(), random.u32()] };
  for (;;) {
    const word = random.u32();
    const first = word >>> 24;
    if (first >= UNICAST.first && first <= UNICAST.last && first !== UNICAST.loopback) return { family, words: [word] };
  }
}

/** Index of the first end above the value, which the last end is. */
function firstAbove(ends: readonly number[], value: number): number {
  let lo = 0;
  let hi = ends.length - 1;
  while (lo < hi) {
    const middle = (lo + hi) >>> 1;
    if (present(ends[middle]) > value) hi = middle;
    else lo = middle + 1;
  }
  return lo;
}
