/** Finds the parts of one action that share packets with a part of the other, without comparing all with all. */
import { present } from '../../base/assert.ts';
import type { AtomSet } from './atoms.ts';
import type { Effort } from './effort.ts';
import type { Region } from './search.ts';
import { servicesOverlap } from './service-sets.ts';
import type { Part, Space } from './universe.ts';

export class Overlaps {
  readonly #space: Space;
  readonly #effort: Effort;
  /** By id of the source set, then by id of the destination set. */
  readonly #bySource = new Map<number, Map<number, Part[]>>();
  readonly #sources: SetIndex;
  readonly #destinations: SetIndex;

  constructor(space: Space, parts: readonly Part[], effort: Effort) {
    this.#space = space;
    this.#effort = effort;
    this.#sources = new SetIndex(
      space,
      parts.map((part) => part.source),
    );
    this.#destinations = new SetIndex(
      space,
      parts.map((part) => part.destination),
    );
    for (const part of parts) {
      const byDestination = this.#bySource.get(part.source.id) ?? new Map<number, Part[]>();
      this.#bySource.set(part.source.id, byDestination);
      const known = byDestination.get(part.destination.id);
      if (known === undefined) byDestination.set(part.destination.id, [part]);
      else known.push(part);
    }
  }

  /** The parts that share a packet with the region. */
  *with(region: Region): Generator<Part> {
    const destinations = this.#destinations.meeting(region.destination);
    for (const source of this.#sources.meeting(region.source)) {
      const byDestination = present(this.#bySource.get(source));
      const ids = destinations.size < byDestination.size ? destinations : byDestination.keys();
      for (const id of ids) {
        if (!destinations.has(id)) continue;
        const others = byDestination.get(id) ?? [];
        this.#effort.spend(others.length);
        for (const other of others) {
          if (servicesOverlap(region.service, other.service)) yield other;
        }
      }
    }
  }

  get space(): Space {
    return this.#space;
  }
}

/** Which sets of a collection meet a given one. */
class SetIndex {
  readonly #everything: AtomSet;
  readonly #all: ReadonlySet<number>;
  readonly #at = new Map<number, number[]>();
  readonly #meeting = new Map<number, ReadonlySet<number>>();

  constructor({ atoms }: Space, sets: readonly AtomSet[]) {
    const distinct = new Set(sets);
    this.#everything = atoms.everything;
    this.#all = new Set([...distinct].map((set) => set.id));
    for (const set of distinct) {
      if (set === this.#everything) continue;
      for (const atom of set.atoms) {
        const known = this.#at.get(atom);
        if (known === undefined) this.#at.set(atom, [set.id]);
        else known.push(set.id);
      }
    }
  }

  meeting(set: AtomSet): ReadonlySet<number> {
    if (set === this.#everything) return this.#all;
    const known = this.#meeting.get(set.id);
    if (known !== undefined) return known;
    const ids = new Set<number>(this.#all.has(this.#everything.id) ? [this.#everything.id] : []);
    for (const atom of set.atoms) for (const id of this.#at.get(atom) ?? []) ids.add(id);
    this.#meeting.set(set.id, ids);
    return ids;
  }
}
