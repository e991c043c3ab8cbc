/** The filter of a live table: two bits of a word for every /24 or /48 that has a member. */
import type { Family } from '../../base/ip.ts';
import type { LiveGeometry } from './live-geometry.ts';
import { blockHash } from './live-hash.ts';

const PLACES = 63;
const SECOND = 6;
const HALF = 32;

interface Bits {
  readonly word: number;
  readonly low: number;
  readonly high: number;
}

export class LiveFilter {
  readonly #family: Family;
  readonly #seed: number;
  readonly #shift: number;
  readonly #words: Uint32Array;

  constructor(family: Family, seed: number, table: Uint8Array, { filterAt, words, filterShift }: LiveGeometry) {
    this.#family = family;
    this.#seed = seed;
    this.#shift = filterShift;
    this.#words = new Uint32Array(table.buffer, table.byteOffset + filterAt, words * 2);
  }

  /** Before the member is there. */
  add(address: readonly number[]): void {
    const { word, low, high } = this.#bitsOf(address);
    this.#orInto(this.#words, word * 2, low);
    this.#orInto(this.#words, word * 2 + 1, high);
  }

  /** Keeps the bits of these members and of no others; a bit of one of them is there at every moment. */
  keep(addresses: Iterable<readonly number[]>): void {
    const kept = new Uint32Array(this.#words.length);
    for (const address of addresses) {
      const { word, low, high } = this.#bitsOf(address);
      kept[word * 2] = (kept[word * 2] ?? 0) | low;
      kept[word * 2 + 1] = (kept[word * 2 + 1] ?? 0) | high;
    }
    for (const [i, bits] of kept.entries()) if (this.#words[i] !== bits) Atomics.store(this.#words, i, bits);
  }

  #orInto(words: Uint32Array, at: number, bits: number): void {
    const before = words[at] ?? 0;
    const after = (before | bits) >>> 0;
    if (after !== before) Atomics.store(words, at, after);
  }

  #bitsOf(address: readonly number[]): Bits {
    const hash = blockHash(this.#seed, this.#family, address);
    let low = 0;
    let high = 0;
    for (const place of [hash & PLACES, (hash >>> SECOND) & PLACES]) {
      if (place < HALF) low |= 1 << place;
      else high |= 1 << (place - HALF);
    }
    return { word: hash >>> this.#shift, low: low >>> 0, high: high >>> 0 };
  }
}
