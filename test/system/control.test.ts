/** The agent's socket: what it answers to whoever asks, and that it is asked one change at a time. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EventReader } from '../../src/api/event-stream.ts';
import { LIVE } from '../../src/api/outcome-schemas.ts';
import type { RouteName } from '../../src/api/routes.ts';
import { ROUTES } from '../../src/api/routes.ts';
import type { ChangeRecords } from '../../src/store/store.ts';
import { AgentProcess } from '../support/agent-process.ts';
import { NamespacePair } from '../support/namespaces.ts';

const POLICY = `name: edge
rules:
  - { name: rest, action: block, filters: [{ source: any, destination: me }] }
`;

let pair: NamespacePair;
let agent: AgentProcess;
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });

beforeAll(async () => {
  pair = new NamespacePair({ ipv6: false });
  agent = await AgentProcess.start(pair);
});

afterAll(() => {
  pair[Symbol.dispose]();
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** As any program would ask. */
function ask(method: string, path: string, body?: unknown, headers: readonly string[] = []): Answer {
  const socket = ['--unix-socket', join(pair.directory, 'agent.sock')];
  const more = [...headers, ...(body === undefined ? [] : ['content-type: application/json'])].flatMap((h) => [
    '-H',
    h,
  ]);
  const sent = body === undefined ? [] : ['-d', JSON.stringify(body)];
  const argv = [
    'curl',
    '-sS',
    ...socket,
    '-X',
    method,
    ...more,
    ...sent,
    '-w',
    '\n%{http_code}',
    `http://agent${path}`,
  ];
  const lines = pair.exec(pair.host, argv).split('\n');
  return { status: Number(lines.pop()), body: JSON.parse(lines.join('\n')) as unknown };
}

function expectOutcome(name: RouteName, { status, body }: Answer): unknown {
  expect({ status, body }).toMatchObject({ status: 200 });
  const isValid = ajv.compile(ROUTES[name].outcome);
  expect(isValid(body), JSON.stringify(isValid.errors)).toBe(true);
  return body;
}

function applyBody(text = POLICY): unknown {
  return { input: { file: 'edge.yaml', text, files: {} }, interfaces: [pair.host.device], mode: 'auto' };
}

describe('outcomes are what the schemas say', () => {
  test('of a policy that is applied', () => {
    const applied = expectOutcome('apply', ask('POST', '/v1/apply', applyBody()));
    expect(applied).toMatchObject({ policy: 'edge', version: 1, generation: 1 });
  });

  test('of what is read then', () => {
    expect(expectOutcome('status', ask('GET', '/v1/status'))).toMatchObject({ policy: 'edge', gaps: [] });
    expectOutcome('counters', ask('GET', '/v1/counters'));
    expectOutcome('pending', ask('GET', '/v1/pending'));
    expectOutcome('assignment', ask('GET', '/v1/assignment'));
    expectOutcome('list', ask('GET', '/v1/policies'));
    expectOutcome('history', ask('GET', '/v1/policies/edge/versions'));
    const stored = expectOutcome('readStored', ask('GET', '/v1/policies/edge/versions/newest'));
    expect(stored).toMatchObject({ text: POLICY, who: 'root' });
    expectOutcome('changes', ask('GET', '/v1/changes'));
  });

  test('of questions about policies, and about the host', () => {
    const input = { file: 'edge.yaml', text: POLICY, files: {} };
    const checked = expectOutcome('check', ask('POST', '/v1/check', { input }));
    expect(checked).toMatchObject({ policy: 'edge', rules: 1, errors: 0 });
    const wrong = { ...input, text: 'name: x\nrulez: []\n' };
    expect(expectOutcome('check', ask('POST', '/v1/check', { input: wrong }))).toMatchObject({ policy: null });
    const packet = `tcp 203.0.113.9:4000 -> ${pair.host.ipv4}:22`;
    const blocked = { policy: 'edge', packet, explanation: { verdict: 'drop', rule: 'rest' } };
    expect(expectOutcome('explain', ask('POST', '/v1/explain', { input, packet }))).toMatchObject(blocked);
    expect(expectOutcome('explain', ask('POST', '/v1/explain', { packet }))).toMatchObject(blocked);
    const open = { ...input, text: POLICY.replace('block', 'permit') };
    const diff = expectOutcome('diff', ask('POST', '/v1/diff', { to: open }));
    expect(diff).toMatchObject({ from: 'edge@1, assigned', to: 'edge.yaml', rules: [{ rule: 'rest' }] });
    const diagnosed = expectOutcome('doctor', ask('GET', `/v1/doctor?interfaces=${pair.host.device}`));
    expect(diagnosed).toMatchObject({ interfaces: [pair.host.device] });
    expectOutcome('doctor', ask('GET', '/v1/doctor'));
  });

  test('of what is mended', () => {
    const feature = (): string => pair.exec(pair.host, ['ethtool', '-k', pair.host.device]);
    pair.exec(pair.host, ['ethtool', '-K', pair.host.device, 'gro', 'off']);
    const mended = expectOutcome('mend', ask('POST', '/v1/doctor/mend', { interfaces: [pair.host.device] }));
    expect(JSON.stringify(mended)).toContain('"mended":true');
    expect(feature()).toContain('generic-receive-offload: on');
  });

  test('of the other changes', () => {
    const rule = { name: 'scan', action: 'block', specs: ['*+0:80:TCP'] };
    const add = { kind: 'add', rule: 'scan', rules: [rule] };
    expectOutcome('changeDynamic', ask('POST', '/v1/dynamic-change', add));
    expectOutcome('changeStored', ask('POST', '/v1/stored-change', { policy: 'web', change: add }));
    expectOutcome('restore', ask('POST', '/v1/restore', { wait: 0 }));
    expectOutcome('assign', ask('POST', '/v1/assign', { name: 'edge' }));
    expectOutcome('assign', ask('POST', '/v1/assign', { name: 'edge', confirm: 600 }));
    expectOutcome('status', ask('GET', '/v1/status'));
    expectOutcome('rollBack', ask('POST', '/v1/rollback'));
    expectOutcome('assign', ask('POST', '/v1/assign', { name: 'edge', confirm: 600 }));
    expectOutcome('confirm', ask('POST', '/v1/confirm'));
    const last = ask('DELETE', `/v1/interfaces/${pair.host.device}`);
    expect(expectOutcome('unassignInterface', last)).toMatchObject({ interfaces: [pair.host.device], remaining: [] });
    expectOutcome('unassign', ask('POST', '/v1/unassign'));
    expectOutcome('delete', ask('DELETE', '/v1/policies/web'));
  });
});

function listen(seconds: number): ChildProcess {
  const curl = ['curl', '-sSN', '-m', String(seconds), '--unix-socket', join(pair.directory, 'agent.sock')];
  return pair.spawn(pair.host, [...curl, 'http://agent/v1/live']);
}

describe('live', () => {
  const eventsOf = (text: string): ReadonlyMap<string, unknown> =>
    new Map(new EventReader().read(text).map(({ event, data }) => [event, data]));
  const collect = async (child: ChildProcess): Promise<string> => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(child, 'close');
    return text;
  };

  test('whoever listens hears what the schemas say, all at first and then what changes', async () => {
    const heard = await Promise.all([collect(listen(4)), collect(listen(4))]);
    for (const text of heard) {
      const events = eventsOf(text);
      expect([...events.keys()].sort()).toEqual(['counters', 'policies', 'status', 'unchanged']);
      for (const [event, data] of events) {
        const isValid = ajv.compile((LIVE['properties'] as Record<string, object>)[event] ?? {});
        expect(isValid(data), JSON.stringify(isValid.errors)).toBe(true);
      }
      expect(text.split('event: policies').length - 1).toBe(1);
    }
  });
});

describe('errors have the codes of the command line', () => {
  test('a policy with mistakes: 422 with its diagnostics', () => {
    const { status, body } = ask('POST', '/v1/apply', applyBody('name: x\nrulez: []\n'));
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'XDPOL_E_POLICY' });
    expect(JSON.stringify(body)).toContain('XP0005');
  });

  test('a policy that is not stored: 404', () => {
    expect(ask('POST', '/v1/assign', { name: 'gone', interfaces: ['eth0'] })).toMatchObject({
      status: 404,
      body: { code: 'XDPOL_E_NOT_STORED' },
    });
  });

  test('a request that the schema does not take: 400; a route that is none: 404', () => {
    const wrong = { status: 400, body: { code: 'XDPOL_E_REQUEST' } };
    expect(ask('POST', '/v1/assign', { nam: 'edge' })).toMatchObject(wrong);
    expect(ask('POST', '/v1/apply', { ...(applyBody() as object), mode: 'fast' })).toMatchObject(wrong);
    expect(ask('GET', '/v1/nothing')).toMatchObject({ status: 404, body: { code: 'XDPOL_E_NO_ROUTE' } });
  });

  test('a request that is meant for another host: 421', () => {
    const { status, body } = ask('GET', '/v1/status', undefined, ['xdpol-place: elsewhere']);
    expect({ status, body }).toMatchObject({ status: 421, body: { code: 'XDPOL_E_OTHER_HOST' } });
  });
});

describe('changes', () => {
  test('a key stands for one change, however often it is sent', () => {
    const key = ['idempotency-key: first'];
    const once = ask('POST', '/v1/apply', applyBody(), key).body;
    expect(ask('POST', '/v1/apply', applyBody(), key).body).toEqual(once);
    const other = ask('POST', '/v1/unassign', undefined, key);
    expect(other).toMatchObject({ status: 422, body: { code: 'XDPOL_E_KEY_REUSED' } });
  });

  test('while another process changes the host: 409, and who it is', () => {
    // A process that lives and is not the agent: this one.
    const lock = join(pair.directory, 'state/lock');
    const stat = pair.exec(pair.host, ['cat', `/proc/${process.pid}/stat`]);
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const boot = pair.exec(pair.host, ['cat', '/proc/sys/kernel/random/boot_id']).trim();
    writeFileSync(lock, `${process.pid} ${started} ${boot}`);
    const { status, body } = ask('POST', '/v1/unassign');
    pair.exec(pair.host, ['rm', lock]);
    expect({ status, body }).toMatchObject({
      status: 409,
      body: { code: 'XDPOL_E_LOCKED', holder: { who: `process ${process.pid}` } },
    });
  });
});

test('the audit log has every change, by whichever way it came, with who and what before and after', () => {
  const file = join(pair.directory, 'audited.yaml');
  writeFileSync(file, POLICY.replace('edge', 'audited'));
  const run = (environment: readonly string[], ...argv: readonly string[]): void => {
    pair.run(pair.host, ['env', ...environment, ...pair.xdpol(...argv)]);
  };
  const alone = 'XDPOL_AGENT_SOCKET=';
  const sudo = ['SUDO_USER=jane', 'SUDO_UID=12345'];
  run([alone], 'apply', file, '-i', pair.host.device);
  writeFileSync(file, `${POLICY.replace('edge', 'audited')}# 2\n`);
  run(sudo, 'apply', file, '-i', pair.host.device);
  run([alone, ...sudo], 'assign', 'audited', '--version', '1');
  run([], 'assign', 'audited', '--version', '9');
  run([], 'unassign');
  const { changes, damaged } = expectOutcome('changes', ask('GET', '/v1/changes')) as ChangeRecords;
  expect(damaged).toBe(0);
  const mine = changes.slice(changes.findIndex(({ to }) => to?.policy === 'audited'));
  const told = mine.map((one) => [one.verb, one.via, one.uid, one.from?.version, one.to?.version, one.result]);
  expect(told).toEqual([
    ['apply', 'command', 0, mine[0]?.from?.version, 1, 'ok'],
    ['apply', 'agent', 12345, 1, 2, 'ok'],
    ['assign', 'command', 12345, 2, 1, 'ok'],
    ['assign', 'agent', 0, 1, 1, 'XDPOL_E_NOT_STORED'],
    ['unassign', 'agent', 0, 1, undefined, 'ok'],
  ]);
  expect([mine[1]?.who, mine[2]?.who]).toEqual(['jane', 'jane']);
  expect(mine[1]?.from?.hash).toBe(mine[0]?.to?.hash);
  const shown = pair
    .exec(pair.host, pair.xdpol('history', '--changes', 'audited'))
    .trimEnd()
    .split('\n');
  expect(shown[0]).toMatch(/^AT +BY +VERB +POLICY +FROM +TO +RESULT$/u);
  expect(shown[1]).toMatch(/ unassign +audited +audited 1 [0-9a-f]{12} +- +ok$/u);
  expect(shown).toHaveLength(mine.length + 1);
});

test('the socket is for root and the group, and goes with the agent', async () => {
  const socket = join(pair.directory, 'agent.sock');
  expect(statSync(socket).mode & 0o007).toBe(0);
  const listener = listen(60);
  const heard = once(listener.stdout ?? listener, 'data');
  await heard;
  const ended = once(listener, 'close');
  await agent.end('SIGTERM');
  expect(existsSync(socket)).toBe(false);
  // A stream that is cut off would end with 18.
  expect(await ended).toEqual([0, null]);
});
