/** --json of the verbs that need no kernel, of what goes wrong, and output that cannot be written. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PolicyStore } from '../../../src/store/store.ts';
import { program } from '../../support/program.ts';
import { problemsOf } from '../../support/verb-schema.ts';
import { WarmVerbs } from '../../support/warm-verbs.ts';

const examples = new URL('../../../examples/', import.meta.url).pathname;
const EDGE = join(examples, 'edge-host.yaml');
const ME = ['--me', '192.0.2.1'];
let folder = '';
let verbs: WarmVerbs;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'xdpol-json-'));
  verbs = new WarmVerbs(join(folder, 'verbs'), ([command = '', ...argv]) =>
    spawn(command, argv, { stdio: ['ignore', 'ignore', 'inherit'] }),
  );
  const store = new PolicyStore(join(folder, 'state'));
  using _lock = store.lock();
  for (const action of ['permit', 'block']) {
    const text = `name: p\nrules:\n  - { name: r, action: ${action}, filters: ["*+0"] }\n`;
    store.write('p', { text, setFiles: new Map() });
  }
});
afterAll(() => {
  verbs[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, XDPOL_STATE_DIR: join(folder, 'state'), NODE_NO_WARNINGS: '1' };
}

function xdpol(...args: readonly string[]): Run {
  const [, ...argv] = program('main', ...args);
  const { status, stdout, stderr } = verbs.run({ argv, env: environment(), cwd: process.cwd() });
  return { code: status, out: stdout, err: stderr };
}

const OUTCOMES: readonly (readonly [verb: string, ...args: readonly string[]])[] = [
  ['check', EDGE, ...ME],
  ['check', join(examples, 'config.yaml')],
  ['explain', EDGE, 'tcp 203.0.113.9:40000 -> 192.0.2.1:80', ...ME],
  ['compile', EDGE, ...ME],
  ['diff', 'p@1', 'p@2', ...ME],
  ['import', join(examples, 'chart.csv')],
  ['fmt', EDGE],
  ['fmt', EDGE, '--format', 'json'],
  ['fmt', EDGE, '--check'],
  ['fmt', EDGE, '--format', 'ipsecpol'],
  ['list'],
  ['history', 'p'],
  ['history', 'p@1'],
  ['show', 'p@1'],
];

for (const [verb, ...args] of OUTCOMES) {
  test(`${verb} ${args.join(' ')} --json`, () => {
    expect(problemsOf(verb, xdpol(verb, ...args, '--json').out)).toEqual([]);
  });
}

test('fmt --json: one object with what each file has, also where one has errors', () => {
  const loose = join(folder, 'loose.yaml');
  const wrong = join(folder, 'wrong.yaml');
  writeFileSync(loose, 'name:   loose\nrules: []\n');
  writeFileSync(wrong, 'name: wrong\nrulez: []\n');
  const checked = xdpol('fmt', '--check', loose, wrong, '--json');
  expect(checked.code).toBe(3);
  expect(problemsOf('fmt', checked.out)).toEqual([]);
  const said = JSON.parse(checked.out) as object;
  expect(said).toMatchObject({
    ok: false,
    policies: [{ file: loose, formatted: false, written: false, text: null }, {}],
  });
  expect(xdpol('fmt', '--write', loose, '--json').out).toContain('"formatted":false,"written":true');
  expect(xdpol('fmt', '--write', loose, '--json').out).toContain('"formatted":true,"written":false');
});

test('install and uninstall --json', () => {
  const root = join(folder, 'image');
  mkdirSync(root);
  for (const verb of ['install', 'uninstall', 'uninstall']) {
    const { code, out } = xdpol(verb, '--root', root, '--json');
    expect({ verb, code, problems: problemsOf(verb, out) }).toEqual({ verb, code: 0, problems: [] });
    expect(out.trimEnd().split('\n')).toHaveLength(1);
  }
});

test('pki issue, list and revoke --json', () => {
  const dir = ['--dir', join(folder, 'pki')];
  expect(xdpol('pki', 'init', '--name', 'test', ...dir)).toMatchObject({ code: 0 });
  const steps = [['issue', 'host', 'edge', '--address', '192.0.2.1'], ['list'], ['revoke', 'edge']];
  for (const step of steps) expect(problemsOf('pki', xdpol('pki', ...step, ...dir, '--json').out)).toEqual([]);
});

test('ipsecpol --json: what is stored, shown and deleted; of a file a line a command', () => {
  const rule = ['-w', 'REG', '-p', 'q', '-r', 'r', '-f', '*=0::TCP', '-n', 'BLOCK'];
  const commands = join(folder, 'commands.txt');
  writeFileSync(commands, 'ipsecpol -w REG -p q -r a -f *=0::UDP -n BLOCK\nipsecpol -w REG -p q -r a -o\n');
  const steps: readonly (readonly [kind: string, args: readonly string[]])[] = [
    ['"kind":"stored"', rule],
    ['"name":"q","commands":["ipsecpol', ['show', 'policies']],
    ['"assigned":null', ['show']],
    ['"kind":"stored"', ['-file', commands]],
    ['"changes":[]', ['-u']],
  ];
  for (const [kind, args] of steps) {
    const { code, out } = xdpol('ipsecpol', ...args, '--json');
    expect({ args, code, problems: problemsOf('ipsecpol', out) }).toEqual({ args, code: 0, problems: [] });
    expect(out).toContain(kind);
    expect(out.trimEnd().split('\n')).toHaveLength(args[0] === '-file' ? 2 : 1);
  }
});

test('ipsecpol --json: a command that cannot be read is one object with its diagnostics', () => {
  const { code, out } = xdpol('ipsecpol', '-w', 'REG', '-p', 'q', '-r', 'r', '-f', '*=0::TPC', '-n', 'BLOCK', '--json');
  expect(code).toBe(2);
  expect(problemsOf('error', out)).toEqual([]);
  expect(JSON.parse(out)).toMatchObject({ ok: false, diagnostics: [{ severity: 'error' }] });
});

const FAILURES: readonly (readonly [code: number, ...args: readonly string[]])[] = [
  [1, 'check', '/nowhere/at-all'],
  [2, 'check'],
  [2, 'explain', EDGE, 'nonsense', ...ME],
  [2, 'show', 'p@1', '--version', '2'],
  [1, 'show', 'p@9'],
  [1, 'history', 'p@9'],
  [2, 'delete', 'p@1'],
  [2, 'list', '--nonsense'],
  [3, 'compile', join(examples, 'config.yaml')],
  [3, 'import', join(examples, 'config.yaml')],
];

for (const [code, ...args] of FAILURES) {
  test(`an error: ${args.join(' ')} --json`, () => {
    const run = xdpol(...args, '--json');
    expect(problemsOf('error', run.out)).toEqual([]);
    const { error } = JSON.parse(run.out) as { readonly error: { readonly exitCode: number } };
    expect([run.code, error.exitCode]).toEqual([code, code]);
    expect(run.err).not.toBe('');
  });
}

test('NAME@VERSION is a version of a stored policy in every verb that takes a policy', () => {
  const packet = 'tcp 203.0.113.9:40000 -> 192.0.2.1:80';
  expect(xdpol('explain', 'p@1', packet, ...ME).out).toContain('pass');
  expect(xdpol('explain', 'p@2', packet, ...ME).out).toContain('drop');
  expect(xdpol('show', 'p@1').out).toContain('permit');
  expect(xdpol('check', 'p@9', '--json').code).toBe(1);
});

test('an interface that neither the policy nor the host has is said', () => {
  const packet = 'tcp 203.0.113.9:40000 -> 192.0.2.1:80';
  expect(xdpol('explain', EDGE, packet, ...ME, '--interface', 'eth1').err).toBe('');
  expect(xdpol('explain', EDGE, packet, ...ME, '--interface', 'eht1').err).toContain('did you mean eth1?');
});

test('a capture that is not there is said to be missing', () => {
  const { code, err } = xdpol('replay', EDGE, join(folder, 'nowhere.pcap'), ...ME);
  expect([code, err.includes('nowhere.pcap: ENOENT')]).toEqual([1, true]);
});

/** As a shell runs it, which says what the output is. */
function shell(line: string): Run {
  const path = join(folder, 'xdpol');
  writeFileSync(path, `#!/bin/sh\nexec ${program('main').join(' ')} "$@"\n`, { mode: 0o755 });
  const run = spawnSync('bash', ['--norc', '-c', `PATH="${folder}:$PATH"; ${line}`], {
    env: environment(),
    encoding: 'utf8',
  });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

for (const verb of ['list', `check ${EDGE} --me 192.0.2.1`, `compile ${EDGE} --me 192.0.2.1 --json`, 'show p']) {
  test(`a full disk ends xdpol ${verb} with a message`, () => {
    const { code, err } = shell(`xdpol ${verb} > /dev/full`);
    expect(code).toBe(1);
    expect(err).toContain('xdpol: error: the output cannot be written: ENOSPC');
    expect(err).not.toMatch(/^ +at /mu);
  });
}

test('a reader that goes away is no error', () => {
  expect(shell(`xdpol compile ${EDGE} --me 192.0.2.1 --json | true; exit "\${PIPESTATUS[0]}"`)).toMatchObject({
    code: 0,
    err: '',
  });
});

for (const output of ['/dev/full', '>(true)']) {
  test(`a change on a host that --host names goes on to its end with its output at ${output}`, () => {
    const commands = join(folder, 'many.txt');
    const rules = Array.from(
      { length: 5 },
      (_, i) => `ipsecpol -w REG -p "of ${output}" -r r${i} -f *=0:${i + 1}:TCP -n BLOCK`,
    );
    writeFileSync(commands, `${rules.join('\n')}\n`);
    const { code, err } = shell(`xdpol --host localhost ipsecpol -file ${commands} > ${output}`);
    expect({ code, err }).toMatchObject({ code: output === '/dev/full' ? 1 : 0 });
    expect(xdpol('show', `of ${output}`).out).toContain('r4');
  });
}
