/**
 * Sets of filters, once their addresses are known to match: what is left to decide is the service.
 * A set is a row over service classes or, where it is short, a list. Equal sets and equal rows are
 * stored once.
 */
import { present } from '../base/assert.ts';
import { ENUMS } from '../layout/layout.gen.ts';
import type { DirectedFilter } from './expand.ts';
import type { Services } from './service-classes.ts';
import { serviceConditionOf } from './service-classes.ts';

const { layout: LIMITS, need: NEED, reference: REFERENCE } = ENUMS;

/** Sets of up to this many filters are lists: one cache line of entries, instead of a row of their own. */
const LIST_LENGTH = 4;

/** rank << 1 | permit, so that the lowest value is the most specific filter. */
export function ruleValue(rank: number, permit: boolean): number {
  return ((rank << REFERENCE.VALUE_RANK_SHIFT) | (permit ? 1 : 0)) >>> 0;
}

/** Lengths of the growing tables. */
export interface SetsMark {
  readonly rows: number;
  readonly subrows: number;
  readonly listed: number;
}

export class RuleSets {
  readonly #ranked: readonly DirectedFilter[];
  readonly #services: Services;
  readonly #defaultValue: number;
  readonly #bySet = new Map<string, number>();
  readonly #byRow = new Map<string, number>();
  readonly #bySubrow = new Map<string, number>();
  readonly rows: number[] = [];
  readonly subrows: number[] = [];
  /** Ranks, in the order of the list entries. */
  readonly listed: number[] = [];
  readonly #grid: Uint32Array;

  constructor(ranked: readonly DirectedFilter[], services: Services, defaultValue: number) {
    this.#ranked = ranked;
    this.#services = services;
    this.#defaultValue = defaultValue;
    this.#grid = new Uint32Array(services.destination.count * services.source.count);
    this.reference([]);
  }

  /** A place to go back to with `rewind`. */
  mark(): SetsMark {
    return { rows: this.rows.length, subrows: this.subrows.length, listed: this.listed.length };
  }

  /** Forgets what was added since the mark. */
  rewind(mark: SetsMark): void {
    const width = this.#services.destination.count;
    const dropFrom = (known: Map<string, number>, keep: (number: number) => boolean): void => {
      for (const [key, number] of known) if (!keep(number)) known.delete(key);
    };
    const keepsRow = (number: number): boolean => number < mark.rows / width;
    const listBit = 1 << REFERENCE.SET_LIST_BIT;
    const firstMask = (1 << REFERENCE.SET_COUNT_SHIFT) - 1;
    dropFrom(this.#byRow, keepsRow);
    dropFrom(this.#bySubrow, (number) => number < mark.subrows / this.#services.source.count);
    dropFrom(this.#bySet, (set) => ((set & listBit) !== 0 ? (set & firstMask) < mark.listed : keepsRow(set)));
    this.rows.length = mark.rows;
    this.subrows.length = mark.subrows;
    this.listed.length = mark.listed;
  }

  /** Bytes that rows, subrows and lists take by now. */
  get bytes(): number {
    return 4 * (this.rows.length + this.subrows.length) + 16 * this.listed.length;
  }

  value(rank: number): number {
    return ruleValue(rank, present(this.#ranked[rank]).action === 'permit');
  }

  /** `ranks` ascending without what a filter for every service hides. */
  visible(ranks: readonly number[]): readonly number[] {
    const last = ranks.findIndex((rank) => {
      const { filter, established } = present(this.#ranked[rank]);
      return filter.protocol === undefined && !established;
    });
    return last < 0 ? ranks : ranks.slice(0, last + 1);
  }

  /** The value by (destination class * source classes + source class) of the first match of `ranks`, ascending. */
  fill(ranks: readonly number[]): Uint32Array {
    const width = this.#services.source.count;
    this.#grid.fill(this.#defaultValue);
    for (let i = ranks.length - 1; i >= 0; i--) {
      const rank = ranks[i]!;
      const value = this.value(rank);
      const sources = present(this.#services.source.classesOf[this.#services.sourceOf[rank]!]);
      for (const d of present(this.#services.destination.classesOf[this.#services.destinationOf[rank]!])) {
        for (const s of sources) this.#grid[d * width + s] = value;
      }
    }
    return this.#grid;
  }

  /** A reference to the set for the tables; that of the empty set is 0. */
  reference(ranks: readonly number[]): number {
    const visible = this.visible(ranks);
    const key = visible.join();
    const known = this.#bySet.get(key);
    if (known !== undefined) return known;
    const short = visible.length > 0 && visible.length <= LIST_LENGTH;
    const reference = short ? this.#list(visible) : this.#row(visible);
    this.#bySet.set(key, reference);
    return reference;
  }

  #list(ranks: readonly number[]): number {
    const first = this.listed.length;
    this.listed.push(...ranks);
    return ((1 << REFERENCE.SET_LIST_BIT) | (ranks.length << REFERENCE.SET_COUNT_SHIFT) | first) >>> 0;
  }

  #row(ranks: readonly number[]): number {
    const width = this.#services.source.count;
    const grid = this.fill(ranks);
    const row: number[] = [];
    for (let at = 0; at < grid.length; at += width) row.push(this.#cell(grid.subarray(at, at + width)));
    return intern(this.#byRow, this.rows, row, row.length);
  }

  /** One value where the source port does not matter, else a reference to a subrow. */
  #cell(values: Uint32Array): number {
    const first = values[0]!;
    if (values.every((value) => value === first)) return first;
    const number = intern(this.#bySubrow, this.subrows, Array.from(values), values.length);
    return ((1 << REFERENCE.ROW_SUBROW_BIT) | number) >>> 0;
  }
}

function intern(known: Map<string, number>, into: number[], values: readonly number[], width: number): number {
  const key = values.join();
  const number = known.get(key) ?? into.length / width;
  if (known.has(key)) return number;
  known.set(key, number);
  for (const value of values) into.push(value);
  return number;
}

/** The list entries' bytes: struct xdpol_list_entry, little endian. */
export function encodeLists(listed: readonly number[], ranked: readonly DirectedFilter[], sets: RuleSets): Uint8Array {
  const bytes = new Uint8Array(listed.length * 16);
  const view = new DataView(bytes.buffer);
  for (const [i, rank] of listed.entries()) {
    const directed = present(ranked[rank]);
    const { protocol, key, established, needsL4 } = serviceConditionOf(directed);
    const need = (needsL4 ? NEED.L4 : 0) | (established ? NEED.ESTABLISHED : 0);
    const words = [key.lo, key.hi, directed.sourcePort.lo, directed.sourcePort.hi];
    for (const [w, word] of words.entries()) view.setUint16(i * 16 + 2 * w, word, true);
    view.setUint16(i * 16 + 8, protocol ?? LIMITS.ANY_PROTOCOL, true);
    view.setUint16(i * 16 + 10, need, true);
    view.setUint32(i * 16 + 12, sets.value(rank), true);
  }
  return bytes;
}
