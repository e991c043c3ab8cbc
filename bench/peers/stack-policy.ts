/** A bench policy in the parts that peers behind the stack are written from. */
import { present } from '../../src/base/assert.ts';
import type { Prefix } from '../../src/base/ip.ts';
import { containsAddress, formatAddress, formatPrefix } from '../../src/base/ip.ts';
import type { DirectedFilter } from '../../src/compiler/conditions/expand.ts';
import { rankFilters } from '../../src/compiler/conditions/expand.ts';
import type { AddressCondition } from '../../src/compiler/conditions/resolve.ts';
import type { PortRange } from '../../src/policy/model.ts';
import type { PrefixColumn } from '../../src/policy/prefix-set.ts';
import { prefixesOfColumn } from '../../src/policy/prefix-set.ts';
import type { BenchPolicy } from '../policies.ts';
import { HOST, LIST, SERVERS, SERVICE_PORTS } from '../policies.ts';
import type { AclFilter, Cannot, StackPolicy } from './peer.ts';

/** The example's, which examples/packet-filter.yaml lists; the check of verdicts notices where they differ. */
const SERVICES: readonly number[] = [25, 80, 110, 143, 443, 993, 995];
const MAIL = 25;

export function stackPolicy({ form, family, policy, members }: BenchPolicy): StackPolicy | Cannot {
  if (family === 6) return { cannot: 'live frames are IPv4' };
  switch (form) {
    case 'ports':
      return { form, ports: SERVICE_PORTS };
    case 'server': {
      const list = members?.get(LIST) ?? policy.addressSets.get(LIST)?.prefixes;
      const listed = list === undefined ? [] : withoutNested(list.v4).map(formatPrefix);
      return {
        form,
        server: formatAddress(SERVERS[4]),
        services: SERVICES,
        mail: MAIL,
        listed,
        end: members !== undefined,
      };
    }
    case 'acl':
      return {
        form,
        filters: rankFilters(policy, HOST, undefined).map((directed) => aclFilter(directed)),
        drops: policy.default === 'block',
      };
    case 'rules':
      return { cannot: 'measures scrapes' };
  }
}

/** The same addresses: an interval set of nftables takes no prefix inside another. */
function withoutNested(column: PrefixColumn): readonly Prefix[] {
  const kept: Prefix[] = [];
  for (const prefix of prefixesOfColumn(column)) {
    const before = kept.at(-1);
    if (before === undefined || !containsAddress(before, prefix)) kept.push(prefix);
  }
  return kept;
}

function aclFilter(directed: DirectedFilter): AclFilter {
  return {
    drops: directed.action === 'block',
    source: prefix(directed.source),
    destination: prefix(directed.destination),
    protocol: directed.filter.protocol,
    sourcePorts: ports(directed.sourcePorts),
    destinationPorts: ports(directed.destinationPorts),
  };
}

function prefix({ family, words, length }: AddressCondition): string | undefined {
  return family === undefined ? undefined : formatPrefix({ family, words: [present(words[0])], length });
}

/** The filters of access lists have one range at each end. */
function ports(ranges: readonly PortRange[]): readonly [number, number] | undefined {
  const { lo, hi } = present(ranges[0]);
  return lo === 0 && hi === 65535 ? undefined : [lo, hi];
}
