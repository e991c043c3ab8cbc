/** Each check over facts that it must tell, and over facts that it must not. */
import { readFileSync } from 'node:fs';
import type { EthtoolFacts, NetworkInterface } from 'libbpf-ts-bindings';
import { describe, expect, test } from 'vitest';
import type { HostFacts, InterfaceFacts } from '../../../../src/host/doctor/doctor-facts.ts';
import { examineHost, examineInterface } from '../../../../src/host/doctor/examine.ts';
import type { Finding } from '../../../../src/host/doctor/finding.ts';
import { HOST_CHECKS } from '../../../../src/host/doctor/host-checks.ts';
import { INTERFACE_CHECKS } from '../../../../src/host/doctor/interface-checks.ts';

const HOST: HostFacts = {
  kernel: {
    release: '6.18.44-amd64',
    hasBtf: true,
    jit: 1,
    hasBpffs: true,
    lockableMemory: 8 << 20,
    lockdown: 'none',
    unprivilegedBpfDisabled: 2,
  },
  capabilities: ['CAP_SYS_ADMIN'],
  config: { path: '/etc/xdpol/config.yaml', diagnostics: [] },
  store: {
    directory: '/var/lib/xdpol',
    problem: undefined,
    setAside: [],
    damaged: [],
    assignedDamage: undefined,
    free: 1 << 30,
    isWritable: true,
    assigned: 'edge',
    newestRecord: '2026-01-01T00:00:00.000Z',
  },
  filter: { policy: 'edge', gaps: [], warnings: [] },
  units: ['xdpol-restore.service', 'xdpol-agent.service'].map((name) => ({
    name,
    isInstalled: true,
    isEnabled: true,
    state: 'active',
  })),
  now: Date.parse('2026-01-01T00:00:30.000Z'),
  agent: 812,
};

const DEVICE: NetworkInterface = {
  name: 'eth0',
  index: 2,
  mtu: 1500,
  up: true,
  running: true,
  mac: '02:00:00:00:00:01',
  addresses: [{ family: 4, address: '192.0.2.1', prefixLength: 24 }],
  driver: 'ixgbe',
  kind: '',
  peerElsewhere: false,
};

function ethtoolWith(features: Readonly<Record<string, readonly [on: boolean, changeable: boolean]>>): EthtoolFacts {
  const entries = Object.entries(features).map(([name, [on, changeable]]) => [name, { on, changeable }] as const);
  return { driver: '', version: '', firmware: '', bus: '', features: Object.fromEntries(entries) };
}

const INTERFACE: InterfaceFacts = {
  device: DEVICE,
  ethtool: ethtoolWith({ 'rx-gro': [true, true], 'rx-lro': [false, true] }),
  master: undefined,
  siblings: [],
  ports: [],
  peer: undefined,
  xdp: undefined,
  tcx: { ingress: [], egress: [] },
  filtered: ['eth0'],
};

function summaryOf({ check, severity, leaks }: Finding): string {
  return `${check} ${severity}${leaks === true ? ' leaks' : ''}`;
}

test('a host and an interface in order have no finding', () => {
  expect(examineHost(HOST)).toEqual([]);
  expect(examineInterface(INTERFACE)).toEqual([]);
});

describe('the host', () => {
  const kernel = (part: Partial<HostFacts['kernel']>): Partial<HostFacts> => ({ kernel: { ...HOST.kernel, ...part } });
  const store = (part: Partial<HostFacts['store']>): Partial<HostFacts> => ({ store: { ...HOST.store, ...part } });
  const filter = (part: Partial<NonNullable<HostFacts['filter']>>): Partial<HostFacts> => ({
    filter: { policy: 'edge', gaps: [], warnings: [], ...part },
  });
  const units = (part: Partial<HostFacts['units'][number]>): Partial<HostFacts> => ({
    units: HOST.units.map((unit) => ({ ...unit, ...part })),
  });
  const cases: readonly (readonly [name: string, part: Partial<HostFacts>, ...found: string[]])[] = [
    ['a kernel that is too old', kernel({ release: '5.4.0' }), 'kernel error', 'memory error'],
    ['the oldest kernel that will do', kernel({ release: '5.15.0-91-generic' }), 'kernel note'],
    ['the first kernel with tcx', kernel({ release: '6.6.0' })],
    ['an old kernel that may lock enough', kernel({ release: '5.4.0', lockableMemory: Infinity }), 'kernel error'],
    ['no BTF', kernel({ hasBtf: false }), 'btf warning'],
    ['the JIT off', kernel({ jit: 0 }), 'jit warning'],
    ['a JIT that may not be asked', kernel({ jit: undefined })],
    ['no bpffs', kernel({ hasBpffs: false }), 'bpffs warning'],
    ['lockdown', kernel({ lockdown: 'confidentiality' }), 'lockdown error'],
    ['a lockdown that lets BPF read', kernel({ lockdown: 'integrity' })],
    ['BPF for everyone', kernel({ unprivilegedBpfDisabled: 0 }), 'unprivileged-bpf warning'],
    ['the three capabilities', { capabilities: ['CAP_BPF', 'CAP_NET_ADMIN', 'CAP_PERFMON'] }],
    ['one missing', { capabilities: ['CAP_BPF', 'CAP_NET_ADMIN'] }, 'capabilities warning'],
    ['a configuration that cannot be read', { config: { ...HOST.config, problem: 'EACCES' } }, 'configuration error'],
    ['a store that cannot be read', store({ problem: 'EIO', assigned: undefined }), 'store error'],
    ['a read-only store', store({ isWritable: false }), 'store warning'],
    ['a full disk', store({ free: 1 << 20 }), 'store warning'],
    ['damage', store({ setAside: ['/var/lib/xdpol/policies/edge/1.damaged-x'] }), 'store warning'],
    [
      'what is damaged in its place',
      store({ damaged: ['a is damaged', 'b is damaged'] }),
      'store warning',
      'store warning',
    ],
    ['a damaged version that is assigned', store({ assignedDamage: 'policy.yaml is missing' }), 'store error'],
    ['an open hook', filter({ gaps: [{ name: 'eth0', direction: 'egress', isMissing: false }] }), 'filter error'],
    [
      'a missing interface',
      filter({ gaps: [{ name: 'eth9', direction: 'ingress', isMissing: true }] }),
      'filter warning',
    ],
    ['what status warns of', filter({ warnings: ['edge is in force, and not assigned'] }), 'filter warning'],
    ['a filter that cannot be read', { filter: undefined }],
    ['no units', units({ isInstalled: false, isEnabled: false, state: undefined }), 'units warning'],
    ['units that are not enabled', units({ isEnabled: false }), 'units warning'],
    ['failed units', units({ state: 'failed' }), 'units error', 'units error'],
    ['a clock a day behind', { now: Date.parse('2025-12-31T00:00:00Z') }, 'clock warning'],
    ['a clock a day ahead', { now: Date.parse('2026-01-02T00:00:00Z') }],
    ['no agent', { agent: undefined }, 'agent warning'],
    ['no agent and no policy', { agent: undefined, ...store({ assigned: undefined }) }, 'agent note'],
  ];
  for (const [name, part, ...found] of cases) {
    test(name, () => expect(examineHost({ ...HOST, ...part }).map(summaryOf)).toEqual(found));
  }
});

describe('an interface', () => {
  const device = (part: Partial<NetworkInterface>): Partial<InterfaceFacts> => ({ device: { ...DEVICE, ...part } });
  const features = (...args: Parameters<typeof ethtoolWith>): Partial<InterfaceFacts> => ({
    ethtool: ethtoolWith(...args),
  });
  const bond: NetworkInterface = { ...DEVICE, name: 'bond0', index: 9, kind: 'bond', driver: '' };
  const bridge: NetworkInterface = { ...DEVICE, name: 'br0', index: 9, kind: 'bridge', driver: '' };
  const ours = { id: 1, name: 'xdpol_ingress', isOurs: true };
  const other = { id: 2, name: 'sample', isOurs: false };
  const channels = { rx: 0, tx: 0, combined: 8, rxMax: 0, txMax: 0, combinedMax: 8 };
  const cases: readonly (readonly [name: string, part: Partial<InterfaceFacts>, ...found: string[]])[] = [
    ['no Ethernet frames', device({ mac: '' }), 'link error leaks'],
    ['a driver without native XDP', device({ driver: 'e1000' }), 'driver note'],
    ['generic where native could be', { xdp: { ...ours, mode: 'generic' } }, 'driver note'],
    ['native', { xdp: { ...ours, mode: 'native' } }],
    ['jumbo frames', device({ mtu: 9000 }), 'mtu warning'],
    ['jumbo frames in several buffers', device({ mtu: 9000, driver: 'mlx5_core' })],
    ['LRO', features({ 'rx-lro': [true, true] }), 'lro warning'],
    ['hardware GRO', features({ 'rx-gro-hw': [true, true] }), 'gro-hw warning'],
    ['tags taken off', features({ 'rx-vlan-hw-parse': [true, true] }), 'rxvlan note'],
    [
      'all channels of ena',
      { ...device({ driver: 'ena' }), ethtool: { ...ethtoolWith({}), channels } },
      'channels warning',
    ],
    [
      'half of them',
      { ...device({ driver: 'ena' }), ethtool: { ...ethtoolWith({}), channels: { ...channels, combined: 4 } } },
    ],
    [
      'offloads of a guest that stay',
      { ...device({ driver: 'virtio_net' }), ...features({ 'rx-gro-hw': [true, false] }) },
      'virtio warning',
    ],
    [
      'queues of a guest that are not used',
      { ...device({ driver: 'virtio_net' }), ethtool: { ...ethtoolWith({}), channels: { ...channels, combined: 1 } } },
      'virtio note',
    ],
    ['BIG TCP', device({ groMaxSize: 185_000, gsoMaxSize: 65_536 }), 'big-tcp note'],
    [
      'a veth without GRO',
      { ...device({ driver: 'veth', kind: 'veth' }), ...features({ 'rx-gro': [false, true] }) },
      'veth note',
    ],
    [
      'a veth whose peer has no GRO',
      {
        ...device({ driver: 'veth', kind: 'veth' }),
        peer: { device: { ...DEVICE, name: 'eth1' }, ethtool: ethtoolWith({ 'rx-gro': [false, true] }) },
      },
      'veth note',
    ],
    [
      'a port of a bond whose others are open',
      { ...device({ portKind: 'bond' }), master: bond, siblings: ['eth1'] },
      'membership error leaks',
    ],
    [
      'a port of a bond whose others are filtered',
      { ...device({ portKind: 'bond' }), master: bond, siblings: ['eth1'], filtered: ['eth0', 'eth1'] },
      'membership warning',
    ],
    ['a port of a bridge', { ...device({ portKind: 'bridge', addresses: [] }), master: bridge }, 'membership warning'],
    ['a port of a bridge with an address', { ...device({ portKind: 'bridge' }), master: bridge }],
    ['a foreign XDP program', { xdp: { ...other, mode: 'native' } }, 'foreign-xdp error'],
    ['a foreign program before ours', { tcx: { ingress: [], egress: [other, ours] } }, 'foreign-tc error leaks'],
    ['a foreign program after ours', { tcx: { ingress: [], egress: [ours, other] } }, 'foreign-tc note'],
    ['a foreign program at ingress', { tcx: { ingress: [other], egress: [] } }, 'foreign-tc note'],
    ['no address', device({ addresses: [] }), 'addresses warning'],
    [
      'link-local addresses only',
      device({ addresses: [{ family: 6, address: 'fe80::1', prefixLength: 64 }] }),
      'addresses warning',
    ],
  ];
  for (const [name, part, ...found] of cases) {
    test(name, () => expect(examineInterface({ ...INTERFACE, ...part }).map(summaryOf)).toEqual(found));
  }
});

test('every error and warning says why, and what to do', () => {
  const worst: HostFacts = {
    ...HOST,
    kernel: { ...HOST.kernel, release: '5.4.0', hasBtf: false, jit: 0, hasBpffs: false, unprivilegedBpfDisabled: 0 },
    capabilities: [],
    agent: undefined,
  };
  for (const { severity, what, why, advice, remedy } of examineHost(worst)) {
    expect(what.length * why.length, what).toBeGreaterThan(0);
    expect(severity === 'note' || advice !== undefined || remedy !== undefined, what).toBe(true);
  }
});

test('docs/doctor.md has a row for each check', () => {
  const page = readFileSync(new URL('../../../../docs/doctor.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \|/gmu)].map(([, check]) => check);
  expect(rows).toEqual([...Object.keys(HOST_CHECKS), ...Object.keys(INTERFACE_CHECKS)]);
});
