/**
 * Levels of the IPv6 blocks. A prefix is kept as blocks of the first level that is as long as it is:
 * the more levels, the fewer blocks; but every level costs each packet time. So those are left out
 * whose prefixes make few blocks of the next level.
 */
import { ENUMS } from '../../layout/layout.gen.ts';

const { BLOCK_LEVELS, BLOCK_FIRST, BLOCK_STEP } = ENUMS.layout;
const HALF_BITS = 64;
/** The last level: whole addresses. */
export const HOST_LEVEL: number = BLOCK_LEVELS - 1;
/** The level of the /64, the last of those within the high half. */
const LAST_HIGH_LEVEL = HOST_LEVEL - 1;
/** Beyond, prefixes so wide that a search tree holds them better. */
const MAX_BLOCKS = 1 << 20;
/** So many may be made to save levels: what is read for every packet stays within a second-level cache. */
const FEW_BLOCKS = 1 << 15;

const LENGTHS: readonly number[] = Array.from({ length: HOST_LEVEL }, (_, level) => BLOCK_FIRST + BLOCK_STEP * level);

/** Bits of a block of the level; not for HOST_LEVEL. */
export function levelLength(level: number): number {
  return LENGTHS[level]!;
}

/** The first of `levels` that is not shorter than the prefix; longer ones are widened to a /64. */
export function levelFor(length: number, levels: readonly number[]): number {
  return levels.find((level) => LENGTHS[level]! >= length) ?? LAST_HIGH_LEVEL;
}

/** Blocks that a prefix of up to 127 bits falls into. */
export function blockCount(length: number, level: number): number {
  return 2 ** Math.max(0, LENGTHS[level]! - length);
}

/** Ascending, without HOST_LEVEL; undefined where even all levels make too many blocks. `lengths`: of every prefix. */
export function chooseLevels(lengths: Uint8Array): readonly number[] | undefined {
  const counts = new Array<number>(HALF_BITS + 1).fill(0);
  for (const length of lengths) if (length < 2 * HALF_BITS) counts[Math.min(HALF_BITS, length)]!++;
  const used = [...counts.keys()].filter((length) => counts[length] !== 0);
  const blocks = (levels: readonly number[]): number =>
    used.reduce((sum, length) => sum + counts[length]! * blockCount(length, levelFor(length, levels)), 0);
  let levels: readonly number[] = [...LENGTHS.keys()];
  if (blocks(levels) > MAX_BLOCKS) return undefined;
  for (;;) {
    const fewer = levels.slice(0, -1).map((level) => levels.filter((other) => other !== level));
    const best = fewer.toSorted((a, b) => blocks(a) - blocks(b))[0];
    if (best === undefined || blocks(best) > Math.max(FEW_BLOCKS, blocks(levels))) return levels;
    levels = best;
  }
}
