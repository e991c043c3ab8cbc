import { present } from './assert.ts';

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
  order: Uint32Array<ArrayBuffer>,
  starts: readonly number[],
  isAfter: (a: number, b: number) => boolean,
): { readonly order: Uint32Array<ArrayBuffer>; readonly starts: number[] } {
  const merged = new Uint32Array(order.length);
  const firsts: number[] = [];
  for (let run = 0; run < starts.length; run += 2) {
    let left = starts[run]!;
    const middle = starts[run + 1] ?? order.length;
    const end = starts[run + 2] ?? order.length;
    firsts.push(left);
    let right = middle;
    for (let to = left; to < end; to++) {
      const takesRight = left === middle || (right < end && isAfter(order[left]!, order[right]!));
      merged[to] = takesRight ? order[right++]! : order[left++]!;
    }
  }
  return { order: merged, starts: firsts };
}

/**
 * The order that sorts `count` keys of `size` unsigned 32-bit words each (most significant word
 * first), ties by `minor` ascending, then by position: a merge where they are a few runs that ascend, else a stable LSD
 * radix sort, 16 bits a pass. Passes over digits that are all equal cost one scan.
 */
export function sortOrder(words: Uint32Array, size: number, count: number, minor: Uint8Array): Uint32Array {
  let order = Uint32Array.from({ length: count }, (_, i) => i);
  if (count < FEW) {
    return order.sort((a, b) => compareEntries(words, size, a, b) || present(minor[a]) - present(minor[b]) || a - b);
  }
  let runs = runsOf(words, size, count, minor);
  if (runs !== undefined) {
    const isAfter = (a: number, b: number): boolean => (compareEntries(words, size, a, b) || minor[a]! - minor[b]!) > 0;
    while (runs.length > 1) ({ order, starts: runs } = mergeNeighbours(order, runs, isAfter));
    return order;
  }
  let spare = new Uint32Array(count);
  const pass = (digit: (entry: number) => number): void => {
    const starts = new Uint32Array(65537);
    for (let i = 0; i < count; i++) starts[digit(i) + 1]!++;
    if (starts.includes(count)) return;
    for (let d = 0; d < 65536; d++) starts[d + 1]! += starts[d]!;
    for (const entry of order) spare[starts[digit(entry)]!++] = entry;
    [order, spare] = [spare, order];
  };
  pass((entry) => present(minor[entry]));
  for (let w = size - 1; w >= 0; w--) {
    pass((entry) => words[entry * size + w]! & 0xffff);
    pass((entry) => words[entry * size + w]! >>> 16);
  }
  return order;
}
