/** The lock, between real processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { lockStore, releaseLockOfThread } from '../../../src/store/lock.ts';
import { ownName } from '../../../src/store/process-name.ts';
import { PolicyStore } from '../../../src/store/store.ts';
import { FaultyFiles, PowerCut } from '../../support/faulty-files.ts';

const SOURCE = fileURLToPath(new URL('../../../src/store/lock.ts', import.meta.url));

/** The module of the lock as plain JavaScript: a process that imports it starts at once. */
let built: string;

/** Adds one to a number in a file, again and again, with a pause between reading and writing. */
const COUNTER = `
import { readFileSync, writeFileSync } from 'node:fs';
const [, lockModule, directory, rounds] = process.argv;
const { lockStore } = await import(lockModule);
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

/** Waits for the lock, for seconds. */
const WAITER = `
const [, lockModule, directory] = process.argv;
const { lockStore } = await import(lockModule);
lockStore(directory, { patience: 30 });
`;

/** Takes the lock and dies with it. */
const HOLDER = `
const [, lockModule, directory] = process.argv;
const { lockStore } = await import(lockModule);
lockStore(directory);
process.kill(process.pid, 'SIGKILL');
`;

let directory: string;

beforeAll(async () => {
  built = mkdtempSync(join(tmpdir(), 'xdpol-lock-module-'));
  await build({
    entryPoints: [SOURCE],
    outfile: join(built, 'lock.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
});

afterAll(() => {
  rmSync(built, { recursive: true, force: true });
});

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'xdpol-lock-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function start(script: string, ...args: readonly string[]): ChildProcess {
  const argv = ['--input-type=module', '-e', script, join(built, 'lock.mjs'), directory, ...args];
  return spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit'] });
}

async function run(script: string, ...args: readonly string[]): Promise<number | null> {
  const [code] = (await once(start(script, ...args), 'exit')) as [number | null];
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

test('what a process that waited leaves goes when it is dead, and not before', async () => {
  const store = new PolicyStore(directory);
  const held = store.lock();
  const waiter = start(WAITER);
  const ended = once(waiter, 'exit');
  const ticket = `.lock.${waiter.pid}-0`;
  await vi.waitFor(() => expect(readdirSync(directory)).toContain(ticket), { timeout: 10_000 });
  waiter.kill('SIGSTOP');
  const own = `.lock.${process.pid}-99`;
  for (const name of [own, `${ticket}.moved`]) writeFileSync(join(directory, name), '');
  const hidden = (): string[] => readdirSync(directory).filter((name) => name.startsWith('.'));
  held[Symbol.dispose]();
  store.lock()[Symbol.dispose]();
  expect(hidden().sort()).toEqual([own, ticket, `${ticket}.moved`].sort());
  waiter.kill('SIGKILL');
  await ended;
  store.lock()[Symbol.dispose]();
  expect(hidden()).toEqual([own]);
});

test('the lock of a dead process of another boot is taken over', () => {
  writeFileSync(join(directory, 'lock'), `${process.pid} 1 another-boot`);
  lockStore(directory)[Symbol.dispose]();
  expect(readdirSync(directory)).toEqual([]);
});

test.each([
  ['where there is none', undefined],
  ['where its holder is dead', `${process.pid} 1 another-boot`],
])('a power cut at any call leaves a lock that names a holder, %s', (_, before) => {
  const path = join(directory, 'lock');
  const cutAt = (call: number): boolean => {
    for (const name of readdirSync(directory)) rmSync(join(directory, name));
    if (before !== undefined) writeFileSync(path, before);
    const files = new FaultyFiles({ kind: 'stops', call });
    try {
      lockStore(directory, { files, patience: 0 });
      return false;
    } catch (error) {
      expect(error).toBeInstanceOf(PowerCut);
      return true;
    }
  };
  let taken = 0;
  for (let call = 1; cutAt(call); call++) {
    const holder = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    if (holder === ownName()) taken++;
    else expect(holder, `call ${call}`).toBe(before);
  }
  expect(taken).toBeGreaterThan(0);
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

test('a lock that a thread left is released, that of another process is not', () => {
  lockStore(directory);
  releaseLockOfThread(directory);
  expect(readdirSync(directory)).toEqual([]);
  writeFileSync(join(directory, 'lock'), '1 0 another boot');
  releaseLockOfThread(directory);
  expect(readdirSync(directory)).toEqual(['lock']);
});
