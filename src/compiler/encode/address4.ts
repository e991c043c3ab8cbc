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
  const slots = encodeIndex(classes);
  const filtered = classes.rangeCount > forms.unfiltered4Ranges;
  return {
    shape: { form: filtered ? ADDRESS4_FILTERED : ADDRESS4_INDEX, wide: wide ? 1 : 0 },
    filter: filtered ? encodeFilter(classes) : EMPTY,
    index: new Uint8Array(slots.index.buffer),
    leaves: encodeLeaves(classes, slots, wide),
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

interface Slots {
  readonly index: Uint32Array<ArrayBuffer>;
  /** By slot: how many leaves it has, each for as many addresses; 0 where all its addresses have one class. */
  readonly leavesOf: Uint16Array;
  /** Of all slots, whose leaves stand one behind the other. */
  readonly leafCount: number;
}

function encodeIndex(classes: AddressClasses): Slots {
  const { starts, rangeClasses, rangeCount } = classes;
  const index = new Uint32Array(SLOTS);
  const leavesOf = new Uint16Array(SLOTS);
  const leafBit = 1 << REFERENCE.INDEX_LEAF_BIT;
  const fanBit = 1 << REFERENCE.INDEX_FAN_BIT;
  let leafCount = 0;
  for (let slot = 0, range = 0; slot < SLOTS; slot++) {
    const start = slot * SLOT_ADDRESSES;
    while (range + 1 < rangeCount && starts[range + 1]! <= start) range++;
    let stop = range + 1;
    while (stop < rangeCount && starts[stop]! < start + SLOT_ADDRESSES) stop++;
    const bounds = stop - range - 1;
    if (bounds === 0) {
      index[slot] = rangeClasses[range]!;
      continue;
    }
    const fan = bounds <= LIMITS.LEAF_BOUNDS ? 0 : fanBits(starts, range + 1, stop);
    index[slot] = leafBit | (fan === 0 ? 0 : fanBit | (fan << REFERENCE.INDEX_FAN_SHIFT)) | leafCount;
    leavesOf[slot] = 1 << fan;
    leafCount += 1 << fan;
    range = stop - 1;
  }
  return { index, leavesOf, leafCount };
}

/**
 * How many more bits pick a leaf so that no leaf gets more bounds than it holds: one more than the first and the last of
 * too many have in common.
 */
function fanBits(starts: Uint32Array, from: number, stop: number): number {
  let common = 0;
  for (let i = from; i + LIMITS.LEAF_BOUNDS < stop; i++) {
    const differing = (starts[i]! ^ starts[i + LIMITS.LEAF_BOUNDS]!) & 0xffff;
    common = Math.max(common, Math.clz32(differing) - 16);
  }
  return common + 1;
}

function encodeLeaves(classes: AddressClasses, { leavesOf, leafCount }: Slots, wide: boolean): Uint8Array {
  const leaves = new Leaves(wide, leafCount);
  const { starts, rangeCount } = classes;
  for (let slot = 0, range = 0; slot < SLOTS; slot++) {
    const count = leavesOf[slot]!;
    const addresses = SLOT_ADDRESSES / count;
    for (let leaf = 0, start = slot * SLOT_ADDRESSES; leaf < count; leaf++, start += addresses) {
      while (range + 1 < rangeCount && starts[range + 1]! <= start) range++;
      range = leaves.add(classes, range, start + addresses);
    }
  }
  return leaves.bytes;
}

class Leaves {
  readonly bytes: Uint8Array;
  /** Bytes of one leaf, and where its classes are. */
  readonly #size: number;
  readonly #classesAt: number;
  readonly #bounds: Uint16Array;
  readonly #classes: Uint16Array | Uint32Array;
  #count = 0;

  constructor(wide: boolean, count: number) {
    this.#size = wide ? LEAF.size + LEAF_CLASSES.size : LEAF.size;
    this.#classesAt = wide ? LEAF.size : LEAF.fields.classes.offset;
    const bytes = new Uint8Array(this.#size * count);
    this.bytes = bytes;
    this.#bounds = new Uint16Array(bytes.buffer);
    this.#classes = wide ? new Uint32Array(bytes.buffer) : new Uint16Array(bytes.buffer);
  }

  /** A leaf for the addresses from within range `first` up to `end`. Returns the range of the last of them. */
  add({ starts, rangeClasses, rangeCount }: AddressClasses, first: number, end: number): number {
    const bounds = this.#bounds;
    const classes = this.#classes;
    const begin = this.#count++ * this.#size;
    const boundsAt = begin / bounds.BYTES_PER_ELEMENT;
    const classesAt = (begin + this.#classesAt) / classes.BYTES_PER_ELEMENT;
    let range = first;
    let place = 0;
    for (; range + 1 < rangeCount && starts[range + 1]! < end; place++) {
      classes[classesAt + place] = rangeClasses[range]!;
      bounds[boundsAt + place] = starts[++range]! & 0xffff;
    }
    for (; place < CLASSES; place++) {
      classes[classesAt + place] = rangeClasses[range]!;
      bounds[boundsAt + place] = UNUSED_BOUND;
    }
    return range;
  }
}

/** A bit for each /24 that holds an address of a class other than 0. */
function encodeFilter({ starts, rangeClasses, rangeCount }: AddressClasses): Uint8Array {
  const bytes = new Uint8Array((1 << 24) / 8);
  for (let i = 0; i < rangeCount; i++) {
    if (rangeClasses[i] === 0) continue;
    const end = i + 1 < rangeCount ? starts[i + 1]! : 2 ** 32;
    const last = (end - 1) >>> 8;
    for (let block = starts[i]! >>> 8; block <= last; block++) bytes[block >>> 3]! |= 1 << (block & 7);
  }
  return bytes;
}
