/** The verbs that touch the kernel, as an operator meets them: what works, and what is said when it does not. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileBpf } from '../support/compile-bpf.ts';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { ethernet, tcp } from '../support/packets.ts';
import { pcapFile } from '../support/pcap.ts';

const POLICY = `name: edge
rules:
  - { name: ssh, action: permit, filters: [{ source: any, destination: me, protocol: tcp, destinationPort: 22, mirrored: established }] }
  - { name: inside, action: permit, interfaces: [eth7], filters: [{ source: any, destination: me, protocol: tcp, destinationPort: 9100 }] }
  - { name: rest, action: block, filters: [{ source: any, destination: me }] }
`;

const CONTRADICTION = `name: two
rules:
  - { name: a, action: permit, filters: [{ destination: me, protocol: tcp, destinationPort: 22 }] }
  - { name: b, action: block, filters: [{ destination: me, protocol: tcp, destinationPort: 22 }] }
`;

let pair: NamespacePair;
let policy: string;

beforeAll(() => {
  pair = new NamespacePair({ ipv6: false, ownProcesses: true });
  policy = join(pair.directory, 'edge.yaml');
  writeFileSync(policy, POLICY);
});

afterAll(() => {
  pair[Symbol.dispose]();
});

function xdpol(...args: readonly string[]): Outcome {
  return pair.run(pair.host, pair.xdpol(...args));
}

interface Status {
  readonly policy: string | null;
  readonly generation: number | null;
  readonly interfaces: readonly { readonly name: string; readonly mode: string | null }[];
}

function status(): Status {
  return JSON.parse(xdpol('status', '--json').stdout) as Status;
}

function write(name: string, text: string): string {
  const file = join(pair.directory, name);
  writeFileSync(file, text);
  return file;
}

test('nothing is in force at first', () => {
  expect(status()).toMatchObject({ policy: null, generation: null, interfaces: [] });
  expect(xdpol('counters').stdout).toBe('no interface is filtered\n');
});

test('another XDP program keeps its interface, and is named', () => {
  const object = compileBpf('redirect', pair.directory);
  const attach = ['ip', 'link', 'set', 'dev', pair.host.device];
  pair.exec(pair.host, [...attach, 'xdpdrv', 'obj', object, 'sec', 'xdp']);
  const { status: code, stderr } = xdpol('apply', policy, '-i', pair.host.device);
  expect(code).toBe(1);
  expect(stderr).toContain('another XDP program holds the interface: redirect');
  expect(stderr).toContain('xdpdrv off');
  expect(status().interfaces).toEqual([]);
  pair.exec(pair.host, [...attach, 'xdpdrv', 'off']);
});

test('apply --dry-run changes nothing', () => {
  const { status: code, stdout } = xdpol('apply', policy, '-i', pair.host.device, '--dry-run');
  expect(code).toBe(0);
  expect(stdout).toContain('would be in force');
  expect(status().interfaces).toEqual([]);
});

test('apply from standard input, then by the stored name', () => {
  const first = pair.run(pair.host, pair.xdpol('apply', '-', '-i', pair.host.device), POLICY);
  expect(first.stderr).toContain('there is no interface eth7: it permits nothing');
  expect(first.stdout).toContain('edge: in force, generation 1');
  const again = xdpol('apply', 'edge', '-i', pair.host.device, '--json');
  expect(JSON.parse(again.stdout)).toMatchObject({ policy: 'edge', generation: 2, interfaces: [pair.host.device] });
  expect(status()).toMatchObject({ policy: 'edge', generation: 2, interfaces: [{ mode: 'native' }] });
});

test('an interface without Ethernet frames is refused', () => {
  pair.exec(pair.host, ['ip', 'tuntap', 'add', 'dev', 'tun7', 'mode', 'tun']);
  const { status: code, stderr } = xdpol('apply', policy, '-i', 'tun7');
  expect(stderr).toContain('tun7 has no Ethernet frames');
  expect(code).toBe(1);
});

/** Two frames. */
function capture(name: string, linkType: number): string {
  const { frame } = tcp('198.51.100.7', '192.0.2.1', { dport: 22 });
  const file = join(pair.directory, name);
  writeFileSync(file, pcapFile([frame, frame], { linkType }));
  return file;
}

function cutCapture(): string {
  const file = capture('cut.pcap', 1);
  writeFileSync(file, readFileSync(file).subarray(0, -5));
  return file;
}

const FAILURES: readonly (readonly [name: string, args: () => readonly string[], code: number, text: string])[] = [
  ['an unknown verb', () => ['aply'], 2, "unknown command 'aply'"],
  ['no interface', () => ['apply', policy], 2, 'name them: -i eth0'],
  ['an interface that is not there', () => ['apply', policy, '-i', 'eth42'], 1, 'there is no interface eth42'],
  ['a slip in its name', () => ['apply', policy, '-i', 'eht0'], 1, 'did you mean eth0?'],
  ['a policy that is not there', () => ['apply', 'none.yaml', '-i', pair.host.device], 1, 'no stored policy none.yaml'],
  ['a mode that is none', () => ['apply', policy, '-i', pair.host.device, '--mode', 'fast'], 2, 'Allowed choices'],
  ['a change of mode', () => ['apply', policy, '-i', pair.host.device, '--mode', 'generic'], 1, 'native mode'],
  [
    'an unknown key',
    () => ['apply', write('k.yaml', 'name: k\nrulez: []\n'), '-i', pair.host.device],
    3,
    'did you mean rules?',
  ],
  ['an impossible port', () => ['check', write('p.yaml', POLICY.replace('22', '70000'))], 3, '70000'],
  ['an unknown protocol', () => ['check', write('t.yaml', POLICY.replace('tcp', 'tpc'))], 3, 'tcp'],
  [
    'two equal filters of opposite actions',
    () => ['apply', write('two.yaml', CONTRADICTION), '-i', pair.host.device],
    3,
    'XP0401',
  ],
  ['a folder as a policy', () => ['check', '/'], 1, 'EISDIR'],
  ['a packet that is none', () => ['explain', policy, 'tcp to port 80'], 2, 'XP0601'],
  ['a capture cut mid-record', () => ['replay', policy, cutCapture()], 1, 'packet 2'],
  ['a capture of a link type without IP', () => ['replay', policy, capture('wifi.pcap', 105)], 1, 'IEEE 802.11'],
  ['a capture that is none', () => ['replay', policy, policy], 1, 'expected a pcap or pcapng capture'],
];

for (const [name, args, code, text] of FAILURES) {
  test(`${name}: one message, exit ${code}, the policy in force stays`, () => {
    const outcome = xdpol(...args());
    expect(outcome.stderr).toContain(text);
    expect(outcome.status).toBe(code);
    expect(outcome.stderr).not.toMatch(/\n\s+at /u);
    expect(status()).toMatchObject({ policy: 'edge', generation: 2 });
  });
}

test('without root: said before anything is done', () => {
  const argv = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', ...pair.xdpol('unassign')];
  const { status: code, stderr } = pair.run(pair.host, argv);
  expect(stderr).toContain('unassign needs CAP_SYS_ADMIN');
  expect(code).toBe(1);
});

test('without a BPF file system that can be mounted', () => {
  const argv = [
    'env',
    `XDPOL_BPFFS=${join(pair.directory, 'nowhere')}`,
    ...pair.xdpol('apply', policy, '-i', pair.host.device),
  ];
  const { status: code, stderr } = pair.run(pair.host, argv);
  expect(stderr).toContain('there is no BPF file system');
  expect(stderr).toContain('mount -t bpf');
  expect(code).toBe(1);
});

test('replay says for each packet what the kernel program decides', () => {
  const frames = [
    tcp('198.51.100.7', '192.0.2.1', { dport: 22 }),
    tcp('198.51.100.7', '192.0.2.1', { dport: 9100 }),
    tcp('198.51.100.7', '203.0.113.1', { dport: 22 }),
    ethernet(0x0806),
  ];
  const capture = join(pair.directory, 'four.pcap');
  writeFileSync(capture, pcapFile(frames.map(({ frame }) => frame)));
  const limited = ['replay', policy, capture, '--me', '192.0.2.1', '--json'];
  const rules = (...extra: readonly string[]): unknown[] =>
    xdpol(...limited, ...extra)
      .stdout.trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { verdict: string; by: string; rule: string | null; reason: string | null })
      .map(({ verdict, by, rule, reason }) => [verdict, by, rule ?? reason]);
  expect(rules()).toEqual([
    ['pass', 'rule', 'ssh'],
    ['drop', 'rule', 'rest'],
    ['pass', 'default', null],
    ['pass', 'parse', 'non_ip'],
  ]);
  expect(rules('--interface', 'eth7')[1]).toEqual(['pass', 'rule', 'inside']);
});

for (const hook of ['ingress', 'egress']) {
  test(`replay of frames longer than a test run takes, ${hook}`, () => {
    const frames = [0, 1400, 9000, 65_000].map((bytes) =>
      tcp('198.51.100.7', '192.0.2.1', { dport: 22, payload: new Uint8Array(bytes) }),
    );
    const capture = join(pair.directory, 'long.pcap');
    writeFileSync(capture, pcapFile(frames.map(({ frame }) => frame)));
    const { stdout, status: code } = xdpol('replay', policy, capture, '--me', '192.0.2.1', '--hook', hook, '--json');
    const verdicts = stdout.trim().split('\n');
    expect(verdicts).toHaveLength(frames.length);
    for (const line of verdicts) expect(JSON.parse(line)).toMatchObject({ verdict: 'pass', rule: 'ssh' });
    expect(code).toBe(0);
  });
}

test('generic mode, and unassign ends filtering but not counting', () => {
  const { device } = pair.host;
  expect(xdpol('unassign').stdout).toContain(`no longer filtered: ${device}`);
  expect(status()).toMatchObject({ policy: null, interfaces: [] });
  expect(xdpol('apply', 'edge', '-i', device, '--mode', 'generic').status).toBe(0);
  expect(status()).toMatchObject({ policy: 'edge', interfaces: [{ mode: 'generic' }] });
  expect(xdpol('unassign').status).toBe(0);
  const links = execFileSync('ip', ['-n', pair.host.namespace, '-d', 'link', 'show', device], { encoding: 'utf8' });
  expect(links).not.toContain('prog/xdp');
});
