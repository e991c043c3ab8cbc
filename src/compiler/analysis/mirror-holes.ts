/**
 * Permits whose mirror half lets new connections in: whoever sends from one remote port reaches every local port.
 * Where the remote end is single hosts, these are trusted by name, and nothing is said.
 */

import { fullLength } from '../../base/ip.ts';
import type { Packet } from '../../policy/packet/model.ts';
import { areAnyPort } from '../../policy/ports.ts';
import type { Overlaps } from './overlaps.ts';
import type { Search } from './search.ts';
import type { Liveness } from './shadowed.ts';
import type { Part, RuleFilter, Space, Universe } from './universe.ts';

export interface MirrorHole {
  readonly filter: RuleFilter;
  /** One that the mirror half lets in. */
  readonly packet: Packet;
}

export interface HoleSearch {
  readonly search: Search;
  readonly blocks: Overlaps;
  readonly liveness: Liveness;
}

/** The mirror half opens something only where else a block or the default would decide. */
export function mirrorHoles({ policy }: Universe, space: Space, context: HoleSearch): readonly MirrorHole[] {
  return space.parts.flatMap((part): MirrorHole[] => {
    if (!isWide(part) || comesFromHost(space, part)) return [];
    if (policy.default === 'permit' && context.blocks.with(part).next().done === true) return [];
    for (const box of part.boxes) {
      const point = context.liveness.decided(space, box);
      if (point !== undefined) return [{ filter: part.owner, packet: context.search.packet(point) }];
    }
    return [];
  });
}

/** From a port of many hosts to every port, connections or not. */
function isWide({ half, owner, boxes }: Part): boolean {
  const { filter, rule } = owner;
  if (half !== 'mirror' || rule.action !== 'permit' || filter.mirrored !== true || filter.established) return false;
  if (!areAnyPort(filter.sourcePorts) || areAnyPort(filter.destinationPorts)) return false;
  return boxes.some(
    ({ directed: { source } }) => source.family === undefined || source.length < fullLength(source.family),
  );
}

/** Packets from a network that the host is in to one that it is not in: the ports they reach are others'. */
function comesFromHost({ own, atoms }: Space, { source, destination }: Part): boolean {
  if (own === undefined || source === atoms.everything) return false;
  return atoms.common(own, source) !== undefined && atoms.common(own, destination) === undefined;
}
