/**
 * Permits whose mirror half lets new connections in, to local ports that nobody named. A packet shows each: the mirror
 * half decides it, it comes from elsewhere, and without the mirror half a block or the default would drop it.
 */
import { fullLength } from '../../base/ip.ts';
import { PROTOCOLS } from '../../policy/model.ts';
import type { SeenPacket } from '../../policy/packet/text.ts';
import { areAnyPort } from '../../policy/ports.ts';
import type { AtomSet } from './atoms.ts';
import type { Place, Places } from './interfaces.ts';
import { appliesAt } from './interfaces.ts';
import type { Overlaps } from './overlaps.ts';
import { rangesCover } from './ranges.ts';
import type { Region, Search } from './search.ts';
import { servicesOverlap } from './services.ts';
import { sizeOf } from './size.ts';
import type { Box, FilterBox, Part, RuleFilter, Space, Universe } from './universe.ts';

export interface MirrorHole {
  readonly filter: RuleFilter;
  /** One that the mirror half lets in. */
  readonly witness: SeenPacket;
  /** What would drop it without the mirror half. */
  readonly otherwise: RuleFilter | 'default';
  /** Only single hosts can send through it: they are trusted by name, but whoever forges their address is not. */
  readonly isFromHosts: boolean;
  /** Packets that the mirror half matches. */
  readonly size: number;
}

export interface HoleSearch {
  readonly search: Search;
  readonly blocks: Overlaps;
  readonly places: Places;
}

/** At most one for each filter. */
export function mirrorHoles(universe: Universe, space: Space, context: HoleSearch): readonly MirrorHole[] {
  return space.parts.flatMap((part): readonly MirrorHole[] => {
    if (!opensPorts(part)) return [];
    const hole = holeOf(universe, space, part, context);
    return hole === undefined ? [] : [hole];
  });
}

const WITH_CONNECTIONS: ReadonlySet<number | undefined> = new Set([
  undefined,
  PROTOCOLS.tcp,
  PROTOCOLS.udp,
  PROTOCOLS.sctp,
]);
/** Port 0 is no port that anyone listens on. */
const EVERY_PORT = [{ lo: 1, hi: 65535 }];

/** To every port at the end that the filter calls its source, connections or not. */
function opensPorts({ half, owner: { filter, rule } }: Part): boolean {
  if (half !== 'mirror' || rule.action !== 'permit' || filter.mirrored !== true) return false;
  if (filter.established || filter.fragment) return false;
  return WITH_CONNECTIONS.has(filter.protocol) && rangesCover(filter.sourcePorts, EVERY_PORT);
}

/** From a network where there is one, else from single hosts. */
function holeOf(
  { policy }: Universe,
  space: Space,
  part: Part,
  { search, blocks, places }: HoleSearch,
): MirrorHole | undefined {
  const local = localEnd(space, part);
  if (local === undefined) return undefined;
  const blocking = [...blocks.with(part)].flatMap((other) => other.boxes).sort((a, b) => a.rank - b.rank);
  const otherwise = [...(policy.default === 'block' ? ['default' as const] : []), ...blocking];
  for (const fromHosts of isTrusted(space, part) ? [false] : [false, true]) {
    for (const box of part.boxes.filter((one) => isFromHosts(one) === fromHosts)) {
      for (const next of otherwise) {
        const region = regionOf(space, box, next, local);
        if (region === undefined) continue;
        for (const place of places.shared(part.owner, ...(next === 'default' ? [] : [next.owner]))) {
          const takes = takenFrom(part, fromHosts, place);
          const point = search.find({ region, takes, limit: rankOf(next), onWire: true });
          if (point === undefined) continue;
          return {
            filter: part.owner,
            witness: search.seen(point, place),
            otherwise: next === 'default' ? next : next.owner,
            isFromHosts: fromHosts,
            size: sizeOf(space, part),
          };
        }
      }
    }
  }
  return undefined;
}

/** Single hosts are worth telling only where the filter names their ports and the host as the other end. */
function isTrusted({ own, atoms }: Space, { owner: { filter }, destination }: Part): boolean {
  if (areAnyPort(filter.destinationPorts) || own === undefined || destination === atoms.everything) return true;
  return atoms.common(own, destination) === undefined;
}

function rankOf(next: FilterBox | 'default'): number {
  return next === 'default' ? Number.POSITIVE_INFINITY : next.rank;
}

/** What leaves no packet for the next filter to decide without the mirror half; and single hosts, where networks are asked for. */
function takenFrom(part: Part, fromHosts: boolean, place: Place): (box: Box) => boolean {
  const mirror = new Set<Box>(part.boxes);
  return (box) => {
    if (box.directed !== undefined && mirror.has(box)) return !fromHosts && isFromHosts(box);
    return appliesAt(box, place);
  };
}

function isFromHosts({ directed: { source } }: FilterBox): boolean {
  return source.family !== undefined && source.length === fullLength(source.family);
}

/** The host's own addresses, where they are among the destinations; undefined where packets rather leave the host. */
function localEnd({ own, atoms }: Space, { source, destination }: Part): AtomSet | undefined {
  if (own === undefined) return destination;
  const local = atoms.common(own, destination);
  if (local !== undefined) return local;
  return source !== atoms.everything && atoms.common(own, source) !== undefined ? undefined : destination;
}

/** What the box and the next filter both match, from elsewhere to the local end. */
function regionOf(
  { atoms, services, own }: Space,
  box: FilterBox,
  next: FilterBox | 'default',
  local: AtomSet,
): Region | undefined {
  const remote = own === undefined ? atoms.where(box.source) : atoms.outside(atoms.where(box.source), own);
  const destination = atoms.common(atoms.where(box.destination), local);
  if (remote === undefined || destination === undefined) return undefined;
  if (next === 'default') return { source: remote, destination, service: box.service };
  if (next.rank < box.rank || !servicesOverlap(box.service, next.service)) return undefined;
  const source = atoms.common(remote, atoms.where(next.source));
  const both = atoms.common(destination, atoms.where(next.destination));
  if (source === undefined || both === undefined) return undefined;
  return { source, destination: both, service: services.common(box.service, next.service) };
}
