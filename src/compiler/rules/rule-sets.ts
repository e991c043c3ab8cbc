/**
 * Sets of filters, once their addresses are known to match: what is left to decide is the service.
 * A set is a row over service classes or, where it is short, a list. Equal sets and equal rows are
 * stored once.
 */
import { present } from '../../base/assert.ts';
import { ENUMS, STRUCTS, writeListEntry } from '../../layout/layout.gen.ts';
import type { PortRange } from '../../policy/model.ts';
import type { Services } from '../classes/service-classes.ts';
import { serviceConditionOf } from '../classes/service-classes.ts';
import { ServiceGrid } from '../classes/service-grid.ts';
import type { DirectedFilter } from '../conditions/expand.ts';
import { WordRows } from './word-rows.ts';

const { layout: LIMITS, need: NEED, reference: REFERENCE } = ENUMS;

/** Sets of up to this many filters are lists: one cache line of entries, instead of a row of their own. */
const LIST_LENGTH = 4;

/** rank << 1 | permit, so that the lowest value is the most specific filter. */
export function ruleValue(rank: number, permit: boolean): number {
  return ((rank << REFERENCE.VALUE_RANK_SHIFT) | (permit ? 1 : 0)) >>> 0;
}

/** A filter of a list, with one of its port ranges at each end. */
export interface ListEntry {
  readonly rank: number;
  readonly key: PortRange;
  readonly sourcePort: PortRange;
}

/** What rows are made with: the classes where each condition holds, and a place to put values in. */
interface Painter {
  readonly grid: ServiceGrid;
  readonly destinations: readonly (readonly number[])[];
  readonly sources: readonly (readonly number[])[];
}

/** How much the growing tables hold. */
export interface SetsMark {
  readonly rows: number;
  readonly subrows: number;
  readonly listed: number;
  readonly work: number;
}

const LIST_BIT = 1 << REFERENCE.SET_LIST_BIT;
const FIRST_MASK = (1 << REFERENCE.SET_COUNT_SHIFT) - 1;
const SUBROW_BIT = 1 << REFERENCE.ROW_SUBROW_BIT;

export class RuleSets {
  readonly #ranked: readonly DirectedFilter[];
  readonly #services: Services;
  readonly #defaultValue: number;
  readonly #bySet = new Map<string, number>();
  readonly #row: Uint32Array;
  #painter: Painter | undefined;
  #work = 0;
  readonly rows: WordRows;
  readonly subrows: WordRows;
  /** In the order of the lists, within one of its ranks. */
  readonly listed: ListEntry[] = [];

  constructor(ranked: readonly DirectedFilter[], services: Services, defaultValue: number) {
    this.#ranked = ranked;
    this.#services = services;
    this.#defaultValue = defaultValue;
    this.#row = new Uint32Array(services.destination.count);
    this.rows = new WordRows(services.destination.count);
    this.subrows = new WordRows(services.source.count);
    this.rows.intern(this.#row.fill(defaultValue));
    this.#bySet.set('', 0);
  }

  /** Cells painted and ranks looked at so far. */
  get work(): number {
    return this.#work;
  }

  /** A place to go back to with `rewind`. */
  mark(): SetsMark {
    return { rows: this.rows.count, subrows: this.subrows.count, listed: this.listed.length, work: this.#work };
  }

  /** Forgets what was added since the mark. */
  rewind(mark: SetsMark): undefined {
    for (const [key, set] of this.#bySet) {
      const kept = (set & LIST_BIT) === 0 ? set < mark.rows : (set & FIRST_MASK) < mark.listed;
      if (!kept) this.#bySet.delete(key);
    }
    this.rows.truncate(mark.rows);
    this.subrows.truncate(mark.subrows);
    this.listed.length = mark.listed;
  }

  /** Bytes that rows, subrows and lists take by now. */
  get bytes(): number {
    return 4 * (this.rows.words.length + this.subrows.words.length) + STRUCTS.list_entry.size * this.listed.length;
  }

  value(rank: number): number {
    return ruleValue(rank, present(this.#ranked[rank]).action === 'permit');
  }

  /** `ranks` ascending without what a filter for every service hides. */
  visible(ranks: readonly number[]): readonly number[] {
    const last = ranks.findIndex((rank) => this.#isForEveryService(rank));
    return last < 0 ? ranks : ranks.slice(0, last + 1);
  }

  /** The value by (destination class * source classes + source class) of the first match of `ranks`, ascending. */
  fill(ranks: readonly number[]): Uint32Array {
    this.#work += ranks.length;
    this.#paint(this.visible(ranks));
    return this.#grid.flat();
  }

  /** A reference to the set for the tables; that of the empty set is 0. */
  reference(ranks: readonly number[]): number {
    const visible = this.visible(ranks);
    this.#work += ranks.length;
    return this.#known(visible.join(), () => {
      const entries = this.#entries(visible);
      if (entries !== undefined) return this.#list(entries);
      this.#paint(visible);
      return this.#store();
    });
  }

  /** The set of a reference and of `ranks`, ascending, which all come before those of that set. */
  extended(base: number, ranks: readonly number[]): number {
    if (ranks.length === 0) return base;
    const visible = this.visible(ranks);
    if (base === 0 || this.#isForEveryService(present(visible.at(-1)))) return this.reference(visible);
    if ((base & LIST_BIT) !== 0) return this.reference([...visible, ...this.#ranksOf(base)]);
    return this.#known(`${base}+${visible.join()}`, () => {
      this.#load(base);
      this.#paintOver(visible);
      return this.#store();
    });
  }

  #isForEveryService(rank: number): boolean {
    const { filter, established } = present(this.#ranked[rank]);
    return filter.protocol === undefined && !established && !filter.fragment;
  }

  #known(key: string, make: () => number): number {
    const known = this.#bySet.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#bySet.set(key, made);
    return made;
  }

  get #grid(): ServiceGrid {
    return this.#painting().grid;
  }

  /** Made when a row is asked for: it has a cell for each pair of service classes. */
  #painting(): Painter {
    const { destination, source } = this.#services;
    this.#painter ??= {
      grid: new ServiceGrid(destination.count, source.count),
      destinations: destination.holds(),
      sources: source.holds(),
    };
    return this.#painter;
  }

  #paint(ranks: readonly number[]): void {
    this.#grid.clear(this.#defaultValue);
    this.#paintOver(ranks);
  }

  /** The most specific last: it stays on top. */
  #paintOver(ranks: readonly number[]): void {
    const { destinationOf, sourceOf } = this.#services;
    const { grid, destinations, sources } = this.#painting();
    for (let i = ranks.length - 1; i >= 0; i--) {
      const rank = ranks[i]!;
      const [keys, ports] = [present(destinations[destinationOf[rank]!]), present(sources[sourceOf[rank]!])];
      grid.paint(keys, ports, this.value(rank));
      this.#work += keys.length * (ports.length === this.#services.source.count ? 1 : ports.length);
    }
  }

  /** One for each pair of port ranges; undefined where there are none or too many. */
  #entries(ranks: readonly number[]): readonly ListEntry[] | undefined {
    if (ranks.length === 0 || ranks.length > LIST_LENGTH) return undefined;
    const entries: ListEntry[] = [];
    for (const rank of ranks) {
      const directed = present(this.#ranked[rank]);
      const { keys } = serviceConditionOf(directed);
      if (entries.length + keys.length * directed.sourcePorts.length > LIST_LENGTH) return undefined;
      for (const sourcePort of directed.sourcePorts) for (const key of keys) entries.push({ rank, key, sourcePort });
    }
    return entries;
  }

  #list(entries: readonly ListEntry[]): number {
    const first = this.listed.length;
    this.listed.push(...entries);
    return (LIST_BIT | (entries.length << REFERENCE.SET_COUNT_SHIFT) | first) >>> 0;
  }

  #ranksOf(list: number): readonly number[] {
    const first = list & FIRST_MASK;
    const entries = this.listed.slice(first, first + ((list & ~LIST_BIT) >>> REFERENCE.SET_COUNT_SHIFT));
    return [...new Set(entries.map(({ rank }) => rank))];
  }

  /** The grid as a row: a value where the source port does not matter, else a reference to a subrow. */
  #store(): number {
    for (let d = 0; d < this.#row.length; d++) {
      const at = this.#grid.at(d);
      this.#row[d] = typeof at === 'number' ? at : SUBROW_BIT | this.subrows.intern(at);
    }
    return this.rows.intern(this.#row);
  }

  #load(row: number): void {
    for (const [d, value] of this.rows.row(row).entries()) {
      if ((value & SUBROW_BIT) === 0) this.#grid.set(d, value);
      else this.#grid.setSplit(d, this.subrows.row(value & ~SUBROW_BIT));
    }
  }
}

/** The list entries' bytes: struct xdpol_list_entry, little endian. */
export function encodeLists(
  listed: readonly ListEntry[],
  ranked: readonly DirectedFilter[],
  sets: RuleSets,
): Uint8Array {
  const { size } = STRUCTS.list_entry;
  const bytes = new Uint8Array(listed.length * size);
  const view = new DataView(bytes.buffer);
  for (const [i, { rank, key, sourcePort }] of listed.entries()) {
    const { protocol, established, needsL4, fragment } = serviceConditionOf(present(ranked[rank]));
    const l4 = needsL4 ? NEED.L4 : 0;
    const need = l4 | (established ? NEED.ESTABLISHED : 0) | (fragment ? NEED.FRAGMENT : 0);
    writeListEntry(view, i * size, {
      ...{ dportLo: key.lo, dportHi: key.hi, sportLo: sourcePort.lo, sportHi: sourcePort.hi },
      ...{ protocol: protocol ?? LIMITS.ANY_PROTOCOL, need, value: sets.value(rank) },
    });
  }
  return bytes;
}
