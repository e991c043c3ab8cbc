/** When a member ends, as a table has it: jiffies from the table's epoch, in units that grow with the distance. */
import { ENUMS } from '../../layout/layout.gen.ts';

const { COARSE_BIT, COARSE_SHIFT, NEVER } = ENUMS.live;
const COARSE = 2 ** COARSE_BIT;
const UNIT = 2 ** COARSE_SHIFT;
/** An end that was over before the table was made. 0 is the end in a place that no member ever had. */
const PAST = 1;

/** `end` is jiffies64; undefined: never. A far one is rounded up to the unit. */
export function endWord(end: bigint | undefined, epoch: bigint): number {
  if (end === undefined) return NEVER;
  const age = Number(end - epoch);
  if (age <= 0) return PAST;
  if (age < COARSE) return age;
  return Math.min(COARSE + Math.ceil(age / UNIT), NEVER);
}

/** jiffies64 at which a member ends; undefined: never. */
export function endOfWord(word: number, epoch: bigint): bigint | undefined {
  if (word === NEVER) return undefined;
  return epoch + BigInt(ageOf(word));
}

/** Has a member with this end ended? `age`: jiffies since the epoch. */
export function hasEnded(word: number, age: number): boolean {
  if (word === NEVER) return false;
  return word >= COARSE ? word - COARSE <= Math.floor(age / UNIT) : word <= age;
}

/** Does it end later than another? */
export function isLater(word: number, than: number): boolean {
  return ageOf(word) > ageOf(than);
}

function ageOf(word: number): number {
  if (word === NEVER) return Number.POSITIVE_INFINITY;
  return word >= COARSE ? (word - COARSE) * UNIT : word;
}
