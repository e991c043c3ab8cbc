/** "Did you mean": the nearest of the words that could have stood where an unknown one was found. */
import { present } from './assert.ts';

const LONGEST = 64;

/** Damerau-Levenshtein distance (optimal string alignment): insert, delete, replace, swap neighbours. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = present(last[j - 1]) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(replace, present(last[j]) + 1, present(row[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, present(beforeLast[j - 2]) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return present(last[b.length]);
}

/** The candidate nearest to `word`, if it is near enough to be a slip of the keyboard. Case is ignored. */
export function findClosest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > LONGEST) return undefined;
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `did you mean X?`, or nothing to say. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const found = findClosest(word, candidates);
  return found === undefined ? undefined : `did you mean ${found}?`;
}
