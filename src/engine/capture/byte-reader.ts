/** Takes a stream of chunks apart. Where a chunk holds what is asked for, nothing is copied. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #buffer: Uint8Array = new Uint8Array(0);
  #at = 0;
  #ended = false;
  #offset = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Bytes taken so far. */
  get offset(): number {
    return this.#offset;
  }

  /** The next `count` bytes, or undefined where they are not at hand: then `take` waits for them. */
  takeNow(count: number): Uint8Array | undefined {
    if (this.#buffer.length - this.#at < count) return undefined;
    const bytes = this.#buffer.subarray(this.#at, this.#at + count);
    this.#at += count;
    this.#offset += count;
    return bytes;
  }

  /** The next `count` bytes, or as many as there are before the end. */
  async take(count: number): Promise<Uint8Array> {
    const left = await this.#fill(count);
    return this.takeNow(Math.min(count, left)) ?? new Uint8Array(0);
  }

  /** As `take`, and the bytes are still there afterwards. */
  async peek(count: number): Promise<Uint8Array> {
    await this.#fill(count);
    return this.#buffer.subarray(this.#at, this.#at + count);
  }

  /** Passes over `count` bytes without holding them; returns how many there were. */
  async skip(count: number): Promise<number> {
    let skipped = 0;
    while (skipped < count) {
      const bytes = await this.take(Math.min(count - skipped, 65536));
      if (bytes.length === 0) break;
      skipped += bytes.length;
    }
    return skipped;
  }

  /** Everything not taken yet, as chunks. */
  async *rest(): AsyncGenerator<Uint8Array> {
    const left = this.#buffer.subarray(this.#at);
    this.#at = this.#buffer.length;
    if (left.length > 0) yield left;
    for (let next = await this.#chunks.next(); next.done !== true; next = await this.#chunks.next()) yield next.value;
  }

  /** Lets go of the source before its end. */
  async close(): Promise<void> {
    if (!this.#ended) await this.#chunks.return?.();
    this.#ended = true;
  }

  /** Reads until `count` bytes are at hand or the source ends; returns how many are. */
  async #fill(count: number): Promise<number> {
    const parts: Uint8Array[] = [this.#buffer.subarray(this.#at)];
    let left = this.#buffer.length - this.#at;
    while (left < count && !this.#ended) {
      const next = await this.#chunks.next();
      if (next.done === true) this.#ended = true;
      else {
        parts.push(next.value);
        left += next.value.length;
      }
    }
    if (parts.length > 1) {
      this.#buffer = Buffer.concat(parts);
      this.#at = 0;
    }
    return left;
  }
}
