/** Pairs of parts that may cross, the weightiest first. */
import type { Effort } from './effort.ts';
import type { Overlaps } from './overlaps.ts';
import { countsOf } from './size.ts';
import type { Part } from './universe.ts';

export interface CandidatePair {
  readonly permit: Part;
  readonly block: Part;
}

export interface CandidatePairs {
  readonly pairs: readonly CandidatePair[];
  /** Pairs that overlap beside these, and permits whose pairs were not looked for. */
  readonly left: { readonly pairs: number; readonly permits: number };
}

/** Pairs kept: more than anyone looks at. */
const KEPT = 50_000;

interface Weighed extends CandidatePair {
  readonly weight: number;
}

/** The largest permits are looked at first, so that what is left out where the effort ends is small. */
export function candidatePairs(permits: readonly Part[], blocks: Overlaps, effort: Effort): CandidatePairs {
  const counts = new Map<Part, readonly number[]>();
  const countOf = (part: Part): readonly number[] => {
    const known = counts.get(part) ?? countsOf(blocks.space, part);
    counts.set(part, known);
    return known;
  };
  const product = (factors: readonly number[]): number => factors.reduce((a, b) => a * b, 1);
  const ordered = [...permits].sort((a, b) => product(countOf(b)) - product(countOf(a)));
  let found: Weighed[] = [];
  let total = 0;
  let looked = 0;
  for (const permit of ordered) {
    if (effort.isPhaseSpent) break;
    looked++;
    for (const block of blocks.with(permit)) {
      total++;
      const other = countOf(block);
      found.push({ permit, block, weight: product(countOf(permit).map((count, i) => Math.min(count, other[i] ?? 0))) });
    }
    if (found.length > 2 * KEPT) found = pickHeaviest(found);
  }
  const pairs = found.length > KEPT ? pickHeaviest(found) : byWeight(found);
  return { pairs, left: { pairs: total - pairs.length, permits: permits.length - looked } };
}

function byWeight(pairs: Weighed[]): Weighed[] {
  return pairs.sort((a, b) => b.weight - a.weight);
}

function pickHeaviest(pairs: Weighed[]): Weighed[] {
  return byWeight(pairs).slice(0, KEPT);
}
