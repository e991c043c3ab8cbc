/**
 * What the slots of an interface have counted in one direction, summed over CPUs. Typed arrays and not an object for each
 * slot: an exporter reads tens of thousands of them at a time, and most are 0.
 */
import { ENUMS, STRUCTS } from '../layout/layout.gen.ts';
import type { Direction } from './program.ts';

const { DIRECTIONS, INGRESS, EGRESS } = ENUMS.direction;
const { counter: COUNTER } = STRUCTS;
/** Bytes of a u64. */
const WORD = BigUint64Array.BYTES_PER_ELEMENT;
const WORDS = COUNTER.size / WORD;
const PACKETS = COUNTER.fields.packets.offset / WORD;
const BYTES = COUNTER.fields.bytes.offset / WORD;
const JIFFIES = COUNTER.fields.jiffies.offset / WORD;
const FIRST = ENUMS.slot.FIRST_NAMED;

export interface Count {
  readonly packets: bigint;
  readonly bytes: bigint;
  /** jiffies64 of the newest packet, 0 where none was counted. */
  readonly jiffies: bigint;
}

/** Of one counters map. */
export interface CounterValues {
  /** By index, each as long as a value of the map: the counters of all CPUs. */
  readonly words: BigUint64Array;
  readonly wordsOfIndex: number;
  /** Where the first named slot stands. */
  readonly first: number;
}

/** By slot, as this program numbers them. */
export class Counts {
  readonly packets: BigUint64Array;
  readonly bytes: BigUint64Array;
  /** jiffies64 of the newest packet, 0 where none was counted. */
  readonly jiffies: BigUint64Array;

  constructor(slots: number) {
    this.packets = new BigUint64Array(slots);
    this.bytes = new BigUint64Array(slots);
    this.jiffies = new BigUint64Array(slots);
  }

  get slots(): number {
    return this.packets.length;
  }

  /** Zeros of a slot that is not here. */
  at(slot: number): Count {
    return { packets: this.packets[slot] ?? 0n, bytes: this.bytes[slot] ?? 0n, jiffies: this.jiffies[slot] ?? 0n };
  }

  /** Adds what a map has of one direction. */
  add({ words, wordsOfIndex, first }: CounterValues, direction: Direction): void {
    const pinnedSlots = words.length / wordsOfIndex / DIRECTIONS;
    for (let pinned = 0; pinned < pinnedSlots; pinned++) {
      const slot = pinned < first ? pinned : pinned - first + FIRST;
      if (slot < this.slots) this.addCpus(slot, words, counterIndex(pinned, direction) * wordsOfIndex, wordsOfIndex);
    }
  }

  /** Adds `length` words, from `start` on: the counters of all CPUs. */
  addCpus(slot: number, words: BigUint64Array, start: number, length: number): void {
    const { packets, bytes, jiffies } = this;
    for (let at = start; at < start + length; at += WORDS) {
      packets[slot]! += words[at + PACKETS]!;
      bytes[slot]! += words[at + BYTES]!;
      if (words[at + JIFFIES]! > jiffies[slot]!) jiffies[slot] = words[at + JIFFIES]!;
    }
  }
}

/** The values of a map, or one of them, as words. */
export function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): BigUint64Array {
  return new BigUint64Array(buffer, byteOffset, byteLength / WORD);
}

/** Index of a slot's counter in a counters map. */
export function counterIndex(slot: number, direction: Direction): number {
  return slot * DIRECTIONS + (direction === 'ingress' ? INGRESS : EGRESS);
}
