/** Reads pcap and pcapng captures, gzipped or not, packet by packet. */
import { createReadStream } from 'node:fs';
import { ByteReader } from './byte-reader.ts';
import { CaptureError } from './capture-error.ts';
import { gunzipped, isGzip } from './gunzip.ts';
import { isPcap, readPcap } from './pcap.ts';
import { isPcapng, readPcapng } from './pcapng.ts';
import type { CapturedPacket, Position } from './record.ts';
import { failure } from './record.ts';

export { CaptureError } from './capture-error.ts';
export type { CapturedPacket } from './record.ts';

const WANTED = 'a pcap or pcapng capture';

/** Starts of files that are captures once uncompressed, and what uncompresses them. */
const COMPRESSED: readonly (readonly [magic: number, name: string, tool: string])[] = [
  [0x28b52ffd, 'zstd', 'zstd -d'],
  [0xfd377a58, 'xz', 'xz -d'],
  [0x425a6839, 'bzip2', 'bzip2 -d'],
  [0x04224d18, 'lz4', 'lz4 -d'],
];

/**
 * Every packet of a capture, in order, as Ethernet frames. Frames are views of buffers that are never written again.
 *
 * Throws CaptureError, after the packets before the fault.
 */
export async function* readCapture(
  source: AsyncIterable<Uint8Array> | string,
  name: string = typeof source === 'string' ? source : 'capture',
): AsyncGenerator<CapturedPacket> {
  const stored = new ByteReader(typeof source === 'string' ? createReadStream(source) : source);
  const position: Position = { file: name, reader: stored, packet: 0 };
  try {
    const isCompressed = isGzip(await stored.peek(2));
    const reader = isCompressed ? new ByteReader(gunzipped(stored.rest())) : stored;
    const opened = { ...position, reader };
    try {
      yield* packetsOf(opened);
    } catch (error) {
      throw asCaptureError(opened, error);
    } finally {
      await reader.close();
    }
  } catch (error) {
    throw asCaptureError(position, error);
  } finally {
    await stored.close();
  }
}

async function* packetsOf(position: Position): AsyncGenerator<CapturedPacket> {
  const start = await position.reader.peek(4);
  const magic = start.length < 4 ? 0 : new DataView(start.buffer, start.byteOffset).getUint32(0);
  if (isPcap(magic)) yield* readPcap(position);
  else if (isPcapng(magic)) yield* readPcapng(position);
  else throw notACapture(position, start, magic);
}

function notACapture(position: Position, start: Uint8Array, magic: number): CaptureError {
  const compressed = COMPRESSED.find(([known]) => known === magic);
  if (compressed !== undefined) {
    const [, name, tool] = compressed;
    return failure(position, 0, 0, { found: `a ${name} file`, wanted: WANTED, next: `uncompress it with ${tool}` });
  }
  const bytes = [...start].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const found = start.length === 0 ? 'an empty file' : `a file that starts with ${bytes}`;
  return failure(position, 0, 0, { found, wanted: WANTED, next: 'write one with tcpdump -w or dumpcap' });
}

/** What the source threw: a file that cannot be read, or compressed bytes that are damaged or cut. */
function asCaptureError(position: Position, error: unknown): unknown {
  const { file, reader, packet } = position;
  if (!(error instanceof Error) || error instanceof CaptureError) return error;
  const code = 'code' in error ? String(error.code) : '';
  const at = {
    file,
    offset: reader.offset,
    packet: packet === 0 && reader.offset === 0 ? 0 : packet + 1,
    cause: error,
  };
  if (code.startsWith('Z_')) {
    const next = 'the file is damaged or cut short: every packet before this one is whole';
    return new CaptureError({ ...at, found: error.message, wanted: 'whole gzip data', next });
  }
  if (code === '') return error;
  return new CaptureError({
    ...at,
    found: error.message,
    wanted: 'a readable file',
    next: 'check the path and its permissions',
  });
}
