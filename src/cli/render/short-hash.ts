/** Of a hash, as much as people compare. */
const SHOWN_DIGITS = 12;

export function shortHash(hash: string): string {
  return hash.slice(0, SHOWN_DIGITS);
}
