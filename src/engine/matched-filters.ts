/**
 * Which filters of a generation have decided a packet: a bit of each entry of rank_slots, which the program sets. A held
 * generation can still be read when another one has taken its place, so that nothing it decided is missed.
 */
import type { BpfMap } from 'libbpf-ts-bindings';
import { BpfError, openMapById, openProgramById } from 'libbpf-ts-bindings';
import type { AttachedHook } from './survey.ts';
import { hasMatched, slotOf } from './tables.ts';

const MAP_NAME = 'rank_slots';

/** Owns a handle. */
export class HeldMatches implements Disposable {
  readonly programId: number;
  readonly #map: BpfMap;

  private constructor(programId: number, map: BpfMap) {
    this.programId = programId;
    this.#map = map;
  }

  /** undefined where the program is gone, stands behind a gate, or is of a version that marks nothing. */
  static of({ programId }: AttachedHook): HeldMatches | undefined {
    try {
      using program = openProgramById(programId);
      for (const id of program.mapIds) {
        const map = openMapById(id);
        if (map.spec.name === MAP_NAME) return new HeldMatches(programId, map);
        map[Symbol.dispose]();
      }
      return undefined;
    } catch (error) {
      if (error instanceof BpfError) return undefined;
      throw error;
    }
  }

  /** Is this the counter slot of each rank, the default's last? Else the ranks of these tables are of other filters. */
  hasSlots(slots: readonly number[]): boolean {
    const entries = this.#entries();
    return slots.length <= entries.length && slots.every((slot, rank) => slotOf(entries[rank] ?? 0) === slot);
  }

  /** Ranks that have decided a packet since the last call, or since the generation began. */
  take(): readonly number[] {
    const entries = this.#entries();
    const matched: number[] = [];
    for (let rank = 0; rank < entries.length; rank++) {
      const entry = entries[rank] ?? 0;
      if (!hasMatched(entry)) continue;
      matched.push(rank);
      // In one step: the program sets the bit of the next packet before or after it.
      Atomics.and(entries, rank, slotOf(entry));
    }
    return matched;
  }

  #entries(): Uint32Array<ArrayBuffer> {
    const { buffer, byteOffset, byteLength } = this.#map.mmap();
    return new Uint32Array(buffer as ArrayBuffer, byteOffset, byteLength / Uint32Array.BYTES_PER_ELEMENT);
  }

  [Symbol.dispose](): void {
    this.#map[Symbol.dispose]();
  }
}
