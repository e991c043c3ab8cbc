/**
 * Members of an address set with holes in them. What is left of a member that has a hole is several prefixes, and all
 * of them count with the member's own length.
 */
import type { Address, Prefix } from '../../base/ip.ts';
import { containsAddress, formatPrefix, fullLength, prefixOf } from '../../base/ip.ts';
import type { PrefixColumn, PrefixSet } from '../../policy/prefix-set.ts';
import { findPrefix, matchLength, prefixesOfColumn, prefixSetOf } from '../../policy/prefix-set.ts';

/** A part of a member: all of it, or what a hole left. */
export interface Piece {
  readonly prefix: Prefix;
  /** The length it counts with. */
  readonly counted: number;
}

/** The members without the addresses of `holes`, in address order. */
export function* carve(members: PrefixColumn, holes: PrefixColumn): Generator<Piece> {
  const outer = keepOutermost(holes);
  const cuts = cutsOf(outer, members);
  let index = 0;
  for (const member of prefixesOfColumn(members)) {
    const cut = cuts.get(index++);
    if (cut !== undefined)
      for (const prefix of remains(member, [...cut.values()])) yield { prefix, counted: member.length };
    else if (!isInside(member, outer)) yield { prefix: member, counted: member.length };
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
function cutsOf(holes: PrefixSet, members: PrefixColumn): ReadonlyMap<number, ReadonlyMap<string, Prefix>> {
  const cuts = new Map<number, Map<string, Prefix>>();
  for (const hole of prefixesOfColumn(members.family === 4 ? holes.v4 : holes.v6)) {
    let inner: Prefix = hole;
    for (let length = hole.length - 1; length >= 0; length--) {
      const around = prefixOf(hole, length);
      const index = findPrefix(members, around);
      if (index === undefined) continue;
      const known = cuts.get(index) ?? new Map<string, Prefix>();
      cuts.set(index, known.set(formatPrefix(inner), inner));
      inner = around;
    }
  }
  return cuts;
}

/** Halves, until none has anything taken out of it. */
function remains(prefix: Prefix, cuts: readonly Prefix[]): readonly Prefix[] {
  const here = cuts.filter((cut) => containsAddress(prefix, cut));
  if (here.length === 0) return [prefix];
  if (here.some((cut) => cut.length <= prefix.length)) return [];
  return halvesOf(prefix).flatMap((half) => remains(half, here));
}

function halvesOf(prefix: Prefix): readonly Prefix[] {
  const { family, words, length } = prefix;
  if (length === fullLength(family)) return [];
  const bit = 2 ** (31 - (length & 31));
  const upper: Address = { family, words: words.map((value, w) => (w === length >>> 5 ? value + bit : value)) };
  return [prefix, upper].map((start) => ({ family, words: start.words, length: length + 1 }));
}
