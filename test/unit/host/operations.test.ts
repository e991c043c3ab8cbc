/** Operations that need no kernel, on a real store in a folder of their own. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EnvironmentError } from '../../../src/base/environment-error.ts';
import { PolicyRejected } from '../../../src/base/policy-rejected.ts';
import type { StoredCommand } from '../../../src/formats/ipsecpol/command.ts';
import type { HostContext, OperationEvent } from '../../../src/host/context.ts';
import { openContext } from '../../../src/host/context.ts';
import type { HostOperations } from '../../../src/host/operations.ts';
import { localOperations } from '../../../src/host/operations.ts';
import { readPolicyInput } from '../../../src/host/policy-input.ts';
import { preparePolicy } from '../../../src/host/prepare-policy.ts';
import { readyPolicy } from '../../../src/host/ready-policy.ts';

let directory: string;
let events: OperationEvent[];
let context: HostContext;
let host: HostOperations;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-host-'));
  events = [];
  context = openContext((event) => events.push(event), directory);
  host = localOperations(context);
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

const BLOCK_ALL = `name: edge
rules:
  - { name: rest, action: block, filters: [{ source: any, destination: 192.0.2.1 }] }
`;
const LISTED = `name: listed
addressSets:
  listed: { file: listed.txt }
rules:
  - { name: listed, action: block, filters: [{ source: $listed, destination: 192.0.2.1 }] }
`;
const files = new Map([['listed.txt', new TextEncoder().encode('203.0.113.0/24\n')]]);
const noFile = (): { readonly error: string } => ({ error: 'ENOENT' });

function store(name: string, text: string): number {
  using _lock = context.store.lock();
  return context.store.write(name, { text, setFiles: new Map() });
}

async function codeOf(action: Promise<unknown>): Promise<string | undefined> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof EnvironmentError ? error.code : undefined;
}

describe('what is stored', () => {
  test('nothing at first', async () => {
    expect(await host.list()).toEqual({ policies: [], setAside: [] });
    expect(await host.assignment()).toBeNull();
    expect(await codeOf(host.history('edge'))).toBe('XDPOL_E_NOT_STORED');
  });

  test('policies with their newest version, versions with who stored them', async () => {
    store('edge', BLOCK_ALL);
    store('edge', BLOCK_ALL.replace('block', 'permit'));
    const { policies } = await host.list();
    expect(policies).toMatchObject([{ name: 'edge', version: 2, assigned: null }]);
    const { versions, assignedSince } = await host.history('edge');
    expect(versions.map(({ version, assigned }) => ({ version, assigned }))).toEqual([
      { version: 1, assigned: false },
      { version: 2, assigned: false },
    ]);
    expect(assignedSince).toBeNull();
    expect((await host.readStored('edge', 1)).text).toBe(BLOCK_ALL);
    expect(await codeOf(host.readStored('edge', 3))).toBe('XDPOL_E_NOT_STORED');
  });

  test('what is damaged is reported as a warning, and ends nothing', async () => {
    store('edge', BLOCK_ALL);
    store('edge', `${BLOCK_ALL}# again\n`);
    writeFileSync(join(directory, 'policies/edge/2/policy.yaml'), 'gone');
    store('edge', BLOCK_ALL);
    expect(events).toMatchObject([{ kind: 'warning', text: expect.stringContaining('damaged') as string }]);
    expect((await host.readStored('edge')).text).toBe(BLOCK_ALL);
  });
});

describe('a policy as an input', () => {
  test('a text takes the files along that it names, and its hash is of both', () => {
    const input = { file: 'listed.yaml', text: LISTED, readSetFile: (path: string) => files.get(path) ?? noFile() };
    const { policy, source, hash } = readPolicyInput(context, input);
    expect(policy?.name).toBe('listed');
    expect([...source.setFiles.keys()]).toEqual(['listed.txt']);
    const other = new TextEncoder().encode('198.51.100.0/24\n');
    expect(readPolicyInput(context, { ...input, readSetFile: () => other }).hash).not.toBe(hash);
  });

  test('what is wrong in it is data: diagnostics, thrown together', async () => {
    const input = { file: 'wrong.yaml', text: 'name: wrong\nrulez: []\n', readSetFile: noFile };
    const error: unknown = await readyPolicy(context, input, () => []).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PolicyRejected);
    expect((error as PolicyRejected).diagnostics.map(({ code }) => code)).toContain('XP0005');
    expect(events).toEqual([]);
  });

  test('a name that is neither a file nor stored says so', () => {
    const input = { stored: 'edge', isNoFile: true };
    expect(() => readPolicyInput(context, input)).toThrow('there is no file and no stored policy edge');
    expect(() => readPolicyInput(context, { stored: 'edge' })).toThrow('there is no stored policy edge');
  });
});

describe('preparing', () => {
  test('a stored version is compiled once, and found compiled afterwards', async () => {
    const version = store('edge', BLOCK_ALL);
    const { hash } = await host.readStored('edge');
    const device = { name: 'eth7', index: 7, mac: '02:00:00:00:00:07', addresses: [] };
    const devices = [device] as unknown as Parameters<typeof preparePolicy>[2];
    const wanted = { input: { stored: 'edge', version }, hash, rules: [], names: 'asked' } as const;
    const first = await preparePolicy(context, wanted, devices);
    expect(first).toMatchObject({ policy: 'edge', hash, isNew: true });
    const { rememberCompiled } = await import('../../../src/host/prepare-policy.ts');
    rememberCompiled(context, first);
    const second = await preparePolicy(context, wanted, devices);
    expect(second).toMatchObject({ policy: 'edge', hash, isNew: false, source: undefined });
    const cross = (prepared: typeof first): readonly number[] => [
      ...(prepared.compiled.get('eth7')?.tables.get('cross4') ?? []),
    ];
    expect(cross(second)).toEqual(cross(first));
    expect(cross(first).length).toBeGreaterThan(0);
  });
});

describe('the commands of the original on a policy that is not assigned', () => {
  const add: StoredCommand['change'] = {
    kind: 'add',
    rule: 'http',
    rules: [{ name: 'http', action: 'permit', specs: ['*+192.0.2.1:80:TCP'] }],
    group: undefined,
  };

  test('a rule is added, told as a step when it is stored, and deleted', async () => {
    const added = await host.changeStored({ policy: 'web', change: add, assignment: undefined });
    expect(added).toEqual({ policy: 'web', result: { kind: 'stored' }, notes: [] });
    expect(events).toEqual([{ kind: 'step', text: 'web: rule "http" added: permit, 1 filter' }]);
    const remove = { kind: 'delete-rules', rules: ['http'] } as const;
    await host.changeStored({ policy: 'web', change: remove, assignment: undefined });
    expect((await host.history('web')).versions.length).toBe(2);
    const again = host.changeStored({ policy: 'web', change: remove, assignment: undefined });
    expect(await codeOf(again)).toBe('XDPOL_E_NO_RULE');
  });

  test('a policy that is not stored has nothing to delete', async () => {
    const gone = host.changeStored({ policy: 'web', change: { kind: 'delete-policy' }, assignment: undefined });
    expect(await codeOf(gone)).toBe('XDPOL_E_NOT_STORED');
    expect(readdirSync(directory).filter((name) => name === 'policies')).toEqual([]);
  });

  test('deleting says that it was in force nowhere', async () => {
    await host.changeStored({ policy: 'web', change: add, assignment: undefined });
    const deleted = await host.changeStored({
      policy: 'web',
      change: { kind: 'delete-policy' },
      assignment: undefined,
    });
    expect(deleted.result).toEqual({ kind: 'deleted', interfaces: null });
    expect((await host.list()).policies).toEqual([]);
  });
});

describe('the audit log', () => {
  const scan = {
    kind: 'add',
    rule: 'scan',
    rules: [{ name: 'scan', action: 'block', specs: ['*+0:80:TCP'] }],
    group: undefined,
  } as const;
  const change = { policy: 'web', change: scan, assignment: undefined };

  test('a change of a stored policy has the versions before and after, and who made it', async () => {
    await host.changeStored(change);
    const other = [{ name: 'other', action: 'block', specs: ['*+0:81:TCP'] }] as const;
    await host.changeStored({ ...change, change: { ...scan, rule: 'other', rules: other } });
    const { changes } = await host.changes();
    expect(changes.map(({ verb, policy, result }) => [verb, policy, result])).toEqual([
      ['ipsecpol', 'web', 'ok'],
      ['ipsecpol', 'web', 'ok'],
    ]);
    expect(changes.map(({ from, to }) => [from?.version, to?.version])).toEqual([
      [undefined, 1],
      [1, 2],
    ]);
    expect(changes[1]?.from?.hash).toBe(changes[0]?.to?.hash);
    expect(changes[0]).toMatchObject({ uid: process.getuid?.(), via: 'command' });
  });

  test('one that failed is there with its code', async () => {
    const gone = { ...change, change: { kind: 'delete-rules', rules: ['scan'] } } as const;
    await expect(host.changeStored(gone)).rejects.toMatchObject({ code: 'XDPOL_E_NOT_STORED' });
    const { changes } = await host.changes();
    expect(changes).toMatchObject([{ result: 'XDPOL_E_NOT_STORED', from: null, to: null }]);
  });

  test('what only reads is not', async () => {
    store('edge', BLOCK_ALL);
    await host.list();
    await host.history('edge');
    expect((await host.changes()).changes).toEqual([]);
  });

  test('a log that cannot be written: a warning, and the change stays', async () => {
    mkdirSync(join(directory, 'changes.jsonl'));
    await host.changeStored(change);
    expect((await host.readStored('web')).version).toBe(1);
    expect(events.filter(({ kind }) => kind === 'warning')).toHaveLength(1);
  });
});
