/** Fewer keys than this are compared: a pass of the radix sort alone walks 65537 counters. */
const FEW = 2048;
/** So many ascending runs are merged: sets are sorted already, and keys of a few of them stand one behind the other. */
const FEW_RUNS = 8;

function compareEntries(words: Uint32Array, size: number, a: number, b: number): number {
  for (let w = 0; w < size; w++) {
    const difference = words[a * size + w]! - words[b * size + w]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Where each ascending run begins, ties by `minor`; undefined where there are more than a few. */
function runsOf(words: Uint32Array, size: number, count: number, minor: Uint8Array): number[] | undefined {
  const starts = [0];
  for (let i = 1; i < count; i++) {
    if ((compareEntries(words, size, i - 1, i) || minor[i - 1]! - minor[i]!) <= 0) continue;
    if (starts.push(i) > FEW_RUNS) return undefined;
  }
  return starts;
}

/** One pass: each run with the next. Of equal keys the one that came first stays first. */
function mergeNeighbours(
  from: Uint32Array,
  to: Uint32Array,
  starts: readonly number[],
  isAfter: (a: number, b: number) => boolean,
): number[] {
  const firsts: number[] = [];
  for (let run = 0; run < starts.length; run += 2) {
    let left = starts[run]!;
    const middle = starts[run + 1] ?? from.length;
    const end = starts[run + 2] ?? from.length;
    firsts.push(left);
    let right = middle;
    let at = left;
    while (left < middle && right < end) to[at++] = isAfter(from[left]!, from[right]!) ? from[right++]! : from[left++]!;
    to.set(from.subarray(left, middle), at);
    to.set(from.subarray(right, end), at + middle - left);
  }
  return firsts;
}

const DIGITS = 1 << 16;

/** 16 bits, from `shift` on, of a number that each entry has: it is at `place` of the `size` that an entry has in `keys`. */
interface Digit {
  readonly keys: Uint32Array | Uint8Array;
  readonly size: number;
  readonly place: number;
  readonly shift: number;
}

/** One pass of the radix sort. False where all entries have the same digit: then nothing is written. */
function sortByDigit(from: Uint32Array, to: Uint32Array, { keys, size, place, shift }: Digit): boolean {
  const starts = new Uint32Array(DIGITS + 1);
  for (let i = 0; i < from.length; i++) starts[((keys[i * size + place]! >>> shift) & (DIGITS - 1)) + 1]!++;
  if (starts.includes(from.length)) return false;
  for (let digit = 0; digit < DIGITS; digit++) starts[digit + 1]! += starts[digit]!;
  for (let i = 0; i < from.length; i++) {
    const entry = from[i]!;
    to[starts[(keys[entry * size + place]! >>> shift) & (DIGITS - 1)]!++] = entry;
  }
  return true;
}

/**
 * The order that sorts `count` keys of `size` unsigned 32-bit words each (most significant word
 * first), ties by `minor` ascending, then by position: a merge where they are a few runs that ascend, else a stable LSD
 * radix sort, 16 bits a pass. Passes over digits that are all equal cost one scan.
 */
export function sortOrder(words: Uint32Array, size: number, count: number, minor: Uint8Array): Uint32Array {
  let order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  let runs = runsOf(words, size, count, minor);
  if (runs?.length === 1) return order;
  if (count < FEW) {
    return order.sort((a, b) => compareEntries(words, size, a, b) || minor[a]! - minor[b]! || a - b);
  }
  let spare = new Uint32Array(count);
  if (runs !== undefined) {
    const isAfter = (a: number, b: number): boolean => (compareEntries(words, size, a, b) || minor[a]! - minor[b]!) > 0;
    while (runs.length > 1) {
      runs = mergeNeighbours(order, spare, runs, isAfter);
      [order, spare] = [spare, order];
    }
    return order;
  }
  const pass = (digit: Digit): void => {
    if (sortByDigit(order, spare, digit)) [order, spare] = [spare, order];
  };
  pass({ keys: minor, size: 1, place: 0, shift: 0 });
  for (let place = size - 1; place >= 0; place--) {
    pass({ keys: words, size, place, shift: 0 });
    pass({ keys: words, size, place, shift: 16 });
  }
  return order;
}
