/** What arrives, filtered at tcx: where XDP cannot or must not be used. */
import { readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
import { compileBpf } from '../support/compile-bpf.ts';
import { byName, countersOf, expectedCounters, startTraffic, writePolicies } from '../support/counted-traffic.ts';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { oldKernel } from '../support/old-kernel.ts';
import { TAG, tagged, tcp } from '../support/packets.ts';

const POLL_MS = 500;
const POLLS = 40;
const VLAN_FRAMES = 7;
const SEND = `import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
for _ in range(${VLAN_FRAMES}):
    for frame in frames: s.send(frame)
`;

let pair: NamespacePair;
let device: string;
let policies: readonly [string, string];

beforeEach(() => {
  pair = new NamespacePair({ ipv6: false });
  device = pair.host.device;
  policies = writePolicies(pair.directory);
});

afterEach(() => {
  pair[Symbol.dispose]();
});

function xdpol(...args: readonly string[]): string {
  return pair.exec(pair.host, pair.xdpol(...args));
}

function attempt(...args: readonly string[]): Outcome {
  return pair.run(pair.host, pair.xdpol(...args));
}

interface Status {
  readonly assigned: { readonly tcx?: readonly string[] } | null;
  readonly interfaces: readonly {
    readonly name: string;
    readonly hooks: readonly { readonly direction: string; readonly hook: string; readonly generation: number }[];
  }[];
  readonly gaps: readonly string[];
}

function status(): Status {
  return JSON.parse(xdpol('status', '--json')) as Status;
}

function hooks(): readonly string[] {
  return status().interfaces.flatMap((one) =>
    one.hooks.map(({ direction, hook, generation }) => `${one.name} ${direction} ${hook} ${generation}`),
  );
}

/** What is redirected into a veth is received where that has NAPI: by XDP, or by GRO. */
function receiveByNapi(): void {
  pair.exec(pair.host, ['ethtool', '-K', device, 'gro', 'on']);
}

/** What a reboot does to the kernel. */
function reboot(): void {
  const root = join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol');
  const pins = readdirSync(root, { recursive: true, encoding: 'utf8' });
  for (const name of pins.filter((one) => /\/(?:ingress|egress)$/u.test(one))) unlinkSync(join(root, name));
}

function findings(): readonly string[] {
  const { stdout } = attempt('doctor', '-i', device, '--json');
  const { findings: all } = JSON.parse(stdout) as { findings: readonly { check: string; severity: string }[] };
  return all.map(({ check, severity }) => `${check} ${severity}`).filter((one) => one.startsWith('foreign'));
}

test('it stands behind an XDP program of somebody else, and stays there through assign, restore and apply', async () => {
  const object = compileBpf('accept', pair.directory);
  pair.exec(pair.host, ['ip', 'link', 'set', 'dev', device, 'xdpgeneric', 'obj', object, 'sec', 'xdp']);
  const refused = attempt('apply', policies[0], '-i', device);
  expect(refused.stderr).toContain('xdpol apply --hook tcx');
  expect(refused.status).toBe(1);
  expect(findings()).toEqual(['foreign-xdp error']);
  xdpol('apply', policies[0], '-i', device, '--hook', 'tcx');
  expect(hooks()).toEqual([`${device} ingress tcx 1`, `${device} egress tcx 1`]);
  expect(findings()).toEqual(['foreign-xdp note']);
  expect(xdpol('status')).toMatch(/ingress +tcx +swap/u);
  expect(status().assigned).toMatchObject({ tcx: [device] });
  xdpol('apply', policies[1], '-i', device);
  xdpol('assign', 'swap');
  expect(hooks()).toEqual([`${device} ingress tcx 3`, `${device} egress tcx 3`]);
  reboot();
  expect(status().gaps).toEqual([`${device} ingress is not filtered`, `${device} egress is not filtered`]);
  xdpol('restore');
  expect(hooks().map((hook) => hook.replace(/ \d+$/u, ''))).toEqual([`${device} ingress tcx`, `${device} egress tcx`]);
  const agent = await AgentProcess.start(pair);
  expect(agent.scrape().sum('xdpol_attach_info', 'hook="tcx"', 'mode="none"')).toBe(2);
  expect(agent.scrape().value(`xdpol_attached{device="${device}",direction="ingress"}`)).toBe(1);
  xdpol('unassign');
  expect(hooks()).toEqual([]);
});

test('every frame is decided and counted once, through swaps', async () => {
  receiveByNapi();
  xdpol('apply', policies[0], '-i', device, '--hook', 'tcx');
  const stopTraffic = startTraffic(pair);
  for (const policy of [policies[1], policies[0], policies[1]]) xdpol('apply', policy, '-i', device);
  const sent = await stopTraffic();
  expect(Math.min(...sent)).toBeGreaterThan(0);
  expect(byName(countersOf(pair, 'ingress').counters)).toEqual(expectedCounters(sent));
});

test('the tag that the stack takes out counts as one: two are looked through, three are too many', () => {
  xdpol('apply', policies[0], '-i', device, '--hook', 'tcx');
  const web = tcp('198.51.100.7', '192.0.2.1', { dport: 80 });
  const packets = [1, 2, 3].map((tags) => tagged(web, ...Array.from({ length: tags }, () => TAG.vlan)));
  const hex = packets.map(({ frame }) => `bytes.fromhex('${Buffer.from(frame).toString('hex')}')`);
  pair.exec(pair.peer, ['python3', '-', pair.peer.device], `frames = [${hex.join(', ')}]\n${SEND}`);
  const [one = 0, two = 0, three = 0] = packets.map(({ frame }) => frame.length);
  expect(byName(countersOf(pair, 'ingress').counters)).toEqual({
    'rule web': { packets: 2 * VLAN_FRAMES, bytes: VLAN_FRAMES * (one + two) },
    'parse vlan_depth': { packets: VLAN_FRAMES, bytes: VLAN_FRAMES * three },
  });
});

test('interfaces of one host are filtered at different hooks; a running filter keeps its own', () => {
  pair.exec(pair.host, ['ip', 'link', 'add', 'other0', 'type', 'veth', 'peer', 'other1']);
  xdpol('apply', policies[0], '-i', device);
  xdpol('apply', policies[1], '-i', 'other0', '--hook', 'tcx');
  const both = [`${device} ingress xdp`, `${device} egress tcx`, 'other0 ingress tcx', 'other0 egress tcx'];
  expect(hooks().map((hook) => hook.replace(/ \d+$/u, ''))).toEqual(both);
  for (const [name, hook, now] of [
    [device, 'tcx', 'xdp'],
    ['other0', 'xdp', 'tcx'],
  ] as const) {
    const { stderr, status: code } = attempt('apply', policies[0], '-i', name, '--hook', hook);
    expect(stderr).toContain(
      `${name}: what arrives is filtered at ${now}, and a running filter cannot change to ${hook}`,
    );
    expect(code).toBe(1);
  }
  expect(attempt('apply', policies[0], '-i', device, '--hook', 'tcx', '--mode', 'native').status).toBe(2);
  reboot();
  xdpol('restore');
  expect(hooks().map((hook) => hook.replace(/ \d+$/u, ''))).toEqual(both);
});

test('a change that nobody confirms goes back, to what was and to nothing; one that is confirmed stays', async () => {
  const isFiltered = (): boolean => hooks().length > 0;
  xdpol('apply', policies[0], '-i', device, '--hook', 'tcx', '--confirm', '6s');
  expect(hooks()).toEqual([`${device} ingress tcx 1`, `${device} egress tcx 1`]);
  for (let i = 0; i < POLLS && isFiltered(); i++) await sleep(POLL_MS);
  expect(isFiltered()).toBe(false);
  xdpol('apply', policies[0], '-i', device, '--hook', 'tcx');
  xdpol('apply', policies[1], '-i', device, '--confirm', '60s');
  xdpol('confirm');
  const generations = [1, 2].map((n) => [`${device} ingress tcx ${n}`, `${device} egress tcx ${n}`]);
  expect(hooks()).toEqual(generations[1]);
  xdpol('apply', policies[0], '-i', device, '--confirm', '60s');
  xdpol('rollback');
  expect(hooks()).toEqual(generations[1]);
});

describe('a kernel without tcx', () => {
  test('clsact takes its place, and the command says so', async () => {
    const { withoutTcx } = oldKernel(pair.directory);
    const old = (...args: readonly string[]): Outcome => pair.run(pair.host, withoutTcx(pair.xdpol(...args)));
    const applied = old('apply', policies[0], '-i', device, '--hook', 'tcx');
    expect(applied.stderr).toContain('this kernel has no tcx (Linux 6.6): a clsact filter takes its place');
    expect(applied.status).toBe(0);
    expect(hooks()).toEqual([`${device} ingress clsact 1`, `${device} egress clsact 1`]);
    receiveByNapi();
    const stopTraffic = startTraffic(pair);
    expect(old('apply', policies[1], '-i', device).status).toBe(0);
    const sent = await stopTraffic();
    expect(byName(countersOf(pair, 'ingress').counters)).toEqual(expectedCounters(sent));
    expect(old('unassign').status).toBe(0);
    for (const direction of ['ingress', 'egress']) {
      expect(pair.exec(pair.host, ['tc', 'filter', 'show', 'dev', device, direction])).toBe('');
    }
  });

  test('a filter of somebody else at our place stays, and neither kind is said so', () => {
    const { withoutTcx, withoutBoth } = oldKernel(pair.directory);
    const argv = pair.xdpol('apply', policies[0], '-i', device, '--hook', 'tcx');
    const neither = pair.run(pair.host, withoutBoth(argv));
    expect(neither.stderr).toContain('cannot filter what arrives at tcx: it has neither tcx (Linux 6.6) nor clsact');
    expect(neither.status).toBe(1);
    pair.exec(pair.host, ['tc', 'qdisc', 'add', 'dev', device, 'clsact']);
    const u32 = ['pref', '1', 'protocol', 'ip', 'u32', 'match', 'u32', '0', '0'];
    pair.exec(pair.host, ['tc', 'filter', 'add', 'dev', device, 'ingress', ...u32]);
    const taken = pair.run(pair.host, withoutTcx(argv));
    expect(taken.stderr).toContain('another filter has the place of ours at ingress, pref 1');
    expect(taken.status).toBe(1);
    expect(hooks()).toEqual([]);
  });
});
