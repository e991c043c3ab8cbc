import { execFileSync } from 'node:child_process';
import {
  capabilities,
  type DefaultRoute,
  type EthtoolFacts,
  ethtoolFacts,
  interfaceIndex,
  type NetworkInterface,
  type TcpSocket,
  xdpFeatures,
} from 'libbpf-ts-bindings';
import { describe, expect, test } from 'vitest';
import { expectCode, expectNoLeaks, networkNamespace, vethPair } from './support.ts';

expectNoLeaks();

describe('what an interface is', () => {
  test('bridge, its port, a macvlan on it, and a veth pair that leaves the namespace', () => {
    using inside = networkNamespace();
    using outside = networkNamespace();
    const link = (...argv: readonly string[]): string => inside.exec('ip', 'link', ...argv);
    link('add', 'br0', 'type', 'bridge');
    link('add', 'veth0', 'type', 'veth', 'peer', 'name', 'far0', 'netns', outside.name);
    link('set', 'veth0', 'master', 'br0');
    link('add', 'link', 'br0', 'name', 'mac0', 'type', 'macvlan');
    const all = inside.evaluate('bpf.interfaces()') as readonly NetworkInterface[];
    const of = (name: string): NetworkInterface | undefined => all.find((one) => one.name === name);
    const [bridge, far] = [of('br0'), outside.evaluate('bpf.interfaceIndex("far0")')];
    expect(bridge).toMatchObject({ kind: 'bridge', peerElsewhere: false });
    expect(bridge).not.toHaveProperty('peer');
    expect(of('veth0')).toMatchObject({
      kind: 'veth',
      portKind: 'bridge',
      master: bridge?.index,
      peer: far,
      peerElsewhere: true,
    });
    expect(of('mac0')).toMatchObject({ kind: 'macvlan', peer: bridge?.index, peerElsewhere: false });
    expect(of('lo')).toMatchObject({ kind: '', driver: '', up: false, running: false });
  });

  test('native XDP: what a device declares, as it is set up now', () => {
    using inside = networkNamespace();
    const link = (...argv: readonly string[]): string => inside.exec('ip', 'link', ...argv);
    link('add', 'br0', 'type', 'bridge');
    const queues = (count: string): readonly string[] => ['numrxqueues', count, 'numtxqueues', count];
    link('add', 'few0', ...queues('1'), 'type', 'veth', 'peer', 'name', 'many0', ...queues('4'));
    const features = (name: string): unknown =>
      inside.evaluate(`bpf.xdpFeatures(bpf.interfaceIndex("${name}")).includes('basic')`);
    expect(['br0', 'many0', 'few0'].map(features)).toEqual([false, true, false]);
    expectCode('ENODEV', () => xdpFeatures(2 ** 31 - 1));
  });

  test('a thousand interfaces, each with its addresses', () => {
    using inside = networkNamespace();
    const lines = Array.from({ length: 500 }, (_, i) => [
      `link add name v${i} type veth peer name w${i}`,
      `address add 10.1.${i >> 8}.${i & 255}/32 dev v${i}`,
    ]).flat();
    execFileSync('nsenter', [`--net=${inside.path}`, 'ip', '-batch', '-'], { input: lines.join('\n') });
    const all = inside.evaluate('bpf.interfaces()') as readonly NetworkInterface[];
    expect(all).toHaveLength(1001);
    expect(new Set(all.map(({ index }) => index)).size).toBe(1001);
    for (const { name, addresses } of all.filter((one) => one.name.startsWith('v'))) {
      const i = Number(name.slice(1));
      expect(addresses).toEqual([{ family: 4, address: `10.1.${i >> 8}.${i & 255}`, prefixLength: 32 }]);
    }
  });
});

test('TCP sockets: connected and listening, IPv4 in an IPv6 socket as what it is', () => {
  using inside = networkNamespace();
  inside.exec('ip', 'link', 'set', 'lo', 'up');
  const script = `new Promise((resolve) => {
    const net = process.getBuiltinModule('node:net');
    const server = net.createServer().listen(7001, '::', () => {
      const clients = ['127.0.0.1', '::1'].map((host) => net.connect(7001, host));
      let open = 0;
      server.on('connection', () => {
        if (++open < 2) return;
        resolve(bpf.tcpSockets());
        setTimeout(() => process.exit(0), 100);
      });
    });
  })`;
  const sockets = inside.evaluate(script) as readonly TcpSocket[];
  const short = sockets.map(({ family, state, localAddress, localPort, remoteAddress, remotePort }) =>
    [family, state, localAddress, localPort === 7001, remoteAddress, remotePort === 7001, remotePort === 0].join(' '),
  );
  expect(short.sort()).toEqual([
    '4 established 127.0.0.1 false 127.0.0.1 true false',
    '4 established 127.0.0.1 true 127.0.0.1 false false',
    '6 established ::1 false ::1 true false',
    '6 established ::1 true ::1 false false',
    '6 listen :: true :: false true',
  ]);
  expect(sockets.every(({ uid }) => uid === 0)).toBe(true);
});

test('default routes: each next hop, every table, gateways of either family', () => {
  using inside = networkNamespace();
  const ip = (...argv: readonly string[]): string => inside.exec('ip', ...argv);
  expect(inside.evaluate('bpf.defaultRoutes()')).toEqual([]);
  for (const name of ['d0', 'd1']) {
    ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`);
    ip('link', 'set', name, 'up');
    ip('link', 'set', `${name}p`, 'up');
  }
  ip('address', 'add', '192.0.2.5/24', 'dev', 'd0');
  ip('address', 'add', '198.51.100.5/24', 'dev', 'd1');
  ip('-6', 'address', 'add', '2001:db8::5/64', 'dev', 'd0', 'nodad');
  ip('route', 'add', 'default', 'nexthop', 'via', '192.0.2.1', 'nexthop', 'via', '198.51.100.1');
  ip('route', 'add', 'default', 'dev', 'd1', 'metric', '9', 'table', '300');
  ip('-4', 'route', 'add', 'default', 'via', 'inet6', 'fe80::1', 'dev', 'd0', 'metric', '20');
  ip('route', 'add', '10.0.0.0/8', 'via', '192.0.2.9');
  ip('-6', 'route', 'add', 'default', 'via', '2001:db8::1', 'metric', '7');
  const found = inside.evaluate('bpf.defaultRoutes()') as readonly DefaultRoute[];
  const [d0, d1] = ['d0', 'd1'].map((name) => inside.evaluate(`bpf.interfaceIndex("${name}")`));
  expect(found.filter(({ family }) => family === 4)).toEqual(
    expect.arrayContaining([
      { family: 4, gateway: '192.0.2.1', interfaceIndex: d0, metric: 0, table: 254 },
      { family: 4, gateway: '198.51.100.1', interfaceIndex: d1, metric: 0, table: 254 },
      { family: 4, interfaceIndex: d1, metric: 9, table: 300 },
      { family: 4, gateway: 'fe80::1', interfaceIndex: d0, metric: 20, table: 254 },
    ]),
  );
  expect(found.filter(({ family }) => family === 4)).toHaveLength(4);
  expect(found.filter(({ family }) => family === 6)).toEqual([
    { family: 6, gateway: '2001:db8::1', interfaceIndex: d0, metric: 7, table: 254 },
  ]);
});

describe('what a driver says', () => {
  test('of a veth: channels and features, which ethtool changes', () => {
    using pair = vethPair();
    const facts: EthtoolFacts = ethtoolFacts(pair.name);
    expect(facts).toMatchObject({
      driver: 'veth',
      channels: { rx: 1, tx: 1 },
      features: { 'rx-gro': { changeable: true } },
    });
    expect(facts.features['loopback']).toEqual({ on: false, changeable: false });
    const before = facts.features['rx-gro']?.on;
    execFileSync('ethtool', ['-K', pair.name, 'gro', before === true ? 'off' : 'on']);
    expect(ethtoolFacts(pair.name).features['rx-gro']?.on).toBe(before !== true);
  });

  test('of the loopback: no driver, still features', () => {
    const facts = ethtoolFacts('lo');
    expect(facts.driver).toBe('');
    expect(facts).not.toHaveProperty('channels');
    expect(Object.keys(facts.features).length).toBeGreaterThan(30);
  });

  test('of what is not there', () => {
    expectCode('ENODEV', () => ethtoolFacts('nobody0'));
    expectCode('ENODEV', () => ethtoolFacts('a-name-that-is-far-too-long-for-an-interface'));
    expectCode('ENODEV', () => ethtoolFacts(''));
    expectCode('EINVAL', () => ethtoolFacts(undefined as never));
    expect(interfaceIndex('nobody0')).toBeUndefined();
  });
});

test('capabilities: what this process has, and what one that gave some up has left', () => {
  const all = capabilities();
  expect(all).toContain('CAP_BPF');
  expect(all).toContain('CAP_NET_ADMIN');
  using inside = networkNamespace();
  const library = JSON.stringify(new URL('../dist/index.js', import.meta.url).pathname);
  const script = `import { capabilities } from ${library}; console.log(JSON.stringify(capabilities()))`;
  const drop = ['--bounding-set', '-bpf,-net_admin', '--inh-caps', '-bpf,-net_admin'];
  const left = JSON.parse(
    inside.exec('setpriv', ...drop, process.execPath, '--input-type=module', '--eval', script),
  ) as readonly string[];
  expect(left).toEqual(all.filter((name) => name !== 'CAP_BPF' && name !== 'CAP_NET_ADMIN'));
});
