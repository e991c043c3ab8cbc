/** The command lines of test/golden/ipsecpol: as the article prints them, over several lines, to be entered as one. */
import { readFileSync } from 'node:fs';

export function printedLines(name: string): string {
  return readFileSync(new URL(`../golden/ipsecpol/${name}.txt`, import.meta.url), 'utf8').trim();
}

export function printedCommand(name: string): string {
  return printedLines(name).replaceAll('\n', ' ');
}
