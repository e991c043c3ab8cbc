/** Packets that no filter decides, where the policy names their exemption. */

import { present } from '../../base/assert.ts';
import type { Prefix } from '../../base/ip.ts';
import { containsAddress, parseAddress, prefixOf } from '../../base/ip.ts';
import type { Exemption } from '../model.ts';
import { EXEMPTIONS, PROTOCOLS } from '../model.ts';
import type { Packet } from './model.ts';

const RSVP = 46;
const IKE_PORT = 500;
const KERBEROS_PORT = 88;
const LIMITED_BROADCAST = 0xffffffff;
const MULTICAST: readonly Prefix[] = [
  prefixOf(present(parseAddress('224.0.0.0')), 4),
  prefixOf(present(parseAddress('ff00::')), 8),
];

/** The first exemption, in the order of EXEMPTIONS, that is on and covers the packet. */
export function exemptionOf(packet: Packet, enabled: readonly Exemption[]): Exemption | undefined {
  return EXEMPTIONS.find((exemption) => enabled.includes(exemption) && COVERS[exemption](packet));
}

const COVERS: Readonly<Record<Exemption, (packet: Packet) => boolean>> = {
  'neighbor-discovery': isNeighborDiscovery,
  broadcast: (packet) =>
    packet.family === 4 && (packet.destination.words[0] === LIMITED_BROADCAST || packet.broadcastFrame),
  multicast: (packet) => MULTICAST.some((prefix) => containsAddress(prefix, packet.destination)),
  rsvp: (packet) => packet.protocol === RSVP,
  ike: (packet) => packet.protocol === PROTOCOLS.udp && hasPort(packet, IKE_PORT),
  kerberos: (packet) =>
    (packet.protocol === PROTOCOLS.tcp || packet.protocol === PROTOCOLS.udp) && hasPort(packet, KERBEROS_PORT),
};

/** Hop limit 255 proves that no router forwarded the packet (RFC 4861). */
function isNeighborDiscovery(packet: Packet): boolean {
  if (packet.family !== 6 || packet.protocol !== PROTOCOLS.icmpv6 || packet.icmp === undefined) return false;
  const { type, code } = packet.icmp;
  return type >= 133 && type <= 137 && code === 0 && packet.hopLimit === 255;
}

/** False for later fragments, whose ports are 0. */
function hasPort(packet: Packet, port: number): boolean {
  return packet.sourcePort === port || packet.destinationPort === port;
}
