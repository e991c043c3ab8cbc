import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inflate, readInput, readRegularFile } from '../../../src/host/read-regular-file.ts';

const LIST = new TextEncoder().encode('192.0.2.0/24\n'.repeat(1000));

let folder: string;
let pipe: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'xdpol-input-'));
  pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('what a policy names is a file: a FIFO, a device and a directory are told apart and not waited for', () => {
  expect(readRegularFile(pipe)).toEqual({ error: 'it is a FIFO, and no file' });
  expect(readRegularFile('/dev/zero')).toEqual({ error: 'it is a device, and no file' });
  expect(readRegularFile(folder)).toEqual({ error: 'it is a directory, and no file' });
  expect(readRegularFile(join(folder, 'nothing'))).toEqual({ error: 'ENOENT' });
});

test('what is larger than is taken is not read, nor what has no end', () => {
  const list = join(folder, 'list');
  writeFileSync(list, LIST);
  expect(readRegularFile(list)).toEqual(Buffer.from(LIST));
  expect(readRegularFile(list, 1000)).toMatchObject({ error: 'it has 13 KiB, 1 KiB are taken' });
  expect(readInput(list, LIST.length)).toEqual(Buffer.from(LIST));
  expect(readInput(list, LIST.length - 1)).toHaveProperty('error');
  expect(readInput('/dev/zero', 3 << 20)).toEqual({ error: 'it has more than 3 MiB' });
  expect(readInput(folder, 10)).toEqual({ error: 'EISDIR' });
});

test('a descriptor is read and left open', () => {
  const list = join(folder, 'list');
  writeFileSync(list, LIST);
  const descriptor = openSync(list, 'r');
  expect(readInput(descriptor, LIST.length)).toEqual(Buffer.from(LIST));
  closeSync(descriptor);
});

test('gzip: whole, cut, damaged, and larger than is taken, each with what to do', () => {
  const packed = gzipSync(LIST);
  expect(inflate(packed, LIST.length)).toEqual(Buffer.from(LIST));
  const damaged = { error: 'it is gzip, and damaged or cut', help: 'a download may have ended early: fetch it again' };
  expect(inflate(packed.subarray(0, -5), LIST.length)).toEqual(damaged);
  expect(inflate(Uint8Array.of(0x1f, 0x8b, 7, 7), LIST.length)).toEqual(damaged);
  expect(inflate(packed, 100)).toMatchObject({ error: 'unpacked it has more than 1 KiB', help: 'split the list' });
});
