/** Files that a policy names: lists of addresses, roles, the names of services. */

/** The content of a file named by a policy, or why there is none. Its argument is the path as the policy has it. */
export type ReadNamedFile = (path: string) => string | Uint8Array | Unreadable;

/** Undoes gzip, up to so many bytes. */
export type Inflate = (bytes: Uint8Array, limit: number) => Uint8Array | Unreadable;

export interface Unreadable {
  readonly error: string;
  /** Where it is there: what to do about it. */
  readonly help?: string;
}

/** Bytes of a text file that are read; a policy of 100,000 filters has 12 MiB. */
export const MAX_TEXT_BYTES: number = 64 << 20;
/** Bytes of a list of addresses; a million IPv4 addresses have 15 MiB. */
export const MAX_LIST_BYTES: number = 512 << 20;

/** Reads the files that are stored with a policy. */
export function storedFiles(files: ReadonlyMap<string, Uint8Array>): (path: string) => Uint8Array | Unreadable {
  return (path) => files.get(path) ?? { error: 'not stored with the policy' };
}

export class NamedFiles {
  readonly #read: ReadNamedFile;
  readonly #inflate: Inflate;

  constructor(read: ReadNamedFile, inflate: Inflate = describeInflateFailure) {
    this.#read = read;
    this.#inflate = inflate;
  }

  /** A list of addresses, unpacked where it is gzip. */
  list(path: string): Uint8Array | Unreadable {
    const bytes = this.#bytes(path, MAX_LIST_BYTES);
    return bytes instanceof Uint8Array && isGzip(bytes) ? this.#inflate(bytes, MAX_LIST_BYTES) : bytes;
  }

  text(path: string): string | Unreadable {
    const bytes = this.#bytes(path, MAX_TEXT_BYTES);
    return bytes instanceof Uint8Array ? decodeUtf8(bytes) : bytes;
  }

  #bytes(path: string, limit: number): Uint8Array | Unreadable {
    if (path === '') return { error: 'the path is empty' };
    const content = this.#read(path);
    if (typeof content !== 'string' && !(content instanceof Uint8Array)) return content;
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    return bytes.length <= limit ? bytes : { error: `it has ${sizeText(bytes.length)}, ${sizeText(limit)} are taken` };
  }
}

function describeInflateFailure(): Unreadable {
  return { error: 'it is gzip: unpack it first' };
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** As text, without a byte order mark. */
export function decodeUtf8(bytes: Uint8Array): string | Unreadable {
  if (isUtf16(bytes)) return { error: 'it is UTF-16 text: save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8' };
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { error: 'it is not UTF-8 text: convert it, for example: iconv -f WINDOWS-1252 -t UTF-8' };
  }
}

/** By the byte order mark. */
export function isUtf16(bytes: Uint8Array): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}

/** `name` as seen from where `file` was named. */
export function nextTo(file: string, name: string): string {
  return name.startsWith('/') ? name : file.slice(0, file.lastIndexOf('/') + 1) + name;
}

export function sizeText(bytes: number): string {
  return bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${Math.ceil(bytes / (1 << 20))} MiB`;
}
