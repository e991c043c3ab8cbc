/** The verbs of a fleet's centre, as processes, with one front: from an empty folder to a host that reports. */
import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { HOST_ROUTES } from '../../src/fleet/front-routes.ts';
import { makeSigningKey } from '../../src/fleet/signing.ts';
import { freePort } from '../support/etcd-cluster.ts';
import { commandsOf } from '../support/fleet-page.ts';
import { statusReport } from '../support/fleet-status.ts';
import { program } from '../support/program.ts';
import { RecordingHost } from '../support/recording-host.ts';
import { problemsOf } from '../support/verb-schema.ts';

let folder = '';
let front: ChildProcess;
let address = '';
let port = 0;
const centre = (): string => join(folder, 'centre');

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function fleet(...args: readonly string[]): Run {
  const [node, ...argv] = program('main', 'fleet', ...args);
  const env = { ...process.env, XDPOL_FLEET_DIR: centre(), XDPOL_FRONT: address, NODE_NO_WARNINGS: '1' };
  const run = spawnSync(node, argv, { env, encoding: 'utf8', cwd: folder });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

/** The outcome, which fits the schema of the verb. */
function outcome<T>(...args: readonly string[]): T {
  const run = fleet(...args, '--json');
  expect([args, run.code, run.err]).toEqual([args, 0, '']);
  expect(problemsOf('fleet', run.out)).toEqual([]);
  return JSON.parse(run.out) as T;
}

async function startFront(): Promise<void> {
  const [node, ...argv] = program('main', 'fleet', 'front', '--dir', centre(), '--listen', `127.0.0.1:${port}`);
  front = spawn(node, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const out = present(front.stdout).setEncoding('utf8');
  const line = await new Promise<string>((resolve) => out.once('data', resolve));
  address = `https://localhost:${present(/:(?<port>\d+)$/mu.exec(line)?.groups)['port']}`;
}

async function endFront(): Promise<void> {
  const ended = new Promise((resolve) => front.once('exit', resolve));
  front.kill('SIGTERM');
  await ended;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'xdpol-fleet-centre-'));
  port = await freePort();
  const made = fleet('init', '--dir', centre());
  expect([made.code, made.err]).toEqual([0, '']);
  await startFront();
});

afterAll(async () => {
  await endFront();
  rmSync(folder, { recursive: true, force: true });
});

function policy(name: string, port: number): string {
  const path = join(folder, `${name}.yaml`);
  const rule = `{ name: open, action: permit, filters: ["*+0:${port}:TCP"] }`;
  writeFileSync(
    path,
    `name: ${name}\naddressSets:\n  bans: { live: true }\nrules:\n  - ${rule}\n  - { name: banned, action: block, filters: [{ source: $bans, destination: any }] }\n`,
  );
  return path;
}

/** As the agent of a host does. */
async function report(sha256: string | null, seq: number): Promise<void> {
  const at = join(folder, 'web1');
  const read = (file: string): string => readFileSync(join(at, file), 'utf8');
  const session = connect(address, { ca: read('ca.crt'), cert: read('host.crt'), key: read('host.key') });
  const body = statusReport({ seq, inForce: { target: 'group/web', seq, sha256, policy: 'web' } });
  const stream = session.request({ ':method': 'POST', ':path': HOST_ROUTES.status.path });
  const status = new Promise((resolve) => stream.once('response', (headers) => resolve(headers[':status'])));
  stream.end(JSON.stringify(body));
  expect(await status).toBe(204);
  session.destroy();
}

interface Given {
  readonly order: { readonly policy: { readonly sha256: string } };
}

interface Standing {
  readonly hosts: readonly { readonly host: string; readonly state: string }[];
}

async function stateBecomes(state: string): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) {
    if (outcome<Standing>('status').hosts[0]?.state === state) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(outcome<Standing>('status').hosts[0]?.state).toBe(state);
}

test('from an empty folder to a host with its orders', async () => {
  outcome('group', 'web', '--priority', '10', '--select', 'role = web');
  outcome('host', 'web1', '--label', 'role=web');
  const { token } = outcome<{ token: string }>('token', 'web1');
  expect(outcome<Standing>('status').hosts).toMatchObject([{ host: 'web1', state: 'not-joined' }]);
  const joined = fleet('join', address, '--name', 'web1', '--token', token, '--to', join(folder, 'web1'));
  expect([joined.code, joined.err]).toEqual([0, '']);
  expect(fleet('join', address, '--name', 'web1', '--token', token, '--to', join(folder, 'again')).code).toBe(1);

  outcome('build', policy('web', 80), '-o', join(folder, 'web.bundle'));
  const { published } = outcome<{ published: { version: number; sha256: string } }>(
    'publish',
    join(folder, 'web.bundle'),
  );
  expect(published.version).toBe(1);
  const given = outcome<{ order: { seq: number }; hosts: readonly string[] }>('order', 'group/web', 'web');
  expect(given.hosts).toEqual(['web1']);
  await report(published.sha256, given.order.seq);
  await stateBecomes('in-sync');
  expect(fleet('diff', 'host/web1').code).toBe(0);

  // Signed on another machine, for a version that the host does not have yet.
  outcome('publish', policy('web', 443));
  writeFileSync(join(folder, 'order.json'), fleet('order', 'group/web', 'web@2', '--unsigned').out);
  writeFileSync(join(folder, 'signed.json'), fleet('sign', 'order.json', '--key', join(centre(), 'signing.key')).out);
  outcome('order', '--signed', 'signed.json');
  const late = fleet('order', '--signed', 'signed.json');
  expect([late.code, late.err]).toEqual([1, expect.stringContaining('has another order by now')]);
  const differs = fleet('diff', 'host/web1');
  expect([differs.code, differs.out]).toEqual([3, expect.stringContaining('+++ web@2')]);
  expect(differs.out).toMatch(/web1:\n--- web [0-9a-f]{8}\n(?:.*\n)*rule open: changed\n.*80.*\n.*443/u);
  expect(outcome<{ order: { policy: { version: number } } }>('rollback', 'group/web').order.policy.version).toBe(1);
  const bad = fleet('rollout', 'group/web', 'web@2', '--rings', '1, all', '--hold', '1s', '--patience', '1s', '--json');
  expect([bad.code, bad.err, problemsOf('fleet', bad.out)]).toEqual([3, '', []]);
  expect(JSON.parse(bad.out)).toMatchObject({ rollout: { state: 'returned', released: 1 } });
  // The way back ring by ring: the host has what was ordered before, and nothing else is waited for.
  const back = fleet('rollback', 'group/web', '--rings', '1, all', '--hold', '1s', '--patience', '1s', '--json');
  expect(JSON.parse(back.out)).toMatchObject({ rollout: { released: 1 } });
  outcome('ban', '203.0.113.7', '2001:db8::/64', '--for', '1h');
});

test('a tree is exported, changed and imported: what differs is written, and the tree can make another fleet', () => {
  const tree = join(folder, 'tree');
  const imported = (...args: readonly string[]): unknown =>
    outcome<{ imported: unknown }>('import', tree, ...args).imported;
  const file = (path: string): string => join(tree, path);
  const edit = (path: string, change: (text: string) => string): void =>
    writeFileSync(file(path), change(readFileSync(file(path), 'utf8')));
  const nothing = { groups: [], hosts: [], policies: [], orders: [] };
  outcome('export', tree);
  expect(readFileSync(file('policies/web/policy.yaml'), 'utf8')).toContain('443');
  expect(existsSync(file('orders/bans/fleet.json'))).toBe(true);
  edit('policies/web/policy.yaml', (text) => text.replace('443', '8443'));
  edit('hosts/web1.json', (text) => text.replace('"role": "web"', '"role": "web", "site": "ams"'));
  edit('groups/web.json', (text) => text.replace('10', '11'));
  const changed = { groups: ['web'], hosts: ['web1'], policies: ['web@3'] };
  expect(imported()).toEqual({ ...nothing, ...changed });
  edit('orders/policy/group/web.json', (text) => text.replace(/"version": \d/u, '"version": 3'));
  expect(imported()).toEqual({ ...nothing, orders: ['group/web'] });
  // What is wrong in one file keeps the others from being written.
  edit('groups/web.json', (text) => text.replace('11', '12'));
  edit('orders/policy/group/web.json', (text) => text.replace('"version": 3', '"version": 9'));
  const wrong = fleet('import', tree);
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('group/web.json orders web@9, which neither')]);
  edit('orders/policy/group/web.json', (text) => text.replace('"version": 9', '"version": 3'));
  edit('policies/web/policy.yaml', (text) => text.replace('action: permit', 'action: permitt'));
  const damaged = fleet('import', tree);
  expect([damaged.code, damaged.err]).toEqual([3, expect.stringContaining('policies/web/policy.yaml:5:')]);
  edit('policies/web/policy.yaml', (text) => text.replace('permitt', 'permit'));
  expect(imported()).toEqual({ ...nothing, groups: ['web'] });
  outcome('export', tree);
  // Another fleet, which has nothing.
  const other = join(folder, 'other');
  expect(fleet('init', '--dir', other).code).toBe(0);
  const there = ['--dir', other, '--store', join(other, 'store')];
  const all = { groups: ['web'], hosts: ['web1'], policies: ['web@1'], orders: ['group/web'] };
  expect(imported(...there)).toEqual(all);
  expect(imported(...there)).toEqual(nothing);
});

/** By a shell, which finds xdpol as it is built. */
function shell(command: string): Run {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'xdpol'), `#!/bin/sh\nexec ${program('main').join(' ')} "$@"\n`, { mode: 0o755 });
  const own = { XDPOL_FLEET_DIR: centre(), XDPOL_FRONT: address, PATH: `${bin}:${process.env['PATH']}` };
  const env = { ...process.env, ...own, NODE_NO_WARNINGS: '1' };
  const run = spawnSync('sh', ['-c', command], { env, encoding: 'utf8', cwd: folder });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

test('the restore drill as it is written: a host takes what is ordered afterwards, also by its groups', async () => {
  const written = commandsOf('Backup and restore').map((command) => command.replaceAll('/etc/xdpol', folder));
  const [save = '', copy = '', ...steps] = written;
  expect([save, copy, ...steps].map((command) => command.split(' ').slice(0, 3).join(' '))).toEqual([
    ...['xdpol fleet backup', 'tar -czf centre.tar.gz', `mv ${centre()} ${centre()}.lost`, 'tar -xzf centre.tar.gz'],
    ...[
      'xdpol fleet restore',
      'xdpol fleet status',
      'xdpol fleet group',
      'xdpol fleet rollback',
      'xdpol fleet order',
      'xdpol fleet status',
    ],
  ]);
  const done = (command: string): void =>
    expect([command, shell(command)]).toMatchObject([command, { code: 0, err: '' }]);
  const state = join(folder, 'state');
  mkdirSync(state);
  const host = new RecordingHost({
    name: 'web1',
    credentials: join(folder, 'web1'),
    state,
    fronts: [new URL(address)],
  });
  host.start(readFileSync(join(centre(), 'operators'), 'utf8').trim().split('\n'));
  const carried = async (sha256: string): Promise<void> =>
    await expect.poll(() => host.inForce, { timeout: 20_000 }).toBe(sha256);
  const { policy: before } = outcome<Given>('order', 'group/web', 'web@2').order;
  const { policy: first } = outcome<Given>('order', 'group/web', 'web@1').order;
  await carried(first.sha256);
  done(save);
  done(copy);
  // What comes after the backup is lost, but not on the host.
  const { policy: second } = outcome<Given>('order', 'group/web', 'web@3').order;
  outcome('group', 'more', '--priority', '20');
  outcome('host', 'web1', '--group', 'more');
  await carried(second.sha256);
  await endFront();
  for (const step of steps.slice(0, 3)) done(step);
  await startFront();
  await expect.poll(() => host.refusals.join(), { timeout: 20_000 }).toContain('a newer order');
  expect(host.inForce).toBe(second.sha256);
  const [look = '', group = '', rollback = '', order = '', status = ''] = steps.slice(3);
  done(look);
  done(group);
  // No rollout runs: what was ordered before counts again.
  done(rollback);
  await carried(before.sha256);
  done(order);
  await carried(second.sha256);
  expect(host.refusals.join()).toContain('membership that the front sent is refused: replayed');
  await expect.poll(() => shell(status).out, { timeout: 20_000, interval: 500 }).toContain('1 host: 1 in-sync');
  await host.end();
});

test('mistakes are said before anything is asked', () => {
  const rows: readonly (readonly [readonly string[], number, string])[] = [
    [['order', 'web', 'web'], 2, 'no target'],
    [['order', 'group/none', 'web'], 1, 'there is no group none'],
    [['group', 'mail', '--select', 'role'], 2, 'is no selector'],
    [['restore', 'web.yaml', '--store', join(folder, 'none')], 1, 'web.yaml is no whole backup'],
    [['order', 'group/web', 'web', '--unassign'], 2, 'web and --unassign are given both'],
    [['order', 'group/web', '--signed', 'signed.json'], 2, 'names its target itself'],
    [['rollout', 'group/web', 'web', '--resume', 'x'], 2, 'has its target'],
    [['rollout', '--resume', 'x', '--hold', '1m'], 2, 'cannot be used with'],
    // The probe is given again: the advice to whoever resumes without it.
    [['rollout', '--resume', 'x', '--probe', 'true'], 1, 'there is no rollout x'],
    [['status', 'host/none'], 1, 'there is no host none'],
    [['status', '--store', 'none'], 1, 'there is no store in none'],
    [['status', '--dir', 'none'], 1, 'there is no fleet in none'],
    [['backup', 'none/x'], 1, 'cannot write none/x: ENOENT'],
    [['ban', '192.0.2.1', '--set', '$ x'], 2, 'not the name of a live set'],
    [['front', '--listen', 'x'], 2, 'not an address and a port'],
    [['front', '--etcd', 'x'], 2, 'not the address of a member of etcd'],
  ];
  for (const [args, code, text] of rows) {
    const run = fleet(...args);
    expect([args, run.code, run.err]).toEqual([args, code, expect.stringContaining(text)]);
  }
  expect(existsSync(join(folder, 'none'))).toBe(false);
});

test('a policy with errors, and a key that the hosts do not know, are refused', () => {
  writeFileSync(join(folder, 'bad.yaml'), 'name: bad\nrules: 3\n');
  const bad = fleet('publish', 'bad.yaml', '--json');
  expect([bad.code, bad.err]).toEqual([3, expect.stringContaining('bad.yaml:2:8: error')]);
  expect(JSON.parse(bad.out)).toMatchObject({ ok: false, diagnostics: [{ file: 'bad.yaml', line: 2 }] });
  writeFileSync(join(folder, 'other.key'), makeSigningKey());
  writeFileSync(join(folder, 'foreign.json'), fleet('sign', 'order.json', '--key', 'other.key').out);
  const foreign = fleet('order', '--signed', 'foreign.json');
  expect([foreign.code, foreign.err]).toEqual([1, expect.stringContaining('hosts would refuse foreign.json')]);
});
