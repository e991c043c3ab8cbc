/** The few messages of etcd's API that a store needs, as protocol buffers have them. */

class Writer {
  readonly #parts: Uint8Array[] = [];

  number(field: number, value: number): this {
    this.#parts.push(varint(field * 8), varint(value));
    return this;
  }

  bytes(field: number, value: Uint8Array | string): this {
    const content = typeof value === 'string' ? Buffer.from(value) : value;
    this.#parts.push(varint(field * 8 + 2), varint(content.length), content);
    return this;
  }

  end(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

/** Whole numbers up to 2^53. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.from([...bytes, rest]);
}

type Field = readonly [field: number, value: number, bytes: Uint8Array];

const NO_BYTES = new Uint8Array();

/** Fields of fixed width, which none of these messages has, are passed over. */
function readFields(message: Uint8Array): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let factor = 1; at < message.length; factor *= 128) {
      const byte = message[at] ?? 0;
      at += 1;
      value += (byte & 127) * factor;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < message.length) {
    const tag = next();
    const kind = tag & 7;
    if (kind === 0) fields.push([tag >>> 3, next(), NO_BYTES]);
    else if (kind === 2) {
      const length = next();
      fields.push([tag >>> 3, 0, message.subarray(at, at + length)]);
      at += length;
    } else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else throw new Error(`a message of etcd has a field of kind ${kind}`);
  }
  return fields;
}

function numberOf(fields: readonly Field[], wanted: number): number {
  return fields.findLast(([field]) => field === wanted)?.[1] ?? 0;
}

function bytesOf(fields: readonly Field[], wanted: number): Uint8Array {
  return fields.findLast(([field]) => field === wanted)?.[2] ?? NO_BYTES;
}

/** Of the header that every answer has. */
function revisionOf(fields: readonly Field[]): number {
  return numberOf(readFields(bytesOf(fields, 1)), 3);
}

export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
  /** Of its last write. */
  readonly revision: number;
}

function readKeyValue(message: Uint8Array): KeyValue {
  const fields = readFields(message);
  return { key: Buffer.from(bytesOf(fields, 1)).toString(), value: bytesOf(fields, 5), revision: numberOf(fields, 3) };
}

/** `end`: the first key behind the range; undefined: one key. `revision`: 0 for the newest. */
export function rangeRequest(range: { key: string; end?: Uint8Array; limit: number; revision: number }): Uint8Array {
  const writer = new Writer().bytes(1, range.key);
  if (range.end !== undefined) writer.bytes(2, range.end);
  return writer.number(3, range.limit).number(4, range.revision).end();
}

export interface RangeAnswer {
  readonly revision: number;
  readonly found: readonly KeyValue[];
  /** Not all of them are here. */
  readonly hasMore: boolean;
}

export function readRange(message: Uint8Array): RangeAnswer {
  const fields = readFields(message);
  const found = fields.filter(([field]) => field === 2).map(([, , bytes]) => readKeyValue(bytes));
  return { revision: revisionOf(fields), found, hasMore: numberOf(fields, 3) === 1 };
}

export interface Write {
  readonly key: string;
  /** undefined: removed. */
  readonly value: Uint8Array | undefined;
  readonly ifRevision: number;
}

const MOD_REVISION = 2;

/** All of them where each key is still of its revision; else what they are is asked for. */
export function writeRequest(writes: readonly Write[]): Uint8Array {
  const writer = new Writer();
  for (const { key, ifRevision } of writes) {
    writer.bytes(1, new Writer().number(2, MOD_REVISION).bytes(3, key).number(6, ifRevision).end());
  }
  for (const { key, value } of writes) {
    const operation =
      value === undefined
        ? new Writer().bytes(3, new Writer().bytes(1, key).end())
        : new Writer().bytes(2, new Writer().bytes(1, key).bytes(2, value).end());
    writer.bytes(2, operation.end());
  }
  for (const { key } of writes)
    writer.bytes(3, new Writer().bytes(1, rangeRequest({ key, limit: 1, revision: 0 })).end());
  return writer.end();
}

/** The keys as they are, in the order of the writes, where nothing was written. */
export interface WriteAnswer {
  readonly isDone: boolean;
  readonly revision: number;
  readonly present: readonly (KeyValue | undefined)[];
}

export function readWrite(message: Uint8Array): WriteAnswer {
  const fields = readFields(message);
  const isDone = numberOf(fields, 2) === 1;
  const present = isDone
    ? []
    : fields.filter(([field]) => field === 3).map(([, , bytes]) => readRange(bytesOf(readFields(bytes), 1)).found[0]);
  return { isDone, revision: revisionOf(fields), present };
}

/** Every change of a range from a revision on; also a sign now and then that there was none. */
export function watchRequest(key: string, end: Uint8Array, from: number): Uint8Array {
  const create = new Writer().bytes(1, key).bytes(2, end).number(3, from).number(4, 1).number(8, 1).end();
  return new Writer().bytes(1, create).end();
}

export interface WatchAnswer {
  readonly revision: number;
  readonly isCreated: boolean;
  readonly isCanceled: boolean;
  /** Where not 0: changes before it are no longer kept. */
  readonly compacted: number;
  readonly reason: string;
  /** More events of this revision follow. */
  readonly isPart: boolean;
  readonly events: readonly { readonly isRemoved: boolean; readonly found: KeyValue }[];
}

export function readWatch(message: Uint8Array): WatchAnswer {
  const fields = readFields(message);
  const events = fields
    .filter(([field]) => field === 11)
    .map(([, , bytes]) => {
      const event = readFields(bytes);
      return { isRemoved: numberOf(event, 1) === 1, found: readKeyValue(bytesOf(event, 2)) };
    });
  return {
    revision: revisionOf(fields),
    isCreated: numberOf(fields, 3) === 1,
    isCanceled: numberOf(fields, 4) === 1,
    compacted: numberOf(fields, 5),
    reason: Buffer.from(bytesOf(fields, 6)).toString(),
    isPart: numberOf(fields, 7) === 1,
    events,
  };
}
