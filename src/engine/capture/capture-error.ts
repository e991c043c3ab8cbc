export interface CaptureErrorFields {
  readonly file: string;
  /** From the start of the capture; of the uncompressed bytes where the file is compressed. */
  readonly offset: number;
  /** The packet that could not be read, counted from 1; 0 before the first. */
  readonly packet: number;
  readonly found: string;
  readonly wanted: string;
  /** The next step. */
  readonly next: string;
  readonly cause?: unknown;
}

/** A capture that cannot be read, or not any further: what comes before `packet` has been delivered. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
  readonly file: string;
  readonly offset: number;
  readonly packet: number;
  readonly found: string;
  readonly wanted: string;
  readonly next: string;

  constructor(fields: CaptureErrorFields) {
    const { file, offset, packet, found, wanted, next, cause } = fields;
    const where = packet === 0 ? `byte ${offset}` : `packet ${packet}, byte ${offset}`;
    super(`${file}: ${where}: expected ${wanted}, found ${found}; ${next}`, cause === undefined ? {} : { cause });
    this.file = file;
    this.offset = offset;
    this.packet = packet;
    this.found = found;
    this.wanted = wanted;
    this.next = next;
  }
}
