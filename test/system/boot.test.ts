/** A boot from a store that is damaged, full, read-only, newer, or held by somebody: what is left is used, else `boot:` decides. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { unitsFor } from '../../src/cli/units.ts';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { isFiltered, reboot } from '../support/reboot.ts';

interface Status {
  readonly policy: string | null;
}

let pair: NamespacePair;
let state: string;
/** The store as it was before the damage. */
let whole: string;

const policy = (port: number): string => `name: edge
default: block
addressSets: { bans: { live: true, capacity: 10 } }
rules:
  - { name: banned, action: block, filters: [{ source: $bans, destination: any }] }
  - { name: web, action: permit, filters: [{ source: any, destination: any, protocol: tcp, destinationPort: ${port}, mirrored: true }] }
`;

beforeAll(() => {
  pair = new NamespacePair({ ipv6: false });
  state = join(pair.directory, 'state');
  whole = join(pair.directory, 'whole');
  const file = join(pair.directory, 'edge.yaml');
  for (const port of [80, 443]) {
    writeFileSync(file, policy(port));
    pair.exec(pair.host, pair.xdpol('apply', file, '-i', pair.host.device));
  }
  pair.exec(pair.host, pair.xdpol('set', 'add', 'bans', '198.51.100.7'));
  cpSync(state, whole, { recursive: true });
});

afterAll(() => pair[Symbol.dispose]());

afterEach(() => {
  reboot(pair);
  rmSync(state, { recursive: true, force: true });
  cpSync(whole, state, { recursive: true });
  writeFileSync(pair.config, '');
});

function xdpol(...args: readonly string[]): Outcome {
  return pair.run(pair.host, pair.xdpol(...args));
}

/** Damages the store, boots, restores. */
function bootAfter(damage: () => void): Outcome {
  reboot(pair);
  damage();
  return xdpol('restore');
}

function inForce(): string | null {
  return (JSON.parse(xdpol('status', '--json').stdout) as Status).policy;
}

function write(name: string, content: string): void {
  writeFileSync(join(state, name), content);
}

function replace(name: string, command: 'mkdir' | 'mkfifo'): void {
  rmSync(join(state, name), { recursive: true, force: true });
  execFileSync(command, [join(state, name)]);
}

function forgetCompiled(): void {
  rmSync(join(state, 'cache'), { recursive: true, force: true });
}

function damageCompiled(): void {
  for (const name of readdirSync(join(state, 'cache'))) write(`cache/${name}`, '');
}

test('the unit has no condition that a damaged store could fail', () => {
  for (const { text } of unitsFor(['/usr/bin/xdpol'], state)) expect(text).not.toMatch(/^Condition/mu);
});

describe('what is left is used', () => {
  test.each([
    ['a lock file of NUL bytes', () => write('lock', '\0'.repeat(64))],
    ['an empty lock file', () => write('lock', '')],
    ['an empty format', () => write('format', '')],
    ['a format of NUL bytes', () => write('format', '\0\0')],
    ['a cut assignment', () => write('assigned.json', readFileSync(join(state, 'assigned.json'), 'utf8').slice(0, 40))],
    ['a lost assignment', () => rmSync(join(state, 'assigned.json'))],
    ['a damaged text, compiled before', () => write('policies/edge/2/policy.yaml', '')],
    ['damaged compiled forms', damageCompiled],
    ['no compiled form', forgetCompiled],
    ['damaged dynamic rules', () => write('dynamic.json', '{')],
    ['a folder in the place of the assignment', () => replace('assigned.json', 'mkdir')],
    ['a FIFO in the place of the assignment', () => replace('assigned.json', 'mkfifo')],
    ['a folder in the place of the lock', () => replace('lock', 'mkdir')],
    ['a FIFO in the place of a version', () => replace('policies/edge/2', 'mkfifo')],
    ['a folder in the place of members', () => replace('live-sets/bans.members', 'mkdir')],
  ])('%s: the assigned version is in force', (_, damage) => {
    const { status, stdout, stderr } = bootAfter(damage);
    expect(stderr).not.toContain('error');
    expect(stdout).toContain('edge: version 2 in force');
    expect(status).toBe(0);
    expect(inForce()).toBe('edge');
  });

  test.each([
    ['a damaged text', () => write('policies/edge/2/policy.yaml', '')],
    ['a lost version', () => rmSync(join(state, 'policies/edge/2'), { recursive: true })],
  ])('%s, not compiled: the version before is in force, and the unit fails; so does the next boot', (_, damage) => {
    for (const more of [damage, () => undefined]) {
      const { status, stdout, stderr } = bootAfter(() => {
        forgetCompiled();
        more();
      });
      expect(stdout).toContain('edge: version 1 in force');
      expect(stderr).toContain('version 1, an earlier one, is in force');
      expect(status).toBe(1);
    }
  });

  test('a lock that a process holds: a host that is open does not wait for it to end', () => {
    const holder = pair.spawn(pair.host, ['sleep', '60']);
    const { pid = 0 } = holder;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const name = `${pid} ${started} ${boot}`;
    const { status, stdout, stderr } = bootAfter(() => write('lock', name));
    expect(stderr).toContain(`process ${pid}`);
    expect(stderr).toContain('going on without the lock');
    expect(stdout).toContain('edge: version 2 in force');
    expect(status).toBe(0);
    // What is filtered can wait for whoever changes it.
    const again = xdpol('restore');
    expect(again.status).toBe(1);
    expect(again.stderr).toContain('another command is changing the policy');
    holder.kill('SIGKILL');
  });
});

describe('nothing can be put in force', () => {
  const bothDamaged = (): void => {
    for (const name of ['assigned.json', 'assigned.copy.json']) write(name, '\0\0');
  };
  const nothingWhole = (): void => {
    forgetCompiled();
    rmSync(join(state, 'policies'), { recursive: true, force: true });
  };
  const newer = (): void => write('format', '99\n');
  const CASES = [
    ['the assignment and its copy damaged', bothDamaged],
    ['no version whole', nothingWhole],
    ['a store of a newer xdpol', newer],
  ] as const;

  test.each(CASES)('boot: open, %s: said, exit 1, at each boot', (_, damage) => {
    for (const more of [damage, () => undefined]) {
      const { status, stdout, stderr } = bootAfter(more);
      expect(stderr).toContain('this host is open: nothing is filtered, because');
      expect(stderr).toContain('boot: closed');
      expect(stdout).toBe('');
      expect(status).toBe(1);
      expect(isFiltered(pair)).toBe(false);
    }
  });

  test.each(CASES)('boot: closed, %s: protected traffic alone passes, exit 1', (_, damage) => {
    const protect = `protect: [{ source: ${pair.peer.ipv4}, destination: me, protocol: icmp, icmpType: 8 }]`;
    const echo = `protect: [{ source: ${pair.peer.ipv4}, destination: me, protocol: icmp }]`;
    expect(answersPing()).toBe(true);
    for (const [config, isAnswered] of [
      ['', false],
      [protect, false],
      [echo, true],
    ] as const) {
      writeFileSync(pair.config, `boot: closed\n${config}\n`);
      const { status, stdout, stderr } = bootAfter(damage);
      expect(stdout).toContain('closed at boot in force');
      expect(stderr).toContain('error');
      expect(status).toBe(1);
      expect(answersPing()).toBe(isAnswered);
      damage();
    }
  });

  function answersPing(): boolean {
    return pair.run(pair.peer, ['ping', '-c1', '-W1', pair.host.ipv4]).status === 0;
  }

  test('a mistake elsewhere in the configuration does not undo boot: closed', () => {
    writeFileSync(pair.config, 'boot: closed\nmetrics: { listen: nowhere }\n');
    const { stdout, stderr } = bootAfter(bothDamaged);
    expect(stderr).toContain(`${pair.config}:2:20: "nowhere" is not an address and a port`);
    expect(stdout).toContain('closed at boot in force');
  });

  test('what is in force is never taken for it', () => {
    expect(xdpol('restore').status).toBe(0);
    bothDamaged();
    writeFileSync(pair.config, 'boot: closed\n');
    expect(xdpol('restore').status).toBe(1);
    expect(isFiltered(pair)).toBe(true);
    rmSync(join(state, 'assigned.json'));
    rmSync(join(state, 'assigned.copy.json'));
    expect(inForce()).toBe('edge');
  });
});

describe('the way out', () => {
  function mounted(options: string, run: () => void): void {
    const image = join(pair.directory, 'disk');
    rmSync(image, { recursive: true, force: true });
    cpSync(state, image, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', state]);
    try {
      cpSync(image, state, { recursive: true });
      if (options === 'full')
        execFileSync('sh', ['-c', `dd if=/dev/zero of=${state}/filler bs=4k 2>/dev/null || true`]);
      else execFileSync('mount', ['-o', `remount,${options}`, state]);
      run();
    } finally {
      execFileSync('umount', [state]);
    }
  }

  test('on a full disk', () => {
    mounted('full', () => {
      expect(xdpol('restore').status).toBe(0);
      expect(isFiltered(pair)).toBe(true);
      const { status, stderr } = xdpol('unassign');
      expect(stderr).not.toContain('error');
      expect(status).toBe(0);
      expect(isFiltered(pair)).toBe(false);
      expect(existsSync(join(state, 'assigned.json'))).toBe(false);
    });
  });

  test('on a read-only disk: filtering ends, and it is said that the next boot brings it back', () => {
    mounted('ro', () => {
      expect(xdpol('restore').status).toBe(0);
      expect(isFiltered(pair)).toBe(true);
      const { status, stderr } = xdpol('unassign');
      expect(stderr).toContain('the next boot brings it back');
      expect(status).toBe(1);
      expect(isFiltered(pair)).toBe(false);
    });
  });

  test('of a newer store', () => {
    expect(xdpol('restore').status).toBe(0);
    write('format', '99\n');
    const { status, stderr } = xdpol('unassign');
    expect(stderr).toContain('has format 99');
    expect(status).toBe(1);
    expect(isFiltered(pair)).toBe(false);
    expect(existsSync(join(state, 'assigned.json'))).toBe(true);
  });

  test('of a store whose assignment is damaged', () => {
    expect(xdpol('restore').status).toBe(0);
    for (const name of ['assigned.json', 'assigned.copy.json']) write(name, '{');
    const shown = xdpol('status', '--json');
    expect(shown.status).toBe(0);
    const { assigned, interfaces, warnings } = JSON.parse(shown.stdout) as Record<string, readonly unknown[] | null>;
    expect(assigned).toBeNull();
    expect(interfaces).toHaveLength(1);
    expect(warnings).toEqual([expect.stringContaining('it is not known which policy is assigned')]);
    expect(xdpol('unassign').status).toBe(0);
    expect(isFiltered(pair)).toBe(false);
    expect(bootAfter(() => undefined)).toMatchObject({ status: 0, stdout: 'no policy is assigned\n' });
  });
});
