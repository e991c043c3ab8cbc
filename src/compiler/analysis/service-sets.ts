/**
 * What filters ask besides addresses, as sets of points. The space is cut into planes, in each of which a point
 * is a key (destination port, ICMP type and code, or protocol number) and a source port.
 */
import { present } from '../../base/assert.ts';
import type { Family } from '../../base/ip.ts';
import type { PortRange } from '../../policy/model.ts';
import { ANY_PORT, PROTOCOLS } from '../../policy/model.ts';
import { areAnyPort } from '../../policy/ports.ts';
import type { Ranges } from './ranges.ts';
import { commonRanges, pickNumber, rangesCover, rangesOutside, rangesOverlap, union } from './ranges.ts';

/** `established`: TCP with ACK or RST; `tcp`: without. `fragment`: later ones, of any protocol, keyed by it. */
export type Plane = 'tcp' | 'established' | 'udp' | 'sctp' | 'icmp' | 'icmpv6' | 'other' | 'fragment';

export const PLANES: readonly Plane[] = [
  'tcp',
  'udp',
  'icmp',
  'icmpv6',
  'established',
  'sctp',
  'other',
  'fragment',
] as const;

/** The protocol that no host sends over this family: each family has an ICMP of its own. */
const FOREIGN: Readonly<Record<Family, 'icmp' | 'icmpv6'>> = { 4: 'icmpv6', 6: 'icmp' };

/** The planes as indexes of PLANES, in the order in which an example packet is looked for: the foreign ICMP last. */
const SEARCH_ORDER: Readonly<Record<Family, readonly number[]>> = { 4: searchOrder(4), 6: searchOrder(6) };

function searchOrder(family: Family): readonly number[] {
  const indexes = PLANES.map((_, index) => index);
  const isForeign = (index: number): boolean => PLANES[index] === FOREIGN[family];
  return [...indexes.filter((index) => !isForeign(index)), ...indexes.filter(isForeign)];
}

/** The points of one plane: every key with every source port, neither of them empty. */
export interface Area {
  readonly keys: Ranges;
  readonly sourcePorts: Ranges;
}

/** By plane, in the order of PLANES. */
export type Areas = readonly (Area | undefined)[];

export interface ServicePoint {
  readonly plane: Plane;
  readonly key: number;
  readonly sourcePort: number;
}

/** The conditions of one half of a filter, or of one directed filter. */
export interface ServiceConditions {
  readonly protocol: number | undefined;
  readonly keys: Ranges;
  readonly sourcePorts: Ranges;
  readonly established: boolean;
  /** It looks at ports, type or flags, which a later fragment does not show. */
  readonly needsL4: boolean;
  /** Nothing but later fragments. */
  readonly fragment: boolean;
}

/** Conditions with their points. `areas` says all; the rest is to tell most pairs apart in a few compares. */
export interface Service {
  readonly id: number;
  readonly areas: Areas;
  readonly protocol: number | undefined;
  readonly keys: PortRange;
  readonly sourcePorts: PortRange;
}

const ANY: Ranges = [ANY_PORT];
const PLANE_PROTOCOL: Readonly<Partial<Record<Plane, number>>> = {
  tcp: PROTOCOLS.tcp,
  established: PROTOCOLS.tcp,
  udp: PROTOCOLS.udp,
  sctp: PROTOCOLS.sctp,
  icmp: PROTOCOLS.icmp,
  icmpv6: PROTOCOLS.icmpv6,
};
const ALL_PROTOCOLS: Ranges = [{ lo: 0, hi: 255 }];
/** IPv6 extension headers are never the protocol of a packet, except in a later fragment, where nothing more is read. */
const IPV6_EXTENSIONS = [0, 43, 44, 51, 60] as const;
const OTHER_PROTOCOLS: Readonly<Record<Family, Ranges>> = {
  4: rangesOutside(ALL_PROTOCOLS, Object.values(PROTOCOLS).map(single)),
  6: rangesOutside(ALL_PROTOCOLS, [...Object.values(PROTOCOLS), ...IPV6_EXTENSIONS].map(single)),
};
/** Of example packets, where the filters leave a choice. */
const CLIENT_PORT = 40000;
const PREFERRED_KEY: Readonly<Record<Plane, number>> = {
  tcp: CLIENT_PORT,
  established: CLIENT_PORT,
  udp: CLIENT_PORT,
  sctp: CLIENT_PORT,
  icmp: 8 << 8,
  icmpv6: 128 << 8,
  other: 47,
  fragment: PROTOCOLS.udp,
};

function single(number: number): PortRange {
  return { lo: number, hi: number };
}

/** Services by what they ask: equal ones are the same object. For packets of one family. */
export class Services {
  readonly #family: Family;
  readonly #known = new Map<string, Service>();
  readonly #common = new Map<number, Service>();
  readonly #plausible = new Map<number, Service | undefined>();
  #nextId = 0;

  constructor(family: Family) {
    this.#family = family;
  }

  of(conditions: ServiceConditions): Service {
    const { protocol, keys, sourcePorts, established, needsL4, fragment } = conditions;
    const text = (ranges: Ranges): string => ranges.map(({ lo, hi }) => `${lo}-${hi}`).join();
    const key = `${protocol} ${text(keys)} ${text(sourcePorts)} ${established} ${needsL4} ${fragment}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const service: Service = {
      id: this.#nextId++,
      areas: PLANES.map((plane) => areaOn(plane, conditions, this.#family)),
      protocol,
      keys: hull(keys),
      sourcePorts: hull(sourcePorts),
    };
    this.#known.set(key, service);
    return service;
  }

  /** Every packet of a protocol. */
  protocol(protocol: number): Service {
    const any = { keys: ANY, sourcePorts: ANY, established: false, needsL4: false, fragment: false };
    return this.of({ ...any, protocol });
  }

  /** Without the packets that no host sends; undefined where no others are left. */
  plausible(service: Service): Service | undefined {
    if (this.#plausible.has(service.id)) return this.#plausible.get(service.id);
    const areas = service.areas.map((area, index) => plausibleArea(area, present(PLANES[index]), this.#family));
    const isChanged = areas.some((area, index) => area !== service.areas[index]);
    const kept = areas.some((area) => area !== undefined) ? { ...service, id: this.#nextId++, areas } : undefined;
    const plausible = isChanged ? kept : service;
    this.#plausible.set(service.id, plausible);
    return plausible;
  }

  /** A point of `within` that is in none of the others. `spend` is told what it took. */
  pointOutside(within: Areas, taken: readonly Areas[], spend: Spend = () => undefined): ServicePoint | undefined {
    for (const index of SEARCH_ORDER[this.#family]) {
      const area = within[index];
      if (area === undefined) continue;
      const others = taken.flatMap((areas) => areas[index] ?? []);
      const point = pointOn(present(PLANES[index]), area, others, spend);
      if (point !== undefined) return point;
    }
    return undefined;
  }

  /** The points of both, which overlap. */
  common(a: Service, b: Service): Service {
    if (a === b) return a;
    const key = Math.min(a.id, b.id) * 0x4000000 + Math.max(a.id, b.id);
    const known = this.#common.get(key);
    if (known !== undefined) return known;
    const { protocol, keys, sourcePorts } = a.protocol === undefined ? b : a;
    const areas = a.areas.map((area, plane) => commonArea(area, b.areas[plane]));
    const common = { id: this.#nextId++, areas, protocol, keys, sourcePorts };
    this.#common.set(key, common);
    return common;
  }
}

function plausibleArea(area: Area | undefined, plane: Plane, family: Family): Area | undefined {
  const foreign = FOREIGN[family];
  if (area === undefined || plane === foreign) return undefined;
  if (plane !== 'fragment') return area;
  const number = single(PROTOCOLS[foreign]);
  if (!rangesOverlap(area.keys, [number])) return area;
  const keys = rangesOutside(area.keys, [number]);
  return keys.length === 0 ? undefined : { ...area, keys };
}

function commonArea(a: Area | undefined, b: Area | undefined): Area | undefined {
  if (a === undefined || b === undefined) return undefined;
  const keys = commonRanges(a.keys, b.keys);
  const sourcePorts = commonRanges(a.sourcePorts, b.sourcePorts);
  return keys.length === 0 || sourcePorts.length === 0 ? undefined : { keys, sourcePorts };
}

function hull(ranges: Ranges): PortRange {
  return { lo: ranges[0]?.lo ?? 0, hi: ranges.at(-1)?.hi ?? ANY_PORT.hi };
}

function areaOn(plane: Plane, conditions: ServiceConditions, family: Family): Area | undefined {
  const { protocol, keys, sourcePorts, established, needsL4, fragment } = conditions;
  if (fragment && plane !== 'fragment') return undefined;
  if (established && plane !== 'established') return undefined;
  if (needsL4 && plane === 'fragment') return undefined;
  if (plane !== 'other' && plane !== 'fragment') {
    if (protocol === undefined) return { keys: ANY, sourcePorts: ANY };
    return PLANE_PROTOCOL[plane] === protocol ? { keys, sourcePorts } : undefined;
  }
  const protocols = plane === 'other' ? OTHER_PROTOCOLS[family] : ALL_PROTOCOLS;
  const matched = protocol === undefined ? protocols : commonRanges(protocols, [single(protocol)]);
  return matched.length === 0 ? undefined : { keys: matched, sourcePorts: ANY };
}

export function needsL4(conditions: Omit<ServiceConditions, 'needsL4'>): boolean {
  return conditions.established || !areAnyPort(conditions.sourcePorts) || !areAnyPort(conditions.keys);
}

export function servicesOverlap(a: Service, b: Service): boolean {
  if (a === b) return true;
  if (a.protocol !== undefined && b.protocol !== undefined) {
    if (a.protocol !== b.protocol) return false;
    if (a.keys.lo > b.keys.hi || b.keys.lo > a.keys.hi) return false;
    if (a.sourcePorts.lo > b.sourcePorts.hi || b.sourcePorts.lo > a.sourcePorts.hi) return false;
  }
  return a.areas.some((area, plane) => {
    const other = b.areas[plane];
    if (area === undefined || other === undefined) return false;
    return rangesOverlap(area.keys, other.keys) && rangesOverlap(area.sourcePorts, other.sourcePorts);
  });
}

export function areasCover(outer: Areas, inner: Areas): boolean {
  return outer === inner || inner.every((area, plane) => area === undefined || covers(outer[plane], area));
}

/** Is every point of `inner` in one of the other two? */
export function twoAreasCover(first: Areas, second: Areas, inner: Areas): boolean {
  return inner.every((area, plane) => area === undefined || twoCover(first[plane], second[plane], area));
}

function covers(outer: Area | undefined, inner: Area): boolean {
  return (
    outer !== undefined && rangesCover(outer.keys, inner.keys) && rangesCover(outer.sourcePorts, inner.sourcePorts)
  );
}

function twoCover(first: Area | undefined, second: Area | undefined, inner: Area): boolean {
  if (first === undefined || second === undefined) return covers(first ?? second, inner);
  const sides = (area: Area): readonly boolean[] => [
    rangesCover(area.keys, inner.keys),
    rangesCover(area.sourcePorts, inner.sourcePorts),
  ];
  return isProductCovered(sides(first), sides(second), (side) =>
    side === 0
      ? rangesCover(union(first.keys, second.keys), inner.keys)
      : rangesCover(union(first.sourcePorts, second.sourcePorts), inner.sourcePorts),
  );
}

/**
 * Is a product of sets within the union of two products? Where neither holds it alone, both fail at the same single
 * factor, or a point that fails the first at one factor and the second at another would be in neither.
 */
export function isProductCovered(
  inFirst: readonly boolean[],
  inSecond: readonly boolean[],
  inUnion: (factor: number) => boolean,
): boolean {
  const failing = (held: readonly boolean[]): number[] => held.flatMap((holds, factor) => (holds ? [] : [factor]));
  const [first, second] = [failing(inFirst), failing(inSecond)];
  if (first.length === 0 || second.length === 0) return true;
  const [factor] = first;
  return first.length === 1 && second.length === 1 && factor === second[0] && factor !== undefined && inUnion(factor);
}

/** Steps of work, as the effort counts them. */
type Spend = (steps: number) => void;

/** Looked at in the time of one step. */
const SPANS_PER_STEP = 16;

function pointOn(plane: Plane, area: Area, taken: readonly Area[], spend: Spend): ServicePoint | undefined {
  const whole = new Set(taken.filter((other) => rangesCover(other.sourcePorts, area.sourcePorts)));
  const open =
    whole.size === 0
      ? area.keys
      : rangesOutside(
          area.keys,
          [...whole].flatMap((other) => other.keys),
        );
  const partial = taken.filter((other) => !whole.has(other) && rangesOverlap(other.keys, open));
  const spans = spansOf(partial);
  const keys = keysToTry(open, partial, PREFERRED_KEY[plane]);
  spend(Math.ceil((keys.length * spans.length) / SPANS_PER_STEP));
  for (const key of keys) {
    if (coverAt(spans, key, area.sourcePorts)) continue;
    const active = partial.filter((other) => rangesCover(other.keys, [single(key)]));
    const ports = rangesOutside(
      area.sourcePorts,
      active.flatMap((other) => other.sourcePorts),
    );
    const sourcePort = pickNumber(ports, CLIENT_PORT);
    if (sourcePort !== undefined) return { plane, key, sourcePort };
  }
  return undefined;
}

/** Keys by source ports, a rectangle. */
interface Span {
  readonly keyLo: number;
  readonly keyHi: number;
  readonly lo: number;
  readonly hi: number;
}

/** The rectangles of the areas, by their first source port. */
function spansOf(areas: readonly Area[]): readonly Span[] {
  const spans = areas.flatMap(({ keys, sourcePorts }) =>
    keys.flatMap((key) => sourcePorts.map(({ lo, hi }) => ({ keyLo: key.lo, keyHi: key.hi, lo, hi }))),
  );
  return spans.sort((a, b) => a.lo - b.lo);
}

/** Do those of the spans that have the key cover all of the ports? */
function coverAt(spans: readonly Span[], key: number, ports: Ranges): boolean {
  return ports.every(({ lo, hi }) => {
    let next = lo;
    for (const span of spans) {
      if (span.lo > next) return false;
      if (span.hi >= next && span.keyLo <= key && key <= span.keyHi) next = span.hi + 1;
      if (next > hi) return true;
    }
    return false;
  });
}

/** One key of each stretch where the same of `cutters` match; the preferred one first. */
function keysToTry(open: Ranges, cutters: readonly Area[], preferred: number): readonly number[] {
  const first = pickNumber(open, preferred);
  if (first === undefined) return [];
  if (cutters.length === 0) return [first];
  const cuts = [
    ...open.map(({ lo }) => lo),
    ...cutters.flatMap(({ keys }) => keys.flatMap(({ lo, hi }) => [lo, hi + 1])),
  ];
  const inOpen = cuts.filter((key) => open.some(({ lo, hi }) => lo <= key && key <= hi)).sort((a, b) => a - b);
  return [...new Set([first, ...inOpen])];
}
