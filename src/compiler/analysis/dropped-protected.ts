/** Traffic that every policy of a host must permit: does this one? Exact, with a packet that it drops. */
import type { Filter, HostAddresses, Policy, Rule } from '../../policy/model.ts';
import { PROTOCOLS } from '../../policy/model.ts';
import type { SeenPacket } from '../../policy/packet/text.ts';
import type { DropSearch } from './dropped-otherwise.ts';
import { droppedOtherwise } from './dropped-otherwise.ts';
import { Effort } from './effort.ts';
import { Places } from './interface-limits.ts';
import { Overlaps } from './overlaps.ts';
import { Search } from './search.ts';
import type { Box } from './universe.ts';
import { universeOf } from './universe.ts';
import { describeDropper } from './wording/subject.ts';

export interface DroppedProtected {
  /** Of the protected traffic. */
  readonly filter: Filter;
  readonly witness: SeenPacket;
  /** What drops it, in words. */
  readonly by: string;
}

/** Where the packets are. */
export interface Filtered {
  readonly interfaceName: string;
  /** Only arriving packets are filtered. */
  readonly ingressOnly?: boolean | undefined;
}

/** Only what is sent in answer, where the protocol shows it. */
function bothWays(filter: Filter): Filter {
  if (filter.mirrored !== false) return filter;
  return { ...filter, mirrored: filter.protocol === PROTOCOLS.tcp ? 'established' : true };
}

/**
 * At most one for each protected filter, of packets on one interface. The protected filters are added as a rule, so
 * that they are sets of packets like all others, and then looked for where everything but that rule decides.
 */
export function droppedProtected(
  policy: Policy,
  protect: readonly Filter[],
  host: HostAddresses,
  { interfaceName, ingressOnly = false }: Filtered,
): readonly DroppedProtected[] {
  const here = policy.rules.filter(({ interfaces }) => interfaces?.includes(interfaceName) !== false);
  const filterList = { name: 'protect', filters: protect.map(bothWays), span: policy.span };
  const asked: Rule = {
    name: 'protect',
    filterList,
    action: 'permit',
    interfaces: [interfaceName],
    span: policy.span,
  };
  const universe = universeOf({ ...policy, rules: [...here, asked] }, host);
  const isAsked = ({ index }: { readonly index: number }): boolean => index >= universe.filters.length - protect.length;
  const places = new Places(universe);
  const effort = new Effort();
  const dropped = new Map<number, DroppedProtected>();
  for (const space of universe.spaces) {
    const blocking = space.parts.filter(({ owner }) => owner.rule.action === 'block');
    const blocks = new Overlaps(space, blocking, effort);
    const context: DropSearch = { universe, space, places, effort, blocks, search: new Search(space, effort) };
    const without = new Set<Box>(space.boxes.filter(({ directed, owner }) => directed !== undefined && isAsked(owner)));
    for (const part of space.parts.filter(({ owner }) => isAsked(owner))) {
      const { source, destination, service, owner } = part;
      const region = { source, destination, service };
      const found = droppedOtherwise({ region, without, rank: 0, except: () => false, owner }, context);
      const filter = protect[owner.index - (universe.filters.length - protect.length)];
      if (ingressOnly && found?.witness.direction === 'leaving') continue;
      if (found === undefined || filter === undefined || dropped.has(owner.index)) continue;
      dropped.set(owner.index, { filter, witness: found.witness, by: describeDropper(found.by) });
    }
  }
  return [...dropped.values()];
}
