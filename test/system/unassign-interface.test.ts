/** One interface is taken out of the assignment: by this process, by the agent, and from another host. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
import { TestAuthority } from '../support/certificates.ts';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';

const POLICY = `name: edge
rules:
  - { name: ping, action: block, filters: [{ source: any, destination: me, protocol: icmp }] }
`;
const PORT = 9479;
/** The host's address on a second link, and the device of it on both sides. */
const BESIDE = { device: 'beside', host: '198.51.100.1', peer: '198.51.100.2' } as const;
/** Milliseconds for a test of a dozen commands. */
const PATIENCE = 60_000;

interface Counted {
  readonly interfaces: readonly {
    readonly name: string;
    readonly counters: readonly { readonly rule: string | null; readonly packets: number }[];
  }[];
}

let pair: NamespacePair;
let policy: string;
let first: string;
let operator: string;

beforeAll(async () => {
  pair = new NamespacePair({ ipv6: false });
  policy = join(pair.directory, 'edge.yaml');
  first = pair.host.device;
  writeFileSync(policy, POLICY);
  addLinkBeside();
  const authority = await TestAuthority.make(join(pair.directory, 'pki'));
  const credentials = await authority.host('web1', pair.host.ipv4);
  writeFileSync(pair.config, `api: { listen: ":${PORT}", credentials: ${credentials} }\n`);
  operator = await authority.operator('alice', 'administrator');
});

afterAll(() => {
  pair[Symbol.dispose]();
});

function addLinkBeside(): void {
  const { device } = BESIDE;
  const peer = ['peer', 'name', device, 'netns', pair.peer.namespace];
  pair.exec(pair.host, ['ip', 'link', 'add', device, 'type', 'veth', ...peer]);
  for (const side of ['host', 'peer'] as const) {
    pair.exec(pair[side], ['ip', 'address', 'add', `${BESIDE[side]}/24`, 'dev', device]);
    pair.exec(pair[side], ['ip', 'link', 'set', device, 'up']);
  }
}

/** On the host itself. */
function xdpol(...args: readonly string[]): Outcome {
  return pair.run(pair.host, pair.xdpol(...args));
}

function succeeds(...args: readonly string[]): string {
  return pair.exec(pair.host, pair.xdpol(...args));
}

function fromAfar(...args: readonly string[]): Outcome {
  const env = [`XDPOL_CLIENT_DIR=${operator}`, 'XDPOL_AGENT_SOCKET='];
  return pair.run(pair.peer, ['env', ...env, ...pair.xdpol(...args)]);
}

function answers(address: string): boolean {
  return pair.run(pair.peer, ['ping', '-c', '1', '-W', '1', address]).status === 0;
}

/** Packets that the rule has dropped on an interface. */
function counted(name: string): number {
  const { interfaces } = JSON.parse(succeeds('counters', '--json')) as Counted;
  const mine = interfaces.filter((one) => one.name === name).flatMap(({ counters }) => counters);
  return mine.reduce((sum, { rule, packets }) => sum + (rule === 'ping' ? packets : 0), 0);
}

function assigned(): readonly string[] | undefined {
  const status = JSON.parse(succeeds('status', '--json')) as { assigned: { interfaces: readonly string[] } | null };
  return status.assigned?.interfaces;
}

function applyToBoth(): void {
  succeeds('apply', policy, '-i', first, '-i', BESIDE.device);
}

function cleanUp(): void {
  succeeds('unassign');
}

const CALLERS: readonly (readonly [string, boolean, (...args: readonly string[]) => Outcome])[] = [
  ['by this process', false, xdpol],
  ['by the agent', true, xdpol],
  ['from another host', true, (...args) => fromAfar('--host', 'web1', ...args)],
];

describe.each(CALLERS)('%s', (_, hasAgent, run) => {
  let agent: AgentProcess | undefined;

  beforeAll(async () => {
    if (!hasAgent) return;
    agent = await AgentProcess.start(pair);
    fromAfar('host', 'add', 'web1', `https://${pair.host.ipv4}:${PORT}`);
  });

  afterAll(async () => {
    await agent?.end('SIGTERM');
  });

  beforeEach(applyToBoth);
  afterEach(cleanUp);

  test('one of two: it is open, the other goes on filtering and counting', { timeout: PATIENCE }, () => {
    const before = counted(BESIDE.device);
    const { status, stdout, stderr } = run('unassign', '-i', first);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(`no longer filtered: ${first}; still filtered: ${BESIDE.device}\n`);
    expect([answers(pair.host.ipv4), answers(BESIDE.host)]).toEqual([true, false]);
    expect(counted(BESIDE.device)).toBe(before + 1);
    expect(assigned()).toEqual([BESIDE.device]);
    // A boot, or the agent, does not bring it back.
    succeeds('restore');
    expect(answers(pair.host.ipv4)).toBe(true);
  });

  test('both, one after the other: nothing is assigned, and JSON is one object', { timeout: PATIENCE }, () => {
    const { status, stdout } = run('unassign', '-i', first, '-i', BESIDE.device, '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      policy: 'edge',
      interfaces: [first, BESIDE.device],
      remaining: [],
      dynamic: [],
    });
    expect([answers(pair.host.ipv4), answers(BESIDE.host)]).toEqual([true, true]);
    expect(assigned()).toBeUndefined();
  });

  test('one that is not filtered: said with those that are, and those before it are told', {
    timeout: PATIENCE,
  }, () => {
    const one = run('unassign', '-i', 'eth9');
    expect(one.status).toBe(1);
    expect(one.stderr).toContain('eth9 is not filtered, and not assigned');
    expect(one.stderr).toContain(`these are: ${BESIDE.device}, ${first}`);
    const two = run('unassign', '-i', first, '-i', 'eth9', '--json');
    expect(two.status).toBe(1);
    expect(two.stderr).toContain(`no longer filtered: ${first}; still filtered: ${BESIDE.device}`);
    expect(JSON.parse(two.stdout)).toMatchObject({ ok: false, error: { code: 'XDPOL_E_NOT_FILTERED' } });
    expect(assigned()).toEqual([BESIDE.device]);
  });
});

describe('what only one caller needs to show', () => {
  beforeEach(applyToBoth);
  afterEach(cleanUp);

  test('while a change waits to be confirmed: refused, and nothing changes', { timeout: PATIENCE }, () => {
    succeeds('apply', policy, '-i', first, '--confirm', '5m');
    const { status, stderr } = xdpol('unassign', '-i', first);
    expect(status).toBe(1);
    expect(stderr).toContain('waits to be confirmed');
    succeeds('confirm');
    expect([answers(pair.host.ipv4), answers(BESIDE.host)]).toEqual([false, false]);
  });

  test('one that is gone: it leaves the assignment, and is not filtered when it is back', { timeout: PATIENCE }, () => {
    pair.exec(pair.host, ['ip', 'link', 'delete', BESIDE.device]);
    try {
      expect(assigned()).toContain(BESIDE.device);
      const { status, stdout } = xdpol('unassign', '-i', BESIDE.device);
      expect(status).toBe(0);
      expect(stdout).toBe(`no longer filtered: ${BESIDE.device}; still filtered: ${first}\n`);
      expect(assigned()).toEqual([first]);
    } finally {
      addLinkBeside();
    }
    succeeds('restore');
    expect([answers(pair.host.ipv4), answers(BESIDE.host)]).toEqual([false, true]);
  });
});

test('it is in the audit log', { timeout: PATIENCE }, () => {
  const { changes } = JSON.parse(succeeds('history', '--changes', '--json')) as { changes: readonly object[] };
  expect(changes).toContainEqual(
    expect.objectContaining({ verb: `unassign -i ${first}`, policy: 'edge', result: 'ok' }),
  );
});
