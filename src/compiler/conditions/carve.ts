/**
 * Members of an address set with holes in them. What is left of a member that has a hole is several prefixes, and all
 * of them count with the member's own length.
 */
import { present } from '../../base/assert.ts';
import type { Prefix } from '../../base/ip.ts';
import { containsAddress, prefixOf } from '../../base/ip.ts';
import type { PrefixColumn, PrefixSet } from '../../policy/prefix-set.ts';
import { countLengths, findPrefix, matchLength, prefixesOfColumn, prefixSetOf } from '../../policy/prefix-set.ts';

/** Takes a part of a member, all of it or what a hole left, and the length it counts with. */
export type TakePiece = (piece: Prefix, counted: number) => void;

/** Gives the members without the addresses of `holes` to `take`, in address order: they may be millions. */
export function carve(members: PrefixColumn, holes: PrefixColumn, take: TakePiece): void {
  const outer = keepOutermost(holes);
  const cuts = cutsOf(outer, members);
  let index = 0;
  for (const member of prefixesOfColumn(members)) {
    const cut = cuts.get(index++);
    if (cut !== undefined) takeRemains(member, cut, (piece) => take(piece, member.length));
    else if (!isInside(member, outer)) take(member, member.length);
  }
}

/** Without those inside others: wider ones come first. */
function keepOutermost(column: PrefixColumn): PrefixSet {
  const kept: Prefix[] = [];
  for (const prefix of prefixesOfColumn(column)) {
    const last = kept.at(-1);
    if (last === undefined || !containsAddress(last, prefix)) kept.push(prefix);
  }
  return prefixSetOf(kept);
}

/** The holes are disjoint: one that holds the first address and is not longer holds all. */
function isInside(member: Prefix, holes: PrefixSet): boolean {
  const length = matchLength(holes, member);
  return length !== undefined && length <= member.length;
}

/**
 * By index of a member: what is taken out of it. That is a hole, or the next longer member that the hole is in, which
 * has the hole itself: so no two pieces overlap.
 */
function cutsOf(holes: PrefixSet, members: PrefixColumn): ReadonlyMap<number, readonly Prefix[]> {
  const cuts = new Map<number, Prefix[]>();
  const lengths = countLengths(members)
    .map(({ length }) => length)
    .reverse();
  for (const hole of prefixesOfColumn(members.family === 4 ? holes.v4 : holes.v6)) {
    let inner: Prefix = hole;
    for (const length of lengths) {
      if (length >= hole.length) continue;
      const around = prefixOf(hole, length);
      const index = findPrefix(members, around);
      if (index === undefined) continue;
      const known = cuts.get(index);
      if (known === undefined) cuts.set(index, [inner]);
      else if (!containsAddress(present(known.at(-1)), inner)) known.push(inner);
      inner = around;
    }
  }
  return cuts;
}

/** Halves, until none has anything taken out of it. The cuts are inside the prefix, disjoint and in address order. */
function takeRemains(
  prefix: Prefix,
  cuts: readonly Prefix[],
  take: (piece: Prefix) => void,
  from: number = 0,
  to: number = cuts.length,
): void {
  if (from === to) {
    take(prefix);
    return;
  }
  if (present(cuts[from]).length === prefix.length) return;
  const [lower, upper] = halvesOf(prefix);
  const middle = firstInUpperHalf(cuts, prefix.length, from, to);
  takeRemains(lower, cuts, take, from, middle);
  takeRemains(upper, cuts, take, middle, to);
}

/** The index of the first cut that has the bit behind the first `length` ones. */
function firstInUpperHalf(cuts: readonly Prefix[], length: number, from: number, to: number): number {
  const [word, bit] = [length >>> 5, 0x80000000 >>> (length & 31)];
  let first = from;
  let end = to;
  while (first < end) {
    const mid = (first + end) >>> 1;
    if ((present(cuts[mid]?.words[word]) & bit) === 0) first = mid + 1;
    else end = mid;
  }
  return first;
}

function halvesOf({ family, words, length }: Prefix): readonly [lower: Prefix, upper: Prefix] {
  const bit = 2 ** (31 - (length & 31));
  const upper = words.map((value, w) => (w === length >>> 5 ? value + bit : value));
  return [
    { family, words, length: length + 1 },
    { family, words: upper, length: length + 1 },
  ];
}
