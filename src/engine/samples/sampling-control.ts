/** Turns samples on for the programs of one interface, for as long as it is asked to go on: struct xdpol_sampling. */
import { present } from '../../base/assert.ts';
import { STRUCTS } from '../../layout/layout.gen.ts';
import type { SamplingMaps } from './sampling-maps.ts';

const { fields: CONTROL } = STRUCTS.sampling;
const { size: BUDGET_SIZE, fields: BUDGET } = STRUCTS.budget;
const WORD = 8;
const WORDS_OF_BUDGET = BUDGET_SIZE / WORD;

/** How many samples each rule may give. */
export interface SampleRate {
  /** In the long run. */
  readonly perSecond: number;
  /** At once, after it gave none for a while. */
  readonly burst: number;
}

export const DEFAULT_RATE: SampleRate = { perSecond: 10, burst: 10 };

/** Whose turn it is to read, on this host. */
export interface ReaderName {
  readonly pid: number;
  /** Tells apart two readers of one process. */
  readonly number: number;
}

export interface SampleTotals {
  readonly taken: bigint;
  readonly lost: bigint;
}

export class SamplingControl {
  readonly #maps: SamplingMaps;
  readonly #words: BigUint64Array;

  /** Lent. */
  constructor(maps: SamplingMaps) {
    this.#maps = maps;
    this.#words = wordsOf(maps.control.mmap());
  }

  /** The process that reads; undefined where none does. `now` is jiffies64. */
  readerAt(now: bigint): ReaderName | undefined {
    const reader = this.#load(CONTROL.reader);
    if (reader === 0n || this.#load(CONTROL.until) <= now) return undefined;
    return { pid: Number(reader >> 32n), number: Number(reader & 0xffff_ffffn) };
  }

  /** False where another one reads. In one step: of two who ask at once one gets it. */
  claim(name: ReaderName, now: bigint): boolean {
    const mine = wordOf(name);
    const at = CONTROL.reader.offset / WORD;
    const before = Atomics.load(this.#words, at);
    if (before === mine) return true;
    if (before !== 0n && this.#load(CONTROL.until) > now) return false;
    return Atomics.compareExchange(this.#words, at, before, mine) === before;
  }

  /** Samples of what is dropped are taken until `until`, in jiffies64. */
  goOn(until: bigint, { perSecond, burst }: SampleRate, hertz: number): void {
    const interval = Math.max(1, Math.round(hertz / perSecond));
    this.#store(CONTROL.interval, BigInt(interval));
    this.#store(CONTROL.slack, BigInt(interval * (burst - 1)));
    this.#store(CONTROL.until, until);
  }

  /** Samples of packets that pass by these slots too, and by no others. Where there are none, no budget is looked at for it. */
  choosePasses(slots: ReadonlySet<number>): void {
    if (slots.size === 0) {
      this.#store(CONTROL.passes, 0n);
      return;
    }
    for (const map of this.#maps.budgets) {
      const words = wordsOf(map.mmap());
      const halves = halvesOf(words);
      const at = BUDGET.passes.offset / WORD;
      const { maxEntries } = map.spec;
      for (let i = 0; i < maxEntries; i++) {
        const isWanted = slots.has(i >> 1);
        const word = i * WORDS_OF_BUDGET + at;
        if (isZero(halves, word) === isWanted) Atomics.store(words, word, isWanted ? 1n : 0n);
      }
    }
    this.#store(CONTROL.passes, 1n);
  }

  /** Where the reader is still `name`. */
  end(name: ReaderName): void {
    if (this.#load(CONTROL.reader) !== wordOf(name)) return;
    this.#store(CONTROL.until, 0n);
    this.#store(CONTROL.reader, 0n);
  }

  /** Since the budgets were pinned. */
  totals(): SampleTotals {
    return totalsOf(this.#maps);
  }

  #load(field: { readonly offset: number }): bigint {
    return Atomics.load(this.#words, field.offset / WORD);
  }

  #store(field: { readonly offset: number }, value: bigint): void {
    Atomics.store(this.#words, field.offset / WORD, value);
  }
}

/** Of every rule and both directions together. */
export function totalsOf({ budgets }: SamplingMaps): SampleTotals {
  let taken = 0n;
  let lost = 0n;
  for (const map of budgets) {
    const words = wordsOf(map.mmap());
    // Of thousands of budgets few have been used: a bigint is made of those alone.
    const halves = halvesOf(words);
    const countAt = (word: number): bigint => (isZero(halves, word) ? 0n : present(words[word]));
    const { maxEntries } = map.spec;
    for (let budget = 0; budget < maxEntries * WORDS_OF_BUDGET; budget += WORDS_OF_BUDGET) {
      taken += countAt(budget + BUDGET.taken.offset / WORD);
      lost += countAt(budget + BUDGET.lost.offset / WORD);
    }
  }
  return { taken, lost };
}

function halvesOf({ buffer, byteOffset, length }: BigUint64Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, 2 * length);
}

function isZero(halves: Uint32Array, word: number): boolean {
  return halves[2 * word] === 0 && halves[2 * word + 1] === 0;
}

function wordOf({ pid, number }: ReaderName): bigint {
  return (BigInt(pid) << 32n) | BigInt(number);
}

function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): BigUint64Array {
  return new BigUint64Array(buffer, byteOffset, byteLength / WORD);
}
