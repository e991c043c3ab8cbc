/**
 * A few IPv6 ranges -> one root, in which the program compares bounds of the high half, and single addresses. The bounds of
 * other ranges are somewhere within a /64: those are no root.
 */
import { present } from '../../base/assert.ts';
import type { Address6ShapeFields } from '../../layout/layout.gen.ts';
import { ENUMS, STRUCTS } from '../../layout/layout.gen.ts';
import type { AddressClasses } from '../classes/address-classes.ts';

const { HALVES, ROOT_BOUNDS, ROOT_HOSTS, LEAF_CLASSES } = ENUMS.layout;
const WORDS = 4;
const LAST_HALF = (1n << 64n) - 1n;
const FIRST_BIT = 1n << 63n;
const LAST_ADDRESS = (1n << 128n) - 1n;

export interface Root6 {
  readonly shape: Pick<Address6ShapeFields, 'rootBounds' | 'rootHosts'>;
  /** struct xdpol_root6. */
  readonly nodes: Uint8Array;
}

/** A range by its first address, or by the high half of that. */
interface Start {
  readonly at: bigint;
  readonly class: number;
}

interface Parts {
  /** From each of these high halves on, up to the next. */
  readonly ranges: readonly Start[];
  readonly hosts: readonly Start[];
}

/** Of at most so many ranges besides the hosts; undefined where one root cannot tell them. */
export function encodeRoot6(classes: AddressClasses, mostRanges: number): Root6 | undefined {
  const parts = partsOf(classes, mostRanges);
  if (parts === undefined) return undefined;
  const { ranges, hosts } = parts;
  const halves = [halfOf(ranges, 0n), halfOf(ranges, FIRST_BIT)];
  const bounds = Math.max(...halves.map(({ length }) => length - 1));
  // Of a root without bounds and hosts the program takes class 0 unread: any other class stands on both sides of a bound.
  const needsBound = bounds === 0 && hosts.length === 0 && halves.some(([first]) => first!.class !== 0);
  return {
    shape: { rootBounds: needsBound ? 1 : bounds, rootHosts: hosts.length },
    nodes: bytesOf(halves, hosts),
  };
}

function partsOf(classes: AddressClasses, mostRanges: number): Parts | undefined {
  if (classes.rangeCount > mostRanges + 2 * ROOT_HOSTS) return undefined;
  const ranges: Start[] = [];
  const hosts: Start[] = [];
  /** Single addresses right before: what begins behind them may as well begin at one of them. */
  let before: bigint[] = [];
  for (const { at, last, class: number } of rangesOf(classes)) {
    const around = ranges.at(-1)?.class;
    if (at === last && number !== around) {
      before.push(at);
      hosts.push({ at, class: number });
      continue;
    }
    if (number !== around) {
      const start = [...before, at].find((one) => (one & LAST_HALF) === 0n);
      if (start === undefined) return undefined;
      ranges.push({ at: start >> 64n, class: number });
    }
    before = [];
  }
  return ranges.length <= mostRanges && hosts.length <= ROOT_HOSTS ? { ranges, hosts } : undefined;
}

function* rangesOf({ starts, rangeClasses, rangeCount }: AddressClasses): Generator<Start & { readonly last: bigint }> {
  const first = (i: number): bigint =>
    starts.subarray(i * WORDS, (i + 1) * WORDS).reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
  for (let i = 0; i < rangeCount; i++) {
    const last = i + 1 < rangeCount ? first(i + 1) - 1n : LAST_ADDRESS;
    yield { at: first(i), last, class: rangeClasses[i]! };
  }
}

/** The ranges among the addresses with one first bit, from the lowest of these on. */
function halfOf(ranges: readonly Start[], lowest: bigint): readonly Start[] {
  const begun = present(ranges.findLast(({ at }) => at <= lowest));
  const within = ranges.filter(({ at }) => at > lowest && (at & FIRST_BIT) === lowest);
  return [{ at: lowest, class: begun.class }, ...within];
}

function bytesOf(halves: readonly (readonly Start[])[], hosts: readonly Start[]): Uint8Array {
  const fields = STRUCTS.root6.fields;
  const view = new DataView(new ArrayBuffer(STRUCTS.root6.size));
  const write64 = (at: number, i: number, value: bigint): void => view.setBigUint64(at + 8 * i, value, true);
  const writeClass = (place: number, number: number): void =>
    view.setUint16(fields.classes.offset + 2 * place, number, true);
  for (const [half, ranges] of halves.entries()) {
    const lastOfHalf = ranges[0]!.at | (FIRST_BIT - 1n);
    for (let i = 0; i < ROOT_BOUNDS; i++)
      write64(fields.bounds.offset, half * ROOT_BOUNDS + i, ranges[i + 1]?.at ?? lastOfHalf);
    for (let i = 0; i < LEAF_CLASSES; i++) writeClass(half * LEAF_CLASSES + i, (ranges[i] ?? ranges.at(-1)!).class);
  }
  for (const [i, { at, class: number }] of hosts.entries()) {
    write64(fields.hosts_high.offset, i, at >> 64n);
    write64(fields.hosts_low.offset, i, at & LAST_HALF);
    writeClass(HALVES * LEAF_CLASSES + i, number);
  }
  return new Uint8Array(view.buffer);
}
