/** Addresses and prefixes as the bench draws them. */
import type { Address, Family, Prefix } from '../src/base/ip.ts';
import { fullLength, prefixOf, wordMask } from '../src/base/ip.ts';
import type { Random } from '../src/base/random.ts';
import type { PrefixSet } from '../src/policy/prefix-set.ts';
import { PrefixSetBuilder, wordsOf } from '../src/policy/prefix-set.ts';

/** Share of a list that has to be left. */
const ENOUGH = 0.995;
/** Half of a list's entries lie in this many blocks (/16, /32): addresses come in clusters. */
const CLUSTERS = 2000;
const CLUSTER_LENGTH: Readonly<Record<Family, number>> = { 4: 16, 6: 32 };

/** A unicast address; in IPv4 none of 0/8, 192/8 and 224/3. */
export function anyAddress(random: Random, family: Family): Address {
  if (family === 6)
    return { family, words: [0x20000000 + random.below(2 ** 29), random.u32(), random.u32(), random.u32()] };
  for (;;) {
    const word = random.u32();
    const first = word >>> 24;
    if (first !== 0 && first !== 192 && first < 224) return { family, words: [word] };
  }
}

/** An address in a prefix. */
export function addressIn(random: Random, prefix: Prefix): Address {
  const { family, length } = prefix;
  const words = prefix.words.map((word, w) => (word | (random.u32() & ~wordMask(length, w))) >>> 0);
  return { family, words };
}

export function clusters(random: Random, family: Family, count: number = CLUSTERS): readonly Prefix[] {
  return Array.from({ length: count }, () => prefixOf(anyAddress(random, family), CLUSTER_LENGTH[family]));
}

/**
 * A set of so many prefixes and hardly more, half of them drawn from clusters: hosts, networks and some wide ones, as
 * block lists have them. Some are drawn twice, so more are drawn until enough are left.
 */
export function blockList(random: Random, family: Family, count: number): PrefixSet {
  const hot = clusters(random, family);
  const builder = new PrefixSetBuilder();
  let drawn = 0;
  for (let kept = 0, share = 1; ; ) {
    const more = Math.ceil((count - kept) / share);
    for (let i = 0; i < more; i++) {
      const length = family === 4 ? length4(random) : length6(random);
      const address = random.below(2) === 0 ? anyAddress(random, family) : addressIn(random, random.pick(hot));
      builder.add(prefixOf(address, length));
    }
    drawn += more;
    const set = builder.build();
    kept = set.v4.count + set.v6.count;
    share = kept / drawn;
    if (kept >= count * ENOUGH) return set;
  }
}

function length4(random: Random): number {
  return random.shared([
    [65, 32],
    [30, 24],
    [5, 16 + random.below(8)],
  ]);
}

function length6(random: Random): number {
  return random.shared([
    [40, 128],
    [25, 64],
    [20, 48],
    [15, 32 + random.below(25)],
  ]);
}

/** Some prefix of the set, which must not be empty. */
export function prefixFrom(random: Random, set: PrefixSet): Prefix {
  const column = set.v4.count > 0 ? set.v4 : set.v6;
  const size = wordsOf(column.family);
  const at = random.below(column.count);
  const words = Array.from(column.words.subarray(at * size, (at + 1) * size));
  return { family: column.family, words, length: column.lengths[at] ?? fullLength(column.family) };
}
