/** Reproducible random numbers (sfc32): the same seed gives the same policies and packets anywhere. */
export class Random {
  #a: number;
  #b: number;
  #c = 0x9e3779b9;
  #counter = 1;

  /** Streams of one seed have nothing to do with each other. */
  constructor(seed: number, stream: number = ~seed) {
    this.#a = seed >>> 0;
    this.#b = stream >>> 0;
    for (let i = 0; i < 16; i++) this.u32();
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** 0 to 1, without 1. */
  share(): number {
    return this.u32() / 2 ** 32;
  }

  /** 0..limit-1. */
  below(limit: number): number {
    return Math.floor(this.share() * limit);
  }

  between(lo: number, hi: number): number {
    return lo + this.below(hi - lo + 1);
  }

  pick<T>(all: readonly T[]): T {
    const value = all[this.below(all.length)];
    if (value === undefined) throw new Error('bug: nothing to pick from');
    return value;
  }

  /** The value whose share the number falls into; shares are percent and sum up to 100. */
  shared<T>(shares: readonly (readonly [percent: number, value: T])[]): T {
    let at = this.below(100);
    for (const [percent, value] of shares) {
      if (at < percent) return value;
      at -= percent;
    }
    throw new Error('bug: the shares do not sum up to 100');
  }
}
