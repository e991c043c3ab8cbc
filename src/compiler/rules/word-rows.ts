/** Rows of 32-bit words, all of one width, each stored once: equal rows have equal numbers. */
export class WordRows {
  readonly width: number;
  #words: Uint32Array;
  #count = 0;
  /** Row numbers + 1 by hash, open addressing; at most half full. */
  #slots: Uint32Array;

  constructor(width: number) {
    this.width = width;
    this.#words = new Uint32Array(width * 16);
    this.#slots = new Uint32Array(64);
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

  /** Copies a row into `into`. */
  read(number: number, into: Uint32Array): void {
    const at = number * this.width;
    for (let i = 0; i < this.width; i++) into[i] = this.#words[at + i]!;
  }

  /** The number of the row with these words, which are copied where it is new. */
  intern(words: Uint32Array): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(words, 0, this.width) & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const number = this.#slots[slot]! - 1;
      if (this.#holds(number, words)) return number;
    }
    this.#reserve();
    this.#words.set(words, this.#count * this.width);
    this.#slots[slot] = ++this.#count;
    if (this.#count * 2 > this.#slots.length) this.#index(this.#slots.length * 2);
    return this.#count - 1;
  }

  /** Forgets all rows but the first `count`. */
  truncate(count: number): void {
    this.#count = count;
    this.#index(this.#slots.length);
  }

  #holds(number: number, words: Uint32Array): boolean {
    const at = number * this.width;
    for (let i = 0; i < this.width; i++) if (this.#words[at + i] !== words[i]) return false;
    return true;
  }

  /** Puts every row into `size` slots. */
  #index(size: number): void {
    this.#slots = new Uint32Array(size);
    const mask = size - 1;
    for (let number = 0; number < this.#count; number++) {
      let slot = hashOf(this.#words, number * this.width, this.width) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number + 1;
    }
  }

  #reserve(): void {
    if ((this.#count + 1) * this.width <= this.#words.length) return;
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
  }
}

/** FNV-1a over words, its high bits mixed into the low ones, which pick the slot. */
function hashOf(words: Uint32Array, at: number, width: number): number {
  let hash = 0x811c9dc5;
  for (let i = at; i < at + width; i++) hash = Math.imul(hash ^ words[i]!, 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
