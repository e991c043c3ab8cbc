/** Packets that no filter decides, where the policy names their exemption. */

import { present } from '../../base/assert.ts';
import type { Address, Family, Prefix } from '../../base/ip.ts';
import { containsAddress, parseAddress, prefixOf } from '../../base/ip.ts';
import { ENUMS } from '../../layout/layout.gen.ts';
import type { Exemption } from '../model.ts';
import { EXEMPTIONS, PROTOCOLS } from '../model.ts';
import type { Packet } from './model.ts';

const RSVP = 46;
/** RFC 7296, and RFC 3947 behind a translator of addresses: the same port at both ends. */
const IKE_PORTS: readonly number[] = [500, 4500];
/** RFC 2131, RFC 8415. */
export const DHCP_PORTS: Readonly<Record<Family, readonly [server: number, client: number]>> = {
  4: [67, 68],
  6: [547, 546],
};
const KERBEROS_PORT = 88;
const LIMITED_BROADCAST = 0xffffffff;
const MULTICAST: readonly Prefix[] = [
  prefixOf(present(parseAddress('224.0.0.0')), 4),
  prefixOf(present(parseAddress('ff00::')), 8),
];

/** The first exemption, in the order of EXEMPTIONS, that is on and covers the packet. `broadcasts`: of the host's subnets. */
export function exemptionOf(
  packet: Packet,
  enabled: readonly Exemption[],
  broadcasts: readonly Address[] = [],
): Exemption | undefined {
  return EXEMPTIONS.find((exemption) => enabled.includes(exemption) && COVERS[exemption](packet, broadcasts));
}

type Covers = (packet: Packet, broadcasts: readonly Address[]) => boolean;

const COVERS: Readonly<Record<Exemption, Covers>> = {
  'neighbor-discovery': isNeighborDiscovery,
  'multicast-listener': isMulticastListener,
  'path-mtu': isPathMtu,
  dhcp: isDhcp,
  broadcast: isBroadcast,
  multicast: (packet) => MULTICAST.some((prefix) => containsAddress(prefix, packet.destination)),
  rsvp: (packet) => packet.protocol === RSVP,
  ike: (packet) => packet.protocol === PROTOCOLS.udp && IKE_PORTS.some((port) => isBetween(packet, port)),
  kerberos: (packet) =>
    (packet.protocol === PROTOCOLS.tcp || packet.protocol === PROTOCOLS.udp) && hasPort(packet, KERBEROS_PORT),
};

/** Frame and packet agree: what is addressed to one host does not pass in a frame for all. */
function isBroadcast({ family, destination, broadcastFrame }: Packet, broadcasts: readonly Address[]): boolean {
  if (family !== 4 || !broadcastFrame) return false;
  const [word] = destination.words;
  return (
    word === LIMITED_BROADCAST ||
    broadcasts.slice(0, ENUMS.layout.MAX_BROADCASTS).some(({ words }) => words[0] === word)
  );
}

/** Hop limit 255 proves that no router forwarded the packet (RFC 4861). */
function isNeighborDiscovery(packet: Packet): boolean {
  if (packet.family !== 6 || packet.protocol !== PROTOCOLS.icmpv6 || packet.icmp === undefined) return false;
  const { type, code } = packet.icmp;
  return type >= 133 && type <= 137 && code === 0 && packet.hopLimit === 255;
}

const LINK_LOCAL: Prefix = prefixOf(present(parseAddress('fe80::')), 10);
const UNSPECIFIED: Prefix = prefixOf(present(parseAddress('::')), 128);
const LISTENER_TYPES: readonly number[] = [130, 131, 132, 143];

/** From this link only: hop limit 1, and a source that no router forwards (RFC 2710, RFC 3810). */
function isMulticastListener(packet: Packet): boolean {
  if (packet.family !== 6 || packet.protocol !== PROTOCOLS.icmpv6 || packet.icmp === undefined) return false;
  const isOfLink = [LINK_LOCAL, UNSPECIFIED].some((prefix) => containsAddress(prefix, packet.source));
  return LISTENER_TYPES.includes(packet.icmp.type) && packet.hopLimit === 1 && isOfLink;
}

/** Without these a path with a smaller MTU swallows what is sent (RFC 4890, RFC 8899). */
function isPathMtu({ family, protocol, icmp }: Packet): boolean {
  if (icmp === undefined) return false;
  if (family === 4) return protocol === PROTOCOLS.icmp && icmp.type === 3 && icmp.code === 4;
  return protocol === PROTOCOLS.icmpv6 && icmp.type === 2;
}

function isDhcp({ family, protocol, sourcePort, destinationPort }: Packet): boolean {
  const [server, client] = DHCP_PORTS[family];
  if (protocol !== PROTOCOLS.udp) return false;
  return sourcePort === server ? destinationPort === client : sourcePort === client && destinationPort === server;
}

function isBetween(packet: Packet, port: number): boolean {
  return packet.sourcePort === port && packet.destinationPort === port;
}

/** False for later fragments, whose ports are 0. */
function hasPort(packet: Packet, port: number): boolean {
  return packet.sourcePort === port || packet.destinationPort === port;
}
