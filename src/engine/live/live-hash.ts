/** Where members of live sets are: the hashes of bpf/live.h, with 32-bit words. */
import type { Family } from '../../base/ip.ts';
import { ENUMS } from '../../layout/layout.gen.ts';

const H = ENUMS.live_hash;
const { BLOCK4, BLOCK6 } = ENUMS.live;

function mixWord(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, H.LIVE_FACTOR_WORD);
  return mixed ^ (mixed >>> H.LIVE_FOLD_WORD);
}

function mixLast(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> H.LIVE_FOLD_1), H.LIVE_FACTOR_1);
  mixed = Math.imul(mixed ^ (mixed >>> H.LIVE_FOLD_2), H.LIVE_FACTOR_2);
  return (mixed ^ (mixed >>> H.LIVE_FOLD_1)) >>> 0;
}

/** Of a member: of IPv4 the bits of its prefix as a number, of IPv6 its four words with host bits 0. */
export function memberHash(seed: number, level: number, key: readonly number[]): number {
  let hash = (seed + Math.imul(level, H.LIVE_FACTOR_LEVEL)) | 0;
  for (const word of key) hash = mixWord(hash, word);
  return mixLast(hash);
}

/** Of what the filter has an entry for: the /24 or /48 of an address. */
export function blockHash(seed: number, family: Family, words: readonly number[]): number {
  const [first = 0, second = 0] = words;
  if (family === 4) return mixWord(seed, first >>> (32 - BLOCK4)) >>> 0;
  return mixWord(mixWord(seed, first), second >>> (64 - BLOCK6)) >>> 0;
}
