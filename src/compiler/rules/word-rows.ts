/** Rows of 32-bit words, all of one width, each stored once. */
export class WordRows {
  readonly width: number;
  #words: Uint32Array;
  #count = 0;
  readonly #byHash = new Map<number, number[]>();

  constructor(width: number) {
    this.width = width;
    this.#words = new Uint32Array(width * 16);
  }

  get count(): number {
    return this.#count;
  }

  /** All rows, one after another. A view: valid until the next row is added. */
  get words(): Uint32Array {
    return this.#words.subarray(0, this.#count * this.width);
  }

  row(number: number): Uint32Array {
    return this.#words.subarray(number * this.width, (number + 1) * this.width);
  }

  /** The number of the row with these words, which are copied where it is new. */
  intern(words: Uint32Array): number {
    const hash = hashOf(words);
    const known = this.#byHash.get(hash);
    const found = known?.find((number) => this.#holds(number, words));
    if (found !== undefined) return found;
    this.#reserve();
    this.#words.set(words, this.#count * this.width);
    if (known === undefined) this.#byHash.set(hash, [this.#count]);
    else known.push(this.#count);
    return this.#count++;
  }

  /** Forgets all rows but the first `count`. */
  truncate(count: number): void {
    for (const [hash, numbers] of this.#byHash) {
      const kept = numbers.filter((number) => number < count);
      if (kept.length === 0) this.#byHash.delete(hash);
      else this.#byHash.set(hash, kept);
    }
    this.#count = count;
  }

  #holds(number: number, words: Uint32Array): boolean {
    const at = number * this.width;
    for (let i = 0; i < this.width; i++) if (this.#words[at + i] !== words[i]) return false;
    return true;
  }

  #reserve(): void {
    if ((this.#count + 1) * this.width <= this.#words.length) return;
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
  }
}

/** FNV-1a over words. */
function hashOf(words: Uint32Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i]!, 0x01000193);
  return hash >>> 0;
}
