/**
 * What is filtered is a device, not a name: through renames, names that go to another device, moves to other network
 * namespaces and back, deletion and return, pins and links that somebody took away.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMap, openPinnedLink, unlinkPin } from 'libbpf-ts-bindings';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compileBpf } from '../support/compile-bpf.ts';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { KEPT_PINS } from '../support/pins.ts';

const POLICY = `name: identity
rules:
  - { name: ping, action: block, filters: [{ source: any, destination: any, protocol: icmp }] }
`;

interface Status {
  readonly assigned: { readonly interfaces: readonly string[] } | null;
  readonly gaps: readonly string[];
  readonly warnings: readonly string[];
  readonly interfaces: readonly { readonly name: string; readonly hooks: readonly object[] }[];
}

let pair: NamespacePair;
let policy: string;
let elsewhere: string;

beforeEach(() => {
  pair = new NamespacePair({ ipv6: false });
  policy = join(pair.directory, 'identity.yaml');
  writeFileSync(policy, POLICY);
  elsewhere = `${pair.host.namespace}x`;
  execFileSync('ip', ['netns', 'add', elsewhere]);
});

afterEach(() => {
  spawnSync('ip', ['netns', 'del', elsewhere], { stdio: 'ignore' });
  pair[Symbol.dispose]();
});

function xdpol(...args: readonly string[]): Outcome {
  return pair.run(pair.host, pair.xdpol(...args));
}

function succeeds(...args: readonly string[]): string {
  return pair.exec(pair.host, pair.xdpol(...args));
}

function apply(...interfaces: readonly string[]): string {
  return succeeds('apply', policy, ...interfaces.flatMap((name) => ['-i', name]));
}

function link(...args: readonly string[]): void {
  pair.exec(pair.host, ['ip', 'link', ...args]);
}

function addPair(name: string): void {
  link('add', name, 'type', 'veth', 'peer', 'name', `${name}p`);
}

function rename(from: string, to: string): void {
  link('set', from, 'down');
  link('set', from, 'name', to);
  link('set', to, 'up');
}

function status(): Status {
  return JSON.parse(succeeds('status', '--json')) as Status;
}

function filtered(): readonly string[] {
  const { interfaces } = status();
  return interfaces.map(({ name, hooks }) => `${name} ${hooks.length}`);
}

/** What the kernel says, asked without xdpol. */
function hasXdp(name: string): boolean {
  return pair.exec(pair.host, ['ip', '-d', 'link', 'show', name]).includes('prog/xdp');
}

function answers(): boolean {
  const { status } = pair.run(pair.peer, ['ping', '-c', '1', '-W', '1', pair.host.ipv4]);
  return status === 0;
}

/** The kernel takes a filter away some time after its last pin is removed. */
async function expectAnswers(): Promise<void> {
  await expect.poll(answers, { timeout: 15_000, interval: 200 }).toBe(true);
}

/** The directories of this namespace's pins. */
function pinned(): readonly string[] {
  const all = join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol');
  const [own] = existsSync(all) ? readdirSync(all) : [];
  return own === undefined ? [] : readdirSync(join(all, own)).sort();
}

function pin(directory: string, name: string): string {
  const all = join(pair.env['XDPOL_BPFFS'] ?? '', 'xdpol');
  return join(all, readdirSync(all)[0] ?? '', directory, name);
}

/** Packets that the rule has counted on arrival. */
function counted(name: string): number {
  const { interfaces } = JSON.parse(succeeds('counters', '--json')) as {
    interfaces: readonly { name: string; direction: string; counters: readonly { rule: string; packets: number }[] }[];
  };
  const found = interfaces.find((one) => one.name === name && one.direction === 'ingress');
  return found?.counters.find(({ rule }) => rule === 'ping')?.packets ?? -1;
}

describe('renamed', () => {
  test('the filter follows the device, with its counters and its pins', () => {
    const { device } = pair.host;
    apply(device);
    expect(answers()).toBe(false);
    rename(device, 'lan0');
    expect(filtered()).toEqual(['lan0 2']);
    expect(counted('lan0')).toBe(1);
    expect(apply('lan0')).toContain('generation 2, on lan0');
    expect(pinned()).toEqual(['lan0']);
    expect(counted('lan0')).toBe(1);
  });

  test('nothing is claimed of a name that another device has: that one is filtered when it is named', async () => {
    const { device } = pair.host;
    addPair('other0');
    apply('other0');
    rename('other0', 'away0');
    rename(device, 'other0');
    pair.exec(pair.host, ['ip', 'neighbour', 'replace', pair.peer.ipv4, 'lladdr', pair.peer.mac, 'dev', 'other0']);
    expect(filtered()).toEqual(['away0 2']);
    await expectAnswers();
    apply('other0');
    expect(hasXdp('other0')).toBe(true);
    expect(answers()).toBe(false);
    expect(filtered()).toEqual(['away0 2', 'other0 2']);
    expect(pinned()).toEqual(['away0', 'other0']);
  });

  test('two swap their names: each keeps its counters', () => {
    const { device } = pair.host;
    addPair('other0');
    apply(device, 'other0');
    expect(answers()).toBe(false);
    rename('other0', 'between0');
    rename(device, 'other0');
    rename('between0', device);
    expect([counted('other0'), counted(device)]).toEqual([1, 0]);
    apply(device);
    expect([counted('other0'), counted(device)]).toEqual([1, 0]);
    expect(pinned()).toEqual([device, 'other0']);
  });
});

describe('in another network namespace', () => {
  test('every verb works for the others, and the filter is there again when the device comes back', () => {
    addPair('pod0');
    apply(pair.host.device, 'pod0');
    link('set', 'pod0', 'netns', elsewhere);
    expect(filtered()).toEqual([`${pair.host.device} 2`]);
    for (const verb of [['counters'], ['apply', policy, '-i', pair.host.device], ['status']]) {
      expect(xdpol(...verb).status, verb.join(' ')).toBe(0);
    }
    execFileSync('ip', ['-n', elsewhere, 'link', 'set', 'pod0', 'netns', pair.host.namespace]);
    expect(filtered()).toEqual([`${pair.host.device} 2`, 'pod0 2']);
  });

  test('status says where it went, it stays assigned, and unassign reaches it', () => {
    const { device } = pair.host;
    addPair('pod0');
    apply(device, 'pod0');
    link('set', 'pod0', 'netns', elsewhere);
    const applied = xdpol('apply', policy, '-i', device);
    expect(applied.stderr).toContain('pod0 is not there: it stays assigned');
    const { assigned, gaps, warnings } = status();
    expect(assigned?.interfaces).toEqual([device, 'pod0']);
    expect(gaps).toEqual(['ingress', 'egress'].map((way) => `pod0 ${way} is not filtered: there is no such interface`));
    expect(warnings).toContain('pod0 moved to another network namespace, where it is still filtered as it was');
    const ended = xdpol('unassign');
    expect(ended.status).toBe(0);
    expect(ended.stdout).toContain(`no longer filtered: ${device}, pod0`);
    expect(ended.stderr).toContain('pod0 is in another network namespace, and is no longer filtered there');
    const left = execFileSync('ip', ['-n', elsewhere, '-d', 'link', 'show', 'pod0'], { encoding: 'utf8' });
    expect(left).not.toContain('prog/xdp');
  });

  test('another device has the name meanwhile: both keep their own', () => {
    addPair('pod0');
    apply('pod0');
    link('set', 'pod0', 'netns', elsewhere);
    link('add', 'pod0', 'type', 'veth', 'peer', 'name', 'second0');
    expect(filtered()).toEqual([]);
    apply('pod0');
    expect(hasXdp('pod0')).toBe(true);
    expect(pinned()).toEqual(['in-another-namespace-1-pod0', 'pod0']);
    rename('pod0', 'new0');
    execFileSync('ip', ['-n', elsewhere, 'link', 'set', 'pod0', 'netns', pair.host.namespace]);
    expect(filtered()).toEqual(['new0 2', 'pod0 2']);
    apply('pod0');
    expect(pinned()).toEqual(['new0', 'pod0']);
  });
});

describe('deleted', () => {
  test('and made anew: nothing is claimed, apply attaches to the new one', () => {
    addPair('tap0');
    apply('tap0');
    link('del', 'tap0');
    addPair('tap0');
    expect(filtered()).toEqual([]);
    apply('tap0');
    expect(filtered()).toEqual(['tap0 2']);
    expect(hasXdp('tap0')).toBe(true);
  });

  test('for good: its programs, tables and counters go with the next apply', () => {
    for (const name of ['pod0', 'pod1', 'pod2']) {
      addPair(name);
      apply(name);
      link('del', name);
    }
    apply(pair.host.device);
    // Its counters wait for the one that is assigned; nothing else does.
    for (const name of ['pod0', 'pod1', 'pod2']) expect(readdirSync(pin(name, '')).sort()).toEqual(KEPT_PINS);
    succeeds('unassign');
    apply(pair.host.device);
    expect(pinned()).toEqual([pair.host.device]);
  });
});

describe('taken away by hand', () => {
  test('a detached link, a removed pin: not claimed, and attached again by apply', async () => {
    const { device } = pair.host;
    apply(device);
    {
      using ingress = openPinnedLink(pin(device, 'ingress'));
      ingress.detach();
    }
    unlinkPin(pin(device, 'egress'));
    expect(filtered()).toEqual([]);
    await expectAnswers();
    apply(device);
    expect(filtered()).toEqual([`${device} 2`]);
    expect(answers()).toBe(false);
  });

  test('a pin that cannot be read takes no other with it', () => {
    const { device } = pair.host;
    addPair('other0');
    apply(device, 'other0');
    unlinkPin(pin('other0', 'egress'));
    using map = createMap({ name: 'wrong', type: 'array', keySize: 4, valueSize: 4, maxEntries: 1 });
    map.pin(pin('other0', 'egress'));
    expect(filtered()).toEqual([`${device} 2`, 'other0 1']);
    expect(xdpol('counters').status).toBe(0);
    expect(xdpol('apply', policy, '-i', device).status).toBe(0);
    expect(filtered()).toEqual([`${device} 2`, 'other0 2']);
  });
});

describe('refused', () => {
  function foreignXdp(name: string): void {
    const object = compileBpf('accept', pair.directory);
    link('set', 'dev', name, 'xdpgeneric', 'obj', object, 'sec', 'xdp');
  }

  test('an XDP program of somebody else: by a dry run too, and nothing is left behind', () => {
    const { device } = pair.host;
    foreignXdp(device);
    for (const options of [['--dry-run'], []]) {
      const { status, stderr } = xdpol('apply', policy, '-i', device, ...options);
      expect(stderr).toContain(`${device}: another XDP program holds the interface`);
      expect(status).toBe(1);
      expect(pinned()).toEqual([]);
    }
  });

  test('a device above has an XDP program: by a dry run too', () => {
    const { device } = pair.host;
    link('add', 'link', device, 'name', 'mac0', 'type', 'macvlan');
    foreignXdp('mac0');
    for (const options of [['--dry-run'], []]) {
      const { status, stderr } = xdpol('apply', policy, '-i', device, ...options);
      expect(stderr).toContain(`${device}: mac0 has an XDP program`);
      expect(status).toBe(1);
    }
    expect(pinned()).toEqual([]);
  });

  test('a dry run leaves no pins, and those that there are as they were', () => {
    const { device } = pair.host;
    expect(xdpol('apply', policy, '-i', device, '--dry-run').status).toBe(0);
    expect(pinned()).toEqual([]);
    apply(device);
    writeFileSync(policy, POLICY.replace('name: ping', 'name: other'));
    const before = readdirSync(pin(device, ''));
    expect(xdpol('apply', policy, '-i', device, '--dry-run').status).toBe(0);
    expect(readdirSync(pin(device, ''))).toEqual(before);
    expect(JSON.parse(succeeds('counters', '--json'))).not.toMatchObject({
      interfaces: [{ counters: [{ rule: 'other' }] }],
    });
  });
});

test('delete removes the counters of the policy alone: what another one counted stays', () => {
  const { device } = pair.host;
  apply(device);
  expect(answers()).toBe(false);
  const second = join(pair.directory, 'second.yaml');
  writeFileSync(second, POLICY.replace('name: identity', 'name: second'));
  succeeds('apply', second, '-i', device);
  succeeds('unassign');
  expect(succeeds('delete', 'second')).not.toContain('counters of');
  apply(device);
  expect(counted(device)).toBe(1);
  succeeds('unassign');
  expect(pinned()).toEqual([device]);
});
