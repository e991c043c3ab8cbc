/** What a policy and a filter are where the text states nothing. */
import type { Span } from '../base/diagnostics.ts';
import type { Drop, Exemption, Filter, HostAddresses, Policy } from './model.ts';
import { ANY_PORT, DROPS } from './model.ts';

/** A list that is written replaces them. */
export const DEFAULT_EXEMPTIONS: readonly Exemption[] = ['neighbor-discovery', 'multicast-listener', 'path-mtu'];

/** Of a strict policy everything. A list that is written replaces them. */
export function defaultDrops(isStrict: boolean): readonly Drop[] {
  return isStrict ? DROPS : [];
}

export function isDefaultDrop({ strict, drop }: Policy): boolean {
  return drop.join() === defaultDrops(strict).join();
}

export function emptyPolicy(name: string, span: Span): Policy {
  return {
    name,
    description: '',
    default: 'permit',
    strict: true,
    drop: defaultDrops(true),
    exemptions: DEFAULT_EXEMPTIONS,
    addressSets: new Map(),
    filterLists: new Map(),
    rules: [],
    accept: [],
    tests: [],
    span,
  };
}

/** The conditions of a filter for any packet, one way. */
export const ANY_PACKET: Omit<Filter, 'text' | 'span'> = {
  source: { kind: 'any' },
  destination: { kind: 'any' },
  sourcePorts: [ANY_PORT],
  destinationPorts: [ANY_PORT],
  protocol: undefined,
  icmp: [],
  established: false,
  fragment: false,
  mirrored: false,
};

/** A host without addresses, for policies that name none of them. */
export const NO_ADDRESSES: HostAddresses = { me: [], broadcasts: [], names: new Map() };
