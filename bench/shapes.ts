/**
 * Policies in shapes that make tables large: conditions that overlap, wildcards, ranges at both ends. Each grows by its
 * number of filters.
 */
import { spanOfFile } from '../src/base/diagnostics.ts';
import type { Family, Prefix } from '../src/base/ip.ts';
import { formatPrefix, prefixOf } from '../src/base/ip.ts';
import type { Random } from '../src/base/random.ts';
import { ANY_PACKET, emptyPolicy } from '../src/policy/defaults.ts';
import type { AddressMatch, Filter, Mirrored, Policy, PortRange, Rule } from '../src/policy/model.ts';
import { ANY_PORT, PROTOCOLS } from '../src/policy/model.ts';
import { isAnyPort, mergeRanges } from '../src/policy/ports.ts';
import { addressIn, anyAddress } from './addresses.ts';

const FAMILY: Family = 4;
const SPAN = spanOfFile('bench');
/** The filters are spread over this many rules, and so over this many counters. */
const RULES = 15;
const LAST_PORT = 65535;
const { tcp, udp, icmp } = PROTOCOLS;

interface Fields {
  readonly from?: Prefix | undefined;
  readonly to?: Prefix | undefined;
  readonly sports?: readonly PortRange[];
  readonly dports?: readonly PortRange[];
  readonly protocol?: number | undefined;
  readonly icmpType?: number;
  readonly mirrored?: Mirrored;
}

export type ShapeName =
  | 'overlap'
  | 'any'
  | 'wild'
  | 'hosts'
  | 'replies'
  | 'mirrored'
  | 'ranges'
  | 'portlist'
  | 'widths'
  | 'seed-acl'
  | 'seed-fw'
  | 'seed-ipc';

type DrawShape = (random: Random, count: number) => readonly Fields[];

/** How the filters of each shape are drawn, all of a policy at once. */
const SHAPES: Readonly<Record<ShapeName, DrawShape>> = {
  /** Three random port ranges a filter over a hundred prefixes that overlap. */
  overlap: (random, count) => {
    const prefixes = Array.from({ length: 100 }, () => drawOverlapping(random));
    return many(count, () => ({
      from: random.pick(prefixes),
      to: random.below(2) === 0 ? undefined : random.pick(prefixes),
      protocol: random.below(3) === 0 ? udp : tcp,
      dports: [randomRange(random), randomRange(random), randomRange(random)],
    }));
  },
  /** Most addresses any, ranges at both ports. */
  any: (random, count) =>
    many(count, () => ({
      from: random.below(100) < 60 ? undefined : somePrefix(random),
      to: random.below(100) < 60 ? undefined : somePrefix(random),
      protocol: random.below(3) === 0 ? udp : tcp,
      sports: [randomRange(random)],
      dports: [randomRange(random)],
    })),
  /** Each condition is a wildcard as often as not. */
  wild: (random, count) => {
    const maybe = <T>(value: () => T): T | undefined => (random.below(2) === 0 ? undefined : value());
    return many(count, () => ({
      from: maybe(() => somePrefix(random)),
      to: maybe(() => somePrefix(random)),
      protocol: random.below(3) === 0 ? udp : tcp,
      sports: [maybe(() => randomRange(random)) ?? ANY_PORT],
      dports: [maybe(() => randomRange(random)) ?? ANY_PORT],
    }));
  },
  /** Host to host in one network, and one filter for the whole network. */
  hosts: (random, count) => [
    ...many(count - 1, () => hostToHost(random)),
    { from: TEN, to: TEN, protocol: icmp, icmpType: 8 },
  ],
  /** The same with the replies of each connection. */
  replies: (random, count) => [
    ...many(count - 1, () => ({ ...hostToHost(random), mirrored: 'established' as const })),
    { from: TEN, to: TEN, protocol: icmp, icmpType: 8 },
  ],
  /** Public hosts with a service each on many distinct ports, and the way back. */
  mirrored: (random, count) => {
    const ports = Array.from({ length: 2000 }, () => random.between(1, LAST_PORT));
    return many(count, () => ({
      to: host(anyAddress(random, FAMILY)),
      protocol: random.below(4) === 0 ? udp : tcp,
      dports: [one(random.pick(ports))],
      mirrored: true,
    }));
  },
  /** Random ranges at both ports between hosts and networks. */
  ranges: (random, count) =>
    many(count, () => ({
      from: somePrefix(random),
      to: somePrefix(random),
      protocol: random.below(3) === 0 ? udp : tcp,
      sports: [randomRange(random)],
      dports: [randomRange(random)],
    })),
  /** One filter with so many odd ports at both ends. */
  portlist: (_random, count) => {
    const odd = Array.from({ length: count }, (_, i) => one(2 * i + 1));
    return [{ protocol: tcp, sports: odd, dports: odd }];
  },
  /** As `portlist`, each range of another width, so that no two count alike. */
  widths: (_random, count) => {
    const ranges: PortRange[] = [];
    for (let i = 0, lo = 1; i < count && lo + i <= LAST_PORT; lo += i + 2, i++) ranges.push({ lo, hi: lo + i });
    return [{ protocol: tcp, sports: ranges, dports: ranges }];
  },
  'seed-acl': (random, count) => drawSeeded(random, count, ACL_SEED),
  'seed-fw': (random, count) => drawSeeded(random, count, FW_SEED),
  'seed-ipc': (random, count) => drawSeeded(random, count, IPC_SEED),
};

export const SHAPE_NAMES: readonly ShapeName[] = Object.keys(SHAPES) as ShapeName[];

export function shapePolicy(random: Random, shape: ShapeName, count: number): Policy {
  const draw = SHAPES[shape];
  const filters = Array.from({ length: RULES }, (): Filter[] => []);
  for (const fields of draw(random, count)) filters[random.below(RULES)]?.push(filterOf(fields));
  const rules = filters.map((list, i): Rule => {
    const name = `rule ${i}`;
    const action = i % 3 === 0 ? 'block' : 'permit';
    return { name, action, filterList: { name, filters: list, span: SPAN }, interfaces: undefined, span: SPAN };
  });
  return { ...emptyPolicy(shape, SPAN), default: 'block', strict: true, exemptions: [], rules };
}

const TEN: Prefix = { family: FAMILY, words: [0x0a000000], length: 8 };

function many<T>(count: number, draw: () => T): T[] {
  return Array.from({ length: count }, draw);
}

function host(address: Pick<Prefix, 'family' | 'words'>): Prefix {
  return { ...address, length: 32 };
}

function one(port: number): PortRange {
  return { lo: port, hi: port };
}

function randomRange(random: Random): PortRange {
  const [a, b] = [random.between(1, LAST_PORT), random.between(1, LAST_PORT)];
  return { lo: Math.min(a, b), hi: Math.max(a, b) };
}

/** Around few addresses, so that most prefixes lie in others. */
function drawOverlapping(random: Random): Prefix {
  return prefixOf({ family: FAMILY, words: [0x0a000000 + random.below(8) * 0x10101] }, random.between(8, 32));
}

function somePrefix(random: Random): Prefix {
  const length = random.shared([
    [40, 32],
    [30, 24],
    [20, 16],
    [10, random.between(8, 30)],
  ]);
  return prefixOf(addressIn(random, TEN), length);
}

function hostToHost(random: Random): Fields {
  const port = random.pick([22, 80, 443, 3306, 5432, 8080, random.between(1024, LAST_PORT)]);
  return { from: host(addressIn(random, TEN)), to: host(addressIn(random, TEN)), protocol: tcp, dports: [one(port)] };
}

type Shares<T> = readonly (readonly [percent: number, value: T])[];
type PortKind = 'any' | 'high' | 'low' | 'exact' | 'range';

/** What a set of filters is drawn by, in the manner of ClassBench's seeds. */
interface Seed {
  /** Prefix lengths; 0 is any. */
  readonly sourceLengths: Shares<number>;
  readonly destinationLengths: Shares<number>;
  readonly protocols: Shares<number | undefined>;
  readonly sourcePorts: Shares<PortKind>;
  readonly destinationPorts: Shares<PortKind>;
  /** Percent of the prefixes that are drawn inside one that was drawn before. */
  readonly nested: number;
}

/** Access lists: specific destinations and services, source ports any. */
const ACL_SEED: Seed = {
  sourceLengths: [
    [5, 0],
    [10, 16],
    [25, 24],
    [15, 28],
    [45, 32],
  ],
  destinationLengths: [
    [2, 0],
    [8, 16],
    [20, 24],
    [20, 28],
    [50, 32],
  ],
  protocols: [
    [75, tcp],
    [15, udp],
    [5, icmp],
    [5, undefined],
  ],
  sourcePorts: [[100, 'any']],
  destinationPorts: [
    [15, 'any'],
    [7, 'high'],
    [3, 'low'],
    [65, 'exact'],
    [10, 'range'],
  ],
  nested: 60,
};

/** Firewalls: many wildcards, ranges at both ports. */
const FW_SEED: Seed = {
  sourceLengths: [
    [45, 0],
    [10, 8],
    [10, 16],
    [15, 24],
    [20, 32],
  ],
  destinationLengths: [
    [30, 0],
    [5, 8],
    [10, 16],
    [25, 24],
    [30, 32],
  ],
  protocols: [
    [60, tcp],
    [25, udp],
    [5, icmp],
    [10, undefined],
  ],
  sourcePorts: [
    [60, 'any'],
    [20, 'high'],
    [12, 'exact'],
    [8, 'range'],
  ],
  destinationPorts: [
    [30, 'any'],
    [15, 'high'],
    [5, 'low'],
    [35, 'exact'],
    [15, 'range'],
  ],
  nested: 50,
};

/** Chains of a Linux packet filter: between the two. */
const IPC_SEED: Seed = {
  sourceLengths: [
    [15, 0],
    [10, 16],
    [25, 24],
    [50, 32],
  ],
  destinationLengths: [
    [10, 0],
    [10, 16],
    [25, 24],
    [55, 32],
  ],
  protocols: [
    [60, tcp],
    [25, udp],
    [10, icmp],
    [5, undefined],
  ],
  sourcePorts: [
    [80, 'any'],
    [7, 'high'],
    [10, 'exact'],
    [3, 'range'],
  ],
  destinationPorts: [
    [35, 'any'],
    [5, 'high'],
    [3, 'low'],
    [45, 'exact'],
    [12, 'range'],
  ],
  nested: 55,
};

function drawSeeded(random: Random, count: number, seed: Seed): readonly Fields[] {
  const ports = Array.from({ length: 200 }, () => random.between(1, LAST_PORT));
  const ranges = Array.from({ length: 100 }, () => randomRange(random));
  const drawn: Readonly<Record<'source' | 'destination', Prefix[]>> = { source: [], destination: [] };
  const prefix = (end: keyof typeof drawn, lengths: Shares<number>): Prefix | undefined => {
    const length = random.shared(lengths);
    if (length === 0) return undefined;
    const around = drawn[end].length > 0 && random.below(100) < seed.nested ? random.pick(drawn[end]) : undefined;
    const address = around === undefined ? anyAddress(random, FAMILY) : addressIn(random, around);
    const made = prefixOf(address, length);
    drawn[end].push(made);
    return made;
  };
  const portsOf = (kinds: Shares<PortKind>): readonly PortRange[] => [portRange(random.shared(kinds))];
  const portRange = (kind: PortKind): PortRange => {
    switch (kind) {
      case 'any':
        return ANY_PORT;
      case 'high':
        return { lo: 1024, hi: LAST_PORT };
      case 'low':
        return { lo: 0, hi: 1023 };
      case 'exact':
        return one(random.pick(ports));
      case 'range':
        return random.pick(ranges);
    }
  };
  return many(count, () => {
    const protocol = random.shared(seed.protocols);
    const ends = { from: prefix('source', seed.sourceLengths), to: prefix('destination', seed.destinationLengths) };
    if (protocol !== tcp && protocol !== udp) return { ...ends, protocol };
    return { ...ends, protocol, sports: portsOf(seed.sourcePorts), dports: portsOf(seed.destinationPorts) };
  });
}

function filterOf({ from, to, sports, dports, protocol, icmpType, mirrored = false }: Fields): Filter {
  const sourcePorts = mergeRanges(sports ?? [ANY_PORT]);
  const destinationPorts = mergeRanges(dports ?? [ANY_PORT]);
  const ends = [`${text(from)}:${portText(sourcePorts)}`, `${text(to)}:${portText(destinationPorts)}`] as const;
  return {
    ...ANY_PACKET,
    source: match(from),
    destination: match(to),
    sourcePorts,
    destinationPorts,
    protocol,
    icmp: icmpType === undefined ? [] : [{ type: icmpType, code: undefined }],
    mirrored,
    text: `${ends[0]}${mirrored === false ? '=' : '+'}${ends[1]}:${protocol ?? '*'}`,
    span: SPAN,
  };
}

function match(prefix: Prefix | undefined): AddressMatch {
  return prefix === undefined ? { kind: 'any' } : { kind: 'prefix', prefix };
}

function text(prefix: Prefix | undefined): string {
  return prefix === undefined ? '*' : formatPrefix(prefix);
}

function portText(ranges: readonly PortRange[]): string {
  const [first = ANY_PORT, ...others] = ranges;
  if (isAnyPort(first)) return '*';
  return `${first.lo}-${first.hi}${others.length > 0 ? ` and ${others.length} more` : ''}`;
}
