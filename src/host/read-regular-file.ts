/** Input from files, as much as is taken and no more: reading a FIFO or a device may never end. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Unreadable } from '../formats/named-file.ts';
import { MAX_LIST_BYTES, sizeText } from '../formats/named-file.ts';

/** What a pipe gives at a time. */
const PIPE_BYTES = 1 << 16;

/** What a policy names: files, and nothing else. The content, or why there is none: never throws. */
export function readRegularFile(path: string, limit: number = MAX_LIST_BYTES): Uint8Array | Unreadable {
  let descriptor: number;
  try {
    // Without a writer a FIFO would keep open() waiting.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return { error: reasonOf(error) };
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) return { error: `it is ${kindOf(status)}, and no file` };
    if (status.size > limit) return { error: `it has ${sizeText(status.size)}, ${sizeText(limit)} are taken` };
    return readAll(descriptor, limit, status.size);
  } catch (error) {
    return { error: reasonOf(error) };
  } finally {
    closeSync(descriptor);
  }
}

/**
 * What a person names, which may be a pipe: `xdpol check <(generate)`. A descriptor stays open.
 *
 * Returns  The content, or why there is none: never throws.
 */
export function readInput(source: string | number, limit: number): Uint8Array | Unreadable {
  let descriptor: number | undefined;
  try {
    descriptor = typeof source === 'number' ? source : openSync(source, constants.O_RDONLY);
    return readAll(descriptor, limit, PIPE_BYTES);
  } catch (error) {
    return { error: reasonOf(error) };
  } finally {
    if (descriptor !== undefined && descriptor !== source) closeSync(descriptor);
  }
}

/** To the end, wherever that is by now: files in /proc have no size. `expected`: bytes that are likely there. */
function readAll(descriptor: number, limit: number, expected: number): Uint8Array | Unreadable {
  // One more than expected: only a read of nothing says that this is the end.
  let bytes = Buffer.allocUnsafeSlow(expected + 1);
  let total = 0;
  for (;;) {
    if (total === bytes.length) bytes = Buffer.concat([bytes], 2 * total);
    const read = readSync(descriptor, bytes, total, bytes.length - total, null);
    if (read === 0) return bytes.subarray(0, total);
    total += read;
    if (total > limit) return { error: `it has more than ${sizeText(limit)}` };
  }
}

function kindOf(status: ReturnType<typeof fstatSync>): string {
  if (status.isDirectory()) return 'a directory';
  if (status.isFIFO()) return 'a FIFO';
  return status.isSocket() ? 'a socket' : 'a device';
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

/** Undoes gzip, up to so many bytes: a small file may hold a great many zeros. */
export function inflate(bytes: Uint8Array, limit: number): Uint8Array | Unreadable {
  try {
    return gunzipSync(bytes, { maxOutputLength: limit });
  } catch (error) {
    const isLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    if (isLarge) return { error: `unpacked it has more than ${sizeText(limit)}`, help: 'split the list' };
    return { error: 'it is gzip, and damaged or cut', help: 'a download may have ended early: fetch it again' };
  }
}
