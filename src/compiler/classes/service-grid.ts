/**
 * The value of every service class under one set of filters, painted from the least specific filter
 * to the most. Few filters look at source ports, so that a destination class is split by them only
 * where one does.
 */
export class ServiceGrid {
  readonly #width: number;
  readonly #row: Uint32Array;
  readonly #split: Uint8Array;
  readonly #cells: Uint32Array;

  constructor(destinationClasses: number, sourceClasses: number) {
    this.#width = sourceClasses;
    this.#row = new Uint32Array(destinationClasses);
    this.#split = new Uint8Array(destinationClasses);
    this.#cells = new Uint32Array(destinationClasses * sourceClasses);
  }

  clear(value: number): void {
    this.#row.fill(value);
    this.#split.fill(0);
  }

  /** Gives the value to each pair of the classes. */
  paint(destinations: readonly number[], sources: readonly number[], value: number): void {
    if (sources.length === this.#width) {
      for (const d of destinations) this.set(d, value);
      return;
    }
    for (const d of destinations) {
      const at = d * this.#width;
      if (this.#split[d] === 0) this.#cells.fill(this.#row[d]!, at, at + this.#width);
      this.#split[d] = 1;
      for (const s of sources) this.#cells[at + s] = value;
    }
  }

  /** One value for a destination class, whatever the source port. */
  set(destination: number, value: number): void {
    this.#row[destination] = value;
    this.#split[destination] = 0;
  }

  /** A value for each source class of a destination class. */
  setSplit(destination: number, values: Uint32Array): void {
    this.#cells.set(values, destination * this.#width);
    this.#split[destination] = 1;
  }

  /** The value of a destination class, or one for each source class where they differ. A view. */
  at(destination: number): number | Uint32Array {
    if (this.#split[destination] === 0) return this.#row[destination]!;
    const cells = this.#cells.subarray(destination * this.#width, (destination + 1) * this.#width);
    const first = cells[0]!;
    return cells.every((value) => value === first) ? first : cells;
  }

  /** All values, by destination class * source classes + source class. A view. */
  flat(): Uint32Array {
    for (let d = 0; d < this.#row.length; d++) {
      if (this.#split[d] === 0) this.#cells.fill(this.#row[d]!, d * this.#width, (d + 1) * this.#width);
    }
    return this.#cells;
  }
}
