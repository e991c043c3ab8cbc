import { present } from '../../../base/assert.ts';
import { KEY_NAMES } from '../../../policy/key-names.ts';
import type { AddressMatch, HostAddresses, Policy } from '../../../policy/model.ts';
import { decidingKey } from '../../../policy/specificity.ts';
import type { Observation, Wording } from '../observation.ts';
import type { Shadowed } from '../shadowed.ts';
import type { RuleFilter } from '../universe.ts';
import { describeFilter, quotePacket, thisFilter } from './subject.ts';

/** Filters with an end that has no address at all are told of elsewhere. */
export function observeShadowed(all: readonly Shadowed[], policy: Policy, host: HostAddresses): readonly Observation[] {
  return all
    .filter(({ filter, example }) => example !== undefined || !hasEmptyEnd(filter, policy, host))
    .map((shadowed) => ({
      code: 'XP0404',
      span: shadowed.filter.filter.span,
      about: [shadowed.filter],
      size: 0,
      group: undefined,
      word: () => wordShadowed(shadowed),
    }));
}

function wordShadowed({ filter, by, example }: Shadowed): Wording {
  const self = thisFilter(filter);
  if (by === undefined || example === undefined) {
    const message = `${self} matches no packet: its ends have no address family in common`;
    return { message, help: 'give both ends addresses of one family, or remove it' };
  }
  const { seen, loser } = example;
  const decides =
    by.directed === undefined
      ? `the exemption ${by.owner} passes it`
      : `${describeFilter(by.owner)} wins by: ${KEY_NAMES[decidingKey(by.directed, loser.directed)]}`;
  const message = `${self} never decides, others come first for all its packets: for ${quotePacket(seen)} ${decides}`;
  return { message, help: 'remove it, or make it more specific' };
}

function hasEmptyEnd({ filter }: RuleFilter, policy: Policy, host: HostAddresses): boolean {
  return isEmpty(filter.source, policy, host) || isEmpty(filter.destination, policy, host);
}

function isEmpty(match: AddressMatch, policy: Policy, host: HostAddresses): boolean {
  switch (match.kind) {
    case 'any':
    case 'local':
    case 'prefix':
    case 'range':
      return false;
    case 'list':
      return match.members.every((member) => isEmpty(member, policy, host));
    case 'me':
      return host.me.length === 0;
    case 'name':
      return (host.names.get(match.name) ?? []).length === 0;
    case 'set': {
      const { v4, v6 } = present(policy.addressSets.get(match.name)).prefixes;
      return v4.count + v6.count === 0;
    }
  }
}
