import { createGunzip } from 'node:zlib';

const GZIP_MAGIC = [0x1f, 0x8b] as const;

export function isGzip(start: Uint8Array): boolean {
  return GZIP_MAGIC.every((byte, i) => start[i] === byte);
}

/**
 * Uncompresses. A stream that is damaged or cut yields everything before the damage and throws then, which piping
 * into a gunzip stream does not: its error discards what was not read yet.
 */
export async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const ready: Uint8Array[] = [];
  let failure: Error | undefined;
  const closed = new Promise<void>((resolve) => gunzip.once('close', resolve));
  gunzip.on('data', (bytes: Uint8Array) => ready.push(bytes));
  gunzip.on('error', (error) => {
    failure = error;
  });
  try {
    for await (const chunk of chunks) {
      // A write that meets the damage is never called back: the stream only closes.
      await Promise.race([closed, new Promise<void>((resolve) => gunzip.write(chunk, () => resolve()))]);
      yield* ready.splice(0);
      if (failure !== undefined) throw failure;
    }
    gunzip.end();
    await closed;
    yield* ready.splice(0);
    if (failure !== undefined) throw failure;
  } finally {
    gunzip.destroy();
  }
}
