import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { inflate } from '../../../src/host/read-regular-file.ts';

const LIST = new TextEncoder().encode('192.0.2.0/24\n'.repeat(1000));

test('gzip: whole, cut, damaged, and larger than is taken, each with what to do', () => {
  const packed = gzipSync(LIST);
  expect(inflate(packed, LIST.length)).toEqual(Buffer.from(LIST));
  const damaged = { error: 'it is gzip, and damaged or cut', help: 'a download may have ended early: fetch it again' };
  expect(inflate(packed.subarray(0, -5), LIST.length)).toEqual(damaged);
  expect(inflate(Uint8Array.of(0x1f, 0x8b, 7, 7), LIST.length)).toEqual(damaged);
  expect(inflate(packed, 100)).toMatchObject({ error: 'unpacked it has more than 1 KiB', help: 'split the list' });
});
