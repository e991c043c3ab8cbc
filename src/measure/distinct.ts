/** How many of many fixed-size records differ, without an object for each. */
import { present } from '../base/assert.ts';

const EMPTY = 0xffffffff;

/** Of the first `count` records of `stride` bytes, a multiple of 4. Open addressing, at most half full. */
export function countDistinct(bytes: Uint8Array, stride: number, count: number): number {
  const size = stride / 4;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, count * size);
  const places = new Uint32Array(2 ** Math.ceil(Math.log2(2 * count + 1))).fill(EMPTY);
  const mask = places.length - 1;
  let distinct = 0;
  for (let record = 0; record < count; record++) {
    let place = hashOf(words, record * size, size) & mask;
    while (places[place] !== EMPTY && !same(words, present(places[place]) * size, record * size, size))
      place = (place + 1) & mask;
    if (places[place] !== EMPTY) continue;
    places[place] = record;
    distinct++;
  }
  return distinct;
}

function hashOf(words: Uint32Array, at: number, size: number): number {
  let hash = 0;
  for (let w = at; w < at + size; w++) {
    hash = Math.imul(hash ^ present(words[w]), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

function same(words: Uint32Array, a: number, b: number, size: number): boolean {
  for (let w = 0; w < size; w++) if (words[a + w] !== words[b + w]) return false;
  return true;
}
