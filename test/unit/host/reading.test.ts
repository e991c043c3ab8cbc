/** Operations that read policies and answer a question: check, explain, diff, on a real store. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EnvironmentError } from '../../../src/base/environment-error.ts';
import { PolicyRejected } from '../../../src/base/policy-rejected.ts';
import type { HostContext } from '../../../src/host/context.ts';
import { openContext } from '../../../src/host/context.ts';
import type { HostOperations } from '../../../src/host/operations.ts';
import { localOperations } from '../../../src/host/operations.ts';
import type { PolicyTextInput } from '../../../src/host/policy-input.ts';

let directory: string;
let context: HostContext;
let host: HostOperations;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-reading-'));
  context = openContext(() => undefined, directory);
  host = localOperations(context);
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

const ME = ['192.0.2.1'];
const PACKET = 'tcp 203.0.113.9:40000 -> 192.0.2.1:22';

function policy(rules: string): PolicyTextInput {
  const text = `name: edge\nrules:\n${rules}`;
  return { file: 'edge.yaml', text, readSetFile: () => ({ error: 'ENOENT' }) };
}

const REST = '  - { name: rest, action: block, filters: [{ source: any, destination: me }] }\n';
const SSH = '  - { name: ssh, action: permit, filters: ["*+192.0.2.1:22:TCP"] }\n';
const CLOSED = policy(REST);
const OPEN = policy(SSH + REST);

async function errorOf(action: Promise<unknown>): Promise<unknown> {
  return await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
}

describe('check', () => {
  test('counts what is in the policy, and finds what is wrong in it as data', async () => {
    const { policy: name, rules, filters, errors } = await host.check({ input: OPEN, me: ME });
    expect({ name, rules, filters, errors }).toEqual({ name: 'edge', rules: 2, filters: 2, errors: 0 });
    const wrong = await host.check({ input: policy('  - { name: ssh, actoin: permit }\n'), me: ME });
    expect(wrong.policy).toBeNull();
    expect(wrong.errors).toBeGreaterThan(0);
    expect(wrong.diagnostics.map(({ span }) => span.file)).toContain('edge.yaml');
  });

  test('runs the tests of the policy', async () => {
    const tests = `tests:\n  - { packet: "${PACKET}", expect: pass }\n`;
    const codes = async (input: PolicyTextInput): Promise<number> =>
      (await host.check({ input: { ...input, text: input.text + tests }, me: ME })).errors;
    expect(await codes(OPEN)).toBe(0);
    expect(await codes(CLOSED)).toBe(1);
  });

  test('for people a few findings of each kind, and how many there are beside', async () => {
    const pairs = Array.from(
      { length: 30 },
      (_, i) => `  - { name: a${i}, action: permit, filters: [{ source: 10.${i}.0.0/16, destination: any }] }\n`,
    ).join('');
    const crossing = '  - { name: b, action: block, filters: [{ source: any, destination: 192.0.0.0/16 }] }\n';
    const input = policy(pairs + crossing);
    const whole = await host.check({ input, me: ME });
    const brief = await host.check({ input, me: ME, isBrief: true });
    expect(brief.diagnostics.length).toBeLessThan(whole.diagnostics.length);
    expect(brief.warnings).toBe(whole.warnings);
  });
});

describe('explain', () => {
  test('names the filter that decides, and the packet as it was understood', async () => {
    const outcome = await host.explain({ input: OPEN, packet: PACKET.toUpperCase(), me: ME });
    expect(outcome).toMatchObject({ policy: 'edge', packet: PACKET, notes: [], diagnostics: [] });
    expect(outcome.explanation).toMatchObject({ verdict: 'pass', by: 'rule', rule: 'ssh' });
    const elsewhere = await host.explain({ input: CLOSED, packet: PACKET, me: ME });
    expect(elsewhere.explanation).toMatchObject({ verdict: 'drop', rule: 'rest' });
  });

  test('an interface that nobody knows is noted', async () => {
    const { notes } = await host.explain({ input: OPEN, packet: PACKET, me: ME, interface: 'nosuch7' });
    expect(notes).toEqual([expect.stringContaining('no rule names the interface nosuch7')]);
  });

  test.each([
    ['a packet that is none', { packet: 'to port 80' }, 'XDPOL_E_PACKET'],
    ['two interfaces', { packet: `${PACKET} on eth0`, interface: 'eth1' }, 'XDPOL_E_PACKET'],
    ['me that is no address', { packet: PACKET, me: ['here'] }, 'XDPOL_E_REQUEST'],
  ])('%s', async (_, request, code) => {
    const error = await errorOf(host.explain({ input: OPEN, me: ME, ...request }));
    expect(error).toBeInstanceOf(EnvironmentError);
    expect((error as EnvironmentError).code).toBe(code);
  });
});

describe('diff', () => {
  test('of two texts: rules, filters, and packets whose verdict changes', async () => {
    const diff = await host.diff({ from: CLOSED, to: OPEN, me: ME });
    expect(diff).toMatchObject({ from: 'edge.yaml', to: 'edge.yaml', same: false });
    expect(diff.rules).toMatchObject([{ rule: 'ssh', change: 'added', added: ['*+192.0.2.1:22:TCP'] }]);
    expect(diff.packets.changes).toMatchObject([{ before: { verdict: 'drop' }, after: { verdict: 'pass' } }]);
    expect((await host.diff({ from: OPEN, to: OPEN, me: ME })).same).toBe(true);
  });

  test('of stored versions, named by their numbers', async () => {
    using _lock = context.store.lock();
    context.store.write('edge', { text: CLOSED.text, setFiles: new Map() });
    context.store.write('edge', { text: OPEN.text, setFiles: new Map() });
    const diff = await host.diff({ from: { stored: 'edge', version: 1 }, to: { stored: 'edge' }, me: ME });
    expect(diff).toMatchObject({ from: 'edge@1', to: 'edge', same: false });
  });

  test('without an assigned policy there is nothing to compare with; errors of either are thrown', async () => {
    const error = await errorOf(host.diff({ to: OPEN, me: ME }));
    expect((error as EnvironmentError).code).toBe('XDPOL_E_NOT_ASSIGNED');
    const wrong = policy('  - { name: x }\n');
    expect(await errorOf(host.diff({ from: OPEN, to: wrong, me: ME }))).toBeInstanceOf(PolicyRejected);
  });
});
