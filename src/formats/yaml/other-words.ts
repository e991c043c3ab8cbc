/** Words of other firewalls for what a policy says: `deny` is block, `allow` is permit. */
import { findClosest } from '../../base/suggest.ts';

const LETS_THROUGH = ['pass', 'allow', 'accept', 'permit', 'open'];
const STOPS = ['block', 'deny', 'drop', 'reject', 'discard', 'close'];

/** The one of `allowed` that means the same, or that the word is a slip of. */
export function findMeantWord(word: string, allowed: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const alike = [LETS_THROUGH, STOPS].find((words) => words.includes(lower));
  return alike?.find((one) => allowed.includes(one)) ?? findClosest(word, allowed);
}
