import fc from 'fast-check';
import { present } from '../../src/base/assert.ts';
import type { Address, Family } from '../../src/base/ip.ts';
import { formatAddress, fullLength, parseAddress } from '../../src/base/ip.ts';
import { rangePrefixes, singleAddresses } from '../../src/policy/address-match.ts';
import { localPrefixes } from '../../src/policy/local.ts';
import type { AddressMatch, Filter, HostAddresses, Policy, PortRange } from '../../src/policy/model.ts';
import { PROTOCOLS } from '../../src/policy/model.ts';
import type { PrefixColumn } from '../../src/policy/prefix-set.ts';
import { wordsOf } from '../../src/policy/prefix-set.ts';
import { prefixEdges } from './arbitrary-policy.ts';
import type { CommonFields, FrameFields, TestPacket } from './packets.ts';
import { altered, BROADCAST_MAC, extension, icmp, icmpv6, raw, routing, sctp, TAG, tcp, udp } from './packets.ts';

/** What to draw one end of a packet from. */
interface End {
  readonly addresses: Readonly<Record<Family, readonly Address[]>>;
  readonly ports: readonly number[];
}

/** What to draw a packet from: the edges of one filter, one way round. */
interface Target {
  readonly families: readonly Family[];
  readonly source: End;
  readonly destination: End;
  readonly protocols: readonly number[];
  readonly types: readonly number[];
  readonly codes: readonly number[];
}

const ELSEWHERE = ['203.0.113.9', '255.255.255.255', '224.0.0.5', '2001:db8:ffff::9', 'ff02::1', 'fe80::1'].map(
  (text) => present(parseAddress(text)),
);
const NEIGHBOURS = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((n) =>
  [`10.0.0.${n}`, `2001:db8::${n}`].map((text) => present(parseAddress(text))),
);
const OTHER_PORTS = [1, 67, 68, 88, 500, 546, 547, 4500, 40000] as const;
const OTHER_PROTOCOLS = [1, 6, 17, 58, 132, 46, 47, 50, 59, 255] as const;

export function packetNear(policy: Policy, host: HostAddresses): fc.Arbitrary<TestPacket> {
  const targets = policy.rules
    .flatMap((rule) => rule.filterList.filters)
    .flatMap((filter) => targetsOf(filter, policy, host));
  return drawn.map((numbers) => packetAt(pick(targets, numbers.target), numbers));
}

export function frameNear(policy: Policy, host: HostAddresses): fc.Arbitrary<TestPacket> {
  const packet = packetNear(policy, host);
  return fc.oneof(
    { weight: 4, arbitrary: packet.chain((p) => wrongFields.map((wrong) => altered(p, wrong))) },
    { weight: 4, arbitrary: packet.chain(cutAnywhere) },
    { weight: 3, arbitrary: packet.chain(flipped) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 128 }).map((bytes) => withFrame(NOISE, bytes, 'noise')) },
  );
}

const NOISE = raw(255, '10.0.0.1', '10.0.0.2');

/** Both ways round, so that replies are as frequent as requests. */
function targetsOf(filter: Filter, policy: Policy, host: HostAddresses): Target[] {
  const source = endOf(filter.source, filter.sourcePorts, policy, host);
  const destination = endOf(filter.destination, filter.destinationPorts, policy, host);
  const named = filter.protocol === undefined ? [6, 6, 17] : new Array<number>(30).fill(filter.protocol);
  const protocols = [...named, ...OTHER_PROTOCOLS];
  const types = [0, 2, 3, 8, 128, 130, 133, 135, 137, 143, ...new Array<number>(12).fill(filter.icmp[0]?.type ?? 8)];
  const codes = [0, 1, 4, ...new Array<number>(4).fill(filter.icmp[0]?.code ?? 0)];
  const service = { families: familiesOf(filter), protocols, types, codes };
  return [
    { source, destination, ...service },
    { source: destination, destination: source, ...service },
  ];
}

/** That of the filter's prefixes, and seldom the other. */
function familiesOf(filter: Filter): readonly Family[] {
  const written = [filter.source, filter.destination].find((match) => match.kind === 'prefix');
  return written === undefined ? [4, 4, 6] : [...new Array<Family>(9).fill(written.prefix.family), 4, 6];
}

/** Places on the edges and one off them, and seldom somewhere else. */
function endOf(match: AddressMatch, ports: readonly PortRange[], policy: Policy, host: HostAddresses): End {
  const near = edgesOf(match, policy, host);
  const ofFamily = (family: Family): Address[] => {
    const isFamily = (address: Address): boolean => address.family === family;
    const edges = near.filter(isFamily);
    const others = [...NEIGHBOURS, ...ELSEWHERE].filter(isFamily);
    return [...edges, ...repeated(edges, others.length * 4), ...others];
  };
  const edges = ports
    .flatMap(({ lo, hi }) => [lo, hi, lo, hi, lo, hi, lo - 1, hi + 1])
    .filter((p) => p >= 0 && p <= 65535);
  return { addresses: { 4: ofFamily(4), 6: ofFamily(6) }, ports: [...repeated(edges, 12), ...OTHER_PORTS] };
}

/** Goes round `all` up to `length`, so that it outweighs what is listed besides. */
function repeated<T>(all: readonly T[], length: number): T[] {
  return all.length === 0 ? [] : Array.from({ length: Math.max(length, all.length) }, (_, i) => pick(all, i));
}

function edgesOf(match: AddressMatch, policy: Policy, host: HostAddresses): readonly Address[] {
  const hostEdges = (all: readonly Address[]): Address[] =>
    all.flatMap((address) => prefixEdges({ ...address, length: fullLength(address.family) }));
  switch (match.kind) {
    case 'any':
      return [...host.me, ...NEIGHBOURS];
    case 'me':
      return hostEdges(host.me);
    case 'local':
      return localPrefixes(host).flatMap(prefixEdges);
    case 'name':
      return hostEdges(present(host.names.get(match.name)));
    case 'prefix':
      return prefixEdges(match.prefix);
    case 'range':
      return rangePrefixes(match.first, match.last).flatMap(prefixEdges);
    case 'list':
      return singleAddresses(match).flatMap((one) => edgesOf(one, policy, host));
    case 'set': {
      const { prefixes, exclude } = present(policy.addressSets.get(match.name));
      const holes = exclude.flatMap((one) => edgesOf(one, policy, host));
      return [...columnEdges(prefixes.v4), ...columnEdges(prefixes.v6), ...holes];
    }
  }
}

/** Of the first prefixes only: a set may be large. */
function columnEdges(column: PrefixColumn): Address[] {
  const size = wordsOf(column.family);
  return Array.from({ length: Math.min(column.count, 64) }, (_, i) => ({
    family: column.family,
    words: [...column.words.subarray(i * size, (i + 1) * size)],
    length: present(column.lengths[i]),
  })).flatMap(prefixEdges);
}

const FLAGS = ['', 'S', 'A', 'SA', 'R', 'RA', 'FA', 'PA', 'FPU'] as const;

function packetAt(target: Target, numbers: Drawn): TestPacket {
  const family = pick(target.families, numbers.family);
  const source = formatAddress(pick(target.source.addresses[family], numbers.source));
  const destination = formatAddress(pick(target.destination.addresses[family], numbers.destination));
  const sport = pick(target.source.ports, numbers.sport);
  const dport = pick(target.destination.ports, numbers.dport);
  const type = pick(target.types, numbers.type);
  const code = pick(target.codes, numbers.code);
  const common = family === 4 ? numbers.common4 : numbers.common6;
  // 0 is hop-by-hop behind an IPv6 header: not a protocol there.
  const protocols = target.protocols.filter((number) => family === 4 || number !== 0);
  const protocol = pick(protocols, numbers.protocol);
  switch (protocol) {
    case PROTOCOLS.tcp:
      return tcp(source, destination, { sport, dport, flags: numbers.flags, ...common });
    case PROTOCOLS.udp:
      return udp(source, destination, { sport, dport, ...common });
    case PROTOCOLS.sctp:
      return sctp(source, destination, { sport, dport, ...common });
    case PROTOCOLS.icmp:
      return icmp(source, destination, { type, code, ...common });
    case PROTOCOLS.icmpv6:
      return icmpv6(source, destination, { type, code, ...common });
    default:
      return raw(protocol, source, destination, { ...common, payload: Uint8Array.of(0, 80, 0, 80) });
  }
}

function pick<T>(all: readonly T[], number: number): T {
  return present(all[number % all.length]);
}

/** What matters seldom is drawn seldom. */
function seldom<T>(usual: T, others: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: others });
}

const tags = seldom<readonly number[]>([], fc.array(fc.constantFrom(TAG.vlan, TAG.service), { maxLength: 2 }));
const fragments = seldom<CommonFields>(
  {},
  fc.constantFrom(
    { fragment: { offset: 0, more: true } },
    { fragment: { offset: 0, more: false } },
    { fragment: { offset: 1, more: true } },
    { fragment: { offset: 8191, more: false } },
  ),
);
const link = fc
  .record({
    tags,
    padding: seldom(0, fc.integer({ min: 1, max: 40 })),
    ethernetDestination: seldom('02:00:00:00:00:01', fc.constant(BROADCAST_MAC)),
    hopLimit: fc.constantFrom(64, 255, 255, 1),
    fragments,
  })
  .map(({ fragments: fragment, ...rest }): CommonFields => ({ ...rest, ...fragment }));

/** Nothing, the end, record route, both source routes, and options that do not fit. */
const option = fc.oneof(
  fc.constantFrom([1], [1, 1], [0], [7, 7, 4, 0, 0, 0, 0], [131, 7, 4, 10, 0, 0, 1], [137, 3, 4], [131], [130, 0]),
  fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 12 })).map(([kind, bytes]) => [kind, bytes]),
);

/** Up to whole words of options, 40 bytes at most. */
function optionBytes(all: readonly (readonly number[])[]): Uint8Array {
  const bytes = all.flat().slice(0, 40);
  return Uint8Array.from([...bytes, ...new Array<number>((4 - (bytes.length % 4)) % 4).fill(1)]);
}

const common4: fc.Arbitrary<CommonFields> = fc
  .tuple(link, seldom([], fc.array(option, { minLength: 1, maxLength: 6 })))
  .map(([common, all]) => ({ ...common, options: optionBytes(all) }));

const segmentsLeft = seldom(0, fc.constantFrom(1, 2, 255));
const header = fc.oneof(
  fc.tuple(fc.constantFrom('hopByHop', 'routing', 'destination'), fc.constantFrom(8, 16, 32), segmentsLeft),
  fc.tuple(fc.constant('authentication' as const), fc.constantFrom(12, 16, 24), fc.constant(0)),
);
/** 7 and the fragment header are 8, the most that is walked. */
const headers = seldom([], fc.array(header, { maxLength: 7 }));

const common6: fc.Arbitrary<CommonFields> = fc.tuple(link, headers).map(([common, all]) => ({
  ...common,
  extensions: all.map(([kind, bytes, left]) => (left > 0 ? routing(left) : extension(kind, bytes))),
}));

/** One packet before it is known what there is to choose from: numbers choose, modulo how many there are. */
interface Drawn {
  readonly target: number;
  readonly family: number;
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
  readonly type: number;
  readonly code: number;
  readonly flags: string;
  readonly common4: CommonFields;
  readonly common6: CommonFields;
}

const number = fc.nat({ max: 0xffff });
const drawn: fc.Arbitrary<Drawn> = fc.record({
  target: number,
  family: number,
  source: number,
  destination: number,
  protocol: number,
  sport: number,
  dport: number,
  type: number,
  code: number,
  flags: fc.constantFrom(...FLAGS),
  common4,
  common6,
});

/** Changes that make a frame wrong, or leave it just right. */
const wrongFields: fc.Arbitrary<Partial<FrameFields>> = fc.oneof(
  fc.integer({ min: 0, max: 15 }).map((headerWords) => ({ headerWords })),
  fc.integer({ min: 0, max: 120 }).map((totalLength) => ({ totalLength })),
  fc.integer({ min: 0, max: 120 }).map((payloadLength) => ({ payloadLength })),
  fc.constantFrom(0, 4, 5, 6, 15).map((version) => ({ version })),
  fc.constantFrom(0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8).map((etherType) => ({ etherType })),
  fc.array(fc.constantFrom(TAG.vlan, TAG.service), { minLength: 2, maxLength: 4 }).map((all) => ({ tags: all })),
  fc
    .array(fc.constantFrom('hopByHop', 'routing', 'destination', 'authentication', 'fragment'), {
      minLength: 7,
      maxLength: 10,
    })
    .map((kinds) => ({ extensions: kinds.map((kind) => extension(kind)) })),
  fc.integer({ min: 0, max: 255 }).map((length) => ({ extensions: [extension('routing', 8, length)] })),
);

function cutAnywhere(packet: TestPacket): fc.Arbitrary<TestPacket> {
  return fc.integer({ min: 0, max: packet.frame.length }).map((cut) => altered(packet, { cutTo: cut }));
}

/** Up to four bytes changed, in the headers above all. */
function flipped(packet: TestPacket): fc.Arbitrary<TestPacket> {
  const at = fc.integer({ min: 0, max: Math.max(0, packet.frame.length - 1) });
  return fc.array(fc.tuple(at, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }).map((changes) => {
    const frame = packet.frame.slice();
    for (const [offset, value] of changes) frame[offset] = value;
    return withFrame(packet, frame, `bytes ${changes.map(([offset, value]) => `${offset}=${value}`).join(' ')}`);
  });
}

function withFrame(packet: TestPacket, frame: Uint8Array, note: string): TestPacket {
  return { frame, summary: `${packet.summary}, ${note}`, fields: packet.fields };
}
