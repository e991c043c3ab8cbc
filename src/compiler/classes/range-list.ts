/** The ranges that addresses are cut into, as they are found: in address order. */
export class RangeList {
  readonly #size: number;
  readonly #starts: Uint32Array;
  readonly #classes: Uint32Array;
  #count = 0;

  /** `size`: words of an address. `room`: how often a range is started at most. */
  constructor(size: number, room: number) {
    this.#size = size;
    this.#starts = new Uint32Array(room * size);
    this.#classes = new Uint32Array(room);
  }

  /** From the address that is at `at` of `words`. A range of no addresses is replaced, one of the same class goes on. */
  start(words: Uint32Array, at: number, rangeClass: number): void {
    if (this.#count > 0 && this.#startsAt(words, at)) this.#count--;
    if (this.#count > 0 && this.#classes[this.#count - 1] === rangeClass) return;
    const to = this.#count * this.#size;
    for (let w = 0; w < this.#size; w++) this.#starts[to + w] = words[at + w]!;
    this.#classes[this.#count++] = rangeClass;
  }

  finish(): { readonly starts: Uint32Array; readonly rangeClasses: Uint32Array; readonly rangeCount: number } {
    const starts = this.#starts.subarray(0, this.#count * this.#size);
    return { starts, rangeClasses: this.#classes.subarray(0, this.#count), rangeCount: this.#count };
  }

  #startsAt(words: Uint32Array, at: number): boolean {
    const last = (this.#count - 1) * this.#size;
    for (let w = 0; w < this.#size; w++) if (this.#starts[last + w] !== words[at + w]) return false;
    return true;
  }
}
