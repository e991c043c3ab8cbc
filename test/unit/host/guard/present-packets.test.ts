/** An address on an upper device, its traffic through the lower ones: kinds of devices as the kernel describes them. */
import type { NetworkInterface, TcpSocket } from 'libbpf-ts-bindings';
import { describe, expect, test } from 'vitest';
import { presentPackets } from '../../../../src/host/guard/present-packets.ts';

type Device = Partial<NetworkInterface> & Pick<NetworkInterface, 'name' | 'index'>;

const ADDRESS = '192.0.2.1';
const GATEWAY = '192.0.2.254';

function device(given: Device): NetworkInterface {
  const plain = { mtu: 1500, up: true, running: true, mac: '02:00:00:00:00:01', driver: '', kind: '' };
  return { ...plain, addresses: [], peerElsewhere: false, ...given };
}

/** The device that has the address. */
function owner(given: Device): NetworkInterface {
  return device({ ...given, addresses: [{ family: 4, address: ADDRESS, prefixLength: 24 }] });
}

const common = { family: 4, localPort: 22, uid: 0, inode: 1 } as const;
const sockets: readonly TcpSocket[] = [
  { ...common, state: 'listen', localAddress: '0.0.0.0', remoteAddress: '0.0.0.0', remotePort: 0 },
  { ...common, state: 'established', localAddress: ADDRESS, remoteAddress: '203.0.113.9', remotePort: 40_000 },
];

const bond = { name: 'bond0', index: 10, kind: 'bond' };
const ports = [device({ name: 'eth0', index: 1, master: 10 }), device({ name: 'eth1', index: 2, master: 10 })];
const vlan = { name: 'vlan5', index: 11, kind: 'vlan' };
const below = device({ name: 'eth0', index: 1 });

interface Row {
  readonly name: string;
  readonly devices: readonly NetworkInterface[];
  readonly filtered: readonly string[];
  readonly asked: readonly string[];
}

const ROWS: readonly Row[] = [
  { name: 'a bond', devices: [...ports, owner(bond)], filtered: ['bond0'], asked: ['bond0'] },
  { name: 'ports of a bond', devices: [...ports, owner(bond)], filtered: ['eth0', 'eth1'], asked: ['eth0', 'eth1'] },
  { name: 'a VLAN', devices: [below, owner({ ...vlan, peer: 1 })], filtered: ['vlan5'], asked: ['vlan5'] },
  { name: 'what a VLAN stands on', devices: [below, owner({ ...vlan, peer: 1 })], filtered: ['eth0'], asked: ['eth0'] },
  {
    name: 'ports of the bond that a VLAN stands on',
    devices: [...ports, device(bond), owner({ ...vlan, peer: 10 })],
    filtered: ['eth1'],
    asked: ['eth1'],
  },
  {
    name: 'a VLAN that is a port of a bridge',
    devices: [below, device({ ...vlan, peer: 1, master: 20 }), owner({ name: 'br0', index: 20, kind: 'bridge' })],
    filtered: ['eth0', 'br0'],
    asked: ['br0', 'eth0'],
  },
  {
    name: 'a macvlan whose lower device is in another network namespace: index 1 is another device here',
    devices: [below, owner({ name: 'mac0', index: 12, kind: 'macvlan', peer: 1, peerElsewhere: true })],
    filtered: ['eth0'],
    asked: [],
  },
  {
    name: 'a veth: its other end is not below it',
    devices: [below, owner({ name: 'veth0', index: 13, kind: 'veth', peer: 1 })],
    filtered: ['eth0'],
    asked: [],
  },
  {
    name: 'another VLAN of the same device',
    devices: [below, owner({ ...vlan, peer: 1 }), device({ name: 'vlan6', index: 14, kind: 'vlan', peer: 1 })],
    filtered: ['vlan6'],
    asked: [],
  },
  {
    name: 'a service address on lo: every filtered interface',
    devices: [...ports, owner({ name: 'lo', index: 5 })],
    filtered: ['eth0', 'eth1'],
    asked: ['eth0', 'eth1'],
  },
];

describe('a connection is asked about at', () => {
  test.each(ROWS)('$name', ({ devices, filtered, asked }) => {
    const found = presentPackets({ sockets, routes: [], devices, filtered, ssh: undefined });
    expect([...new Set(found.map((packet) => packet.interface))].toSorted()).toEqual(asked.toSorted());
    expect(new Set(found.map(({ direction }) => direction)).size).toBe(asked.length === 0 ? 0 : 2);
  });
});

test('a gateway behind a VLAN on a bond: path MTU errors arrive by each port that is filtered', () => {
  const devices = [...ports, device(bond), owner({ ...vlan, peer: 10 })];
  const routes = [{ family: 4, gateway: GATEWAY, interfaceIndex: 11, metric: 0, table: 254 }] as const;
  const found = presentPackets({ sockets: [], routes, devices, filtered: ['eth0', 'eth1'], ssh: undefined });
  expect(found.map((packet) => [packet.interface, packet.direction])).toEqual([
    ['eth0', 'arriving'],
    ['eth1', 'arriving'],
  ]);
});
