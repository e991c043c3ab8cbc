/** What packets a policy is measured with: five-tuples drawn at random, all with the same packet around them. */
import { present } from '../src/base/assert.ts';
import type { Address, Family } from '../src/base/ip.ts';
import { Random } from '../src/base/random.ts';
import type { Traffic, Tuple } from '../src/measure/tuple.ts';
import type { AddressMatch, Filter, Policy, PortRange } from '../src/policy/model.ts';
import { PROTOCOLS } from '../src/policy/model.ts';
import type { PrefixSet } from '../src/policy/prefix-set.ts';
import { addressIn, anyAddress, clusters, prefixFrom } from './addresses.ts';

const { tcp, udp } = PROTOCOLS;

function clientPort(random: Random): number {
  return random.between(1024, 61023);
}

/** To a server: what its rules permit, what only the catch-all rule blocks, and what comes from the list. */
export function serverTraffic(server: Address, list: PrefixSet | undefined): readonly Traffic[] {
  const from = (source: Address, sourcePort: number, destinationPort: number, protocol: number): Tuple => ({
    source,
    destination: server,
    sourcePort,
    destinationPort,
    protocol,
  });
  const stranger = strangers(server.family);
  const permitted = (random: Random): Tuple =>
    from(stranger(random), clientPort(random), random.pick([80, 443, 25]), tcp);
  const blocked = (random: Random): Tuple =>
    from(stranger(random), clientPort(random), random.between(1000, 60999), random.below(4) === 0 ? udp : tcp);
  const two: readonly Traffic[] = [
    { name: 'permitted', tuple: permitted },
    { name: 'default-blocked', tuple: blocked },
  ];
  if (list === undefined) return [...two, { name: 'mixed', tuple: mixTuples([permitted, blocked]) }];
  const listed = (random: Random): Tuple =>
    from(
      addressIn(random, prefixFrom(random, list)),
      clientPort(random),
      random.below(2) === 0 ? 80 : random.below(65536),
      tcp,
    );
  return [...two, { name: 'listed', tuple: listed }, { name: 'mixed', tuple: mixTuples([permitted, blocked, listed]) }];
}

/** In IPv6 half of them from clusters: uniform ones would all fall into the gaps between prefixes. */
function strangers(family: Family): (random: Random) => Address {
  if (family === 4) return (random) => anyAddress(random, 4);
  const hot = clusters(new Random(11), 6);
  return (random) => (random.below(2) === 0 ? anyAddress(random, 6) : addressIn(random, random.pick(hot)));
}

function mixTuples(all: readonly ((random: Random) => Tuple)[]): (random: Random) => Tuple {
  return (random) => random.pick(all)(random);
}

/** To and through the networks of an access list: packets made to match a filter, the ends of two filters, strangers. */
export function aclTraffic(policy: Policy): readonly Traffic[] {
  const filters = policy.rules.flatMap((rule) => rule.filterList.filters);
  const hit = (random: Random): Tuple => tupleOf(random, random.pick(filters));
  const crossed = (random: Random): Tuple => ({
    source: within(random, random.pick(filters).source),
    destination: within(random, random.pick(filters).destination),
    sourcePort: clientPort(random),
    destinationPort: random.below(65536),
    protocol: random.below(5) === 0 ? udp : tcp,
  });
  const stranger = (random: Random): Tuple => ({
    source: anyAddress(random, 4),
    destination: anyAddress(random, 4),
    sourcePort: random.below(65536),
    destinationPort: random.below(65536),
    protocol: tcp,
  });
  return [
    { name: 'hit', tuple: hit },
    { name: 'crossed', tuple: crossed },
    { name: 'stranger', tuple: stranger },
    { name: 'mixed', tuple: mixTuples([hit, crossed, stranger]) },
  ];
}

function within(random: Random, match: AddressMatch): Address {
  return match.kind === 'prefix' ? addressIn(random, match.prefix) : anyAddress(random, 4);
}

function tupleOf(random: Random, filter: Filter): Tuple {
  const port = (ranges: readonly PortRange[]): number => {
    const { lo, hi } = present(ranges[0]);
    return random.between(lo, hi);
  };
  return {
    source: within(random, filter.source),
    destination: within(random, filter.destination),
    sourcePort: port(filter.sourcePorts),
    destinationPort: port(filter.destinationPorts),
    protocol: filter.protocol ?? (random.below(2) === 0 ? tcp : udp),
  };
}
