/** Names that are odd and allowed: no verb fails on them, and none of them turns the text of a terminal. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { program } from '../../support/program.ts';

const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const NAMES: readonly (readonly [what: string, name: string])[] = [
  ['a lone surrogate', '\\ud800'],
  ['a percent sign that encodes nothing', '%zz'],
  ['80 ideographs', '\u6f22'.repeat(80)],
  ['an option', '-x'],
  ['a name that turns the direction', 'edge\u202eegde'],
  ['isolates', '\u2066edge\u2069'],
];

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-names-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

function policyFile(name: string): string {
  const file = join(directory, 'odd.yaml');
  const rule = `{ name: "r ${name}", action: block, filters: [{ protocol: icmp, source: 192.0.2.7 }] }`;
  writeFileSync(file, `name: "${name}"\nrules:\n  - ${rule}\n`);
  return file;
}

function onTerminal(argv: readonly string[]): { readonly status: number | null; readonly stdout: string } {
  const line = argv.map((word) => `'${word}'`).join(' ');
  return spawnSync('script', ['-qec', line, '/dev/null'], { encoding: 'utf8', input: '' });
}

describe.each(NAMES)('%s', (_, name) => {
  test.each([
    ['check', []],
    ['compile', []],
    ['explain', ['icmp 192.0.2.7 -> 192.0.2.1 type 8', '--me', '192.0.2.1']],
    ['fmt', []],
  ] as const)('%s', (verb, more) => {
    const { status, stdout } = onTerminal(program('main', verb, policyFile(name), ...more));
    expect({ status, output: status === 0 ? '' : stdout }).toEqual({ status: 0, output: '' });
    expect(stdout).not.toMatch(DIRECTION);
  });
});

test('a file gets the name as it is', () => {
  const [command = '', ...args] = program('main', 'fmt', policyFile('edge\u202eegde'));
  expect(spawnSync(command, args, { encoding: 'utf8' }).stdout).toContain('edge\u202eegde');
});
