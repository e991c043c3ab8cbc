/** Doctor on interfaces that stand in the way, each in a network namespace of its own. */
import { readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileBpf } from '../support/compile-bpf.ts';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';

interface Finding {
  readonly check: string;
  readonly severity: string;
  readonly interface: string | null;
  readonly what: string;
  readonly advice: string | null;
  readonly command: readonly string[] | null;
  readonly leaks: boolean;
  readonly mended: boolean | null;
}

let pair: NamespacePair;

beforeAll(() => {
  pair = new NamespacePair({ ipv6: false });
  const host = (...argv: readonly string[]): string => pair.exec(pair.host, argv);
  host('ip', 'link', 'add', 'br0', 'type', 'bridge');
  host('ip', 'link', 'add', 'port0', 'type', 'veth', 'peer', 'name', 'port1');
  host('ip', 'link', 'set', 'port0', 'master', 'br0');
  host('ip', 'address', 'add', '192.0.2.65/26', 'dev', 'br0');
  host('ip', 'tuntap', 'add', 'tap0', 'mode', 'tap');
  for (const name of ['br0', 'port0', 'port1', 'tap0']) host('ip', 'link', 'set', name, 'up');
});

afterAll(() => pair[Symbol.dispose]());

function doctor(...args: readonly string[]): Outcome {
  return pair.run(pair.host, pair.xdpol('doctor', ...args));
}

/** What doctor finds on one interface. */
function findingsOn(name: string, ...args: readonly string[]): readonly Finding[] {
  const { stdout, stderr } = doctor('--json', '-i', name, ...args);
  expect(stderr).toBe('');
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
  return findings.filter((finding) => finding.interface === name);
}

function summaryOf({ check, severity }: Finding): string {
  return `${check} ${severity}`;
}

test('a veth: GRO of both ends, switched on by --fix', () => {
  const feature = (name: string): string => pair.exec(pair.host, ['ethtool', '-k', name]);
  expect(findingsOn('port1').map(summaryOf)).toEqual(['rxvlan note', 'veth note', 'veth note', 'addresses warning']);
  const mended = findingsOn('port1', '--fix').filter(({ check }) => check === 'veth');
  expect(mended.map((finding) => finding.mended)).toEqual([true, true]);
  for (const name of ['port0', 'port1']) expect(feature(name)).toContain('generic-receive-offload: on');
  expect(findingsOn('port1').map(summaryOf)).toEqual(['rxvlan note', 'addresses warning']);
});

test('a bridge port: the bridge is to be named instead', () => {
  const found = findingsOn('port0');
  expect(found.map(summaryOf)).toEqual(['rxvlan note', 'membership warning']);
  const finding = found.find(({ check }) => check === 'membership');
  expect(finding?.leaks).toBe(false);
  expect(finding?.advice).toContain('-i br0');
});

test('a tap: no address', () => {
  expect(findingsOn('tap0').map(summaryOf)).toEqual(['addresses warning']);
});

describe('foreign programs', () => {
  const { device } = { device: 'port1' };
  afterAll(() => {
    pair.run(pair.host, ['ip', 'link', 'set', 'dev', device, 'xdp', 'off']);
    pair.run(pair.host, ['tc', 'qdisc', 'del', 'dev', device, 'clsact']);
  });

  test('XDP: an error that names the program and the command; exit 1', () => {
    const object = compileBpf('redirect', pair.directory);
    pair.exec(pair.host, ['ip', 'link', 'set', 'dev', device, 'xdpgeneric', 'obj', object, 'sec', 'xdp']);
    const found = findingsOn(device).find(({ check }) => check === 'foreign-xdp');
    expect(found?.severity).toBe('error');
    expect(found?.what).toContain('redirect');
    expect(found?.command).toEqual(['ip', 'link', 'set', 'dev', device, 'xdpgeneric', 'off']);
    const { status, stdout } = doctor('-i', device);
    expect(status).toBe(1);
    expect(stdout).toContain(
      `fix (may interrupt something: run it yourself): ip link set dev ${device} xdpgeneric off`,
    );
    pair.exec(pair.host, ['ip', 'link', 'set', 'dev', device, 'xdpgeneric', 'off']);
    expect(findingsOn(device).map(({ check }) => check)).not.toContain('foreign-xdp');
  });
});

test('a filtered interface in order: nothing on it', () => {
  const policy = join(pair.directory, 'edge.yaml');
  writeFileSync(policy, 'name: edge\nrules: [{ name: all, action: permit, filters: [{ source: any }] }]\n');
  pair.exec(pair.host, ['ethtool', '-K', pair.host.device, 'gro', 'on', 'rxvlan', 'off']);
  pair.exec(pair.host, pair.xdpol('apply', policy, '-i', pair.host.device));
  const { stdout } = doctor('--json');
  const { interfaces, findings } = JSON.parse(stdout) as {
    readonly interfaces: readonly string[];
    readonly findings: readonly Finding[];
  };
  expect(interfaces).toEqual([pair.host.device]);
  expect(findings.filter((finding) => finding.interface !== null)).toEqual([]);
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
});

test('a damaged store, and a hook that somebody opened: each with what is damaged or open', () => {
  const root = join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol');
  const egress = readdirSync(root, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith('/egress'));
  unlinkSync(join(root, egress ?? ''));
  writeFileSync(join(pair.env['XDPOL_STATE_DIR'] ?? '', 'policies/edge/1/policy.yaml'), 'name: edge\n');
  writeFileSync(join(pair.env['XDPOL_STATE_DIR'] ?? '', 'known-host.json'), '');
  const { stdout, status } = doctor('--json');
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
  const texts = findings.map(({ severity, what }) => `${severity}: ${what}`).join('\n');
  expect(texts).toContain('error: the assigned version of edge is damaged: its hash is not the one in version.json');
  expect(texts).toContain('known-host.json is damaged: no last known addresses and answers');
  expect(texts).toContain(`error: ${pair.host.device} egress: not filtered, and edge is to be in force there`);
  expect(status).toBe(1);
});

test('an interface that is not there: exit 1, and those that are', () => {
  const { status, stderr } = doctor('-i', 'nosuch*');
  expect(status).toBe(1);
  expect(stderr).toContain('there is no interface nosuch*');
  expect(stderr).toContain('br0');
});

test('a damaged configuration is found with its place', () => {
  const config = join(pair.directory, 'config.yaml');
  writeFileSync(config, 'boot: shut\n');
  const { stdout, status } = pair.run(pair.host, [
    'env',
    `XDPOL_CONFIG=${config}`,
    ...pair.xdpol('doctor', '-i', 'br0'),
  ]);
  expect(stdout).toContain(`error: ${config}:1:7: expected open or closed, found "shut" [XP0008]`);
  expect(status).toBe(1);
});
