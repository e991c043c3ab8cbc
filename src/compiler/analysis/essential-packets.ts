/** Packets of essential traffic as they pass an interface of the host. */
import { present } from '../../base/assert.ts';
import type { Address, Family } from '../../base/ip.ts';
import { parseAddress } from '../../base/ip.ts';
import { PROTOCOLS } from '../../policy/model.ts';
import { PLAIN_PACKET } from '../../policy/packet/model.ts';
import type { Direction, SeenPacket } from '../../policy/packet/text.ts';

export type EssentialTraffic = 'neighbor-discovery' | 'multicast-listener' | 'path-mtu' | 'dhcp';

type Passing = Omit<SeenPacket, 'interface'>;

interface EssentialPackets {
  readonly traffic: EssentialTraffic;
  readonly family: Family;
  /** `own` is an address of the host, `router` one of anybody. */
  readonly packets: (own: Address, router: Address) => readonly Passing[];
}

const NEIGHBOR = addressOf('fe80::9');
const ALL_NODES = addressOf('ff02::1');
const ALL_ROUTERS = addressOf('ff02::2');
const MLD_ROUTERS = addressOf('ff02::16');
const DHCP_SERVERS = addressOf('ff02::1:2');
const NO_ADDRESS = addressOf('0.0.0.0');
const LIMITED_BROADCAST = addressOf('255.255.255.255');
const OWN: Readonly<Record<Family, Address>> = { 4: addressOf('192.0.2.9'), 6: addressOf('fe80::a') };

function addressOf(text: string): Address {
  return present(parseAddress(text));
}

/** Stands for an address of the host where none is known. */
export function exampleOwn(family: Family): Address {
  return OWN[family];
}

export const ESSENTIAL_PACKETS: readonly EssentialPackets[] = [
  {
    traffic: 'neighbor-discovery',
    family: 6,
    packets: (own) => [
      icmp('arriving', NEIGHBOR, solicitedNode(own), 135, 255),
      icmp('leaving', own, NEIGHBOR, 136, 255),
      icmp('leaving', own, solicitedNode(NEIGHBOR), 135, 255),
      icmp('arriving', NEIGHBOR, own, 136, 255),
      icmp('leaving', linkLocal(own), ALL_ROUTERS, 133, 255),
      icmp('arriving', NEIGHBOR, ALL_NODES, 134, 255),
    ],
  },
  {
    traffic: 'multicast-listener',
    family: 6,
    packets: (own) => [
      icmp('arriving', NEIGHBOR, ALL_NODES, 130, 1),
      icmp('leaving', linkLocal(own), MLD_ROUTERS, 143, 1),
    ],
  },
  { traffic: 'path-mtu', family: 4, packets: (own, router) => [icmp('arriving', router, own, 3, 64, 4)] },
  { traffic: 'path-mtu', family: 6, packets: (own, router) => [icmp('arriving', router, own, 2, 64)] },
];

/** A renewal and its answer, then how a host without an address asks for one. */
export function dhcpPackets(own: Address): readonly Passing[] {
  if (own.family === 6) {
    return [
      udp('leaving', linkLocal(own), 546, DHCP_SERVERS, 547),
      udp('arriving', NEIGHBOR, 547, linkLocal(own), 546),
    ];
  }
  const server = serverOf(own);
  return [
    udp('leaving', own, 68, server, 67),
    udp('arriving', server, 67, own, 68),
    udp('leaving', NO_ADDRESS, 68, LIMITED_BROADCAST, 67),
  ];
}

/** The first address of the same /24, or the last where that is the host. */
function serverOf({ family, words }: Address): Address {
  const network = ((words[0] ?? 0) & 0xffffff00) >>> 0;
  const first = network + 1;
  return { family, words: [first === words[0] ? network + 254 : first] };
}

function linkLocal(own: Address): Address {
  return (own.words[0] ?? 0) >>> 22 === 0x3fa ? own : OWN[6];
}

/** RFC 4291: ff02::1:ff and the last 24 bits. */
function solicitedNode({ words }: Address): Address {
  const last = (0xff000000 | ((words[3] ?? 0) & 0xffffff)) >>> 0;
  return { family: 6, words: [0xff020000, 0, 1, last] };
}

function isBroadcast({ family, words }: Address): boolean {
  return family === 4 && words[0] === LIMITED_BROADCAST.words[0];
}

function icmp(
  direction: Direction,
  source: Address,
  destination: Address,
  type: number,
  hopLimit: number,
  code = 0,
): Passing {
  const { family } = source;
  const protocol = family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6;
  const ends = { family, source, destination, broadcastFrame: isBroadcast(destination) };
  return { direction, packet: { ...PLAIN_PACKET, ...ends, protocol, icmp: { type, code }, hopLimit } };
}

function udp(
  direction: Direction,
  source: Address,
  sourcePort: number,
  destination: Address,
  destinationPort: number,
): Passing {
  const { family } = source;
  const ports = { sourcePort, destinationPort };
  const ends = { family, source, destination, broadcastFrame: isBroadcast(destination) };
  const packet = { ...PLAIN_PACKET, ...ends, protocol: PROTOCOLS.udp, ...ports };
  return { direction, packet };
}
