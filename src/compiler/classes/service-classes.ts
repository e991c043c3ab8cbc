/**
 * Pass 5. Services fall into classes as addresses do: one number for (plane, destination key), one
 * for (plane, source port). A plane is a key space: TCP ports, ICMP type and code, fragments...
 */

import { present } from '../../base/assert.ts';
import { ENUMS } from '../../layout/layout.gen.ts';
import type { IcmpMatch, PortRange } from '../../policy/model.ts';
import { ANY_PORT, PROTOCOLS } from '../../policy/model.ts';
import { isAnyPort } from '../../policy/ports.ts';
import type { DirectedFilter } from '../conditions/expand.ts';

const PLANE = ENUMS.plane;
const KEYS = 65536;

/** Which packets a filter matches as far as their service goes, without the source port. */
export interface ServiceCondition {
  readonly protocol: number | undefined;
  /** Of the destination port, or of type << 8 | code. */
  readonly key: PortRange;
  readonly established: boolean;
  /** The filter looks at ports, type or flags: a fragment without them cannot match. */
  readonly needsL4: boolean;
  /** Nothing but later fragments. */
  readonly fragment: boolean;
}

export interface SourcePortCondition {
  readonly protocol: number | undefined;
  readonly port: PortRange;
}

/** A plane cut into segments of one class; starts ascend from 0. */
export interface PlaneSegments {
  readonly starts: readonly number[];
  readonly classes: readonly number[];
}

export interface ServiceClasses {
  readonly count: number;
  readonly planes: readonly PlaneSegments[];
  /** By condition id: the classes where the condition holds. */
  readonly classesOf: readonly (readonly number[])[];
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
  const { filter, established, sourcePort, destinationPort, icmp } = directed;
  const key = icmp === undefined ? destinationPort : icmpKeys(icmp);
  const needsL4 = icmp !== undefined || established || !isAnyPort(sourcePort) || !isAnyPort(destinationPort);
  return { protocol: filter.protocol, key, established, needsL4, fragment: filter.fragment };
}

export function sourcePortConditionOf(directed: DirectedFilter): SourcePortCondition {
  const any = isAnyPort(directed.sourcePort);
  return { protocol: any ? undefined : directed.filter.protocol, port: directed.sourcePort };
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

export function serviceClasses(ranked: readonly DirectedFilter[]): Services {
  const services = new Interned<ServiceCondition>();
  const sources = new Interned<SourcePortCondition>();
  const destinationOf = new Uint32Array(ranked.length);
  const sourceOf = new Uint32Array(ranked.length);
  for (const [rank, directed] of ranked.entries()) {
    const service = serviceConditionOf(directed);
    const source = sourcePortConditionOf(directed);
    const { protocol, key, established, needsL4, fragment } = service;
    const text = `${protocol} ${key.lo} ${key.hi} ${established} ${needsL4} ${fragment}`;
    destinationOf[rank] = services.id(service, text);
    sourceOf[rank] = sources.id(source, `${source.protocol} ${source.port.lo} ${source.port.hi}`);
  }
  const destination = classify(services.all, PLANE.PLANES, serviceKeys);
  const source = classify(sources.all, PLANE.PORT_PLANES, sourcePortKeys);
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

/** The keys of a plane where the condition holds, or undefined where it never does. */
function serviceKeys(condition: ServiceCondition, plane: number): PortRange | undefined {
  if (condition.established && plane !== PLANE.TCP_ESTABLISHED) return undefined;
  if (condition.needsL4 && plane === PLANE.FRAGMENT) return undefined;
  if (condition.fragment && plane !== PLANE.FRAGMENT) return undefined;
  if (condition.protocol === undefined) return ANY_PORT;
  const planeProtocol = PLANE_PROTOCOL.get(plane);
  if (planeProtocol === undefined) {
    // Protocols with a plane of their own are not seen in that of the others: no class for them there.
    if (plane === PLANE.PROTOCOL && WITH_PLANE.has(condition.protocol)) return undefined;
    return { lo: condition.protocol, hi: condition.protocol };
  }
  return planeProtocol === condition.protocol ? condition.key : undefined;
}

function sourcePortKeys(condition: SourcePortCondition, plane: number): PortRange | undefined {
  if (condition.protocol === undefined) return ANY_PORT;
  return PLANE_PROTOCOL.get(plane) === condition.protocol ? condition.port : undefined;
}

/** Class 0 is that of keys for which only conditions without a protocol hold: what a plane without the key has. */
function classify<T extends { readonly protocol: number | undefined }>(
  conditions: readonly T[],
  planeCount: number,
  keysOf: (condition: T, plane: number) => PortRange | undefined,
): ServiceClasses {
  const unconditional = conditions.flatMap((c, id) =>
    c.protocol === undefined && keysOf(c, 0) !== undefined ? [id] : [],
  );
  const classIds = new Map<string, number>([[unconditional.join(), 0]]);
  const members: (readonly number[])[] = [unconditional];
  const planes = Array.from({ length: planeCount }, (_, plane) => {
    const segments = segmentsOf(conditions, plane, keysOf);
    const classes = segments.map(({ active }) => {
      const key = active.join();
      const known = classIds.get(key);
      if (known !== undefined) return known;
      classIds.set(key, members.length);
      return members.push(active) - 1;
    });
    return { starts: segments.map((s) => s.start), classes };
  });
  const classesOf: number[][] = conditions.map(() => []);
  for (const [classId, active] of members.entries()) for (const id of active) present(classesOf[id]).push(classId);
  return { count: members.length, planes, classesOf };
}

interface Segment {
  readonly start: number;
  readonly active: readonly number[];
}

function segmentsOf<T>(
  conditions: readonly T[],
  plane: number,
  keysOf: (condition: T, plane: number) => PortRange | undefined,
): readonly Segment[] {
  const starting = new Map<number, number[]>();
  const ending = new Map<number, number[]>();
  const at = (events: Map<number, number[]>, key: number, id: number): void => {
    const ids = events.get(key);
    if (ids === undefined) events.set(key, [id]);
    else ids.push(id);
  };
  for (const [id, condition] of conditions.entries()) {
    const keys = keysOf(condition, plane);
    if (keys === undefined) continue;
    at(starting, keys.lo, id);
    at(ending, keys.hi + 1, id);
  }
  const cuts = [...new Set([0, ...starting.keys(), ...ending.keys()])].filter((k) => k < KEYS).sort((a, b) => a - b);
  const active = new Set<number>();
  return cuts.map((start) => {
    for (const id of ending.get(start) ?? []) active.delete(id);
    for (const id of starting.get(start) ?? []) active.add(id);
    return { start, active: [...active].sort((a, b) => a - b) };
  });
}
