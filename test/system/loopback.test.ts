/** A policy on lo that would cut the host off from itself is put in force only with --force. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
import type { Outcome } from '../support/namespaces.ts';
import { NamespacePair } from '../support/namespaces.ts';

const RULES = {
  closed: '[]',
  ipv4: '[{ name: self, action: permit, filters: [{ source: 127.0.0.0/8, destination: 127.0.0.0/8 }] }]',
  both: '[{ name: self, action: permit, filters: [{ source: 127.0.0.0/8, destination: 127.0.0.0/8 }, { source: "::1", destination: "::1" }] }]',
  elsewhere: '[{ name: self, action: permit, interfaces: [eth0], filters: [{ source: any, destination: any }] }]',
} as const;
/** Milliseconds for a test of a dozen commands. */
const PATIENCE = 60_000;

let pair: NamespacePair;

beforeAll(() => {
  pair = new NamespacePair();
});

afterEach(() => {
  xdpol('unassign');
});

afterAll(() => {
  pair[Symbol.dispose]();
});

function xdpol(...args: readonly string[]): Outcome {
  return pair.run(pair.host, pair.xdpol(...args));
}

function fileOf(rules: keyof typeof RULES): string {
  const file = join(pair.directory, `${rules}.yaml`);
  writeFileSync(file, `name: ${rules}\ndefault: block\nrules: ${RULES[rules]}\n`);
  return file;
}

/** Does a program of the host reach another by this address? */
function reachesItself(address: string): boolean {
  const script = `const net = require('node:net'); const server = net.createServer((s) => s.end());
    server.listen(0, process.argv[1], () => net.connect(server.address().port, process.argv[1]).on('connect', () => process.exit(0)));
    setTimeout(() => process.exit(1), 1500);`;
  return pair.run(pair.host, [process.execPath, '-e', script, address]).status === 0;
}

function refuses(...args: readonly string[]): string {
  const { status, stdout, stderr } = xdpol(...args, '--json');
  expect({ args, status, stderr }).toMatchObject({ status: 1 });
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: 'XDPOL_E_LOOPBACK' } });
  return stderr;
}

test('a dry run and the apply refuse it with the packet and what drops it, and store nothing', {
  timeout: PATIENCE,
}, () => {
  const file = fileOf('closed');
  for (const more of [['--dry-run'], []]) {
    const stderr = refuses('apply', file, '-i', 'lo', ...more);
    expect(stderr).toContain('its default drops tcp 127.0.0.1:65533 -> 127.0.0.1:65534');
    expect(stderr).toContain('repeat the command with --force');
  }
  expect(xdpol('list', '--json').stdout).toContain('"policies":[]');
  expect(reachesItself('127.0.0.1')).toBe(true);
});

test('--force puts it in force; assign asks again', { timeout: PATIENCE }, () => {
  expect(xdpol('apply', fileOf('closed'), '-i', 'lo', '--force').status).toBe(0);
  expect(reachesItself('127.0.0.1')).toBe(false);
  refuses('assign', 'closed');
  expect(xdpol('assign', 'closed', '--force').status).toBe(0);
  expect(reachesItself('127.0.0.1')).toBe(false);
  // The boot puts in force what is assigned.
  expect(xdpol('restore').status).toBe(0);
});

test('where ::1 is cut and 127.0.0.1 is not, that is told', { timeout: PATIENCE }, () => {
  const stderr = refuses('apply', fileOf('ipv4'), '-i', 'lo');
  expect(stderr).toContain('[::1]:65533');
  expect(stderr).toContain('permit ::1 to ::1');
});

test('a policy that permits both is put in force without a word', { timeout: PATIENCE }, () => {
  const { status, stderr } = xdpol('apply', fileOf('both'), '-i', 'lo');
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect([reachesItself('127.0.0.1'), reachesItself('::1')]).toEqual([true, true]);
});

test('a rule for other interfaces does not help lo', { timeout: PATIENCE }, () => {
  refuses('apply', fileOf('elsewhere'), '-i', 'lo');
});

test('without lo nothing is asked', { timeout: PATIENCE }, () => {
  expect(xdpol('apply', fileOf('closed'), '-i', pair.host.device).status).toBe(0);
  expect(reachesItself('127.0.0.1')).toBe(true);
});

describe('with an agent', () => {
  test('it refuses and forces as well', { timeout: PATIENCE }, async () => {
    const agent = await AgentProcess.start(pair, `${pair.host.ipv4}:0`);
    refuses('apply', fileOf('closed'), '-i', 'lo');
    expect(xdpol('apply', fileOf('closed'), '-i', 'lo', '--force').status).toBe(0);
    expect(reachesItself('127.0.0.1')).toBe(false);
    expect(xdpol('unassign').status).toBe(0);
    await agent.end('SIGTERM');
  });
});
