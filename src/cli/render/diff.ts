/** What another version of a policy changes, as text for people. */
import type { ChangedPackets, DiffOutcome, ShortDecision } from '../../host/diff-policies.ts';

/** Prefixes of a changed set that are shown. */
const SHOWN_PREFIXES = 5;

export function renderDiff(diff: Omit<DiffOutcome, 'diagnostics'>): string {
  const lines = [`--- ${diff.from}`, `+++ ${diff.to}`];
  if (diff.same) lines.push('the same rules, filters and addresses');
  for (const { what, before, after } of diff.settings) lines.push(`${what}: ${before} -> ${after}`);
  for (const { rule, change, values, added, removed } of diff.rules) {
    lines.push(`rule ${rule}: ${change}`);
    for (const { what, before, after } of values) lines.push(`  ${what}: ${before} -> ${after}`);
    for (const text of removed) lines.push(`  - ${text}`);
    for (const text of added) lines.push(`  + ${text}`);
  }
  for (const { set, change, values, added, removed } of diff.addressSets) {
    lines.push(`address set ${set}: ${change}, ${added.length} added, ${removed.length} removed`);
    for (const { what, before, after } of values) lines.push(`  ${what}: ${before} -> ${after}`);
    lines.push(...prefixLines('-', removed), ...prefixLines('+', added));
  }
  return [...lines, '', ...verdictLines(diff.packets)].join('\n');
}

function prefixLines(sign: string, prefixes: readonly string[]): readonly string[] {
  const shown = prefixes.slice(0, SHOWN_PREFIXES).map((prefix) => `  ${sign} ${prefix}`);
  const rest = prefixes.length - shown.length;
  return rest === 0 ? shown : [...shown, `  ${sign} and ${rest} more`];
}

function verdictLines({ tried, changes }: DiffOutcome['packets']): readonly string[] {
  if (changes.length === 0) return [`no verdict changes for ${tried} packets at the edges of both`];
  const sum = changes.reduce((total, change) => total + change.packets, 0);
  return [
    `the verdict changes for ${sum} of ${tried} packets at the edges of both, such as`,
    ...changes.map(changeLine),
  ];
}

function changeLine({ before, after, interface: name, packet }: ChangedPackets): string {
  const who = ({ verdict, by, rule, reason }: ShortDecision): string => `${verdict} by ${rule ?? reason ?? by}`;
  const where = name === null ? '' : ` on ${name}`;
  return `  ${packet}${where}: ${who(before)} -> ${who(after)}`;
}
