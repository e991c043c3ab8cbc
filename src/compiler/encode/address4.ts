/**
 * IPv4 ranges -> the tables of one end. Up to nine ranges are one cache line. More: an index by the
 * first 16 bits to a class or to one-line leaves, fanned out by the next bits where ranges crowd.
 */
import type { Address4ShapeFields } from '../../layout/layout.gen.ts';
import { ENUMS, STRUCTS } from '../../layout/layout.gen.ts';
import type { AddressClasses } from '../classes/address-classes.ts';

const { layout: LIMITS, reference: REFERENCE } = ENUMS;
const { ADDRESS4_INDEX, ADDRESS4_FILTERED } = ENUMS.address4_form;
const { leaf: LEAF, leaf_classes: LEAF_CLASSES, root: ROOT } = STRUCTS;
const CLASSES = LIMITS.LEAF_CLASSES;
const UNUSED_BOUND = 0xffff;
const SLOTS = 65536;
const SLOT_ADDRESSES = 65536;

export interface Address4Tables {
  readonly shape: Address4ShapeFields;
  readonly filter: Uint8Array;
  readonly index: Uint8Array;
  readonly leaves: Uint8Array;
}

const EMPTY = new Uint8Array(0);

/** Largest of each form: see Budgets. */
export interface Forms4 {
  readonly root4Ranges: number;
  readonly unfiltered4Ranges: number;
  readonly narrowClasses: number;
}

export function encodeAddress4(classes: AddressClasses, forms: Forms4): Address4Tables {
  const wide = classes.classes.length > forms.narrowClasses;
  if (!wide && classes.rangeCount <= forms.root4Ranges) return encodeRoot(classes);
  const leaves = new Leaves(wide);
  const index = new Uint32Array(SLOTS);
  let range = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    const start = slot * SLOT_ADDRESSES;
    while (range + 1 < classes.rangeCount && classes.starts[range + 1]! <= start) range++;
    index[slot] = indexEntry(classes, range, start, leaves);
  }
  const filtered = classes.rangeCount > forms.unfiltered4Ranges;
  return {
    shape: { form: filtered ? ADDRESS4_FILTERED : ADDRESS4_INDEX, wide: wide ? 1 : 0 },
    filter: filtered ? encodeFilter(classes) : EMPTY,
    index: new Uint8Array(index.buffer),
    leaves: leaves.bytes(),
  };
}

function encodeRoot({ starts, rangeClasses, rangeCount }: AddressClasses): Address4Tables {
  const leaves = new Uint8Array(ROOT.size);
  const bounds = new Uint32Array(leaves.buffer, ROOT.fields.bounds.offset, LIMITS.ROOT_BOUNDS);
  const ids = new Uint16Array(leaves.buffer, ROOT.fields.classes.offset, CLASSES);
  for (let i = 0; i < CLASSES; i++) ids[i] = rangeClasses[Math.min(i, rangeCount - 1)]!;
  for (let i = 1; i < rangeCount; i++) bounds[i - 1] = starts[i]!;
  return { shape: { form: rootBoundsOf(rangeClasses, rangeCount), wide: 0 }, filter: EMPTY, index: EMPTY, leaves };
}

/**
 * How many bounds of a root the program compares. Without one it does not read the root and takes class 0. So one range
 * of another class, as a set has that covers every address, is told by a bound with that class on both sides.
 */
export function rootBoundsOf(rangeClasses: Uint32Array, rangeCount: number): number {
  return rangeCount === 1 && rangeClasses[0] !== 0 ? 1 : rangeCount - 1;
}

/** `range` is the one that holds the slot's first address. */
function indexEntry(classes: AddressClasses, range: number, start: number, leaves: Leaves): number {
  const end = start + SLOT_ADDRESSES;
  let stop = range + 1;
  while (stop < classes.rangeCount && classes.starts[stop]! < end) stop++;
  const bounds = stop - range - 1;
  if (bounds === 0) return classes.rangeClasses[range]!;
  const leafBit = 1 << REFERENCE.INDEX_LEAF_BIT;
  if (bounds <= LIMITS.LEAF_BOUNDS) return (leafBit | leaves.add(classes, range, end)) >>> 0;
  const fan = fanBits(classes, range + 1, stop);
  const first = leaves.count;
  let at = range;
  for (let part = 0; part < 1 << fan; part++) {
    const from = start + part * (SLOT_ADDRESSES >> fan);
    while (at + 1 < classes.rangeCount && classes.starts[at + 1]! <= from) at++;
    leaves.add(classes, at, from + (SLOT_ADDRESSES >> fan));
  }
  return (leafBit | (1 << REFERENCE.INDEX_FAN_BIT) | (fan << REFERENCE.INDEX_FAN_SHIFT) | first) >>> 0;
}

/** How many more bits pick a leaf so that no leaf gets more bounds than it holds. */
function fanBits(classes: AddressClasses, from: number, stop: number): number {
  for (let fan = 1; ; fan++) {
    const shift = 16 - fan;
    let crowd = 0;
    let part = -1;
    let most = 0;
    for (let i = from; i < stop; i++) {
      const low = classes.starts[i]! & 0xffff;
      if (low >>> shift !== part) [part, crowd] = [low >>> shift, 0];
      most = Math.max(most, ++crowd);
    }
    if (most <= LIMITS.LEAF_BOUNDS) return fan;
  }
}

class Leaves {
  readonly #wide: boolean;
  /** Bytes of one leaf, and where its classes are. */
  readonly #size: number;
  readonly #classesAt: number;
  #bounds!: Uint16Array;
  #classes!: Uint16Array | Uint32Array;
  count = 0;

  constructor(wide: boolean) {
    this.#wide = wide;
    this.#size = wide ? LEAF.size + LEAF_CLASSES.size : LEAF.size;
    this.#classesAt = wide ? LEAF.size : LEAF.fields.classes.offset;
    this.#useBytes(new Uint8Array(this.#size * 64));
  }

  /** A leaf for the addresses from within `range` up to `end`. Returns its number. */
  add(classes: AddressClasses, range: number, end: number): number {
    const begin = this.count * this.#size;
    if (begin === this.#bounds.byteLength) this.#grow();
    const boundsAt = begin / this.#bounds.BYTES_PER_ELEMENT;
    const classesAt = (begin + this.#classesAt) / this.#classes.BYTES_PER_ELEMENT;
    for (let place = 0, i = range; place < CLASSES; place++) {
      this.#classes[classesAt + place] = classes.rangeClasses[i]!;
      const isLast = i + 1 >= classes.rangeCount || classes.starts[i + 1]! >= end;
      this.#bounds[boundsAt + place] = isLast ? UNUSED_BOUND : classes.starts[++i]! & 0xffff;
    }
    return this.count++;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#bounds.buffer, 0, this.count * this.#size);
  }

  #grow(): void {
    const bytes = new Uint8Array(2 * this.#bounds.byteLength);
    bytes.set(new Uint8Array(this.#bounds.buffer));
    this.#useBytes(bytes);
  }

  #useBytes({ buffer }: Uint8Array): void {
    this.#bounds = new Uint16Array(buffer);
    this.#classes = this.#wide ? new Uint32Array(buffer) : new Uint16Array(buffer);
  }
}

/** A bit for each /24 that holds an address of a class other than 0. */
function encodeFilter({ starts, rangeClasses, rangeCount }: AddressClasses): Uint8Array {
  const bytes = new Uint8Array((1 << 24) / 8);
  for (let i = 0; i < rangeCount; i++) {
    if (rangeClasses[i] === 0) continue;
    const end = i + 1 < rangeCount ? starts[i + 1]! : 2 ** 32;
    const last = Math.floor((end - 1) / 256);
    for (let block = starts[i]! >>> 8; block <= last; block++) bytes[block >>> 3]! |= 1 << (block & 7);
  }
  return bytes;
}
