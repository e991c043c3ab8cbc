/**
 * Permits whose mirror half lets new connections in, to local ports that nobody named. A packet shows each: the mirror
 * half decides it, it comes from elsewhere, and without the mirror half a block or the default would drop it.
 */
import { fullLength } from '../../base/ip.ts';
import { PROTOCOLS } from '../../policy/model.ts';
import { areAnyPort } from '../../policy/ports.ts';
import type { AtomSet } from './atoms.ts';
import type { DroppedOtherwise, DropSearch } from './dropped-otherwise.ts';
import { droppedOtherwise, fromElsewhere } from './dropped-otherwise.ts';
import { rangesCover } from './ranges.ts';
import { sizeOf } from './size.ts';
import type { Box, Part, RuleFilter, Space } from './universe.ts';

/** The packet is one that the mirror half lets in. */
export interface MirrorHole extends DroppedOtherwise {
  readonly filter: RuleFilter;
  /** Only single hosts can send through it: they are trusted by name, but whoever forges their address is not. */
  readonly isFromHosts: boolean;
  /** Packets that the mirror half matches. */
  readonly size: number;
}

/** At most one for each filter. */
export function mirrorHoles(context: DropSearch): readonly MirrorHole[] {
  return context.space.parts.flatMap((part) => (opensPorts(part) ? (holeOf(part, context) ?? []) : []));
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
function holeOf(part: Part, context: DropSearch): MirrorHole | undefined {
  const { space } = context;
  const local = localEnd(space, part);
  if (local === undefined) return undefined;
  const without = new Set<Box>(part.boxes);
  for (const isFromHosts of isTrusted(space, part) ? [false] : [false, true]) {
    const except = (box: Box): boolean => !isFromHosts && isOfHosts(box);
    for (const box of part.boxes.filter((one) => isOfHosts(one) === isFromHosts)) {
      const region = fromElsewhere(space, box, local);
      if (region === undefined) continue;
      const dropped = droppedOtherwise({ region, without, rank: box.rank, except, owner: part.owner }, context);
      if (dropped !== undefined) return { ...dropped, filter: part.owner, isFromHosts, size: sizeOf(space, part) };
    }
  }
  return undefined;
}

/** Single hosts are worth telling only where the filter names their ports and the host as the other end. */
function isTrusted({ own, atoms }: Space, { owner: { filter }, destination }: Part): boolean {
  if (areAnyPort(filter.destinationPorts) || own === undefined || destination === atoms.everything) return true;
  return atoms.common(own, destination) === undefined;
}

function isOfHosts({ directed }: Box): boolean {
  const source = directed?.source;
  return source?.family !== undefined && source.length === fullLength(source.family);
}

/** The host's own addresses, where they are among the destinations; undefined where packets rather leave the host. */
function localEnd({ own, atoms }: Space, { source, destination }: Part): AtomSet | undefined {
  if (own === undefined) return destination;
  const local = atoms.common(own, destination);
  if (local !== undefined) return local;
  return source !== atoms.everything && atoms.common(own, source) !== undefined ? undefined : destination;
}
