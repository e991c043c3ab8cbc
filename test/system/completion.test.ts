/** Completion in real shells, with names of a store that the test made. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Shell } from '../../src/cli/render/completion-scripts.ts';
import { PolicyStore } from '../../src/store/store.ts';
import { program } from '../support/program.ts';

const POLICY = `name: Packet Filter
default: permit
addressSets: { office: [10.1.0.0/16] }
rules: [{ name: All inbound, action: block, filters: [{ source: $office, destination: 131.107.1.1 }] }]
`;

let folder: string;

function environment(): NodeJS.ProcessEnv {
  return {
    PATH: `${join(folder, 'bin')}:${String(process.env['PATH'])}`,
    HOME: folder,
    XDPOL_STATE_DIR: join(folder, 'store'),
    XDPOL_AGENT_SOCKET: '',
    LC_ALL: 'C.UTF-8',
  };
}

function start(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', env: environment(), cwd: folder });
}

function script(shell: Shell): string {
  const path = join(folder, `xdpol.${shell}`);
  writeFileSync(path, start('xdpol', 'completion', shell));
  return path;
}

/** What bash would write in the place of the last word. */
function inBash(...words: readonly string[]): readonly string[] {
  const lines = [
    'source /usr/share/bash-completion/bash_completion',
    `source ${script('bash')}`,
    `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}) COMP_CWORD=${words.length - 1}`,
    `COMP_LINE='${words.join(' ')}' COMP_POINT=${words.join(' ').length} COMP_TYPE=9`,
    `compopt() { :; }; _xdpol ${String(words[0])}; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ];
  return start('bash', '--norc', '-c', lines.join('\n')).split('\n').filter(Boolean);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'xdpol-completion-'));
  mkdirSync(join(folder, 'bin'));
  for (const [name, entry] of [['xdpol', 'main'] as const, ['ipsecpol', 'ipsecpol'] as const]) {
    const command = program(entry).map((word) => `'${word}'`);
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\nexec ${command.join(' ')} "$@"\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
  mkdirSync(join(folder, 'store'));
  const store = new PolicyStore(join(folder, 'store'));
  const version = store.write('Packet Filter', { text: POLICY, setFiles: new Map() });
  store.write('edge', { text: POLICY.replace('Packet Filter', 'edge'), setFiles: new Map() });
  const hash = String(store.read('Packet Filter')?.hash);
  const at = '2026-01-31T00:00:00.000Z';
  store.assign({ policy: 'Packet Filter', version, hash, interfaces: ['eth0'], mode: 'auto', at });
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('bash', () => {
  test('verbs, options, and the words that an option takes', () => {
    expect(inBash('xdpol', 'un')).toEqual(['unassign', 'uninstall']);
    expect(inBash('xdpol', '')).not.toContain('complete');
    expect(inBash('xdpol', 'apply', '--d')).toEqual(['--dry-run']);
    expect(inBash('xdpol', 'apply', '--mode', '')).toEqual(['native', 'generic', 'auto']);
    expect(inBash('xdpol', 'completion', 'f')).toEqual(['fish']);
  });

  test('policies, and files where a policy can be one; spaces are escaped', () => {
    writeFileSync(join(folder, 'edit.yaml'), '');
    expect(inBash('xdpol', 'show', '')).toEqual(['Packet\\ Filter', 'edge']);
    expect(inBash('xdpol', 'check', 'ed')).toEqual(['edge', 'edit.yaml']);
    expect(inBash('xdpol', 'show', 'edge', '')).toEqual([]);
  });

  test('rules and policies of ipsecpol', () => {
    expect(inBash('ipsecpol', '-w', 'REG', '-p', 'P')).toEqual(['Packet\\ Filter']);
    expect(inBash('xdpol', 'ipsecpol', '-r', '')).toEqual(['All\\ inbound']);
    expect(inBash('ipsecpol', '-n', '')).toEqual(['PASS', 'BLOCK']);
  });
});

test('names of rules, sets and interfaces are answered by what a value is called', async () => {
  const { valuesFor } = await import('../../src/cli/completion-words.ts');
  const before = process.env['XDPOL_STATE_DIR'];
  process.env['XDPOL_STATE_DIR'] = join(folder, 'store');
  expect((await valuesFor('rule')).words).toEqual(['All inbound']);
  expect((await valuesFor('set')).words).toEqual(['office']);
  expect(Array.isArray((await valuesFor('interface')).words)).toBe(true);
  if (before === undefined) delete process.env['XDPOL_STATE_DIR'];
  else process.env['XDPOL_STATE_DIR'] = before;
});

test('an interface name is completed after -i', () => {
  const unshare = [
    '--net',
    'sh',
    '-c',
    'ip link add wan7 type veth peer name lan7 && xdpol complete xdpol -- apply -i wa',
  ];
  expect(start('unshare', ...unshare)).toBe('wan7\n');
});

test('fish takes the script and completes with it', () => {
  const answer = (line: string): string => start('fish', '-c', `source ${script('fish')}; complete -C '${line}'`);
  expect(answer('xdpol una')).toBe('unassign\n');
  expect(answer('xdpol show e')).toBe('edge\n');
});

test('zsh takes the script', () => {
  expect(start('zsh', '-n', script('zsh'))).toBe('');
});
