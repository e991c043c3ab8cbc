/** The lock, between real processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockStore } from '../../../src/store/lock.ts';

const LOCK = new URL('../../../src/store/lock.ts', import.meta.url).href;

/** Adds one to a number in a file, again and again, with a pause between reading and writing. */
const COUNTER = `
import { readFileSync, writeFileSync } from 'node:fs';
const [, directory, rounds] = process.argv;
const { lockStore } = await import('${LOCK}');
const cell = new Int32Array(new SharedArrayBuffer(4));
for (let i = 0; i < Number(rounds); i++) {
  const lock = lockStore(directory);
  const before = Number(readFileSync(directory + '/count', 'utf8'));
  Atomics.wait(cell, 0, 0, 2);
  writeFileSync(directory + '/count', String(before + 1));
  lock[Symbol.dispose]();
  Atomics.wait(cell, 0, 0, 1);
}
`;

/** Takes the lock and dies with it. */
const HOLDER = `
const { lockStore } = await import('${LOCK}');
lockStore(process.argv[1]);
process.kill(process.pid, 'SIGKILL');
`;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-lock-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

async function run(script: string, ...args: readonly string[]): Promise<number | null> {
  const argv = ['--import', 'tsx', '--input-type=module', '-e', script, directory, ...args];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

test('processes take turns, also right after one died with the lock', async () => {
  writeFileSync(join(directory, 'count'), '0');
  for (let round = 0; round < 3; round++) {
    expect(await run(HOLDER)).toBeNull();
    const codes = await Promise.all([run(COUNTER, '20'), run(COUNTER, '20'), run(COUNTER, '20')]);
    expect(codes).toEqual([0, 0, 0]);
    expect(readFileSync(join(directory, 'count'), 'utf8')).toBe(String(60 * (round + 1)));
  }
  expect(readdirSync(directory)).toEqual(['count']);
});

test('the lock of a dead process of another boot is taken over', () => {
  writeFileSync(join(directory, 'lock'), `${process.pid} 1 another-boot`);
  lockStore(directory)[Symbol.dispose]();
  expect(readdirSync(directory)).toEqual([]);
});

test('an empty lock file, as an older version could leave, is taken over', () => {
  writeFileSync(join(directory, 'lock'), '');
  lockStore(directory)[Symbol.dispose]();
  expect(readdirSync(directory)).toEqual([]);
});

test('a lock that is held says by which process', () => {
  using _held = lockStore(directory);
  expect(() => lockStore(directory)).toThrow(`process ${process.pid}`);
});
