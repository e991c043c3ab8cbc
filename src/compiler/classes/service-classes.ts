/**
 * Pass 5. Services fall into classes as addresses do: one number for (plane, destination key), one
 * for (plane, source port). A plane is a key space: TCP ports, ICMP type and code, fragments...
 */

import { present } from '../../base/assert.ts';
import { ENUMS } from '../../layout/layout.gen.ts';
import type { IcmpMatch, PortRange } from '../../policy/model.ts';
import { ANY_PORT, PROTOCOLS } from '../../policy/model.ts';
import { areAnyPort } from '../../policy/ports.ts';
import type { DirectedFilter } from '../conditions/expand.ts';
import { mergeAscending } from '../merge-ascending.ts';
import type { RankSets } from './rank-sets.ts';

const PLANE = ENUMS.plane;
const KEYS = 65536;

/** Which packets a filter matches as far as their service goes, without the source port. */
export interface ServiceCondition {
  readonly protocol: number | undefined;
  /** Of the destination port, or of type << 8 | code. */
  readonly keys: readonly PortRange[];
  readonly established: boolean;
  /** The filter looks at ports, type or flags: a fragment without them cannot match. */
  readonly needsL4: boolean;
  /** Nothing but later fragments. */
  readonly fragment: boolean;
}

export interface SourcePortCondition {
  readonly protocol: number | undefined;
  readonly ports: readonly PortRange[];
}

/** A plane cut into segments of one class; starts ascend from 0. */
export interface PlaneSegments {
  readonly starts: readonly number[];
  readonly classes: readonly number[];
}

export interface ServiceClasses {
  readonly count: number;
  readonly planes: readonly PlaneSegments[];
  /** By class: the set of ranks whose condition holds. */
  readonly members: readonly number[];
  /** By condition id: the classes where the condition holds. */
  readonly holds: () => readonly (readonly number[])[];
  /** How many these are at most, all conditions together: many where conditions overlap. */
  readonly holding: number;
}

export interface Services {
  readonly destination: ServiceClasses;
  readonly source: ServiceClasses;
  /** By rank: condition ids. */
  readonly destinationOf: Uint32Array;
  readonly sourceOf: Uint32Array;
}

export function icmpKeys(icmp: IcmpMatch): PortRange {
  const lo = icmp.type << 8;
  return icmp.code === undefined ? { lo, hi: lo | 0xff } : { lo: lo | icmp.code, hi: lo | icmp.code };
}

export function serviceConditionOf(directed: DirectedFilter): ServiceCondition {
  const { filter, established, sourcePorts, destinationPorts, icmp } = directed;
  const keys = icmp === undefined ? destinationPorts : [icmpKeys(icmp)];
  const needsL4 = icmp !== undefined || established || !areAnyPort(sourcePorts) || !areAnyPort(destinationPorts);
  return { protocol: filter.protocol, keys, established, needsL4, fragment: filter.fragment };
}

export function sourcePortConditionOf(directed: DirectedFilter): SourcePortCondition {
  const any = areAnyPort(directed.sourcePorts);
  return { protocol: any ? undefined : directed.filter.protocol, ports: directed.sourcePorts };
}

/** Ids by content, in the order of first appearance. */
class Interned<T> {
  readonly all: T[] = [];
  readonly #ids = new Map<string, number>();

  id(value: T, key: string): number {
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    this.#ids.set(key, this.all.length);
    return this.all.push(value) - 1;
  }
}

function textOf(ranges: readonly PortRange[]): string {
  return ranges.map(({ lo, hi }) => `${lo}-${hi}`).join();
}

export function serviceClasses(ranked: readonly DirectedFilter[], sets: RankSets): Services {
  const services = new Interned<ServiceCondition>();
  const sources = new Interned<SourcePortCondition>();
  const destinationOf = new Uint32Array(ranked.length);
  const sourceOf = new Uint32Array(ranked.length);
  for (const [rank, directed] of ranked.entries()) {
    const service = serviceConditionOf(directed);
    const source = sourcePortConditionOf(directed);
    const { protocol, keys, established, needsL4, fragment } = service;
    const text = `${protocol} ${textOf(keys)} ${established} ${needsL4} ${fragment}`;
    destinationOf[rank] = services.id(service, text);
    sourceOf[rank] = sources.id(source, `${source.protocol} ${textOf(source.ports)}`);
  }
  const destination = classify(services.all, destinationOf, sets, PLANE.PLANES, serviceKeys);
  const source = classify(sources.all, sourceOf, sets, PLANE.PORT_PLANES, sourcePortKeys);
  return { destination, source, destinationOf, sourceOf };
}

const PLANE_PROTOCOL: ReadonlyMap<number, number> = new Map([
  [PLANE.TCP, PROTOCOLS.tcp],
  [PLANE.TCP_ESTABLISHED, PROTOCOLS.tcp],
  [PLANE.UDP, PROTOCOLS.udp],
  [PLANE.SCTP, PROTOCOLS.sctp],
  [PLANE.ICMP, PROTOCOLS.icmp],
  [PLANE.ICMPV6, PROTOCOLS.icmpv6],
]);

const WITH_PLANE: ReadonlySet<number> = new Set(PLANE_PROTOCOL.values());

const NOWHERE: readonly PortRange[] = [];
const ANYWHERE: readonly PortRange[] = [ANY_PORT];

/** The keys of a plane where the condition holds. */
function serviceKeys(condition: ServiceCondition, plane: number): readonly PortRange[] {
  if (condition.established && plane !== PLANE.TCP_ESTABLISHED) return NOWHERE;
  if (condition.needsL4 && plane === PLANE.FRAGMENT) return NOWHERE;
  if (condition.fragment && plane !== PLANE.FRAGMENT) return NOWHERE;
  if (condition.protocol === undefined) return ANYWHERE;
  const planeProtocol = PLANE_PROTOCOL.get(plane);
  if (planeProtocol === undefined) {
    // Protocols with a plane of their own are not seen in that of the others: no class for them there.
    if (plane === PLANE.PROTOCOL && WITH_PLANE.has(condition.protocol)) return NOWHERE;
    return [{ lo: condition.protocol, hi: condition.protocol }];
  }
  return planeProtocol === condition.protocol ? condition.keys : NOWHERE;
}

function sourcePortKeys(condition: SourcePortCondition, plane: number): readonly PortRange[] {
  if (condition.protocol === undefined) return ANYWHERE;
  return PLANE_PROTOCOL.get(plane) === condition.protocol ? condition.ports : NOWHERE;
}

/** The ranks of each condition, ascending. */
function ranksByCondition(conditionOf: Uint32Array, conditions: number): readonly Uint32Array[] {
  const counts = new Uint32Array(conditions);
  for (const condition of conditionOf) counts[condition]!++;
  const ranks = Array.from(counts, (count) => new Uint32Array(count));
  const filled = new Uint32Array(conditions);
  for (let rank = 0; rank < conditionOf.length; rank++) {
    const condition = conditionOf[rank]!;
    ranks[condition]![filled[condition]!++] = rank;
  }
  return ranks;
}

type KeysOf<T> = (condition: T, plane: number) => readonly PortRange[];

/**
 * Keys with the same ranks are one class. Class 0 is that of keys for which only conditions without a protocol hold:
 * what a plane without the key has.
 */
function classify<T extends { readonly protocol: number | undefined }>(
  conditions: readonly T[],
  conditionOf: Uint32Array,
  sets: RankSets,
  planeCount: number,
  keysOf: KeysOf<T>,
): ServiceClasses {
  const ranksOf = ranksByCondition(conditionOf, conditions.length);
  const unconditional = conditions.flatMap((c, id) =>
    c.protocol === undefined && keysOf(c, 0).length > 0 ? [present(ranksOf[id])] : [],
  );
  const members = [sets.toggled(sets.empty, mergeAscending(unconditional))];
  const classBySet = new Map([[present(members[0]), 0]]);
  const planes = Array.from({ length: planeCount }, (_, plane): PlaneSegments => {
    const toggles = togglesOf(conditions, plane, keysOf);
    const starts = [...toggles.keys()].sort((a, b) => a - b);
    let set = sets.empty;
    const classes = starts.map((start) => {
      set = sets.toggled(set, mergeAscending(present(toggles.get(start)).map((id) => present(ranksOf[id]))));
      const known = classBySet.get(set);
      if (known !== undefined) return known;
      classBySet.set(set, members.length);
      return members.push(set) - 1;
    });
    return { starts, classes };
  });
  const holds = (): readonly (readonly number[])[] => classesByCondition(conditions, planes, keysOf);
  return { count: members.length, planes, members, holds, holding: segmentsOfConditions(conditions, planes, keysOf) };
}

/** By key: the conditions that begin or end to hold there. */
function togglesOf<T>(
  conditions: readonly T[],
  plane: number,
  keysOf: KeysOf<T>,
): ReadonlyMap<number, readonly number[]> {
  const toggles = new Map<number, number[]>([[0, []]]);
  const at = (key: number, id: number): void => {
    const ids = toggles.get(key);
    if (ids === undefined) toggles.set(key, [id]);
    else ids.push(id);
  };
  for (const [id, condition] of conditions.entries()) {
    for (const { lo, hi } of keysOf(condition, plane)) {
      at(lo, id);
      if (hi + 1 < KEYS) at(hi + 1, id);
    }
  }
  return toggles;
}

function classesByCondition<T>(
  conditions: readonly T[],
  planes: readonly PlaneSegments[],
  keysOf: KeysOf<T>,
): readonly (readonly number[])[] {
  return conditions.map((condition) => {
    const classes = new Set<number>();
    for (const [plane, segments] of planes.entries()) {
      for (const { lo, hi } of keysOf(condition, plane)) addClasses(segments, lo, hi, classes);
    }
    return [...classes].sort((a, b) => a - b);
  });
}

function segmentsOfConditions<T>(
  conditions: readonly T[],
  planes: readonly PlaneSegments[],
  keysOf: KeysOf<T>,
): number {
  let sum = 0;
  for (const condition of conditions) {
    for (const [plane, { starts }] of planes.entries()) {
      for (const { lo, hi } of keysOf(condition, plane)) sum += firstFrom(starts, hi + 1) - firstFrom(starts, lo);
    }
  }
  return sum;
}

/** The index of the first start that is not below the key. */
function firstFrom(starts: readonly number[], key: number): number {
  let first = 0;
  let end = starts.length;
  while (first < end) {
    const mid = (first + end) >>> 1;
    if (starts[mid]! < key) first = mid + 1;
    else end = mid;
  }
  return first;
}

function addClasses({ starts, classes }: PlaneSegments, lo: number, hi: number, into: Set<number>): void {
  const end = firstFrom(starts, hi + 1);
  for (let i = firstFrom(starts, lo); i < end; i++) into.add(classes[i]!);
}
