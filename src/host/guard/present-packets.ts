/** Packets of what this host does now over its filtered interfaces: what a change must not cut by mistake. */
import type { DefaultRoute, NetworkInterface, TcpSocket } from 'libbpf-ts-bindings';
import { present } from '../../base/assert.ts';
import type { Address } from '../../base/ip.ts';
import { parseAddress } from '../../base/ip.ts';
import { STANDS_ON } from '../../engine/attachable.ts';
import { PROTOCOLS } from '../../policy/model.ts';
import { DHCP_PORTS } from '../../policy/packet/exemption.ts';
import type { IcmpHeader, Packet } from '../../policy/packet/model.ts';
import { PLAIN_PACKET } from '../../policy/packet/model.ts';
import type { SshConnection } from './ssh-connection.ts';

/** What the host does now, as the kernel tells it. */
export interface HostPresent {
  readonly sockets: readonly TcpSocket[];
  readonly routes: readonly DefaultRoute[];
  /** All of this network namespace. */
  readonly devices: readonly NetworkInterface[];
  /** Names of those that the policy is for. */
  readonly filtered: readonly string[];
  /** Of whoever asks. */
  readonly ssh: SshConnection | undefined;
}

export interface PresentPacket {
  /** What it belongs to, such as `TCP connections to port 443`. */
  readonly subject: string;
  readonly packet: Packet;
  readonly direction: 'arriving' | 'leaving';
  readonly interface: string;
}

type Place = Pick<PresentPacket, 'interface'>;

const DISCOVERY_HOP_LIMIT = 255;
const ICMP = { unreachable: 3, fragmentationNeeded: 4, tooBig: 2 } as const;
const ROUTER_ADVERTISEMENT = 134;
const NEIGHBOR = { solicitation: 135, advertisement: 136 } as const;

/** The most important first: whoever cannot ask about all asks about these. */
export function presentPackets(now: HostPresent): readonly PresentPacket[] {
  const own = new Set(now.devices.flatMap(({ addresses }) => addresses.map(({ address }) => address)));
  const inbound = inboundConnections(now.sockets).filter(({ remoteAddress }) => !own.has(remoteAddress));
  const mine = inbound.filter((socket) => isSame(socket, now.ssh));
  return [
    ...mine.flatMap((socket) => sessionPackets(socket, now)),
    ...gatewayPackets(now),
    ...leasePackets(now),
    ...spreadByPort(inbound.filter((socket) => !mine.includes(socket))).flatMap((socket) =>
      connectionPackets(`TCP connections to port ${socket.localPort}`, socket, now),
    ),
  ];
}

/** Those that a listening socket took. */
function inboundConnections(sockets: readonly TcpSocket[]): readonly TcpSocket[] {
  const listening = new Set(sockets.filter(({ state }) => state === 'listen').map(({ localPort }) => localPort));
  return sockets.filter(({ state, localPort }) => state === 'established' && listening.has(localPort));
}

function isSame(socket: TcpSocket, ssh: SshConnection | undefined): boolean {
  return (
    ssh !== undefined &&
    socket.localPort === ssh.localPort &&
    socket.remotePort === ssh.remotePort &&
    socket.localAddress === ssh.localAddress &&
    socket.remoteAddress === ssh.remoteAddress
  );
}

/** So that the first few are of every port. */
function spreadByPort(sockets: readonly TcpSocket[]): readonly TcpSocket[] {
  const seen = new Map<number, number>();
  const turns = sockets.map((socket) => {
    const turn = seen.get(socket.localPort) ?? 0;
    seen.set(socket.localPort, turn + 1);
    return { socket, turn };
  });
  return turns.toSorted((a, b) => a.turn - b.turn).map(({ socket }) => socket);
}

/** Who is cut off must be able to come in again. */
function sessionPackets(socket: TcpSocket, now: HostPresent): readonly PresentPacket[] {
  const again = connectionPackets('a new SSH connection from where you are', socket, now)
    .filter(({ direction }) => direction === 'arriving')
    .map((asked) => ({ ...asked, packet: { ...asked.packet, established: false } }));
  return [...connectionPackets('your SSH connection', socket, now), ...again];
}

function connectionPackets(subject: string, socket: TcpSocket, now: HostPresent): readonly PresentPacket[] {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  const arriving = tcpPacket([remoteAddress, remotePort], [localAddress, localPort]);
  const leaving = tcpPacket([localAddress, localPort], [remoteAddress, remotePort]);
  return placesOf(localAddress, now).flatMap((place) => [
    { subject, packet: arriving, direction: 'arriving', ...place },
    { subject, packet: leaving, direction: 'leaving', ...place },
  ]);
}

/** Filtered interfaces that packets of this address of the host pass. */
function placesOf(address: string, now: HostPresent): readonly Place[] {
  const owners = now.devices.filter(({ addresses }) => addresses.some((own) => own.address === address));
  // An address that no link has, such as that of a service on lo, is reached over any of them.
  const isAnywhere = owners.every(({ name, kind }) => name === 'lo' || kind === 'dummy');
  const names = isAnywhere ? now.filtered : owners.flatMap((owner) => filteredBelow(owner, now));
  return [...new Set(names)].map((name) => ({ interface: name }));
}

/** The device, ports of it and what it stands on, as far as they are filtered. */
function filteredBelow(device: NetworkInterface, { devices, filtered }: HostPresent): readonly string[] {
  const found = new Set<NetworkInterface>([device]);
  for (const above of found) {
    const stands = STANDS_ON.has(above.kind) && !above.peerElsewhere;
    const below = devices.filter(({ index, master }) => master === above.index || (stands && index === above.peer));
    for (const next of below) found.add(next);
  }
  return [...found].map(({ name }) => name).filter((name) => filtered.includes(name));
}

function gatewayPackets(now: HostPresent): readonly PresentPacket[] {
  return now.routes.flatMap(({ gateway, interfaceIndex }) => {
    const device = now.devices.find(({ index }) => index === interfaceIndex);
    if (gateway === undefined || device === undefined) return [];
    const places = filteredBelow(device, now).map((name) => ({ interface: name }));
    return places.flatMap((place) => [
      ...(gateway.includes(':') ? discoveryPackets(gateway, device, place) : []),
      ...pathMtuPackets(gateway, device, place),
    ]);
  });
}

function discoveryPackets(gateway: string, { addresses }: NetworkInterface, place: Place): readonly PresentPacket[] {
  const own = addresses.filter(({ family }) => family === 6);
  const mine = own.find(({ address }) => address.startsWith('fe80:')) ?? own[0];
  if (mine === undefined) return [];
  const subject = `neighbour discovery of the gateway ${gateway}`;
  const between = (from: string, to: string, type: number): Packet =>
    icmpPacket(from, to, { type, code: 0 }, DISCOVERY_HOP_LIMIT);
  const { solicitation, advertisement } = NEIGHBOR;
  const isAutoconfigured = own.some(
    ({ validSeconds, prefixLength }) => validSeconds !== undefined && prefixLength < 128,
  );
  const router = between(gateway, 'ff02::1', ROUTER_ADVERTISEMENT);
  return [
    { subject, packet: between(mine.address, gateway, solicitation), direction: 'leaving', ...place },
    { subject, packet: between(gateway, mine.address, advertisement), direction: 'arriving', ...place },
    { subject, packet: between(gateway, mine.address, solicitation), direction: 'arriving', ...place },
    { subject, packet: between(mine.address, gateway, advertisement), direction: 'leaving', ...place },
    ...(isAutoconfigured && gateway.startsWith('fe80:')
      ? [{ subject: 'router advertisements', packet: router, direction: 'arriving', ...place } as const]
      : []),
  ];
}

/** A router on the way says so to the address that sent the packet. */
function pathMtuPackets(gateway: string, { addresses }: NetworkInterface, place: Place): readonly PresentPacket[] {
  const family = gateway.includes(':') ? 6 : 4;
  const mine = addresses.find((own) => own.family === family && !own.address.startsWith('fe80:'));
  if (mine === undefined) return [];
  const icmp =
    family === 4 ? { type: ICMP.unreachable, code: ICMP.fragmentationNeeded } : { type: ICMP.tooBig, code: 0 };
  const packet = icmpPacket(gateway, mine.address, icmp, PLAIN_PACKET.hopLimit);
  return [{ subject: 'path MTU errors', packet, direction: 'arriving', ...place }];
}

/** The server is not known where there is no gateway: then only what the host sends is asked about. */
function leasePackets(now: HostPresent): readonly PresentPacket[] {
  return now.devices.flatMap((device) => {
    const leases = device.addresses.filter(
      ({ family, validSeconds, prefixLength }) => validSeconds !== undefined && (family === 4 || prefixLength === 128),
    );
    const places = filteredBelow(device, now).map((name) => ({ interface: name }));
    return leases.flatMap((lease) => places.flatMap((place) => renewal(lease, device, now.routes, place)));
  });
}

function renewal(
  { family, address }: NetworkInterface['addresses'][number],
  { addresses, index }: NetworkInterface,
  routes: readonly DefaultRoute[],
  place: Place,
): readonly PresentPacket[] {
  const subject = `the lease of ${address} (DHCP)`;
  const linkLocal = addresses.find((own) => own.address.startsWith('fe80:'))?.address;
  const isHere = (route: DefaultRoute): boolean =>
    route.interfaceIndex === index && route.gateway?.includes(':') === (family === 6);
  const gateway = routes.find(isHere)?.gateway;
  const [server, client] = DHCP_PORTS[family];
  const [me, all] = family === 4 ? ['0.0.0.0', '255.255.255.255'] : [linkLocal ?? address, 'ff02::1:2'];
  const asks = { ...udpPacket([me, client], [all, server]), broadcastFrame: family === 4 };
  const leaving = { subject, packet: asks, direction: 'leaving', ...place } as const;
  if (gateway === undefined) return [leaving];
  const answer = udpPacket([gateway, server], [family === 4 ? address : me, client]);
  return [leaving, { subject, packet: answer, direction: 'arriving', ...place }];
}

type End = readonly [address: string, port: number];

function addressOf(text: string): Address {
  return present(parseAddress(text), text);
}

function packetOf(source: string, destination: string, protocol: number): Packet {
  const from = addressOf(source);
  return { ...PLAIN_PACKET, family: from.family, source: from, destination: addressOf(destination), protocol };
}

function tcpPacket([source, sourcePort]: End, [destination, destinationPort]: End): Packet {
  return { ...packetOf(source, destination, PROTOCOLS.tcp), sourcePort, destinationPort, established: true };
}

function udpPacket([source, sourcePort]: End, [destination, destinationPort]: End): Packet {
  return { ...packetOf(source, destination, PROTOCOLS.udp), sourcePort, destinationPort };
}

function icmpPacket(source: string, destination: string, icmp: IcmpHeader, hopLimit: number): Packet {
  const protocol = source.includes(':') ? PROTOCOLS.icmpv6 : PROTOCOLS.icmp;
  return { ...packetOf(source, destination, protocol), icmp, hopLimit };
}
