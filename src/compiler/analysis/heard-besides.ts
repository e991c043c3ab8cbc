/**
 * Blocks of what comes to `me`, under a default that permits, leave sockets reachable all the same: UDP to the subnet's
 * broadcast, to 255.255.255.255, to 0.0.0.0 and to multicast reaches them too. `local` names all of these.
 */
import type { AddressMatch } from '../../policy/model.ts';
import { PROTOCOLS } from '../../policy/model.ts';
import type { SeenPacket } from '../../policy/packet/text.ts';
import type { DropSearch } from './dropped-otherwise.ts';
import { appliesAt } from './interface-limits.ts';
import type { Region } from './search.ts';
import { servicesOverlap } from './service-sets.ts';
import type { Box, Part, RuleFilter } from './universe.ts';

export interface HeardBesides {
  readonly filter: RuleFilter;
  /** The block does not match it, nothing else does, and the default passes it to a socket. */
  readonly witness: SeenPacket;
}

/** At most one for each filter. */
export function heardBesides(context: DropSearch): readonly HeardBesides[] {
  const { policy } = context.universe;
  if (policy.default === 'block') return [];
  return context.space.parts.flatMap((part) => (blocksMe(part) ? (besides(part, context) ?? []) : []));
}

function blocksMe({ half, owner: { filter, rule } }: Part): boolean {
  const destination: AddressMatch = half === 'forward' ? filter.destination : filter.source;
  return rule.action === 'block' && destination.kind === 'me' && !filter.fragment;
}

function besides(part: Part, context: DropSearch): HeardBesides | undefined {
  const { atoms, services, heard, own } = context.space;
  const datagrams = services.protocol(PROTOCOLS.udp);
  const source = own === undefined ? part.source : atoms.outside(part.source, own);
  if (source === undefined || !servicesOverlap(part.service, datagrams)) return undefined;
  const service = services.common(part.service, datagrams);
  for (const destination of heard) {
    const witness = passesByDefault({ source, destination, service }, part, context);
    if (witness !== undefined) return { filter: part.owner, witness };
  }
  return undefined;
}

function passesByDefault(region: Region, part: Part, { search, places }: DropSearch): SeenPacket | undefined {
  for (const place of places.shared(part.owner)) {
    const takes = (box: Box): boolean => appliesAt(box, place);
    const point = search.find({ region, takes, limit: Number.POSITIVE_INFINITY, onWire: true });
    if (point !== undefined && point !== 'unknown') return search.seen(point, place);
  }
  return undefined;
}
