/** Mixed access lists: what a firewall between networks has, prefixes at both ends and services in between. */
import { spanOfFile } from '../src/base/diagnostics.ts';
import type { Family, Prefix } from '../src/base/ip.ts';
import { formatPrefix, prefixOf } from '../src/base/ip.ts';
import type { Random } from '../src/base/random.ts';
import { ANY_PACKET, emptyPolicy } from '../src/policy/defaults.ts';
import type { AddressMatch, Filter, Policy, PortRange, Rule } from '../src/policy/model.ts';
import { ANY_PORT, PROTOCOLS } from '../src/policy/model.ts';
import { addressIn, clusters } from './addresses.ts';

const FAMILY: Family = 4;
const SPAN = spanOfFile('bench');
/** The filters are spread over this many rules, and so over this many counters. */
const RULES = 15;

const WELL_KNOWN: readonly number[] = [
  80, 443, 22, 25, 53, 110, 143, 993, 995, 3306, 5432, 6379, 8080, 8443, 9000, 9090, 21, 23, 123, 161, 389, 636, 1433,
  1521, 3389, 5060, 11211, 27017, 2049, 111,
];

interface Pools {
  readonly sources: readonly Prefix[];
  readonly destinations: readonly Prefix[];
  readonly ports: readonly number[];
}

export function aclPolicy(random: Random, count: number): Policy {
  const pools: Pools = {
    sources: pool(random, Math.max(20, count / 4), Math.max(8, count / 200)),
    destinations: pool(random, Math.max(10, count / 10), Math.max(4, count / 1000)),
    ports: Array.from({ length: 100 }, () => random.between(1, 65535)),
  };
  const filters = Array.from({ length: RULES }, (): Filter[] => []);
  for (let i = 0; i < count; i++) filters[random.below(RULES)]?.push(filter(random, pools));
  const rules = filters.map((list, i): Rule => {
    const name = `rule ${i}`;
    const action = i % 3 === 0 ? 'block' : 'permit';
    return { name, action, filterList: { name, filters: list, span: SPAN }, interfaces: undefined, span: SPAN };
  });
  return { ...emptyPolicy('acl', SPAN), default: 'block', exemptions: [], rules };
}

function pool(random: Random, count: number, blocks: number): readonly Prefix[] {
  const hot = clusters(random, FAMILY, Math.floor(blocks));
  return Array.from({ length: Math.floor(count) }, () => {
    const length = random.shared([
      [45, 32],
      [25, 24],
      [6, 28],
      [6, 27],
      [6, 22],
      [6, 20],
      [6, 16],
    ]);
    return prefixOf(addressIn(random, random.pick(hot)), length);
  });
}

function filter(random: Random, { sources, destinations, ports }: Pools): Filter {
  const source = random.below(100) < 15 ? undefined : random.pick(sources);
  const destination = random.below(100) < 10 ? undefined : random.pick(destinations);
  const protocol = random.shared([
    [70, PROTOCOLS.tcp],
    [20, PROTOCOLS.udp],
    [10, undefined],
  ]);
  const destinationPort = protocol === undefined ? ANY_PORT : servicePort(random, ports);
  const sourcePort = protocol === undefined ? ANY_PORT : clientPort(random);
  return {
    ...ANY_PACKET,
    source: match(source),
    destination: match(destination),
    sourcePorts: [sourcePort],
    destinationPorts: [destinationPort],
    protocol,
    text: `${text(source)}:${range(sourcePort)}=${text(destination)}:${range(destinationPort)}:${protocol ?? '*'}`,
    span: SPAN,
  };
}

/** Few services are asked for often: the product of two draws leans to the first ones. */
function servicePort(random: Random, ports: readonly number[]): PortRange {
  const popular = WELL_KNOWN[Math.floor((random.below(WELL_KNOWN.length) * random.below(100)) / 100)] ?? 80;
  return random.shared([
    [60, one(popular)],
    [15, one(random.pick(ports))],
    [7, { lo: 1024, hi: 65535 }],
    [3, { lo: 0, hi: 1023 }],
    [15, ANY_PORT],
  ]);
}

function clientPort(random: Random): PortRange {
  return random.shared([
    [3, { lo: 1024, hi: 65535 }],
    [2, one(WELL_KNOWN[random.below(6)] ?? 80)],
    [95, ANY_PORT],
  ]);
}

function one(port: number): PortRange {
  return { lo: port, hi: port };
}

function match(prefix: Prefix | undefined): AddressMatch {
  return prefix === undefined ? { kind: 'any' } : { kind: 'prefix', prefix };
}

function text(prefix: Prefix | undefined): string {
  return prefix === undefined ? '*' : formatPrefix(prefix);
}

function range({ lo, hi }: PortRange): string {
  if (lo === hi) return `${lo}`;
  return lo === 0 && hi === 65535 ? '*' : `${lo}-${hi}`;
}
