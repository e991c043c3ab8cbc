/** What a policy and a filter are where nothing is said. */
import type { Span } from '../base/diagnostics.ts';
import type { Exemption, Filter, HostAddresses, Policy } from './model.ts';
import { ANY_PORT } from './model.ts';

/** A list that is written replaces them. */
export const DEFAULT_EXEMPTIONS: readonly Exemption[] = ['neighbor-discovery', 'multicast-listener', 'path-mtu'];

export function emptyPolicy(name: string, span: Span): Policy {
  return {
    name,
    description: '',
    default: 'permit',
    strict: true,
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
