import { present } from './assert.ts';

/** Fewer keys than this are compared: a pass of the radix sort alone walks 65537 counters. */
const FEW = 2048;

function compareEntries(words: Uint32Array, size: number, a: number, b: number): number {
  for (let w = 0; w < size; w++) {
    const difference = words[a * size + w]! - words[b * size + w]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * The order that sorts `count` keys of `size` unsigned 32-bit words each (most significant word
 * first), ties by `minor` ascending, then by position: a stable LSD radix sort, 16 bits a pass.
 * Passes over digits that are all equal cost one scan.
 */
export function sortOrder(words: Uint32Array, size: number, count: number, minor: Uint8Array): Uint32Array {
  let order = Uint32Array.from({ length: count }, (_, i) => i);
  if (count < FEW) {
    return order.sort((a, b) => compareEntries(words, size, a, b) || present(minor[a]) - present(minor[b]) || a - b);
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
