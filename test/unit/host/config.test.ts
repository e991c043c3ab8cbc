import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  ConfigRejected,
  configPath,
  DEFAULT_CONFIG,
  describeProblems,
  readHostConfig,
  requireHostConfig,
} from '../../../src/host/config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'xdpol-config-'));
});
afterEach(() => {
  delete process.env['XDPOL_CONFIG'];
  rmSync(folder, { recursive: true });
});

function written(text: string | Uint8Array): string {
  const path = join(folder, 'config.yaml');
  writeFileSync(path, text);
  return path;
}

function rejection(run: () => unknown): ConfigRejected {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigRejected) return error;
    throw error;
  }
  throw new Error('was taken');
}

test('XDPOL_CONFIG names the file', () => {
  expect(configPath()).toBe('/etc/xdpol/config.yaml');
  process.env['XDPOL_CONFIG'] = written('boot: closed\n');
  expect(requireHostConfig()).toEqual({ ...DEFAULT_CONFIG, boot: 'closed' });
});

test('a host without the file has the defaults; a file that XDPOL_CONFIG names must be there', () => {
  const path = join(folder, 'none.yaml');
  expect(requireHostConfig(path)).toEqual(DEFAULT_CONFIG);
  process.env['XDPOL_CONFIG'] = path;
  expect(rejection(() => requireHostConfig()).message).toContain('ENOENT');
});

test('a wrong part rejects the file with its place; the boot reads the others', () => {
  const path = written('boot: closed\ninterface: [eth0]\nmetrics: { listen: x }\n');
  const error = rejection(() => requireHostConfig(path));
  expect(error.message).toBe(`${path}:2:1: unknown key "interface" (and 1 more)`);
  expect(error.help).toBe('did you mean interfaces?');
  expect(error.diagnostics.map(({ code }) => code)).toEqual(['XP0005', 'XP0901']);
  expect(readHostConfig(path).config.boot).toBe('closed');
  expect(describeProblems(readHostConfig(path))).toEqual([
    `${path}:2:1: unknown key "interface"`,
    `${path}:3:20: "x" is not an address and a port`,
  ]);
});

test('a folder, and a file that is far too large, are rejected', () => {
  expect(rejection(() => requireHostConfig(folder)).message).toContain('EISDIR');
  expect(readHostConfig(folder)).toMatchObject({ config: DEFAULT_CONFIG, diagnostics: [] });
  expect(describeProblems(readHostConfig(folder)).join()).toContain('EISDIR');
  expect(rejection(() => requireHostConfig(written(Buffer.alloc(2 << 20, '#')))).message).toContain('more than 1 MiB');
});

test('a FIFO is rejected, and not waited for; a device without content has the defaults', () => {
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  expect(rejection(() => requireHostConfig(path)).message).toContain('it is a FIFO');
  expect(requireHostConfig('/dev/null')).toEqual(DEFAULT_CONFIG);
});
