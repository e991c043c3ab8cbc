/** What a host cannot live without, under a policy whose default blocks: real leases, real bridges, real routers. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NamespacePair } from '../support/namespaces.ts';
import { joinThirdHost } from '../support/third-host.ts';

let pair: NamespacePair;

beforeEach(() => {
  pair = new NamespacePair();
});
afterEach(() => {
  pair[Symbol.dispose]();
});

function apply(policy: string, ...options: readonly string[]): string {
  const file = join(pair.directory, 'policy.yaml');
  writeFileSync(file, policy);
  const argv = pair.xdpol('apply', file, '-i', pair.host.device, ...options);
  const { status, stdout, stderr } = pair.run(pair.host, argv);
  expect({ status, stderr }).toEqual({ status: 0, stderr });
  expect(stdout).toContain('in force');
  return stderr;
}

/** Tries until it holds or there was time enough. */
async function holdsWithin(seconds: number, condition: () => boolean): Promise<boolean> {
  for (const end = Date.now() + 1000 * seconds; Date.now() < end; await sleep(200)) {
    if (condition()) return true;
  }
  return condition();
}

describe('a lease by DHCP', () => {
  const policy = (exemptions: string): string => `name: locked
default: block
${exemptions}
rules:
  - name: ssh
    action: permit
    filters: [{ source: any, destination: me, protocol: tcp, destinationPort: 22, mirrored: established }]
`;

  const isLeased = (): boolean => {
    const once = [
      'busybox',
      'udhcpc',
      '-f',
      '-i',
      pair.host.device,
      '-n',
      '-q',
      '-t',
      '4',
      '-T',
      '1',
      '-s',
      '/bin/true',
    ];
    return pair.run(pair.host, once).status === 0;
  };

  test('fails under default block, which is said, and lives by the exemption dhcp', async () => {
    pair.exec(pair.host, ['ip', 'address', 'flush', 'dev', pair.host.device, 'scope', 'global']);
    const serve = [
      '--keep-in-foreground',
      '--port=0',
      `--interface=${pair.peer.device}`,
      '--bind-interfaces',
      '--no-ping',
    ];
    const files = ['--leasefile-ro', '--conf-file=/dev/null', '--pid-file=', '--user=root'];
    pair.spawn(pair.peer, ['dnsmasq', ...serve, ...files, '--dhcp-range=192.0.2.50,192.0.2.60,2m'], {
      stdio: 'ignore',
    });
    expect(await holdsWithin(10, isLeased)).toBe(true);

    expect(apply(policy(''))).toContain('XP0411');
    expect(isLeased()).toBe(false);

    const exempt = 'exemptions: [neighbor-discovery, multicast-listener, path-mtu, dhcp]';
    expect(apply(policy(exempt))).not.toContain('XP0411');
    expect(isLeased()).toBe(true);
  });
});

describe('behind a bridge that snoops MLD', () => {
  const policy = (exemptions: string): string => `name: locked
default: block
${exemptions}
rules:
  - name: ping
    action: permit
    filters:
      - { source: any, destination: me, protocol: icmpv6, icmpType: 128 }
      - { source: me, destination: any, protocol: icmpv6, icmpType: 129 }
`;
  /** Centiseconds: a membership that nobody reports is forgotten after three seconds. */
  const QUERIES = 'mcast_query_interval 100 mcast_query_response_interval 50 mcast_membership_interval 300';

  test('the host stays reachable by the exemptions of the default, and vanishes without', async () => {
    const third = await joinThirdHost(pair);
    const snoop = ['mcast_snooping', '1', 'mcast_querier', '1', 'mcast_startup_query_interval', '100'];
    const at = (...argv: readonly string[]): string => pair.exec(pair.peer, ['ip', ...argv]);
    at('address', 'flush', 'dev', pair.peer.device);
    at('link', 'add', 'br0', 'type', 'bridge', ...snoop, ...QUERIES.split(' '));
    for (const port of [pair.peer.device, third.toward]) at('link', 'set', port, 'master', 'br0');
    // The querier asks from a link-local address, and reports come from one.
    for (const name of ['br0', pair.peer.device, third.toward]) at('link', 'set', name, 'addrgenmode', 'eui64');
    at('link', 'set', 'br0', 'up');
    const restart = `ip link set $0 down; ip link set $0 addrgenmode eui64 up; ip -6 address replace ${pair.host.ipv6}/64 dev $0 nodad`;
    pair.exec(pair.host, ['sh', '-c', restart, pair.host.device]);
    third.exec('ip', 'address', 'add', '2001:db8::3/64', 'dev', third.device, 'nodad');

    const answers = (): boolean => {
      third.exec('ip', '-6', 'neighbour', 'flush', 'all');
      return third.run('ping', '-c1', '-W1', pair.host.ipv6) === 0;
    };
    const members = (): string => pair.exec(pair.peer, ['bridge', 'mdb', 'show']);
    /** The bridge has begun to snoop: it knows who listens to the group of the host's address. */
    expect(await holdsWithin(20, () => members().includes('ff02::1:ff00:1'))).toBe(true);
    expect(answers()).toBe(true);

    apply(policy(''));
    await sleep(5000);
    expect(members()).toContain('ff02::1:ff00:1');
    expect(answers()).toBe(true);

    expect(apply(policy('exemptions: [neighbor-discovery]'))).toContain('XP0410');
    expect(await holdsWithin(10, () => !members().includes('ff02::1:ff00:1'))).toBe(true);
    // A question of the host itself about its neighbour may still tell that one the address.
    expect(await holdsWithin(15, () => !answers())).toBe(true);
  });
});

describe('a download through a link with a smaller MTU', () => {
  const policy = (exemptions: string): string => `name: webserver
default: block
${exemptions}
rules:
  - name: web
    action: permit
    filters: [{ source: any, destination: me, protocol: tcp, destinationPort: 80, mirrored: established }]
`;
  const BYTES = 300_000;
  const FETCH = `import urllib.request as u
try: print(len(u.urlopen('http://192.0.2.1/file', timeout=4).read()))
except Exception as error: print(type(error).__name__)`;

  test('ends by the exemptions of the default, and stalls without', async () => {
    const third = await joinThirdHost(pair);
    const folder = mkdtempSync(join(pair.directory, 'www-'));
    writeFileSync(join(folder, 'file'), Buffer.alloc(BYTES));
    for (const run of [
      ['ip', 'link', 'set', third.toward, 'mtu', '1300'],
      ['ip', 'address', 'add', '198.51.100.1/24', 'dev', third.toward],
      ['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward'],
    ]) {
      pair.exec(pair.peer, run);
    }
    third.exec('ip', 'address', 'add', '198.51.100.2/24', 'dev', third.device);
    third.exec('ip', 'route', 'add', 'default', 'via', '198.51.100.1');
    pair.exec(pair.host, ['ip', 'route', 'add', 'default', 'via', pair.peer.ipv4]);
    pair.spawn(pair.host, ['python3', '-m', 'http.server', '80', '-d', folder], { stdio: 'ignore' });

    const fetched = (): string => {
      pair.exec(pair.host, ['ip', 'route', 'flush', 'cache']);
      return third.exec('python3', '-c', FETCH).trim();
    };
    expect(await holdsWithin(10, () => fetched() === String(BYTES))).toBe(true);

    apply(policy(''));
    expect(fetched()).toBe(String(BYTES));

    // The guard speaks up: path-MTU errors for what is permitted would be cut.
    expect(apply(policy('exemptions: [neighbor-discovery]'), '--force')).toContain('XP0410');
    expect(fetched()).not.toBe(String(BYTES));
  });
});

test('the filtered interface is a port of a bridge: apply names the device that has the addresses', () => {
  const { device, ipv4 } = pair.host;
  const move = `ip address flush dev ${device} scope global; ip link add br0 type bridge; ip link set ${device} master br0
    ip link set br0 up; ip address add ${ipv4}/24 dev br0`;
  pair.exec(pair.host, ['sh', '-ec', move]);
  const said = apply(`name: bridgeport
rules:
  - { name: all, action: block, filters: [{ source: any, destination: me }] }
`);
  expect(said).toContain('XP0414');
  expect(said).toContain(`${device} is a port of br0, which has the host's addresses: filter br0 (-i br0)`);
});

test('a rule for an interface that is not there: check and apply name those that are', () => {
  const typo = `name: typo
rules:
  - { name: admin, action: block, interfaces: [eht0], filters: [{ destination: me, protocol: tcp, destinationPort: 22 }] }
`;
  const file = join(pair.directory, 'typo.yaml');
  writeFileSync(file, typo);
  const checked = pair.run(pair.host, pair.xdpol('check', file)).stderr;
  for (const said of [checked, apply(typo)]) {
    expect(said).toContain('XP0415');
    expect(said).toContain(`did you mean ${pair.host.device}?`);
  }
});
