/**
 * Looks for a packet of a region that none of some directed filters matches. Exact: where it finds none, there is
 * none. The freest addresses are tried first, because most regions have such a packet and it is seldom far.
 */

import { present } from '../../base/assert.ts';
import type { Address } from '../../base/ip.ts';
import { PROTOCOLS } from '../../policy/model.ts';
import type { Packet } from '../../policy/packet/model.ts';
import { PLAIN_PACKET } from '../../policy/packet/model.ts';
import type { SeenPacket } from '../../policy/packet/text.ts';
import type { AtomSet, Atoms } from './atoms.ts';
import type { Effort } from './effort.ts';
import type { Place } from './interface-limits.ts';
import type { Areas, Service, ServicePoint } from './service-sets.ts';
import { areasCover, PLANES, servicesOverlap } from './service-sets.ts';
import type { Box, Space } from './universe.ts';

export interface Region {
  readonly source: AtomSet;
  readonly destination: AtomSet;
  readonly service: Service;
}

export interface Point {
  /** Atoms. */
  readonly source: number;
  readonly destination: number;
  readonly service: ServicePoint;
}

export interface Query {
  readonly region: Region;
  /** Does the box take packets away? Only ever asked of boxes with a rank below `limit`. */
  readonly takes: (box: Box) => boolean;
  readonly limit: number;
  /**
   * Leave out what no interface sees: packets from a host to itself (one address at both ends, or the host's own at
   * both), ICMPv6 over IPv4 and ICMP over IPv6.
   */
  readonly onWire: boolean;
}

/** What a look at one box costs where a point outside of many is looked for, in looks that compare it alone. */
const POINT_STEPS = 4;
/** Pairs of atoms to try before the boxes that matter are gathered. */
const PROBES = 64;

export class Search {
  readonly #space: Space;
  readonly #atoms: Atoms;
  /** By source condition, then by destination condition. */
  readonly #byConditions = new Map<number, Map<number, Box[]>>();
  readonly #touched = new Map<number, ReadonlySet<number>>();
  readonly #own: ReadonlySet<number>;
  readonly #numbers = new Map<Box, number>();
  readonly #effort: Effort;

  readonly #spend = (steps: number): void => this.#effort.spend(steps);

  constructor(space: Space, effort: Effort) {
    this.#space = space;
    this.#effort = effort;
    this.#atoms = space.atoms;
    this.#own = new Set(space.own?.atoms);
    for (const box of space.boxes) {
      const byDestination = this.#byConditions.get(box.source) ?? new Map<number, Box[]>();
      this.#byConditions.set(box.source, byDestination);
      const known = byDestination.get(box.destination);
      if (known === undefined) byDestination.set(box.destination, [box]);
      else known.push(box);
    }
  }

  /** `unknown` where the effort ended before one was found. */
  find(asked: Query): Point | 'unknown' | undefined {
    this.#effort.beginSearch();
    const query = asked.onWire ? this.#plausible(asked) : asked;
    if (query === undefined) return undefined;
    const { source, destination } = query.region;
    const isSmall = source.atoms.length * destination.atoms.length <= PROBES;
    const side = isSmall ? PROBES : Math.sqrt(PROBES);
    for (const s of source.atoms.subarray(0, side)) {
      for (const d of destination.atoms.subarray(0, side)) {
        const point = this.#at(s, d, query);
        if (point === 'covered') return undefined;
        if (point !== undefined) return point;
        if (this.#effort.isSearchSpent) return 'unknown';
      }
    }
    return isSmall ? undefined : this.#exhaust(query);
  }

  /** The first of the boxes that match a point, by rank, among those that count. */
  first({ source, destination, service }: Point, counts: (box: Box) => boolean): Box | undefined {
    const point = pointAreas(service);
    let best: Box | undefined;
    for (const boxes of this.#listsAt(source, destination)) {
      const first = boxes.find((box) => counts(box) && areasCover(box.service.areas, point));
      if (first !== undefined && (best === undefined || first.rank < best.rank)) best = first;
    }
    return best;
  }

  /** The packet of the point at the place, with the way it goes: leaving where only its source is the host's own. */
  seen(point: Point, place: Place): SeenPacket {
    const isLeaving = this.#own.has(point.source) && !this.#own.has(point.destination);
    return { packet: this.packet(point), direction: isLeaving ? 'leaving' : 'arriving', interface: place };
  }

  packet({ source, destination, service }: Point): Packet {
    const from = present(this.#atoms.examples(source)[0]);
    const others = this.#atoms.examples(destination);
    return packetOf(from, present((source === destination ? others[1] : undefined) ?? others[0]), service);
  }

  #plausible(query: Query): Query | undefined {
    const service = this.#space.services.plausible(query.region.service);
    return service === undefined ? undefined : { ...query, region: { ...query.region, service } };
  }

  /** `covered` where one box takes the whole region. */
  #at(source: number, destination: number, query: Query): Point | 'covered' | undefined {
    const { region, takes, limit, onWire } = query;
    if (onWire && this.#isWithinHost(source, destination)) return undefined;
    const taken: Areas[] = [];
    for (const boxes of this.#listsAt(source, destination)) {
      this.#effort.spend(boxes.length);
      for (const box of boxes) {
        if (box.rank >= limit) break;
        if (!servicesOverlap(box.service, region.service) || !takes(box)) continue;
        if (areasCover(box.service.areas, region.service.areas)) {
          return this.#covers(box, region) ? 'covered' : undefined;
        }
        taken.push(box.service.areas);
      }
    }
    this.#effort.spend(taken.length * POINT_STEPS);
    const service = this.#space.services.pointOutside(region.service.areas, taken, this.#spend);
    return service === undefined ? undefined : { source, destination, service };
  }

  #covers(box: Box, { source, destination }: Region): boolean {
    const holds = (condition: number, set: AtomSet): boolean =>
      condition === 0 || this.#atoms.covers(this.#atoms.where(condition), set);
    return holds(box.source, source) && holds(box.destination, destination);
  }

  /** Lists of boxes, each in rank order, that match both atoms. */
  *#listsAt(source: number, destination: number): Generator<readonly Box[]> {
    const ends = this.#atoms.conditionsAt(destination);
    const starts = this.#atoms.conditionsAt(source);
    this.#effort.spend(starts.length * ends.length);
    for (const condition of starts) {
      const byDestination = this.#byConditions.get(condition);
      if (byDestination === undefined) continue;
      for (const other of ends) {
        const boxes = byDestination.get(other);
        if (boxes !== undefined) yield boxes;
      }
    }
  }

  #isWithinHost(source: number, destination: number): boolean {
    if (this.#own.has(source) && this.#own.has(destination)) return true;
    return source === destination && this.#atoms.examples(source).length === 1;
  }

  /** Every combination of boxes that meet somewhere in the region, once. */
  #exhaust(query: Query): Point | 'unknown' | undefined {
    const { region, takes, limit } = query;
    const sources = this.#touchedBy(region.source);
    const destinations = this.#touchedBy(region.destination);
    const boxes: Box[] = [];
    this.#effort.spend(this.#space.boxes.length);
    for (const box of this.#space.boxes) {
      if (box.rank >= limit) break;
      if (!sources.has(box.source) || !destinations.has(box.destination)) continue;
      if (servicesOverlap(box.service, region.service) && takes(box)) boxes.push(box);
    }
    const covered = new Set<string>();
    const atSource = new Combinations(this.#atoms, boxes, (box) => box.source);
    for (const source of region.source.atoms) {
      const here = atSource.next(source);
      if (here === undefined) continue;
      const { point, complete } = this.#along(source, here, query, covered);
      if (point !== undefined) return point;
      if (!complete) atSource.forget(source);
      this.#effort.spend(1);
    }
    return undefined;
  }

  /** Complete unless a packet from a host to itself was left out, which another source atom would not have. */
  #along(
    source: number,
    boxes: readonly Box[],
    query: Query,
    covered: Set<string>,
  ): { readonly point: Point | 'unknown' | undefined; readonly complete: boolean } {
    const { region, onWire } = query;
    this.#effort.spend(boxes.length + region.destination.atoms.length);
    const atDestination = new Combinations(this.#atoms, boxes, (box) => box.destination);
    let complete = true;
    for (const destination of region.destination.atoms) {
      const here = atDestination.next(destination);
      if (here === undefined) continue;
      if (onWire && this.#isWithinHost(source, destination)) {
        atDestination.forget(destination);
        complete = false;
        continue;
      }
      this.#effort.spend(here.length);
      const key = here.map((box) => this.#numberOf(box)).join();
      if (covered.has(key)) continue;
      if (this.#effort.isSearchSpent) return { point: 'unknown', complete };
      this.#effort.spend(here.length * POINT_STEPS);
      const service = this.#space.services.pointOutside(
        region.service.areas,
        here.map((box) => box.service.areas),
        this.#spend,
      );
      if (service !== undefined) return { point: { source, destination, service }, complete };
      covered.add(key);
    }
    return { point: undefined, complete };
  }

  #numberOf(box: Box): number {
    const number = this.#numbers.get(box) ?? this.#numbers.size;
    this.#numbers.set(box, number);
    return number;
  }

  /** Conditions that hold somewhere in the set. */
  #touchedBy(set: AtomSet): ReadonlySet<number> {
    const known = this.#touched.get(set.id);
    if (known !== undefined) return known;
    const touched = new Set<number>();
    for (const atom of set.atoms) for (const condition of this.#atoms.conditionsAt(atom)) touched.add(condition);
    this.#touched.set(set.id, touched);
    return touched;
  }
}

/** Which boxes match at each atom; an atom with the same ones as an earlier atom is passed over. */
class Combinations {
  readonly #atoms: Atoms;
  readonly #byCondition = new Map<number, Box[]>();
  readonly #seen = new Set<string>();

  constructor(atoms: Atoms, boxes: readonly Box[], conditionOf: (box: Box) => number) {
    this.#atoms = atoms;
    for (const box of boxes) {
      const condition = conditionOf(box);
      const known = this.#byCondition.get(condition);
      if (known === undefined) this.#byCondition.set(condition, [box]);
      else known.push(box);
    }
  }

  /** undefined where an earlier atom had the same. */
  next(atom: number): readonly Box[] | undefined {
    const relevant = this.#relevantAt(atom);
    const key = relevant.join();
    if (this.#seen.has(key)) return undefined;
    this.#seen.add(key);
    return relevant.flatMap((condition) => this.#byCondition.get(condition) ?? []);
  }

  /** Lets the next atom with the same boxes through. */
  forget(atom: number): void {
    this.#seen.delete(this.#relevantAt(atom).join());
  }

  #relevantAt(atom: number): readonly number[] {
    return this.#atoms.conditionsAt(atom).filter((condition) => this.#byCondition.has(condition));
  }
}

function pointAreas({ plane, key, sourcePort }: ServicePoint): Areas {
  const area = { keys: [{ lo: key, hi: key }], sourcePorts: [{ lo: sourcePort, hi: sourcePort }] };
  return PLANES.map((other) => (other === plane ? area : undefined));
}

const PLANE_PROTOCOL = { ...PROTOCOLS, established: PROTOCOLS.tcp } as const;

function packetOf(source: Address, destination: Address, { plane, key, sourcePort }: ServicePoint): Packet {
  const isIcmp = plane === 'icmp' || plane === 'icmpv6';
  const hasPorts = !isIcmp && plane !== 'other' && plane !== 'fragment';
  return {
    ...PLAIN_PACKET,
    family: source.family,
    source,
    destination,
    protocol: plane === 'other' || plane === 'fragment' ? key : PLANE_PROTOCOL[plane],
    sourcePort: hasPorts ? sourcePort : 0,
    destinationPort: hasPorts ? key : 0,
    icmp: isIcmp ? { type: key >>> 8, code: key & 0xff } : undefined,
    established: plane === 'established',
    laterFragment: plane === 'fragment',
    broadcastFrame: source.family === 4,
  };
}
