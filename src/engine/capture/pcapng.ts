/** The pcapng format: blocks, of which those that hold packets or describe interfaces are read (draft-ietf-opsawg-pcapng). */
import type { CapturedPacket, Position } from './record.ts';
import { capturedPacket, cut, failure, requireLinkType, requireSaneLength, takeAll } from './record.ts';

const BLOCK = { section: 0x0a0d0d0a, interface: 1, packet: 2, simplePacket: 3, enhancedPacket: 6 } as const;
const OPTION = { end: 0, timeResolution: 9, timeOffset: 14 } as const;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const SWAPPED_MAGIC = 0x4d3c2b1a;
/** Block type, length, and length again at the end. */
const FRAMING_BYTES = 12;
/** What other readers refuse as well. Longer blocks that hold no packet are passed over. */
const MAX_BLOCK_BYTES = 16 * 1024 * 1024;
const NS_PER_SECOND = 1_000_000_000n;
const DEFAULT_RESOLUTION = 6;

interface Interface {
  readonly linkType: number;
  /** 0: none. */
  readonly snapLength: number;
  readonly ticksPerSecond: bigint;
  readonly offsetSeconds: bigint;
}

/** A section has its own byte order and its own interfaces. */
interface Section {
  readonly littleEndian: boolean;
  readonly interfaces: Interface[];
}

interface Block {
  readonly type: number;
  /** Of the block, in the file. */
  readonly offset: number;
  /** What stands between the lengths. */
  readonly body: DataView;
}

/** `magic`: the first four bytes, as a number in network order. */
export function isPcapng(magic: number): boolean {
  return magic === BLOCK.section;
}

export async function* readPcapng(position: Position): AsyncGenerator<CapturedPacket> {
  let section: Section = { littleEndian: false, interfaces: [] };
  for (;;) {
    const byteOrder = await sectionByteOrder(position);
    if (byteOrder !== undefined) section = { littleEndian: byteOrder, interfaces: [] };
    const block = await readBlock(position, section.littleEndian);
    if (block === 'end') return;
    if (block === 'skipped') continue;
    if (block.type === BLOCK.section) requireVersion(position, block, section);
    else if (block.type === BLOCK.interface) section.interfaces.push(readInterface(position, block, section));
    else if (isPacket(block.type)) yield readPacket(position, block, section);
  }
}

/** Little-endian or not, if the next block begins a section; the block is left where it is. */
async function sectionByteOrder(position: Position): Promise<boolean | undefined> {
  const bytes = await position.reader.peek(FRAMING_BYTES);
  if (bytes.length < FRAMING_BYTES) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(0) !== BLOCK.section) return undefined;
  const magic = view.getUint32(8);
  if (magic === BYTE_ORDER_MAGIC) return false;
  if (magic === SWAPPED_MAGIC) return true;
  const found = `0x${magic.toString(16).padStart(8, '0')}`;
  throw createDamageError(position, position.reader.offset + 8, found, 'the byte-order magic 1a2b3c4d');
}

async function readBlock(position: Position, littleEndian: boolean): Promise<Block | 'skipped' | 'end'> {
  const { reader } = position;
  const offset = reader.offset;
  const head = await reader.take(8);
  if (head.length === 0) return 'end';
  if (head.length < 8) throw cut(position, offset, head.length, '8 bytes of block header');
  const type = viewOf(head).getUint32(0, littleEndian);
  const length = viewOf(head).getUint32(4, littleEndian);
  if (length < FRAMING_BYTES || length % 4 !== 0) {
    throw createDamageError(position, offset + 4, `a block length of ${length}`, 'a multiple of 4 that is at least 12');
  }
  if (!isRead(type)) {
    const skipped = await reader.skip(length - 8);
    if (skipped < length - 8) throw cut(position, offset, skipped + 8, `${length} bytes of block`);
    return 'skipped';
  }
  if (length > MAX_BLOCK_BYTES) {
    throw createDamageError(position, offset + 4, `a block of ${length} bytes`, `at most ${MAX_BLOCK_BYTES}`);
  }
  const bytes = await takeAll(position, length - 8, 'block');
  const trailer = viewOf(bytes).getUint32(bytes.length - 4, littleEndian);
  if (trailer !== length) {
    throw createDamageError(position, offset + length - 4, `${trailer}`, `the block length ${length} again at its end`);
  }
  return { type, offset, body: viewOf(bytes.subarray(0, bytes.length - 4)) };
}

function isPacket(type: number): boolean {
  return type === BLOCK.enhancedPacket || type === BLOCK.simplePacket || type === BLOCK.packet;
}

function isRead(type: number): boolean {
  return isPacket(type) || type === BLOCK.section || type === BLOCK.interface;
}

function requireVersion(position: Position, block: Block, section: Section): void {
  requireBody(position, block, 16, 'a section header');
  const major = block.body.getUint16(4, section.littleEndian);
  if (major === 1) return;
  const found = `pcapng version ${major}`;
  const next = 'convert the file with editcap -F pcapng';
  throw failure(position, block.offset + 12, position.packet, { found, wanted: 'version 1', next });
}

function readInterface(position: Position, block: Block, section: Section): Interface {
  requireBody(position, block, 8, 'an interface description');
  const { body } = block;
  const { littleEndian } = section;
  const options = readOptions(body, 8, littleEndian);
  const resolution = options.get(OPTION.timeResolution);
  const offset = options.get(OPTION.timeOffset);
  return {
    linkType: body.getUint16(0, littleEndian),
    snapLength: body.getUint32(4, littleEndian),
    ticksPerSecond: ticksPerSecond(resolution?.byteLength ? resolution.getUint8(0) : DEFAULT_RESOLUTION),
    offsetSeconds: offset?.byteLength === 8 ? offset.getBigInt64(0, littleEndian) : 0n,
  };
}

/** The first of each option. Options that do not fit into their block end the list. */
function readOptions(body: DataView, start: number, littleEndian: boolean): ReadonlyMap<number, DataView> {
  const options = new Map<number, DataView>();
  for (let at = start; at + 4 <= body.byteLength; ) {
    const code = body.getUint16(at, littleEndian);
    const length = body.getUint16(at + 2, littleEndian);
    if (code === OPTION.end || at + 4 + length > body.byteLength) break;
    if (!options.has(code)) options.set(code, new DataView(body.buffer, body.byteOffset + at + 4, length));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return options;
}

/** The upper bit says whether the rest is an exponent of 2 or of 10. */
function ticksPerSecond(resolution: number): bigint {
  const exponent = BigInt(resolution & 0x7f);
  return (resolution & 0x80) === 0 ? 10n ** exponent : 2n ** exponent;
}

function readPacket(position: Position, block: Block, section: Section): CapturedPacket {
  const { body, type } = block;
  const { littleEndian } = section;
  const headerBytes = type === BLOCK.simplePacket ? 4 : 20;
  requireBody(position, block, headerBytes, 'a packet');
  const u32 = (at: number): number => body.getUint32(at, littleEndian);
  const id = interfaceId(block, littleEndian);
  const from = section.interfaces[id];
  if (from === undefined) {
    throw createDamageError(
      position,
      block.offset + 8,
      `interface ${id}`,
      `one of the ${section.interfaces.length} described so far`,
    );
  }
  const linkType = requireLinkType(position, block.offset, from.linkType, position.packet + 1);
  const isSimple = type === BLOCK.simplePacket;
  const originalLength = isSimple ? u32(0) : u32(16);
  const captured = isSimple ? Math.min(originalLength, from.snapLength || originalLength) : u32(12);
  requireSaneLength(position, block.offset, captured);
  if (headerBytes + captured > body.byteLength) {
    const room = body.byteLength - headerBytes;
    throw createDamageError(
      position,
      block.offset,
      `a packet of ${captured} bytes`,
      `at most the ${room} that its block holds`,
    );
  }
  const ticks = isSimple ? 0n : BigInt(u32(4)) * 0x1_0000_0000n + BigInt(u32(8));
  const timestampNs = isSimple
    ? 0n
    : from.offsetSeconds * NS_PER_SECOND + (ticks * NS_PER_SECOND) / from.ticksPerSecond;
  const bytes = new Uint8Array(body.buffer, body.byteOffset + headerBytes, captured);
  return capturedPacket(position, from.linkType, linkType, timestampNs, bytes, originalLength);
}

/** A simple packet is from the first interface; the obsolete packet block has 16 bits of drop count beside the number. */
function interfaceId(block: Block, littleEndian: boolean): number {
  if (block.type === BLOCK.simplePacket) return 0;
  return block.type === BLOCK.packet ? block.body.getUint16(0, littleEndian) : block.body.getUint32(0, littleEndian);
}

function requireBody(position: Position, block: Block, bytes: number, what: string): void {
  if (block.body.byteLength >= bytes) return;
  throw createDamageError(
    position,
    block.offset,
    `${block.body.byteLength} bytes`,
    `at least ${bytes} bytes of ${what}`,
  );
}

function createDamageError(position: Position, offset: number, found: string, wanted: string): Error {
  const next = 'the file is damaged here: every packet before this one is whole';
  return failure(position, offset, position.packet + 1, { found, wanted, next });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
