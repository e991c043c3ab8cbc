/** Live tables that are pinned nowhere, and packets of their members. */
import type { Family } from '../../src/base/ip.ts';
import { wordMask } from '../../src/base/ip.ts';
import { Random } from '../../src/base/random.ts';
import type { LiveMemberName } from '../../src/engine/live/live-table.ts';
import { LEVELS } from '../../src/policy/live-sets.ts';

const WORDS = { 4: 1, 6: 4 } as const;

/** A random address with host bits 0. */
export function randomMember(random: Random, family: Family, lengths: readonly number[], sets: number): LiveMemberName {
  const length = random.pick(lengths);
  const words = Array.from({ length: WORDS[family] }, (_, i) => (random.u32() & wordMask(length, i)) >>> 0);
  return { set: random.below(sets), family, words, length };
}

export function allLengths(family: Family): readonly number[] {
  return LEVELS[family];
}

/** The same text for the same member. */
export function memberText({ set, words, length }: LiveMemberName): string {
  return `${set}:${words.join(',')}/${length}`;
}
