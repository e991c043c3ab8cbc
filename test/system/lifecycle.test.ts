/** The life of a policy: stored, assigned, another version, gone with a reboot and restored, deleted without a trace. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { pinsOf, reboot } from '../support/reboot.ts';

/** Ports that a server answers at. */
const OPEN = 8080;
const OTHER = 9090;

function policyText(port: number): string {
  return `name: edge
addressSets:
  peers: { file: peers.txt }
rules:
  - { name: web, action: permit, filters: [{ source: $peers, destination: me, protocol: tcp, destinationPort: ${port}, mirrored: established }] }
  - { name: rest, action: block, filters: [{ source: any, destination: me }] }
`;
}

let pair: NamespacePair;
let state: string;
let policy: string;

beforeAll(async () => {
  pair = new NamespacePair({ ipv6: false });
  state = pair.env['XDPOL_STATE_DIR'] ?? '';
  policy = join(pair.directory, 'edge.yaml');
  writeFileSync(join(pair.directory, 'peers.txt'), `${pair.peer.ipv4}\n`);
  await serve();
});

afterAll(() => {
  pair[Symbol.dispose]();
});

/** Accepts connections on the filtered host. */
async function serve(): Promise<void> {
  const script = `for (const port of [${OPEN}, ${OTHER}]) require('node:net').createServer((s) => s.end('hello')).listen(port, () => console.log(port))`;
  const child = pair.spawn(pair.host, [process.execPath, '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let bound = 0;
  while (bound < 2 && child.stdout !== null) {
    const [text] = (await once(child.stdout, 'data')) as [Buffer];
    bound += text.toString().trim().split('\n').length;
  }
}

/** Does the peer get an answer? */
function connects(port: number): boolean {
  const script = `const s = require('node:net').connect({ host: '${pair.host.ipv4}', port: ${port} });
    s.on('data', () => process.exit(0)); s.on('error', () => process.exit(1)); setTimeout(() => process.exit(1), 700);`;
  return pair.run(pair.peer, [process.execPath, '-e', script]).status === 0;
}

function xdpol(...args: readonly string[]): Outcome {
  return pair.run(pair.host, pair.xdpol(...args));
}

function succeeds(...args: readonly string[]): string {
  return pair.exec(pair.host, pair.xdpol(...args));
}

function apply(port: number): void {
  writeFileSync(policy, policyText(port));
  succeeds('apply', policy, '-i', pair.host.device);
}

function programs(): string {
  return execFileSync('ip', ['-n', pair.host.namespace, '-d', 'link', 'show', pair.host.device], {
    encoding: 'utf8',
  }).replaceAll(/xdpol|xp\d/gu, '');
}

describe('versions', () => {
  test('assign by name, another version, and back', () => {
    apply(OPEN);
    apply(OTHER);
    expect([connects(OPEN), connects(OTHER)]).toEqual([false, true]);
    expect(succeeds('assign', 'edge', '--version', '1')).toContain('edge: version 1 in force');
    expect([connects(OPEN), connects(OTHER)]).toEqual([true, false]);
    expect(succeeds('assign', 'edge')).toContain('version 2 in force');
    expect([connects(OPEN), connects(OTHER)]).toEqual([false, true]);
    const listed = JSON.parse(succeeds('list', '--json')) as unknown;
    expect(listed).toMatchObject({ policies: [{ name: 'edge', version: 2, assigned: 2 }], setAside: [] });
    const history = JSON.parse(succeeds('history', 'edge', '--json')) as { versions: readonly unknown[] };
    expect(history.versions).toMatchObject([
      { version: 1, assigned: false },
      { version: 2, assigned: true },
    ]);
  });

  test('unassign, then assign on the interfaces of last time', () => {
    succeeds('unassign');
    expect([connects(OPEN), connects(OTHER)]).toEqual([true, true]);
    expect(succeeds('assign', 'edge')).toContain(`on ${pair.host.device}`);
    expect([connects(OPEN), connects(OTHER)]).toEqual([false, true]);
  });

  test('show: as written, and in every format', () => {
    expect(succeeds('show', 'edge', '--version', '1')).toBe(policyText(OPEN));
    expect(succeeds('show', 'edge', '--format', 'yaml')).toContain(pair.peer.ipv4);
    expect(JSON.parse(succeeds('show', 'edge', '--format', 'json'))).toMatchObject({ name: 'edge' });
    const commands = xdpol('show', 'edge', '--format', 'ipsecpol');
    expect(commands.stdout).toContain('ipsecpol -w REG -p edge -r rest -f "*=0" -n BLOCK');
    expect(commands.stderr).toContain('XP0520');
    expect(commands.status).toBe(3);
  });

  test('diff: by rule and filter, and by packets whose verdict changes', () => {
    const diff = JSON.parse(succeeds('diff', 'edge@1', 'edge@2', '--me', pair.host.ipv4, '--json')) as {
      rules: readonly unknown[];
      packets: { changes: readonly { packet: string }[] };
    };
    expect(diff).toMatchObject({ from: 'edge@1', to: 'edge@2', same: false });
    expect(diff.rules).toMatchObject([{ rule: 'web', change: 'changed', added: [{}], removed: [{}] }]);
    expect(diff.packets.changes.map(({ packet }) => packet).join('\n')).toContain(`${pair.host.ipv4}:${OPEN}`);
    expect(succeeds('diff', policy, '--me', pair.host.ipv4)).toContain('the same rules, filters and addresses');
  });

  test('what cannot be: one message, and what to do instead', () => {
    const cases: readonly (readonly [readonly string[], number, string])[] = [
      [['assign', 'none'], 1, 'stored are: edge'],
      [['assign', 'edge', '--version', '9'], 1, 'it has: 1, 2'],
      [['assign', 'edge', '--version', 'x'], 2, 'write a number'],
      [['show', 'none'], 1, 'there is no stored policy none'],
      [['history', 'none'], 1, 'stored are: edge'],
      [['delete', 'none'], 1, 'there is no stored policy none'],
      [['delete', 'edge'], 1, 'end it first: xdpol unassign'],
      [['diff', 'edge@7'], 1, 'edge'],
      [['restore', '--wait', 'soon'], 2, 'write seconds'],
    ];
    for (const [args, code, text] of cases) {
      const { status, stderr } = xdpol(...args);
      expect(stderr, args.join(' ')).toContain(text);
      expect(status, args.join(' ')).toBe(code);
      expect(stderr).not.toMatch(/\n\s+at /u);
    }
    expect([connects(OPEN), connects(OTHER)]).toEqual([false, true]);
  });
});

describe('reboot', () => {
  test('restore puts the assigned policy in force from the store alone', () => {
    reboot(pair);
    expect([connects(OPEN), connects(OTHER)]).toEqual([true, true]);
    rmSync(policy);
    rmSync(join(pair.directory, 'peers.txt'));
    expect(succeeds('restore')).toContain('edge: version 2 in force, generation 1');
    expect([connects(OPEN), connects(OTHER)]).toEqual([false, true]);
  });

  test('from the compiled form: the text may even be gone; without both it says so', () => {
    reboot(pair);
    const folder = join(state, 'policies/edge/2');
    renameSync(folder, `${folder}.away`);
    expect(succeeds('restore')).toContain('version 2 in force');
    expect([connects(OPEN), connects(OTHER)]).toEqual([false, true]);
    reboot(pair);
    rmSync(join(state, 'cache'), { recursive: true });
    expect(xdpol('restore').status).toBe(1);
    renameSync(`${folder}.away`, folder);
    expect(succeeds('restore')).toContain('version 2 in force');
  });

  test('a damaged compiled form is reported, set aside, and compiled anew', () => {
    reboot(pair);
    const cache = join(state, 'cache');
    const compiled = readdirSync(cache).filter((name) => name.endsWith('.bin'));
    expect(compiled.length).toBeGreaterThan(0);
    for (const name of compiled) {
      const bytes = readFileSync(join(cache, name));
      bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1;
      writeFileSync(join(cache, name), bytes);
    }
    const { status, stderr } = xdpol('restore');
    expect(stderr).toContain('a compiled policy is damaged, set aside as');
    expect(status).toBe(0);
    expect([connects(OPEN), connects(OTHER)]).toEqual([false, true]);
    expect(readdirSync(cache).some((name) => name.includes('.damaged-'))).toBe(true);
  });

  test('a policy with me before there are addresses: in force with the last known ones, and it says so', () => {
    const on = ['-n', pair.host.namespace, 'address'];
    for (const isKnown of [true, false]) {
      reboot(pair);
      execFileSync('ip', [...on, 'flush', 'dev', pair.host.device]);
      if (!isKnown) rmSync(join(state, 'known-host.json'));
      const early = xdpol('restore');
      const said = isKnown ? `me is its last known ${pair.host.ipv4}` : 'has no address yet and none is known';
      expect(early.stderr).toContain(said);
      expect(early.status).toBe(0);
      execFileSync('ip', [...on, 'add', `${pair.host.ipv4}/24`, 'dev', pair.host.device]);
      if (!isKnown) expect(succeeds('restore')).toContain('generation 2');
      expect([connects(OPEN), connects(OTHER)]).toEqual([false, true]);
    }
  });

  test('an interface that is missing: the others are filtered at once, it when it comes', async () => {
    const on = ['-n', pair.host.namespace, 'link'];
    execFileSync('ip', [...on, 'add', 'late0', 'type', 'veth', 'peer', 'name', 'late1']);
    succeeds('assign', 'edge', '-i', 'late0', '-i', pair.host.device);
    execFileSync('ip', [...on, 'del', 'late0']);
    reboot(pair);
    const without = xdpol('restore', '--wait', '0.2');
    expect(without.stderr).toContain('not there, so not filtered: late0');
    expect(without.status).toBe(1);
    expect([connects(OPEN), connects(OTHER)]).toEqual([false, true]);
    const waiting = pair.spawn(pair.host, pair.xdpol('restore', '--wait', '20'), { stdio: 'ignore' });
    const ended = once(waiting, 'exit');
    execFileSync('ip', [...on, 'add', 'late0', 'type', 'veth', 'peer', 'name', 'late1']);
    expect(await ended).toEqual([0, null]);
    expect(JSON.parse(succeeds('status', '--json'))).toMatchObject({ gaps: [], interfaces: [{}, {}] });
    execFileSync('ip', [...on, 'del', 'late0']);
    const again = xdpol('assign', 'edge');
    expect(again.stderr).toContain('late0 is not there: it stays assigned');
    expect(again.stderr).toContain('to take it out: xdpol unassign -i late0');
    expect(again.status).toBe(0);
    succeeds('unassign');
    succeeds('assign', 'edge', '-i', pair.host.device);
    expect(JSON.parse(succeeds('status', '--json'))).toMatchObject({ gaps: [], interfaces: [{}] });
  });
});

describe('the units', () => {
  test('install writes units that systemd takes, uninstall removes them', () => {
    const root = join(pair.directory, 'root');
    const folder = join(root, 'etc/systemd/system');
    expect(xdpol('install', '--root', root).stderr).toContain('there is no directory');
    mkdirSync(root);
    succeeds('install', '--root', root);
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.service'),
    );
    expect(names.sort()).toEqual([
      'multi-user.target.wants/xdpol-agent.service',
      'sysinit.target.wants/xdpol-restore.service',
      'xdpol-agent.service',
      'xdpol-restore.service',
    ]);
    const text = readFileSync(join(folder, 'xdpol-restore.service'), 'utf8');
    expect(text).toMatch(/^Before=network-pre\.target/mu);
    expect(text).toMatch(/^Wants=network-pre\.target/mu);
    const verified = pair.run(pair.host, [
      'systemd-analyze',
      'verify',
      join(folder, names[2] ?? ''),
      join(folder, names[3] ?? ''),
    ]);
    expect(verified.stderr.split('\n').filter((line) => line.includes('xdpol'))).toEqual([]);
    succeeds('uninstall', '--root', root);
    expect(
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.service')),
    ).toEqual([]);
  });
});

describe('the store in trouble', () => {
  test('two applies at once: both succeed, one after the other', async () => {
    const files = [OPEN, OTHER].map((port) => {
      const file = join(pair.directory, `edge-${port}.yaml`);
      writeFileSync(file, policyText(port));
      return file;
    });
    writeFileSync(join(pair.directory, 'peers.txt'), `${pair.peer.ipv4}\n`);
    const ends = files.map((file) => {
      const child = pair.spawn(pair.host, pair.xdpol('apply', file, '-i', pair.host.device), { stdio: 'ignore' });
      return once(child, 'exit');
    });
    expect(await Promise.all(ends)).toEqual([
      [0, null],
      [0, null],
    ]);
    const { policies } = JSON.parse(succeeds('list', '--json')) as {
      policies: readonly { assigned: number; version: number }[];
    };
    expect(policies[0]?.assigned).toBe(policies[0]?.version);
    expect([connects(OPEN), connects(OTHER)].filter(Boolean)).toHaveLength(1);
  });

  test('a read-only store: nothing changes, restore filters all the same', () => {
    pair.exec(pair.host, ['mount', '--bind', state, state]);
    try {
      pair.exec(pair.host, ['mount', '-o', 'remount,bind,ro', state]);
      const refused = xdpol('assign', 'edge', '--version', '1');
      expect(refused.stderr).toContain('EROFS');
      expect(refused.status).toBe(1);
      reboot(pair);
      const restored = xdpol('restore');
      expect(restored.stderr).toContain('going on without the lock');
      expect(restored.status).toBe(0);
      expect([connects(OPEN), connects(OTHER)].filter(Boolean)).toHaveLength(1);
    } finally {
      pair.exec(pair.host, ['umount', state]);
    }
  });

  test('a full disk: the message says so, what is in force stays', () => {
    const full = join(pair.directory, 'full');
    pair.exec(pair.host, ['mkdir', '-p', full]);
    pair.exec(pair.host, ['mount', '-t', 'tmpfs', '-o', 'size=8k,nr_inodes=6', 'tmpfs', full]);
    try {
      const argv = [
        'env',
        `XDPOL_STATE_DIR=${full}`,
        ...pair.xdpol('apply', join(pair.directory, `edge-${OPEN}.yaml`), '-i', pair.host.device),
      ];
      const { status, stderr } = pair.run(pair.host, argv);
      expect(stderr).toContain('ENOSPC');
      expect(stderr).toContain('the disk is full');
      expect(status).toBe(1);
      expect(JSON.parse(succeeds('status', '--json'))).toMatchObject({ policy: 'edge', gaps: [] });
    } finally {
      pair.exec(pair.host, ['umount', full]);
    }
  });

  test('an assignment that cannot be written: what is in force says so, and the next command writes it', () => {
    const path = join(state, 'assigned.json');
    succeeds('apply', join(pair.directory, `edge-${OPEN}.yaml`), '-i', pair.host.device);
    pair.exec(pair.host, ['mount', '--bind', path, path]);
    try {
      const { status, stderr } = xdpol('apply', join(pair.directory, `edge-${OTHER}.yaml`), '-i', pair.host.device);
      expect(stderr).toContain('edge is in force, but the assignment could not be written');
      expect(status).toBe(1);
      expect([connects(OPEN), connects(OTHER)]).toEqual([false, true]);
      expect(xdpol('status').stderr).toContain('another version of edge is in force, and not assigned');
    } finally {
      pair.exec(pair.host, ['umount', path]);
    }
    expect(xdpol('status').stderr).toContain('is in force, and its assignment was not written: it is assigned now');
    reboot(pair);
    succeeds('restore');
    expect([connects(OPEN), connects(OTHER)]).toEqual([false, true]);
  });

  test('a damaged version: reported, set aside, the policy in force stays', () => {
    const { policies } = JSON.parse(succeeds('list', '--json')) as { policies: readonly { version: number }[] };
    const newest = policies[0]?.version ?? 0;
    writeFileSync(join(state, `policies/edge/${newest}/policy.yaml`), 'name: evil\n');
    const { status, stderr } = xdpol('assign', 'edge');
    expect(stderr).toContain(`version ${newest} of edge is damaged`);
    expect(stderr).toContain('an older version is stored: xdpol assign');
    expect(status).toBe(1);
    expect(JSON.parse(succeeds('status', '--json'))).toMatchObject({ policy: 'edge', gaps: [] });
    expect(xdpol('list').stderr).toContain('damaged, set aside');
  });
});

test('unassign and delete leave no trace', () => {
  succeeds('unassign');
  expect(succeeds('delete', 'edge')).toContain('counters of eth0');
  expect(pinsOf(pair).filter((name) => name.includes('/'))).toEqual([]);
  expect(programs()).not.toContain('xdp');
  expect(JSON.parse(succeeds('list', '--json'))).toMatchObject({ policies: [] });
  expect([connects(OPEN), connects(OTHER)]).toEqual([true, true]);
});
