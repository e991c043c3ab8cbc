/** The command lines of test/golden/ipsecpol: as printed, over several lines, to be entered as one. */
import { readFileSync } from 'node:fs';

export function printedCommand(name: string): string {
  const text = readFileSync(new URL(`../golden/ipsecpol/${name}.txt`, import.meta.url), 'utf8');
  return text.trim().replaceAll('\n', ' ');
}
