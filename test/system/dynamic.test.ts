/** Dynamic rules: in force at once beside what is assigned, in no stored policy, gone when the agent stops. */
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { PolicyStore } from '../../src/store/store.ts';
import { AgentProcess } from '../support/agent-process.ts';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';
import { listenOn } from '../support/probe.ts';
import { program } from '../support/program.ts';

const PORTS = [80, 81, 82] as const;
type Port = (typeof PORTS)[number];

let pair: NamespacePair;

beforeAll(async () => {
  pair = new NamespacePair({ ipv6: false });
  writeFileSync(pair.config, 'interfaces: [eth0]\n');
  await listenOn(pair, pair.host, ...PORTS);
});

afterAll(() => {
  pair[Symbol.dispose]();
});

function ipsecpol(...words: readonly string[]): Outcome {
  return pair.run(pair.host, program('ipsecpol', ...words));
}

/** What it printed, on both streams. */
function enter(...words: readonly string[]): string {
  const { status, stdout, stderr } = ipsecpol(...words);
  expect({ status, stderr }, words.join(' ')).toEqual({ status: 0, stderr: '' });
  return stdout;
}

function add(rule: string, port: Port, action: 'PASS' | 'BLOCK'): string {
  return enter('-r', rule, '-f', `*+0:${port}:TCP`, '-n', action);
}

function xdpol(...args: readonly string[]): string {
  return pair.exec(pair.host, pair.xdpol(...args));
}

/** The ports that answer: all are tried at once, for a second. */
function answering(): readonly Port[] {
  const tried = PORTS.map(
    (port) => `(timeout 1 bash -c 'echo > /dev/tcp/${pair.host.ipv4}/${port}' && echo ${port}) &`,
  );
  const { stdout } = pair.run(pair.peer, ['bash', '-c', `${tried.join('\n')}\nwait`]);
  return PORTS.filter((port) => stdout.split('\n').includes(String(port)));
}

interface Status {
  readonly assigned: { readonly policy: string; readonly version: number } | null;
  readonly policy: string | null;
  readonly generation: number | null;
  readonly dynamic: { readonly rules: readonly { readonly name: string }[]; readonly agent: number | null };
  readonly interfaces: readonly { readonly name: string }[];
  readonly warnings: readonly string[];
}

function status(): Status {
  return JSON.parse(xdpol('status', '--json')) as Status;
}

function dynamicNames(): readonly string[] {
  return status().dynamic.rules.map(({ name }) => name);
}

function stored(): PolicyStore {
  return new PolicyStore(join(pair.directory, 'state'));
}

/** Permits one port to this host and blocks the rest. */
function policyFile(name: string, port: Port): string {
  const path = join(pair.directory, `${name}.yaml`);
  const open = `{ source: any, destination: me, protocol: tcp, destinationPort: ${port}, mirrored: true }`;
  writeFileSync(
    path,
    `name: ${name}
rules:
  - { name: open, action: permit, filters: [${open}] }
  - { name: rest, action: block, filters: [{ source: any, destination: me }] }
`,
  );
  return path;
}

function apply(name: string, port: Port): string {
  const { stderr, status: code } = pair.run(
    pair.host,
    pair.xdpol('apply', policyFile(name, port), '-i', pair.host.device),
  );
  expect(code, stderr).toBe(0);
  return stderr;
}

describe('without an agent', () => {
  test('refused, and it says what to do instead', () => {
    const { status: code, stderr } = ipsecpol('-r', 'r', '-f', '*+0:80:TCP', '-n', 'BLOCK');
    expect(code).toBe(1);
    expect(stderr).toContain('xdpol agent');
    expect(stderr).toContain('-w REG -p NAME');
    expect(status()).toMatchObject({ policy: null, interfaces: [] });
  });
});

describe('without an assigned policy', () => {
  let agent: AgentProcess;

  beforeAll(async () => {
    agent = await AgentProcess.start(pair);
  });

  test('a rule filters every interface, and what no rule decides passes', () => {
    expect(add('scan', 80, 'BLOCK')).toContain('dynamic rule "scan" added: block, 1 filter');
    expect(answering()).toEqual([81, 82]);
    expect(status()).toMatchObject({
      assigned: null,
      policy: 'dynamic rules',
      dynamic: { rules: [{ name: 'scan (dynamic)', action: 'block', filters: 1 }] },
      interfaces: [{ name: pair.host.device }],
      warnings: [],
    });
    expect(stored().list()).toEqual([]);
  });

  test('show prints the rules as commands; -file carries commands out, all or none; -u takes every rule back', () => {
    const shown = enter('show', 'filters');
    expect(shown).toBe('ipsecpol -r scan -f "*+0:80:TCP" -n BLOCK\n');
    const path = join(pair.directory, 'lines.txt');
    writeFileSync(path, `# two more\nipsecpol -r second -f *+0:81:TCP -n BLOCK\n-r third -f *+0:82:TCP -n perhaps\n`);
    expect(ipsecpol('-file', path)).toMatchObject({ status: 2, stdout: '' });
    expect(dynamicNames()).toEqual(['scan (dynamic)']);
    writeFileSync(path, `# two more\nipsecpol -r second -f *+0:81:TCP -n BLOCK\n-r third -f *+0:82:TCP -n BLOCK\n`);
    enter('-file', path);
    expect(answering()).toEqual([]);
    expect(enter('-u')).toContain('none is left');
    expect(answering()).toEqual([80, 81, 82]);
    expect(enter('-u')).toContain('nothing to unload');
    writeFileSync(path, shown);
    enter('-file', path);
    expect(answering()).toEqual([81, 82]);
  });

  test('a second one beside it, replaced by one of its name; taken back', () => {
    add('more', 81, 'BLOCK');
    expect(answering()).toEqual([82]);
    expect(add('more', 82, 'BLOCK')).toContain('replaced');
    expect(answering()).toEqual([81]);
    expect(enter('-r', 'scan (dynamic)', '-o')).toContain('"scan" taken back');
    expect(answering()).toEqual([80, 81]);
    expect(dynamicNames()).toEqual(['more (dynamic)']);
  });

  test('one that is not there cannot be taken back: it says which are', () => {
    const { status: code, stderr } = ipsecpol('-r', 'scan', '-o');
    expect(code).toBe(1);
    expect(stderr).toContain('dynamic are: more;');
  });

  test('an apply keeps them, and assigns only the interfaces that were named', () => {
    const link = ['-n', pair.host.namespace, 'link'];
    pair.exec(pair.host, ['ip', ...link, 'add', 'other0', 'type', 'veth', 'peer', 'name', 'other1']);
    writeFileSync(pair.config, 'interfaces: [eth0, "other*"]\n');
    enter('-r', 'more', '-o');
    enter('-r', 'peer', '-f', `${pair.peer.ipv4}+0:82:TCP`, '-n', 'BLOCK');
    expect(status().interfaces).toHaveLength(3);
    expect(apply('a', 82)).toContain('other0 was filtered for dynamic rules only');
    expect(status().interfaces).toEqual([expect.objectContaining({ name: pair.host.device })]);
    expect(answering()).toEqual([]);
    pair.exec(pair.host, ['ip', ...link, 'del', 'other0']);
  });

  test('unassign ends them too', () => {
    xdpol('unassign');
    expect(answering()).toEqual([80, 81, 82]);
    expect(status()).toMatchObject({ policy: null, dynamic: { rules: [] }, interfaces: [] });
  });

  test('the last one taken back: nothing is filtered', () => {
    add('scan', 80, 'BLOCK');
    expect(answering()).toEqual([81, 82]);
    expect(enter('-r', 'scan', '-o')).toContain('no longer filtered');
    expect(status()).toMatchObject({ policy: null, interfaces: [] });
  });

  test('the agent stops: nothing is filtered', async () => {
    add('scan', 80, 'BLOCK');
    expect(await agent.end('SIGTERM')).toBe(0);
    expect(agent.log).toContain('dynamic rules have ended');
    expect(answering()).toEqual([80, 81, 82]);
    expect(status()).toMatchObject({ policy: null, interfaces: [] });
  });
});

describe('beside an assigned policy', () => {
  let agent: AgentProcess;

  beforeAll(async () => {
    xdpol('apply', policyFile('a', 80), '-i', pair.host.device);
    agent = await AgentProcess.start(pair);
  });

  test('PASS opens, BLOCK closes; the stored text and the assignment stay', () => {
    const text = stored().read('a')?.text;
    add('open', 81, 'PASS');
    enter('-r', 'peer', '-f', `${pair.peer.ipv4}+0:80:TCP`, '-n', 'BLOCK');
    expect(answering()).toEqual([81]);
    expect(status()).toMatchObject({ policy: 'a', assigned: { policy: 'a', version: stored().assignment()?.version } });
    expect(stored().read('a')?.text).toBe(text);
  });

  test('a dynamic rule counts for itself, also where a stored rule has its name', () => {
    const counters = JSON.parse(xdpol('counters', '--json')) as {
      interfaces: readonly { direction: string; counters: readonly { rule: string | null; packets: number }[] }[];
    };
    const ingress = counters.interfaces.find(({ direction }) => direction === 'ingress')?.counters ?? [];
    const packets = (name: string): number => ingress.find(({ rule }) => rule === name)?.packets ?? -1;
    expect(packets('open')).toBe(0);
    expect(packets('open (dynamic)')).toBeGreaterThan(0);
    expect(packets('peer (dynamic)')).toBeGreaterThan(0);
  });

  test('two at once: both are in force', async () => {
    const ends = ['one', 'two'].map((rule, i) => {
      const words = ['-r', rule, '-f', `198.51.100.${i}+0`, '-n', 'BLOCK'];
      const child = pair.spawn(pair.host, program('ipsecpol', ...words), {
        stdio: 'ignore',
      });
      return once(child, 'exit');
    });
    expect(await Promise.all(ends)).toEqual([
      [0, null],
      [0, null],
    ]);
    expect([...dynamicNames()].sort()).toEqual(['one', 'open', 'peer', 'two'].map((rule) => `${rule} (dynamic)`));
    enter('-r', 'one', '-r', 'two', '-o');
    expect(dynamicNames()).toHaveLength(2);
  });

  test('what a command left that was cut off between the file and the packets: status says so, restore mends it', () => {
    const { dynamic } = stored();
    const kept = present(dynamic.read());
    dynamic.write({ ...kept, rules: kept.rules.filter(({ rule }) => rule === 'open') });
    expect(status().warnings).toEqual([expect.stringContaining('xdpol restore')]);
    dynamic.write(kept);
    expect(status().warnings).toEqual([]);
  });

  test('what cannot be compiled changes nothing and is not kept', () => {
    const before = status();
    const contradiction = ipsecpol('-r', 'wrong', '-f', '*+0:80:TCP', '-n', 'BLOCK');
    expect(contradiction.status).toBe(3);
    expect(contradiction.stderr).toContain('dynamic rules:');
    const unknown = ipsecpol('-r', 'wrong', '-f', '*+no.invalid:80:TCP', '-n', 'BLOCK');
    expect(unknown.stderr).toContain('XP0220');
    expect(status()).toEqual(before);
    expect(answering()).toEqual([81]);
  });

  test('what cannot be written is not in force either', () => {
    const before = status();
    const path = join(pair.directory, 'state', 'dynamic.json');
    pair.exec(pair.host, ['mount', '--bind', path, path]);
    try {
      const { status: code, stderr } = ipsecpol('-r', 'more', '-f', '*+0:82:TCP', '-n', 'PASS');
      expect(code).toBe(1);
      expect(stderr).toContain('EBUSY');
    } finally {
      pair.exec(pair.host, ['umount', path]);
    }
    expect(status()).toEqual(before);
    expect(answering()).toEqual([81]);
  });

  test('apply, assign, a stored rule and restore keep them', () => {
    expect(apply('b', 82)).toContain('dynamic rules stay in force until the agent');
    expect(answering()).toEqual([81, 82]);
    xdpol('assign', 'a');
    expect(answering()).toEqual([81]);
    enter('-r', 'peer', '-o');
    expect(answering()).toEqual([80, 81]);
    const stored82 = ipsecpol('-w', 'REG', '-p', 'a', '-r', 'more', '-f', '*+0:82:TCP', '-n', 'PASS');
    expect(stored82.status, stored82.stderr).toBe(0);
    expect(answering()).toEqual([80, 81, 82]);
    xdpol('restore');
    expect(answering()).toEqual([80, 81, 82]);
    expect(dynamicNames()).toEqual(['open (dynamic)']);
  });

  test('the agent stops: the assigned policy is in force alone', async () => {
    expect(await agent.end('SIGINT')).toBe(0);
    expect(answering()).toEqual([80, 82]);
    expect(status()).toMatchObject({ policy: 'a', dynamic: { rules: [] }, warnings: [] });
    expect(existsSync(join(pair.directory, 'state', 'dynamic.json'))).toBe(false);
  });
});

describe('an agent that is killed', () => {
  async function killWithRule(): Promise<void> {
    const agent = await AgentProcess.start(pair);
    add('open', 81, 'PASS');
    await agent.end('SIGKILL');
  }

  test('its rules stay in force, and status warns of them', async () => {
    await killWithRule();
    expect(answering()).toEqual([80, 81, 82]);
    expect(status().dynamic.agent).toBeNull();
    expect(status().warnings.join()).toContain('xdpol restore');
    expect(ipsecpol('-r', 'open', '-o').stderr).toContain('none is running');
  });

  test('apply and assign keep them', () => {
    expect(apply('b', 82)).toContain('dynamic rules stay in force until the next agent stops');
    expect(answering()).toEqual([81, 82]);
    xdpol('assign', 'a');
    expect(answering()).toEqual([80, 81, 82]);
  });

  test('the next agent takes them over, and ends them when it stops', async () => {
    const agent = await AgentProcess.start(pair);
    expect(agent.log).toContain('dynamic rules of an agent that was killed stay in force: open');
    expect(answering()).toEqual([80, 81, 82]);
    expect(status().warnings).toEqual([]);
    await agent.end('SIGTERM');
    expect(answering()).toEqual([80, 82]);
  });

  test('restore ends them', async () => {
    await killWithRule();
    xdpol('restore');
    expect(answering()).toEqual([80, 82]);
    expect(status().warnings).toEqual([]);
  });

  test('rules of an earlier boot never come back, though a process has the id and the start of their agent', async () => {
    const agent = await AgentProcess.start(pair);
    add('open', 81, 'PASS');
    const path = join(pair.directory, 'state', 'dynamic.json');
    const ofThisBoot = readFileSync(path, 'utf8');
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    writeFileSync(path, ofThisBoot.replace(bootId, '00000000-0000-0000-0000-000000000000'));
    xdpol('restore');
    expect(answering()).toEqual([80, 82]);
    expect(existsSync(path)).toBe(false);
    await agent.end('SIGTERM');
  });

  test('one damaged file of rules costs nothing, and an agent whose name was damaged registers again', async () => {
    await killWithRule();
    writeFileSync(join(pair.directory, 'state', 'dynamic.json'), '');
    const next = await AgentProcess.start(pair);
    expect(next.log).toContain('an agent that was killed stay in force: open');
    writeFileSync(join(pair.directory, 'state', 'agent'), '');
    for (let i = 0; i < 50 && stored().dynamic.agent() === ''; i++) await sleep(100);
    expect(answering()).toEqual([80, 81, 82]);
    enter('-r', 'open', '-o');
    expect(answering()).toEqual([80, 82]);
    await next.end('SIGTERM');
  });

  test('damaged files of rules are set aside, and the policy restored', async () => {
    const agent = await AgentProcess.start(pair);
    add('open', 81, 'PASS');
    for (const name of ['dynamic.json', 'dynamic.copy.json']) {
      writeFileSync(join(pair.directory, 'state', name), '{"agent":');
    }
    const { status: code, stderr } = pair.run(pair.host, pair.xdpol('restore'));
    expect(code).toBe(0);
    expect(answering()).toEqual([80, 82]);
    await agent.end('SIGTERM');
    // Whoever reads it first says so.
    expect(`${stderr}${agent.log}`).toContain('dynamic.json.damaged-');
  });
});

test('a policy in force whose assignment is lost: no dynamic rule, and no agent that ends one, takes its place', async () => {
  const agent = await AgentProcess.start(pair);
  add('open', 81, 'PASS');
  for (const name of ['assigned.json', 'assigned.copy.json']) rmSync(join(pair.directory, 'state', name));
  for (const words of [['-f', '*+0:82:TCP', '-n', 'BLOCK'], ['-o']]) {
    const { status: code, stderr } = ipsecpol('-r', 'open', ...words);
    expect(code).toBe(1);
    expect(stderr).toContain("xdpol assign 'a'");
  }
  expect(answering()).toEqual([80, 81, 82]);
  await agent.end('SIGTERM');
  expect(agent.log).toContain('dynamic rules stay in force: a is in force, and no policy is assigned');
  expect(status().policy).toBe('a');
  expect(status().warnings).toHaveLength(2);
  xdpol('assign', 'a', '-i', pair.host.device);
  expect(answering()).toEqual([80, 82]);
});

test('a second agent of a store waits for its turn', async () => {
  const first = await AgentProcess.start(pair);
  const second = await AgentProcess.start(pair);
  expect(second.log).toContain('another agent of this store');
  add('open', 81, 'PASS');
  await second.end('SIGTERM');
  expect(answering()).toEqual([80, 81, 82]);
  await first.end('SIGTERM');
  expect(answering()).toEqual([80, 82]);
});
